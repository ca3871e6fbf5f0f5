"""JSON text to plain values: one document, or several after each other as `kubectl cluster-info dump` prints them.

The items of a List are decoded one at a time, so a dump of a large cluster is never a tree in memory as a whole; their
lines are counted when somebody asks for one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from kwake.objects.item_lines import item_lines, items_of
from kwake.objects.key import GROUP_OF_KIND
from kwake.sources.yaml_reader import Parsed, SyntaxProblem, read_yaml

_SPACE = re.compile(r"\s*")
_ITEMS = b'"items":['
_MAY_MISLEAD = (b"\\u0022", b" :", b"\t:", b"\n:", b"\r:")
"""What a text must not hold for its `":` to be counted as keys: an escaped quote, a blank before a colon."""
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)")
"""An escape in a JSON text; half of a surrogate pair as its group."""
_SHOWN = 40
"""Characters of a number that a message shows."""
_TOO_DEEP = "too many maps and lists inside each other"


class _List(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = ""
    items: list[msgspec.Raw] = []


def is_json(data: bytes) -> bool:
    """Whether it begins like JSON that holds an object; a YAML flow map may, too."""
    return re.match(rb'\s*\{\s*("|\})', data) is not None


def read_json(data: bytes) -> Iterator[Parsed]:
    """The documents of a JSON text that is UTF-8. Raises SyntaxProblem."""
    try:
        value, raw = _decoded(data)
    except msgspec.DecodeError:
        yield from _slowly(data)
    else:
        yield Parsed(value, _first_line(data), (), raw)


_LISTS = frozenset({"List", *(f"{kind}List" for kind in GROUP_OF_KIND)})


def read_items(data: bytes) -> tuple[dict[str, Any], Iterator[Parsed]] | None:
    """The head and the items of a text that is one JSON List; None if it is anything else, or a key of it stands twice.

    The blanks of an indented text, most of it, are read once and dropped: so lines are not known here.
    """
    try:
        text = msgspec.json.format(data, indent=-1)
        listed = msgspec.json.decode(text, type=_List)
    except (msgspec.DecodeError, RecursionError):
        return None
    if listed.kind not in _LISTS or not listed.items or not _is_whole(text, listed.items):
        return None
    return {"kind": listed.kind, "apiVersion": listed.api_version}, _items(data, listed.items)


def _is_whole(text: bytes, items: list[msgspec.Raw]) -> bool:
    """Whether a List without blanks has each of its keys once: msgspec keeps the last `items` of two."""
    start = text.find(_ITEMS + bytes(items[0])) + len(_ITEMS)
    end = start + sum(map(len, items)) + len(items) - 1
    try:
        return [parsed.value["items"] for parsed in _slowly(text[:start] + text[end:])] == [[]]
    except SyntaxProblem:
        return False


def _items(data: bytes, items: list[msgspec.Raw]) -> Iterator[Parsed]:
    """Each item; one that is bad, or odd, is read as it stands in `data`, for the line of what is wrong."""
    for at, item in enumerate(items):
        try:
            value, encoded = _decoded(bytes(item))
        except (msgspec.DecodeError, SyntaxProblem):
            line = item_lines(data)[at]
            try:
                value = next(_slowly(bytes(items_of(data)[at]))).value
            except SyntaxProblem as problem:
                raise SyntaxProblem(line - 1 + problem.line, problem.text) from None
            yield Parsed(value, line)
        else:
            yield Parsed(value, 0, (), encoded)


def _first_line(data: bytes) -> int:
    return 1 + data[: len(data) - len(data.lstrip())].count(b"\n")


def _decoded(data: bytes) -> tuple[Any, bytes]:
    """The value, with no key lost to a second one of its name, and the value written again.

    msgspec keeps the last of two equal keys, and the value written again is then not the text without its blanks. It
    may differ for escapes and numbers, too: then keys are counted, and where that count may be wrong the text is read a
    second time. Raises msgspec.DecodeError, SyntaxProblem.
    """
    try:
        text = msgspec.json.format(data, indent=-1) if b"\n" in data else data
        value = msgspec.json.decode(text)
    except RecursionError:
        raise SyntaxProblem(_first_line(data), _TOO_DEEP) from None
    raw = msgspec.json.encode(value)
    if raw == text or raw == msgspec.json.format(text, indent=-1):
        return value, raw
    misleading = any(sign in data for sign in _MAY_MISLEAD)
    if misleading or raw.count(b'":') != data.count(b'":'):
        value = next(_slowly(data)).value
        return value, msgspec.json.encode(value)
    return value, raw


def _slowly(data: bytes) -> Iterator[Parsed]:
    """By the standard library, which shows every key and where the text goes wrong."""
    text = data.decode()
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    at = _space_end(text, 0)
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        try:
            value, end = decoder.raw_decode(text, at)
            msgspec.json.encode(value)
        except json.JSONDecodeError as error:
            raise SyntaxProblem(error.lineno, f"bad JSON: {error.msg}") from None
        except UnicodeEncodeError:
            half = next((found.start() for found in _ESCAPE.finditer(text, at) if found[1]), at)
            words = "bad JSON: half of a surrogate pair in a text"
            raise SyntaxProblem(text.count("\n", 0, half) + 1, words) from None
        except _Refused as error:
            raise SyntaxProblem(_line_by_yaml(text[at:], line), str(error)) from None
        except RecursionError:
            raise SyntaxProblem(line, _TOO_DEEP) from None
        yield Parsed(value, line)
        at = _space_end(text, end)


class _Refused(ValueError):
    """What the standard library would take in silence."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise _Refused(f"the key {twice!r} stands twice in one map")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise _Refused(f"{shown} is a number that JSON cannot hold")
    return number


def _whole(text: str) -> int:
    _finite(text)  # what no float can hold, no reader of Kubernetes takes
    return int(text)


def _space_end(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _line_by_yaml(text: str, line: int) -> int:
    """The line where the YAML reader, which has marks, refuses the same text."""
    try:
        for _ in read_yaml(text.encode()):
            pass
    except SyntaxProblem as problem:
        return line - 1 + problem.line
    return line
