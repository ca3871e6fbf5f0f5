"""Aligned columns, whatever the width of the names in them, and JSON that no terminal obeys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.cells import cell_len

from kwake.objects.printable import printable

_UNSAFE = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def columns(rows: Sequence[Sequence[str]], indent: int = 0) -> list[str]:
    """Rows with every column as wide as its widest cell, two spaces between; control characters are shown."""
    shown = [[printable(cell) for cell in row] for row in rows]
    count = max((len(row) for row in shown), default=0)
    widths = [max(cell_len(row[at]) for row in shown if at < len(row)) for at in range(count)]
    return [" " * indent + "  ".join(map(padded, row, widths)).rstrip() for row in shown]


def padded(text: str, cells: int) -> str:
    """The text with spaces up to this many cells."""
    return text + " " * (cells - cell_len(text))


def json_text(value: Any) -> str:
    """The value as JSON, with every character that a terminal could obey as an escape."""
    return shielded(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def shielded(text: str) -> str:
    """The same JSON with control and direction characters, which can stand in its texts only, as escapes."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
