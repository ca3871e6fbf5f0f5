"""The console's own signs in ASCII: for the Linux console, and for who asks for it."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

WIDE: Final = {"◇": "<>", "±": "+-", "≠": "!="}
"""Those that take two cells; they are written so before a row is laid out."""

NARROW: Final = {
    "✓": "v", "×": "x", "∅": "0", "●": "o", "○": ".", "◐": "%", "↳": ">", "▲": "!", "−": "-", "▾": "v", "▸": ">",
    "▌": ">", "•": "*", "◉": "@", "━": "=", "┄": ".", "▁": "_", "≈": "~", "→": ">", "←": "<", "↑": "^", "↓": "v",
    "·": ".", "…": "~", "›": ">", "–": "-", "—": "-",
    "│": "|", "┃": "#", "─": "-", "├": "|", "└": "`", "┌": "+", "┐": "+", "┘": "+", "╭": "+", "╮": "+", "╯": "+",
    "╰": "+", "┏": "+", "┓": "+", "┗": "+", "┛": "+", "┤": "|", "┬": "+", "┴": "+", "┼": "+", "▏": "|", "▕": "|",
    "█": "#", "▄": "_", "▀": "-", "▎": "|", "▊": "|", "╸": "-", "╺": "-", "╿": "|", "╷": "|", "╵": "|",
}  # fmt: skip
"""Those that take one cell: whatever is on the screen, borders too."""

_TABLE: Final = str.maketrans(NARROW)
_WIDE: Final = str.maketrans(WIDE)


def narrow(text: str) -> str:
    """The text with each sign of one cell in ASCII; as many cells as before."""
    return text.translate(_TABLE)


def wide(text: str) -> str:
    """The text with each sign that takes two cells in ASCII."""
    return text.translate(_WIDE)


def in_ascii(text: str) -> str:
    """The text with every sign of ours in ASCII; letters of names stay."""
    return narrow(wide(text))


class PlainSigns(LineFilter):
    """Whatever is on the screen, with signs of one cell in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, in other signs."""
        del background
        return [Segment(narrow(text), style, control) for text, style, control in segments]
