"""A question or a page in a box over the rest."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.screen import ModalScreen

from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.widgets.line_list import LineList, content
from kwake_tui.widgets.stayed import Stayed

Answer = TypeVar("Answer")

ROWS = ("↑ ↓ j k", "another row; page keys, g and G too")
BUTTONS = ("tab ← →", "another button")
"""What keys do in every dialog that has rows, or buttons."""


class Dialog(ModalScreen[Answer]):
    """Its box has the class `dialog`. The lower border says how one goes on, or why the last key changed nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", show=False, priority=True, id="help"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What its help says: keys, and what they do."""
    note = ""
    """How one goes on."""

    def on_mount(self) -> None:
        """How one goes on stands there again as soon as anything moves."""
        self.tell()
        for rows in self.query(LineList):
            self.watch(rows, "scroll_y", self.hush, init=False)

    @property
    def hint(self) -> str:
        """How one goes on from where one is now."""
        return self.note

    def tell(self, reason: str = "") -> None:
        """Say why a key changed nothing; without a reason how one goes on."""
        box = self.query_one(".dialog")
        if isinstance(box, LineList):
            box.tell(reason)
        else:
            box.border_subtitle = content((Span(reason or self.hint),))

    def hush(self) -> None:
        """The reason has been read."""
        self.tell()

    @on(LineList.Moved)
    def _moved_on(self, event: LineList.Moved) -> None:
        if not isinstance(event, LineList.Chosen):
            self.hush()

    @on(Stayed)
    def _stayed(self, event: Stayed) -> None:
        event.stop()
        self.tell(event.reason)

    def on_key(self, event: Key) -> None:
        """A key that nothing here takes."""
        if event.key not in self.active_bindings:
            keymap = keymap_of(self.app)
            self.tell(keymap.of_the_panes(event.key, "goes back") or keymap.unknown(event.key))

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Its keys and what they do."""
        return self.KEYS

    def action_help(self) -> None:
        """What its keys do."""
        from kwake_tui.screens.reader import HelpScreen  # which is a dialog itself

        told = ((Span(f"{key:<13}", "you", bold=True), Span(words, "muted")) for key, words in self.keys)
        self.app.push_screen(HelpScreen("Help", "keys here", tuple(Line(spans, shrink=1) for spans in told)))
