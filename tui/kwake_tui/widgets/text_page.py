"""Text that is read like a list until one asks to type in it."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.events import Event, Key, Paste
from textual.message import Message

from kwake_tui.keymap import FIXED
from kwake_tui.widgets.in_order import TextField

_CHANGING: Final = ("delete", "cut", "paste", "undo", "redo")
"""How the names of actions begin that change the text."""


def _letters(name: str) -> str:
    return ",".join(key for key in FIXED[name].split(",") if len(key) == 1)


class TextPage(TextField):
    """Begins to be read: letters are keys, those that move in lists move here, and there is no caret."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(_letters("down"), "read('down')", show=False, priority=True, id="down"),
        Binding(_letters("up"), "read('up')", show=False, priority=True, id="up"),
        Binding(_letters("first"), "read('first')", show=False, priority=True, id="first"),
        Binding(_letters("last"), "read('last')", show=False, priority=True, id="last"),
        Binding(_letters("fold"), "read('left')", show=False, priority=True, id="fold"),
        Binding(_letters("unfold"), "read('right')", show=False, priority=True, id="unfold"),
    ]
    """The letters; arrows and page keys are the text area's own, and would be taken from who types."""

    class Closed(Message):
        """A key or a paste came that does nothing while the text is read."""

    def __init__(self) -> None:
        super().__init__(
            "",
            language="yaml",
            soft_wrap=False,
            show_line_numbers=True,
            tab_behavior="focus",
            read_only=True,
            highlight_cursor_line=True,
            id="yaml",
        )
        self.cursor_blink = False

    @property
    def _draw_cursor(self) -> bool:
        """A caret says that letters are text."""
        return not self.read_only and super()._draw_cursor

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that move as in a list are letters while one types; those that change the text act only then."""
        if action == "read":
            return self.read_only
        if self.read_only and action.startswith(_CHANGING):
            return False
        return super().check_action(action, parameters)

    def _forward_event(self, event: Event) -> None:
        if self.read_only and isinstance(event, (Key, Paste)):
            self.post_message(self.Closed())
        else:
            super()._forward_event(event)

    def centre(self) -> None:
        """Put the cursor's row into the middle, and no column out of sight that need not be."""
        row, _ = self.cursor_location
        self.scroll_to(x=0, y=max(row - self.scrollable_content_region.height // 2, 0), animate=False, force=True)
        self.scroll_cursor_visible()

    def action_read(self, way: str) -> None:
        """Move as in a list."""
        match way:
            case "down":
                self.action_cursor_down()
            case "up":
                self.action_cursor_up()
            case "left":
                self.action_cursor_left()
            case "right":
                self.action_cursor_right()
            case _:
                self.move_cursor((0, 0) if way == "first" else self.document.end)
