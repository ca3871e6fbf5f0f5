"""The lines of an object as they stand in its file."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import yaml

from kwake.objects.document import Origin
from kwake.objects.printable import printable
from kwake.sources.excerpt import excerpt

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def own_lines(origin: Origin) -> str | None:
    """The text of a document from its first line on, comments too; None where an editor would not show it as it stands.

    That is so in a List and in JSON, where lists or mappings stand in one line, and for characters that are not seen.
    """
    part = excerpt(origin) if origin.source.format == "yaml" and not origin.path else None
    if part is None:
        return None
    try:
        text = part.decode()
        is_block = _is_block(text)
    except (UnicodeDecodeError, yaml.YAMLError):
        return None
    lines = text.rstrip().split("\n")
    return "\n".join((*lines, "")) if is_block and all(printable(line) == line for line in lines) else None


def _is_block(text: str) -> bool:
    events = pairwise(yaml.parse(text, Loader=_Loader))
    return not any(
        isinstance(event, yaml.CollectionStartEvent)
        and event.flow_style
        and not isinstance(after, yaml.CollectionEndEvent)
        for event, after in events
    )
