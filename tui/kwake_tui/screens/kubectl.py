"""kubectl commands that would do in a real cluster what the console does in the model, to read and to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from kwake_tui.lines import Line, Span, folded
from kwake_tui.screens.reader import ReaderScreen

FURTHER_IN = 4
"""Cells before the rows of a command that goes on."""


class KubectlScreen(ReaderScreen):
    """The commands, none of them run or cut."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "copy", show=False, priority=True)]
    KEYS = (*ReaderScreen.KEYS, ("c", "copy the commands, by the terminal's clipboard (OSC 52)"))

    note = "c copies   esc back"

    def __init__(self, commands: Sequence[str], subject: str = "would make the same changes; nothing is run") -> None:
        super().__init__("kubectl", subject, lambda width: _rows(commands, width))
        self._commands = commands

    def action_copy(self) -> None:
        """The commands into the terminal's clipboard."""
        self.app.copy_to_clipboard("\n".join(self._commands))
        self.tell("copied")


def _rows(commands: Sequence[str], width: int) -> tuple[Line, ...]:
    """In as many rows as they need; what goes on stands further in."""
    rows: list[Line] = []
    for line in commands:
        role = "muted" if line.startswith("# ") else "text1"
        first, *others = folded(line, width, FURTHER_IN)
        rows += [Line((Span(first, role),)), *(Line((Span(" " * FURTHER_IN), Span(part, role))) for part in others)]
    return tuple(rows)
