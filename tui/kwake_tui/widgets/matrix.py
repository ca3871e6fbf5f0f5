"""A matrix over a model, painted line by line: heads stay in sight, one cell has the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import ClassVar, NamedTuple, Protocol

from msgspec.structs import replace
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kwake_tui.keymap import FIXED
from kwake_tui.lines import Line, Span
from kwake_tui.widgets.heads import told_apart, widths
from kwake_tui.widgets.line_list import content, laid_out, styled
from kwake_tui.widgets.stayed import Stayed

HEADS = 2
"""Rows of column heads."""
WIDE = 8
"""Cells from which a column says more than its glyph."""
WIDEST = 16
CORNERS = 4
"""Cells of a subtitle beside its words, at least."""
NARROWEST = 6
"""With its gap: heads in less cannot be read."""


class Head(NamedTuple):
    """A row or column. One without a key is no stop for the cursor: a heading, or a gap between groups."""

    key: str
    name: str
    group: str = ""
    """What stands over the first column of a group, and before a row that is one."""
    bold: bool = False
    short: str = ""
    """What is said instead of the name where that has no room."""


class Entry(NamedTuple):
    """What a cell says: a glyph, and what follows it where there is room."""

    glyph: str
    text: str
    role: str
    tint: str = ""
    bold: bool = False


class Grid(Protocol):
    """What a matrix shows."""

    @property
    def rows(self) -> Sequence[Head]:
        """From top to bottom."""
        ...

    @property
    def columns(self) -> Sequence[Head]:
        """From left to right."""
        ...

    def entry(self, row: Head, column: Head) -> Entry:
        """The cell of two heads that have keys."""
        ...


class Matrix(ScrollView, can_focus=True):
    """Rows and columns with a cursor cell; arrows, letters, pages, wheel and clicks move it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(FIXED["down"], "move(1, 0)", show=False, priority=True, id="down"),
        Binding(FIXED["up"], "move(-1, 0)", show=False, priority=True, id="up"),
        Binding(FIXED["unfold"], "move(0, 1)", show=False, priority=True, id="unfold"),
        Binding(FIXED["fold"], "move(0, -1)", show=False, priority=True, id="fold"),
        Binding(FIXED["page-down"], "page(1)", show=False, priority=True, id="page-down"),
        Binding(FIXED["page-up"], "page(-1)", show=False, priority=True, id="page-up"),
        Binding("home", "edge_column(0)", show=False, priority=True),
        Binding("end", "edge_column(-1)", show=False, priority=True),
        Binding("g", "edge_row(0)", show=False, priority=True),
        Binding("G", "edge_row(-1)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
    ]

    class Moved(Message):
        """The cursor stands on another cell."""

    class Chosen(Message):
        """Enter or a second click on the cell under the cursor."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._grid: Grid | None = None
        self._row = self._column = 0
        self._first_column = 0
        self._widths: list[int] = []
        self.notes: tuple[str, ...] = ("",)
        """What the signs mean, from the most words to the fewest: the subtitle has room for one of them, beside what is
        out of sight."""

    @property
    def at(self) -> tuple[str, str]:
        """The keys of the row and column under the cursor; empty without any."""
        grid = self._grid
        if grid is None or not (self._row < len(grid.rows) and self._column < len(grid.columns)):
            return "", ""
        return grid.rows[self._row].key, grid.columns[self._column].key

    @property
    def heads_width(self) -> int:
        """Cells of the row heads."""
        rows = self._grid.rows if self._grid is not None else ()
        longest = max((Span(head.group + head.name).cells + 4 for head in rows), default=0)
        spare = self.size.width - 1 - WIDE * (len(self._grid.columns) if self._grid is not None else 0)
        return max(12, min(longest, max(self.size.width // 8, 16, min(spare, self.size.width // 4))))

    def _column_widths(self) -> list[int]:
        """Cells of each column: as many as all leave each other, and of what some do not need more for long heads."""
        columns = self._grid.columns if self._grid is not None else ()
        room = self.size.width - self.heads_width - 1
        even = max(NARROWEST, min(room // len(columns), WIDEST)) if columns else WIDEST
        alone = Counter(head.group for head in columns)
        needs = [
            max(cell_len(head.short or head.name), cell_len(head.group) if alone[head.group] == 1 else 0) + 1
            for head in columns
        ]
        return widths(needs, WIDE if even >= WIDE else NARROWEST, even, room)

    def show(self, grid: Grid, at: tuple[str, str] | None = None) -> None:
        """Show another model; the cursor stays with its heads, or goes to those that are named."""
        wanted = self.at if at is None else at
        self._grid = grid
        self._row = _place(grid.rows, wanted[0], self._row)
        self._column = _place(grid.columns, wanted[1], self._column)
        self._laid_out()

    def on_resize(self) -> None:
        """Columns are as wide as there is room."""
        self._laid_out()

    def _laid_out(self) -> None:
        rows = len(self._grid.rows) if self._grid is not None else 0
        self.virtual_size = Size(self.size.width, rows + HEADS)
        self._widths = self._column_widths()
        self._reveal()
        self.refresh()

    @property
    def _shown_columns(self) -> int:
        room = self.size.width - self.heads_width - 1
        ends = accumulate(self._widths[self._first_column :])
        return max(sum(end <= room for end in ends), 1)

    def _reveal(self) -> None:
        """Scroll so that the cursor is in sight, under the heads."""
        if self._grid is None or not self.size.height:
            return
        fits = self._shown_columns
        if self._column < self._first_column:
            self._first_column = self._column
        elif self._column >= self._first_column + fits:
            self._first_column = self._column - fits + 1
        self._first_column = max(0, min(self._first_column, len(self._grid.columns) - fits))
        top, height = int(self.scroll_offset.y), self.size.height - HEADS
        above = self._row - 1 if self._row and not self._grid.rows[self._row - 1].key else self._row
        if above < top:
            self.scroll_to(y=above, animate=False, force=True)
        elif self._row >= top + height:
            self.scroll_to(y=self._row - height + 1, animate=False, force=True)
        self._tell_place()

    def _tell_place(self) -> None:
        """What is out of sight, if anything is."""
        if self._grid is None:
            return
        rows, columns = len(self._grid.rows), len(self._grid.columns)
        top, height, fits = int(self.scroll_offset.y), self.size.height - HEADS, self._shown_columns
        words = []
        if 0 < height < rows:
            words.append(f"rows {top + 1}-{min(top + height, rows)} of {rows}")
        if fits < columns:
            words.append(f"columns {self._first_column + 1}-{self._first_column + fits} of {columns}")
        told = ["   ".join(filter(None, (*words, note))) for note in self.notes]
        fitting = (said for said in told if cell_len(said) <= self.size.width - CORNERS)
        self.border_subtitle = content((Span(next(fitting, told[-1])),))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows are in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._tell_place()

    # -- painting ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One visible row: a head, or cells."""
        width = self.size.width
        if self._grid is None or width < NARROWEST:
            return Strip([styled(self.app, Span(" " * width), "background")], width)
        if y < HEADS:
            parts = [(span, "background") for span in self._head_row(y)]
        else:
            parts = self._cells(y - HEADS + int(self.scroll_offset.y))
        used = sum(span.cells for span, _ in parts)
        parts.append((Span(" " * max(width - used, 0)), "background"))
        return Strip([styled(self.app, span, tint) for span, tint in parts]).adjust_cell_length(width)

    def _head_row(self, y: int) -> list[Span]:
        grid = self._grid
        if grid is None:
            return []
        columns = grid.columns[self._first_column : self._first_column + self._shown_columns]
        corner = laid_out(self.app, Line((Span("  from ↓  to →" if y == 0 else "", "muted"),)), self.heads_width)
        if y == 0:
            return [*corner, *self._group_heads(columns)]
        here = self._column - self._first_column
        rooms = [self._room(number, number + 1, len(columns)) for number in range(len(columns))]
        texts = [
            head.short if head.short and cell_len(head.name) > room else head.name
            for head, room in zip(columns, rooms, strict=True)
        ]
        spans = []
        for number, (text, room) in enumerate(zip(told_apart(texts, rooms), rooms, strict=True)):
            name = Span(text, "you" if number == here else "muted", bold=number == here)
            spans += [*laid_out(self.app, Line((name,)), room), Span(" ")]
        return [*corner, *spans]

    def _room(self, start: int, end: int, count: int) -> int:
        """Cells of a head over these columns in sight; that of the last has what is free beside it."""
        if end == count:
            return self.size.width - self.heads_width - self._left(start)
        return self._left(end) - self._left(start) - 1

    def _left(self, column: int) -> int:
        """Cells from the first column in sight to another one in sight."""
        return sum(self._widths[self._first_column : self._first_column + column])

    def _group_heads(self, columns: Sequence[Head]) -> list[Span]:
        """The names of groups, each over its first column in sight and as far as it goes."""
        groups = [list(group) for _, group in groupby(range(len(columns)), key=lambda number: columns[number].group)]
        rooms = [self._room(group[0], group[-1] + 1, len(columns)) for group in groups]
        names = [columns[group[0]].group for group in groups]
        # Where there is little room the name matters more than whether it is folded.
        bare = [
            name if cell_len(name) <= room else name.rpartition(" ")[2] for name, room in zip(names, rooms, strict=True)
        ]
        spans: list[Span] = []
        for name, room in zip(told_apart(bare, rooms), rooms, strict=True):
            spans += [*laid_out(self.app, Line((Span(name, bold=True),)), room), Span(" ")]
        return spans

    def _cells(self, index: int) -> list[tuple[Span, str]]:
        grid = self._grid
        if grid is None or index >= len(grid.rows):
            return []
        row = grid.rows[index]
        here = index == self._row
        base = "cursor" if here else "background"
        mark = Span("▌" if here else " ", "you" if self.has_focus else "muted")
        name = row.group + row.name
        head = laid_out(
            self.app, Line((mark, Span(" "), Span(name, bold=row.bold or here)), shrink=2), self.heads_width - 1
        )
        parts = [(span, base) for span in (*head, Span(" "))]
        if not row.key:
            return parts
        last = min(self._first_column + self._shown_columns, len(grid.columns))
        for number in range(self._first_column, last):
            here_too = here and number == self._column
            parts += self._cell(grid.entry(row, grid.columns[number]), self._widths[number], base, here_too)
        return parts

    def _cell(self, entry: Entry, width: int, base: str, here: bool) -> list[tuple[Span, str]]:
        text = f"{entry.glyph} {entry.text}" if entry.text and width >= WIDE else entry.glyph
        span = Span(text, entry.role, bold=entry.bold or here, chip=here and bool(text.strip()))
        if here and not text.strip():
            span = Span("▁", "you", bold=True)
        if span.chip:  # the whole cell is reversed, not its words alone
            span = replace(span, text=text.ljust(width - 1))
        spans = laid_out(self.app, Line((span.cut(width - 1),)), width - 1)
        tint = entry.tint or base
        return [*((span, tint) for span in spans), (Span(" "), base)]

    # -- moving -----------------------------------------------------------------------------------------------------

    def move_to(self, row: int, column: int) -> None:
        """Put the cursor on a cell, if both of its heads can hold it."""
        grid = self._grid
        if grid is None or not (0 <= row < len(grid.rows) and 0 <= column < len(grid.columns)):
            return
        if grid.rows[row].key and grid.columns[column].key and (row, column) != (self._row, self._column):
            self._row, self._column = row, column
            self._reveal()
            self.refresh()
            self.post_message(self.Moved())

    def _go(self, row: int, column: int, stays: str) -> None:
        """Put the cursor on a cell; where it stands there already say why it goes no further."""
        before = self._row, self._column
        self.move_to(row, column)
        if (self._row, self._column) == before:
            self.post_message(Stayed(stays))

    def put_on(self, row: str, column: str) -> None:
        """Put the cursor on the cell of two heads."""
        if self._grid is not None:
            keys = [head.key for head in self._grid.rows], [head.key for head in self._grid.columns]
            if row in keys[0] and column in keys[1]:
                self.move_to(keys[0].index(row), keys[1].index(column))

    def action_move(self, rows: int, columns: int) -> None:
        """To the next cell in a direction."""
        if self._grid is None:
            return
        row, column = self._row + rows, self._column + columns
        while rows and 0 <= row < len(self._grid.rows) and not self._grid.rows[row].key:
            row += rows
        self._go(row, column, f"this is the {'first' if rows + columns < 0 else 'last'} {'row' if rows else 'column'}")

    def action_page(self, pages: int) -> None:
        """A page down or up."""
        if self._grid is None:
            return
        goal = self._row + pages * max(self.size.height - HEADS - 1, 1)
        stops = [number for number, head in enumerate(self._grid.rows) if head.key]
        if stops:
            place = min(stops, key=lambda stop: abs(stop - goal))
            self._go(place, self._column, f"this is the {'first' if pages < 0 else 'last'} row")

    def action_edge_row(self, end: int) -> None:
        """The first or the last row."""
        stops = [number for number, head in enumerate(self._grid.rows) if head.key] if self._grid else []
        if stops:
            self._go(stops[end], self._column, f"this is the {'last' if end else 'first'} row")

    def action_edge_column(self, end: int) -> None:
        """The first or the last column."""
        if self._grid and self._grid.columns:
            column = len(self._grid.columns) - 1 if end else 0
            self._go(self._row, column, f"this is the {'last' if end else 'first'} column")

    def action_choose(self) -> None:
        """Enter on the cell."""
        if all(self.at):
            self.post_message(self.Chosen())
        else:
            self.post_message(Stayed("there is nothing to go into here"))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a second one chooses."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEADS or offset.x < self.heads_width:
            return
        ends = accumulate(self._widths[self._first_column :])
        column = self._first_column + sum(end <= offset.x - self.heads_width for end in ends)
        self.move_to(offset.y - HEADS + int(self.scroll_offset.y), column)
        if event.chain == 2:
            self.action_choose()

    def region_of_cursor(self) -> Region:
        """Where the cursor's cell is in the widget."""
        x = self.heads_width + self._left(self._column - self._first_column)
        return Region(x, self._row - int(self.scroll_offset.y) + HEADS, self._widths[self._column], 1)

    def on_focus(self) -> None:
        """The cursor's mark changes its colour."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor's mark changes its colour."""
        self.refresh()


def _place(heads: Sequence[Head], key: str, near: int) -> int:
    """Where the cursor goes: to the head of this key, else to the nearest that can hold it."""
    stops = [number for number, head in enumerate(heads) if head.key]
    named = [number for number in stops if key and heads[number].key == key]
    return named[0] if named else min(stops, key=lambda stop: abs(stop - near), default=0)
