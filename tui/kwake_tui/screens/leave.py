"""The question of `q` where something would be lost: the key again leaves, esc stays."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from kwake_tui.lines import BLANK, Line, Span, middle_cut
from kwake_tui.screens.dialog import BUTTONS, Dialog
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import content

Leaving = Literal["leave", "save"]


class Lost(NamedTuple):
    """Something that leaving would lose."""

    words: str
    titles: tuple[str, ...] = ()
    """The actions, each in few words."""


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

    KEYS = (
        BUTTONS,
        ("enter", "what the button says"),
        ("y", "leaves, and so does the key that asked"),
        ("s", "saves first, where an action is not saved"),
        ("esc n", "stays"),
    )

    def __init__(self, lost: tuple[Lost, ...], quit_key: str, *, can_save: bool) -> None:
        super().__init__()
        self._lost = lost
        self.note = f"{quit_key} again leaves   esc stays"
        self._can_save = can_save

    def compose(self) -> ComposeResult:
        """What would be lost, and the buttons: Stay comes first."""
        with Vertical(id="question", classes="dialog") as box:
            box.border_title = content((Span("Leave"),))
            words = LineBar(id="words")
            words.show(lambda width: lost_rows(self._lost, width))
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


def lost_rows(lost: tuple[Lost, ...], width: int) -> tuple[Line, ...]:
    """What is lost, the first in bold, under it which actions that are."""
    rows: list[Line] = []
    for item in lost:
        rows.append(Line((Span(item.words, bold=True) if item is lost[0] else Span(item.words, "muted"),), shrink=0))
        rows += [Line((Span(_named(item.titles, width), "muted"),))] if item.titles else []
    return (*rows, *[BLANK] * (3 - len(rows)))


def _named(titles: tuple[str, ...], width: int) -> str:
    """As many of the titles as have room, and how many more there are; only a first one that is too long is cut."""
    for count in range(min(len(titles), _MOST_NAMED), 0, -1):
        more = f" and {len(titles) - count} more" if len(titles) > count else ""
        if cell_len(words := ", ".join(titles[:count]) + more) <= width:
            return words
    return middle_cut(titles[0], width - cell_len(more)) + more


_MOST_NAMED = 3
"""Actions that the question names."""
