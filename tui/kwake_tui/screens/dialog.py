"""A question or a page in a box over the rest."""

from __future__ import annotations

from typing import TypeVar

from textual import on
from textual.events import Key
from textual.screen import ModalScreen

from kwake_tui.keys import keymap_of
from kwake_tui.lines import Span
from kwake_tui.widgets.line_list import LineList, content
from kwake_tui.widgets.stayed import Stayed

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Its box has the class `dialog`. The lower border says how one goes on, or why the last key changed nothing."""

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
        reason = keymap_of(self.app).of_the_panes(event.key, "goes back")
        if reason:
            self.tell(reason)
