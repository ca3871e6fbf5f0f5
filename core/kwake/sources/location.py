"""Which line of a file a field stands in: the document is read again when a message needs it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import yaml

from kwake.objects.document import FieldPath, Origin, Source

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SPACE = re.compile(r"\s*")


@lru_cache(maxsize=4096)
def locate(origin: Origin, path: FieldPath = ()) -> int:
    """The line, from 1, of a field of a document; of the nearest field above it if the document has no such field."""
    if not path:
        return origin.line
    whole = (*origin.path, *path)
    if origin.source.format == "json" and (line := _locate_json(origin, whole)):
        return line
    roots = _nodes(origin.source)
    return (origin.index < len(roots) and _locate_yaml(roots[origin.index], whole)) or origin.line


@lru_cache(maxsize=8)
def _nodes(source: Source) -> tuple[yaml.Node | None, ...]:
    loader = _Loader(source.data)
    try:
        nodes = []
        while loader.check_node():
            nodes.append(loader.get_node())
        return tuple(nodes)
    except yaml.YAMLError:
        return ()
    finally:
        loader.dispose()


def _locate_yaml(node: yaml.Node | None, path: FieldPath) -> int:
    line = 0
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((name, value) for name, value in node.value if name.value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


@lru_cache(maxsize=2)
def _text(source: Source) -> str:
    return source.data.decode()


def _locate_json(origin: Origin, path: FieldPath) -> int:
    """Steps over the values before the one that is wanted; 0 where the text is no JSON after all."""
    text = _text(origin.source)
    decoder = json.JSONDecoder()
    try:
        found = _space_end(text, 0)
        for _ in range(origin.index):
            found = _space_end(text, decoder.raw_decode(text, found)[1])
        at: int | None = found
        for step in path:
            at = _child(text, found, step, decoder)
            if at is None:
                break
            found = at
    except json.JSONDecodeError:
        return 0
    return 1 + text.count("\n", 0, found)


def _child(text: str, at: int, step: str | int, decoder: json.JSONDecoder) -> int | None:
    """Where the value of a key, or an item, begins; None if there is none."""
    is_map = text[at] == "{"
    if text[at] not in "{[" or is_map is isinstance(step, int):
        return None
    index = 0
    while True:
        at = _space_end(text, at + 1)
        if text[at] in "]}":
            return None
        name: str | int = index
        if is_map:
            name, at = decoder.raw_decode(text, at)
            at = _space_end(text, _space_end(text, at) + 1)
        if name == step:
            return at
        at = _space_end(text, decoder.raw_decode(text, at)[1])
        if text[at] in "]}":
            return None
        index += 1


def _space_end(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at
