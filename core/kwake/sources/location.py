"""Which line of a file a field stands in: the document is read again when a message needs it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import yaml

from kwake.objects.document import FieldPath, Origin, Source
from kwake.sources.excerpt import excerpt
from kwake.sources.scalars import TAG, ScalarError, key as json_key, plain

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = f"{TAG}merge"
_SPACE = re.compile(r"\s*")


@lru_cache(maxsize=4096)
def locate(origin: Origin, path: FieldPath = ()) -> int:
    """The line, from 1, of a field of a document; of the nearest field above it if the document has no such field."""
    if not path:
        return origin.line
    is_json = origin.source.format == "json"
    part = excerpt(origin)
    if part is not None:
        line = _locate_json(part.decode(), 0, path) if is_json else _locate_yaml(_nodes(part), 0, _inside(origin, path))
        if line:
            return origin.line - 1 + line
    whole = (*origin.path, *path)
    line = _locate_json(_text(origin.source), origin.index, whole) if is_json else 0
    return line or _locate_yaml(_nodes(origin.source.data), origin.index, whole) or origin.line


def _inside(origin: Origin, path: FieldPath) -> FieldPath:
    """The path in an excerpt: an item of a YAML list comes as a list of one."""
    return (0, *path) if origin.path else path


@lru_cache(maxsize=64)
def _nodes(data: bytes) -> tuple[yaml.Node | None, ...]:
    """The nodes of a text's documents, with their marks; none if it is no text of its own."""
    loader = _Loader(data)
    try:
        nodes = []
        while loader.check_node():
            nodes.append(loader.get_node())
        return tuple(nodes)
    except yaml.YAMLError:
        return ()
    finally:
        loader.dispose()


def _locate_yaml(roots: tuple[yaml.Node | None, ...], index: int, path: FieldPath) -> int:
    line = 0
    node = roots[index] if index < len(roots) else None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = _pair(node, str(step))
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _pair(node: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """A key of a map and its value, which may stand in a map merged into it: in the order written, the last counts."""
    found = None
    for key, value in node.value:
        if _name(key) == name:
            found = key, value
        elif key.tag == _MERGE:
            maps = value.value if isinstance(value, yaml.SequenceNode) else [value]
            merged = (_pair(part, name) for part in maps if isinstance(part, yaml.MappingNode))
            found = next((pair for pair in merged if pair is not None), found)
    return found


def _name(key: yaml.Node) -> str:
    """A key as JSON has it: `on` is `true`, unless it is quoted."""
    if not isinstance(key, yaml.ScalarNode) or key.style:
        return str(key.value)
    try:
        return json_key(plain(key.value))
    except ScalarError:
        return str(key.value)


@lru_cache(maxsize=2)
def _text(source: Source) -> str:
    return source.data.decode()


def _locate_json(text: str, index: int, path: FieldPath) -> int:
    """Steps over the values before the one that is wanted; 0 where the text is no JSON after all."""
    decoder = json.JSONDecoder(parse_int=str)  # Python refuses to read thousands of digits
    try:
        found = _space_end(text, 0)
        for _ in range(index):
            found = _space_end(text, decoder.raw_decode(text, found)[1])
        at: int | None = found
        for step in path:
            at = _child(text, found, step, decoder)
            if at is None:
                break
            found = at
    except (json.JSONDecodeError, IndexError, RecursionError):
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
