"""In which line of a JSON List each of its items begins: looked up when somebody asks, for most are never asked for."""

from __future__ import annotations

import re
from array import array

import msgspec

_FIRST = re.compile(rb'"items"\s*:\s*\[\s*')
_GAP = re.compile(rb"[ \t\r\n,]*")


class _List(msgspec.Struct):
    items: list[msgspec.Raw]


def items_of(data: bytes) -> list[msgspec.Raw]:
    """The texts of the items of a sound JSON List."""
    return msgspec.json.decode(data, type=_List).items


def item_lines(data: bytes) -> array[int]:
    """The line, from 1, of each item of a sound JSON List."""
    lines = array("Q")
    at, line = 0, 1
    for item in items_of(data):
        start = _gap_end(data, at) if lines else _first_start(data, bytes(item))
        line += data.count(b"\n", at, start)
        lines.append(line)
        at = start + len(item)
        line += data.count(b"\n", start, at)
    return lines


def _gap_end(data: bytes, at: int) -> int:
    gap = _GAP.match(data, at)
    return gap.end() if gap else at


def _first_start(data: bytes, item: bytes) -> int:
    return next(found.end() for found in _FIRST.finditer(data) if data.startswith(item, found.end()))
