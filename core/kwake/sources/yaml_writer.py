"""A manifest as YAML text that kubectl, other YAML readers and kwake all read back as the same."""

from __future__ import annotations

from typing import Any

import yaml

from kwake.objects.document import Manifest
from kwake.sources.scalars import ScalarError, plain

_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<~ \t")
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Row(dict[str, Any]):
    """A map that is written in one line."""


class _Dump(_Dumper):  # type: ignore[misc]  # its base is chosen at run time: libyaml if there is one
    """Keys in their order, no aliases, texts quoted wherever any reader could take them for another type."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    style = None
    if "\n" in text and _fits_a_block(text):
        style = "|"
    elif not _stays_text(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fits_a_block(text: str) -> bool:
    """Whether a literal block shows the text as it is: no trailing blanks, no leading ones, nothing unprintable."""
    return text.isprintable() is False and all(
        line.isprintable() and line == line.rstrip() for line in text.split("\n")
    ) and text[0] not in " \n"  # fmt: skip


def _stays_text(text: str) -> bool:
    """Whether the text may stand without quotes: nothing in it that YAML 1.1, 1.2 or kubectl reads otherwise."""
    try:
        if plain(text) != text or not isinstance(plain(text), str):
            return False
    except ScalarError:
        return False
    return (
        text.isprintable()
        and text[0] not in _INDICATORS
        and text[0] not in "+.0123456789"
        and text[-1] not in " :"
        and ": " not in text
        and " #" not in text
    )


def _row(dumper: Any, row: Row) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", row.items(), flow_style=True)


_Dump.add_representer(str, _text)
_Dump.add_representer(Row, _row)


def to_yaml(manifest: Manifest) -> str:
    """One manifest as a YAML document, every field in its order."""
    text: str = yaml.dump(
        manifest, Dumper=_Dump, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1 << 20
    )
    return text
