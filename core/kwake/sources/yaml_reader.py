"""YAML text to plain values, straight from libyaml's events: no tree of nodes in between.

Duplicate keys, recursion, multiplying aliases and what JSON cannot hold are errors with a line. Merge keys work as
in kubectl: in the order written, so a merge after a key replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from kwake.sources.scalars import Scalar, ScalarError, key, plain, tagged

MAX_DEPTH = 200
"""Maps and lists inside each other; the deepest schemas of custom resources need about 60."""

_TOO_DEEP = f"more than {MAX_DEPTH} maps and lists inside each other"

MAX_ALIASED = 100_000
"""Values that all aliases of one document may stand for together ("billion laughs"), long texts counting more."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SyntaxProblem(Exception):
    """What is wrong with a text, and in which line (from 1)."""

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        self.text = text
        super().__init__(f"{line}: {text}")


class Parsed(msgspec.Struct, frozen=True):
    """One document of a text: its value, its first line, and the lines of its `items`, from 1; 0 if not counted."""

    value: Any
    line: int
    item_lines: tuple[int, ...] = ()
    raw: bytes = b""
    """The value as `Document` keeps it, where reading has made that anyway."""


class _Frame:
    """A map or list that is being read."""

    __slots__ = ("anchor", "key", "keys", "line", "node")

    def __init__(self, node: Any, anchor: str | None, line: int) -> None:
        self.node = node
        self.anchor = anchor
        self.line = line
        self.key: Any = _NO_KEY
        self.keys: set[str] = set()


_NO_KEY = object()
_MERGE = object()


def read_yaml(data: bytes) -> Iterator[Parsed]:
    """The documents of a YAML text that is UTF-8, empty ones too. Raises SyntaxProblem."""
    loader = _Loader(data)
    try:
        while not isinstance(loader.get_event(), yaml.StreamStartEvent):
            pass
        while isinstance(loader.get_event(), yaml.DocumentStartEvent):
            yield _document(loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if "maximum nesting depth" in str(error.problem):  # libyaml's own bound, met while it looks ahead of us
            raise SyntaxProblem(line, _TOO_DEEP) from None
        if mark and data.decode()[mark.index : mark.index + 1] == "\t":
            raise SyntaxProblem(line, "bad YAML: a tab, where YAML takes only spaces") from None
        context = f" {error.context}" if error.context else ""
        raise SyntaxProblem(line, f"bad YAML: {error.problem}{context}") from None
    except yaml.YAMLError as error:
        raise SyntaxProblem(1, f"bad YAML: {error}") from None
    finally:
        loader.dispose()


def _document(loader: Any) -> Parsed:
    """Reads up to the end of the document."""
    stack: list[_Frame] = []
    anchors: dict[str, Any] = {}
    budget = _AliasBudget()
    item_lines: list[int] = []
    first_line = 0
    root: Any = None
    while True:
        event = loader.get_event()
        line = event.start_mark.line + 1
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = _scalar(event, stack, line)
            if event.anchor:
                anchors[event.anchor] = value
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            first_line = first_line or line
            if len(stack) >= MAX_DEPTH:
                raise SyntaxProblem(line, _TOO_DEEP)
            stack.append(_Frame({} if kind is yaml.MappingStartEvent else [], event.anchor, line))
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            frame = stack.pop()
            value, line = frame.node, frame.line
            if frame.anchor:
                anchors[frame.anchor] = value
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchors:
                raise SyntaxProblem(line, f"*{event.anchor} stands before its &{event.anchor}, or inside it")
            value = anchors[event.anchor]
            budget.spend(value, line)
        else:
            return Parsed(root, first_line or line, tuple(item_lines))
        if not stack:
            root, first_line = value, first_line or line
            continue
        frame = stack[-1]
        if type(frame.node) is list:
            frame.node.append(value)
            if len(stack) == 2 and stack[0].key == "items":
                item_lines.append(line)
        elif frame.key is _NO_KEY:
            frame.key = value if value is _MERGE else _key(frame, value, line)
        else:
            if frame.key is _MERGE:
                _merge(frame.node, value, line)
            else:
                frame.node[frame.key] = value
            frame.key = _NO_KEY


def _scalar(event: yaml.ScalarEvent, stack: list[_Frame], line: int) -> Any:
    text: str = event.value
    try:
        if event.tag and event.tag != "!":
            return tagged(event.tag, text)
        if not event.implicit[0]:
            return text
        if text == "<<" and stack and stack[-1].key is _NO_KEY and type(stack[-1].node) is dict:
            return _MERGE
        value: Scalar = plain(text)
        return value
    except ScalarError as error:
        raise SyntaxProblem(line, str(error)) from None


def _key(frame: _Frame, value: object, line: int) -> str:
    try:
        name = key(value)
    except ScalarError as error:
        raise SyntaxProblem(line, str(error)) from None
    if name in frame.keys:
        raise SyntaxProblem(line, f"the key {name!r} stands twice in one map")
    frame.keys.add(name)
    return name


def _merge(node: dict[str, Any], value: object, line: int) -> None:
    """Of several merged maps the first one wins."""
    maps = value if isinstance(value, list) else [value]
    for merged in reversed(maps):
        if not isinstance(merged, dict):
            raise SyntaxProblem(line, "<< needs a map, or a list of maps")
        node.update(merged)


class _AliasBudget:
    """How much the aliases of a document stand for, without ever writing it out."""

    def __init__(self) -> None:
        self._spent = 0
        self._weights: dict[int, int] = {}

    def spend(self, value: object, line: int) -> None:
        self._spent += self._weight(value)
        if self._spent > MAX_ALIASED:
            raise SyntaxProblem(line, f"its aliases stand for more than {MAX_ALIASED} values")

    def _weight(self, value: object) -> int:
        if isinstance(value, str):
            return 1 + len(value) // 64
        if not isinstance(value, dict | list):
            return 1
        known = self._weights.get(id(value))
        if known is None:
            children = (*value, *value.values()) if isinstance(value, dict) else value
            known = 1 + sum(map(self._weight, children))
            self._weights[id(value)] = known
        return known
