"""Text that is read like a list until one asks to type in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.strip import Strip

from kwake.objects.printable import printable
from kwake_tui.keymap import FIXED
from kwake_tui.theme import colour, style
from kwake_tui.widgets.in_order import TextField
from kwake_tui.widgets.stayed import Stayed

_CHANGING: Final = ("delete", "cut", "paste", "undo", "redo")
"""How the names of actions begin that change the text."""

ASIDE = 8
"""Cells that one key moves text sideways."""

GAP = 2
"""Cells between a line and what is said of it, at least."""


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

    class Moved(Message):
        """One reads at another place."""

    def __init__(self) -> None:
        super().__init__(
            "",
            language="yaml",
            soft_wrap=False,
            show_line_numbers=True,
            read_only=True,
            highlight_cursor_line=True,
            id="yaml",
        )
        self.cursor_blink = False
        self._notes: dict[int, str] = {}

    def note(self, notes: dict[int, str]) -> None:
        """Say something at the right of lines, counted from 0, where there is room for it."""
        if notes != self._notes:
            self._notes = notes
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row, and what is said of it; where the row goes on out of sight, it says so."""
        strip = super().render_line(y)
        row, width = y + self.scroll_offset.y, self.size.width
        if row >= self.document.line_count:
            return strip
        text = self.document.get_line(row).expandtabs(self.indent_width)
        taken = self.gutter_width + cell_len(text)
        if taken - self.scroll_offset.x > width:
            return self._going_on(strip, width - 1)
        note = printable(self._notes.get(row, ""))
        if not note or self.scroll_offset.x or taken + GAP + cell_len(note) + 1 > width:
            return strip
        colours = self.app.theme_variables
        here = row == self.cursor_location[0]
        words = Segment(f"{note} ", style(colours["muted"], colours["cursor" if here else "background"]))
        return Strip.join([strip.adjust_cell_length(width).crop(0, width - words.cell_length), Strip([words])])

    def _going_on(self, strip: Strip, last: int) -> Strip:
        """A row with `…` in its last cell in sight."""
        faint = Style(color=colour(self.app.theme_variables["faint"]))
        ends = [end.style + faint if end.style is not None else faint for end in strip.crop(last, last + 1)]
        return Strip([*strip.crop(0, last), *(Segment("…", end) for end in ends[:1])])

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
            case "left" | "right":
                self._aside(1 if way == "right" else -1)
            case _:
                goal = (0, 0) if way == "first" else self.document.end
                self._move(f"this is the {way} line", lambda: self.move_cursor(goal))

    def action_cursor_down(self, select: bool = False) -> None:
        """As the text area has it; where the text is read, it is said that nothing comes after the last line."""
        self._move("this is the last line", lambda: super(TextPage, self).action_cursor_down(select))

    def action_cursor_up(self, select: bool = False) -> None:
        """As above."""
        self._move("this is the first line", lambda: super(TextPage, self).action_cursor_up(select))

    def _aside(self, steps: int) -> None:
        """Look further along lines that go on out of sight: where the text is read there is no caret to move."""
        moves = self.scroll_offset.x > 0 if steps < 0 else self.scroll_offset.x < self.max_scroll_x
        self.scroll_relative(x=steps * ASIDE, animate=False)
        words = f"the lines {'begin here' if steps < 0 else 'go on no further'}"
        self.post_message(self.Moved() if moves else Stayed(words))

    def action_cursor_left(self, select: bool = False) -> None:
        """Where the text is read, the rows and not the caret move."""
        if self.read_only and not select:
            self._aside(-1)
        else:
            super().action_cursor_left(select)

    def action_cursor_right(self, select: bool = False) -> None:
        """As above."""
        if self.read_only and not select:
            self._aside(1)
        else:
            super().action_cursor_right(select)

    def action_cursor_page_down(self) -> None:
        """As above."""
        self._move("this is the last line", super().action_cursor_page_down)

    def action_cursor_page_up(self) -> None:
        """As above."""
        self._move("this is the first line", super().action_cursor_page_up)

    def action_cursor_line_start(self, select: bool = False) -> None:
        """Home: where the text is read, to the first line, as in a list."""
        if self.read_only and not select:
            self.action_read("first")
        else:
            super().action_cursor_line_start(select)

    def action_cursor_line_end(self, select: bool = False) -> None:
        """End, as above."""
        if self.read_only and not select:
            self.action_read("last")
        else:
            super().action_cursor_line_end(select)

    def _move(self, reason: str, move: Callable[[], None]) -> None:
        """Move; where that changes nothing of a text that is read, say why."""
        before = self.cursor_location
        move()
        if self.read_only:
            self.post_message(Stayed(reason) if self.cursor_location == before else self.Moved())
