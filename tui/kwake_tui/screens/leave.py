"""The question of `q` where something would be lost: the key again leaves, esc stays."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from kwake_tui.lines import BLANK, Line, Span
from kwake_tui.screens.dialog import Dialog
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import content

Leaving = Literal["leave", "save"]


class LeaveScreen(Dialog[Leaving | None]):
    """Answers whether to leave, or to save first; None: stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "answer('leave')", show=False, priority=True, id="quit"),
        Binding("y", "answer('leave')", show=False, priority=True),
        Binding("s", "answer('save')", show=False, priority=True),
        Binding("escape,n", "answer('stay')", show=False, priority=True),
        Binding("left,h", "app.focus_previous", show=False, priority=True),
        Binding("right,l", "app.focus_next", show=False, priority=True),
    ]

    def __init__(self, lost: tuple[str, ...], quit_key: str, *, can_save: bool) -> None:
        super().__init__()
        self._lost = lost
        self.note = f"{quit_key} again leaves   esc stays"
        self._can_save = can_save

    def compose(self) -> ComposeResult:
        """What would be lost, and the buttons: Stay comes first."""
        with Vertical(id="question", classes="dialog") as box:
            box.border_title = content((Span("Leave"),))
            words = LineBar(id="words")
            first, *others = self._lost
            rows = (Line((Span(first, bold=True),)), *(Line((Span(other, "muted"),), shrink=0) for other in others))
            words.show(lambda width: (*rows, *[BLANK] * (3 - len(rows))))
            yield words
            with Horizontal(classes="buttons"):
                yield Button("Stay", id="stay", compact=True)
                yield Button("Leave", id="leave", compact=True)
                if self._can_save:
                    yield Button("Save", id="save", compact=True)

    def on_mount(self) -> None:
        """Stay first."""
        self.set_focus(self.query_one("#stay", Button), scroll_visible=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`s` does nothing where there is nothing to save."""
        del action
        return self._can_save or parameters != ("save",)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The answer."""
        self.action_answer(event.button.id or "stay")

    def action_answer(self, answer: str) -> None:
        """Answer by key."""
        match answer:
            case "leave" | "save":
                self.dismiss(answer)
            case _:
                self.dismiss(None)
