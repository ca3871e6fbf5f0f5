"""A page to read: YAML, a description, the help."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kwake_tui.keymap import FIXED
from kwake_tui.lines import Line, Span, spread
from kwake_tui.screens.dialog import Dialog
from kwake_tui.widgets.line_list import LineList, Model, content


class ReaderScreen(Dialog[None]):
    """Rows in a box; esc leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "leave", show=False, priority=True)]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("↑ ↓ j k", "scroll; page keys, g and G too"),
        ("esc q enter", "back"),
    )

    note = "esc back"

    def __init__(self, word: str, subject: str, lines: tuple[Line, ...] | Model) -> None:
        super().__init__()
        self._title = (Span(f"{word}  {subject}"),)
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The box."""
        rows = LineList(id="page", classes="dialog")
        rows.border_title = content(self._title)
        rows.note = self.note
        lines = self._lines
        rows.show(
            lines if callable(lines) else lambda width: tuple(row for line in lines for row in spread(line, width))
        )
        yield rows

    def action_leave(self) -> None:
        """Close the page."""
        self.dismiss(None)


class HelpScreen(ReaderScreen):
    """What keys do; the key that opened it closes it, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "leave", show=False, priority=True, id="help"),
        Binding(FIXED["help-typing"], "leave", show=False, priority=True, id="help-typing"),
    ]
