"""After a crash: restore what was left behind, discard it, or leave it for later."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from kwake_tui.journal import changed_files
from kwake_tui.lines import BLANK, Line, Span
from kwake_tui.names import count_actions
from kwake_tui.recording import Kept
from kwake_tui.scenario_files import brief_path
from kwake_tui.screens.dialog import BUTTONS, Dialog
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList, content

Choice = Literal["restore", "discard"]


class Answer(NamedTuple):
    """What is to become of one of the sessions."""

    choice: Choice
    kept: Kept


class RecoverScreen(Dialog[Answer | None]):
    """Answers what to do with the session under the cursor; None: nothing now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "later", show=False, priority=True),
        Binding("down,j", "move(1)", show=False, priority=True),
        Binding("up,k", "move(-1)", show=False, priority=True),
        Binding("left,h", "app.focus_previous", show=False, priority=True),
        Binding("right,l", "app.focus_next", show=False, priority=True),
    ]

    KEYS = (
        ("↑ ↓ j k", "another session"),
        BUTTONS,
        ("enter", "what the button says, with the session under the cursor"),
        ("esc q", "later: all sessions stay as they are"),
    )

    def __init__(self, found: tuple[Kept, ...]) -> None:
        super().__init__()
        self._found = {kept.name: kept for kept in found}
        self.note = "↑ ↓ session   ← → choice   esc later" if len(found) > 1 else "esc later"

    def compose(self) -> ComposeResult:
        """The sessions above, what can be done below."""
        several = len(self._found) > 1
        with Vertical(id="recover", classes="dialog") as box:
            box.border_title = content((Span("Restore"),))
            words = LineBar(id="words")
            head = f"{len(self._found)} sessions" if several else "a session"
            said = Line((Span(f"{head} ended without being left; no action is lost"),))
            words.show(lambda width: (said, BLANK))
            yield words
            rows = LineList(id="sessions", lit=True)
            rows.can_focus = False
            rows.styles.height = min(2 * len(self._found), 8)
            yield rows
            with Horizontal(classes="buttons"):
                yield Button("Restore", id="restore", compact=True)
                yield Button("Later", id="later", compact=True)
                yield Button("Discard", id="discard", compact=True)

    def on_mount(self) -> None:
        """The last one first, and to restore it."""
        found = tuple(self._found.values())
        self.query_one(LineList).show(lambda width: session_lines(found), found[0].name)
        self.set_focus(self.query_one("#restore", Button), scroll_visible=False)

    def action_move(self, step: int) -> None:
        """Through the sessions, wherever the focus is."""
        self.query_one(LineList).action_move(step)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do it."""
        kept = self._found[self.query_one(LineList).target]
        match event.button.id:
            case "restore":
                self.dismiss(Answer("restore", kept))
            case "discard":
                self.dismiss(Answer("discard", kept))
            case _:
                self.dismiss(None)

    def action_later(self) -> None:
        """Leave all of them as they are."""
        self.dismiss(None)


def session_lines(found: tuple[Kept, ...]) -> tuple[Line, ...]:
    """Two rows a session: what it is about, and where it came from."""
    rows: list[Line] = []
    for kept in found:
        journal = kept.journal
        last = f", the last one shown: {journal.last_action}" if journal.current else ""
        head = (Span(journal.title, bold=True), Span(f"  {count_actions(journal.actions)}{last}"))
        rows.append(Line(head, (Span(when(kept), "muted"),), target=kept.name, shrink=1))
        changed = changed_files(journal)
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            words = f"{brief_path(changed[0])}{more} is not what it was: what still holds is restored"
            rows.append(Line((Span("  ▲ ", "warn"), Span(words)), shrink=1))
            continue
        paths = " ".join(map(brief_path, journal.opened.snapshot)) or "no file"
        rows.append(Line((Span("  "), Span(paths, "muted")), (Span(journal.profile, "muted"),), shrink=1))
    return tuple(rows)


def when(kept: Kept) -> str:
    """When its last action was written, by the clock on the wall here."""
    return datetime.fromtimestamp(kept.written_s).strftime("%Y-%m-%d %H:%M")
