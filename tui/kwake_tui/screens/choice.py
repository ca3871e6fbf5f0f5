"""A list to choose one row of."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from kwake_tui.lines import Line, Span, spread
from kwake_tui.screens.dialog import ROWS, Dialog
from kwake_tui.widgets.line_list import LineList, Model, content


class ChoiceScreen(Dialog[str | None]):
    """Answers the target of the chosen row."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", show=False, priority=True)]

    def __init__(self, title: str, note: str, lines: tuple[Line, ...] | Model, at: str | None = None) -> None:
        super().__init__()
        self.note = note
        self._title, self._lines, self._at = title, lines, at

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """As the lower border has it, and how one moves."""
        own = (part.partition(" ") for part in self.note.split("   "))
        return (ROWS, *((key, words) for key, _, words in own if key in ("enter", "y", "esc")))

    def compose(self) -> ComposeResult:
        """One list in a frame."""
        with Vertical(id="page", classes="dialog") as page:
            page.border_title = content((Span(self._title),))
            yield LineList(id="choice", lit=True)

    def on_mount(self) -> None:
        """The cursor on the row that was asked for."""
        rows = self.query_one("#choice", LineList)
        lines = self._lines
        rows.show(
            lines if callable(lines) else lambda width: tuple(row for line in lines for row in spread(line, width)),
            self._at,
        )
        self.set_focus(rows, scroll_visible=False)

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """This one."""
        event.stop()
        self.dismiss(event.rows.target)

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss(None)
