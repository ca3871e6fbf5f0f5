"""kubectl commands that would do in a real cluster what the console does in the model, to read and to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from kwake_tui.lines import Line, Span
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.shell_rows import shell_rows


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
    """In as many rows as they need, broken where a shell takes it."""
    return tuple(
        Line((Span(row, "muted" if line.startswith("# ") else "text1"),))
        for line in commands
        for row in shell_rows(line, width)
    )
