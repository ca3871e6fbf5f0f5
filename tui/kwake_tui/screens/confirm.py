"""A question before something goes: Cancel comes first and has the focus."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from kwake_tui.lines import BLANK, Line, Span
from kwake_tui.screens.dialog import BUTTONS, Dialog
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import content


class ConfirmScreen(Dialog[bool]):
    """Yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "answer(False)", show=False, priority=True),
        Binding("left,h", "app.focus_previous", show=False, priority=True),
        Binding("right,l", "app.focus_next", show=False, priority=True),
    ]

    KEYS = (BUTTONS, ("enter", "what the button says"), ("esc q", "back, and nothing is done"))

    def __init__(self, word: str, target: str, note: str) -> None:
        super().__init__()
        self._word = word
        self._target = target
        self._note = note

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical(id="question", classes="dialog") as box:
            box.border_title = content((Span(self._word),))
            words = LineBar(id="words")
            rows = (Line((Span(f"{self._word} "), Span(self._target, bold=True), Span("?"))), BLANK)
            words.show(lambda width: (*rows, Line((Span(self._note, "muted"),))))
            yield words
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(self._word, id="yes", compact=True)

    def on_mount(self) -> None:
        """Cancel first."""
        self.set_focus(self.query_one("#no", Button), scroll_visible=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer by key."""
        self.dismiss(yes)
