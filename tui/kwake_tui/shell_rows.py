"""A shell command in rows of a width, broken only where a shell takes it: what is copied from the screen runs."""

from __future__ import annotations

import shlex

import msgspec

from kwake_tui.lines import folded

FURTHER_IN = 4
"""Cells before the rows of a command that goes on."""

_GOES_ON = " \\"
_OPERATOR = "<<<"


def shell_rows(command: str, width: int) -> list[str]:
    """Broken between words with a backslash. JSON stays whole where a row has room for it, else is laid out inside its
    quotes. A comment goes on as one; the text of a here-document goes on as it must."""
    if len(command) <= width:
        return [command]
    if command.startswith("# "):
        return [row if row.startswith("# ") else f"# {row}" for row in folded(command, width - 2, 0)]
    if not command.startswith("kubectl "):
        return folded(command, width, 0)
    room = width - FURTHER_IN - len(_GOES_ON)
    rows = ["kubectl"]
    for word in shlex.split(command)[1:]:
        quoted = word if word == _OPERATOR else shlex.quote(word)
        first, *others = [quoted] if len(quoted) <= room else _laid_out(word, quoted)
        if len(rows[-1]) + 1 + len(first) <= width - len(_GOES_ON):
            rows[-1] += f" {first}"
        else:
            rows[-1] += _GOES_ON
            rows.append(" " * FURTHER_IN + first)
        rows += others
    return rows


def _laid_out(word: str, quoted: str) -> list[str]:
    """JSON in rows, inside its quotes; another word as it is."""
    try:
        text = msgspec.json.format(word.encode(), indent=2).decode()
    except msgspec.DecodeError:
        return [quoted]
    return shlex.quote(text).splitlines()
