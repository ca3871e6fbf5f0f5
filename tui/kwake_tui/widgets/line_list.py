"""Rows over a model, painted line by line: only what is visible is ever built into a strip."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from kwake.objects.printable import printable
from kwake_tui.filtering import Filter, Index, Labels
from kwake_tui.keymap import FIXED
from kwake_tui.lines import Line, Span, fit, folded, shown
from kwake_tui.plain_signs import wide
from kwake_tui.theme import style
from kwake_tui.widgets.stayed import Stayed

Model = Callable[[int], tuple[Line, ...]]
"""The rows for a width in cells."""


def styled(app: App[int], span: Span, background: str) -> Segment:
    """A span in the theme's colours."""
    colours = app.theme_variables
    if span.chip:
        reversed_ = style(colours[span.role], colours["background"], bold=True, reverse=True)
        return Segment(span.text, reversed_)
    bold = span.bold or (span.role == "bad" and app.no_color)  # a grey that is darker than that of `ok`
    return Segment(span.text, style(colours[span.role], colours[background], bold=bold, strike=span.strike))


def laid_out(app: App[int], line: Line, width: int) -> list[Span]:
    """A line as spans of exactly `width` cells, in the signs of the console."""
    return fit(line.respelt(wide) if app.has_class("-ascii") else line, width)


def content(spans: tuple[Span, ...]) -> Content:
    """Spans as content: for titles and subtitles, which would read a plain string as markup."""
    return Content("").join(Content.styled(span.text, "bold" if span.bold else "") for span in shown(spans))


def over(pane: Widget, word: str, subject: str, alone: str, said: str) -> Content:
    """A pane's title. Without a lower border the pane is alone below a row of tabs, where its word stands: so not here
    again, but what the lower border would say."""
    if pane.styles.border_bottom[0] or not (alone or said):
        return content((Span("  ".join(filter(None, (word, subject)))),))
    beside = Content.styled(printable(f"   {said}" if said else ""), "not bold $muted")
    return content((Span(alone or word),)) + beside


def _all_hidden(by: Filter, rows: int, width: int) -> tuple[Line, ...]:
    """What stands in the place of rows that a filter hides, all of them."""
    hidden = f": it hides {'1 row' if rows == 1 else f'{rows} rows'}" if rows else ""
    words = f"nothing matches /{by.text}{hidden}; esc here clears it"
    return tuple(Line((Span(row, "muted"),)) for row in folded(words, width, 0))


NEAR = 3
"""Rows out of sight that the cursor goes over at once: what is further is first scrolled by."""


class LineList(ScrollView, can_focus=True):
    """A list with a cursor, keys, wheel and clicks. Rows without a target only scroll by."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(FIXED["down"], "move(1)", show=False, priority=True, id="down"),
        Binding(FIXED["up"], "move(-1)", show=False, priority=True, id="up"),
        Binding(FIXED["page-down"], "page(1)", show=False, priority=True, id="page-down"),
        Binding(FIXED["page-up"], "page(-1)", show=False, priority=True, id="page-up"),
        Binding(FIXED["first"], "edge(0)", show=False, priority=True, id="first"),
        Binding(FIXED["last"], "edge(1)", show=False, priority=True, id="last"),
        Binding(FIXED["fold"], "fold(1)", show=False, id="fold"),
        Binding(FIXED["unfold"], "fold(0)", show=False, id="unfold"),
        Binding(FIXED["mark"], "mark", show=False, priority=True, id="mark"),
        Binding("enter", "choose", show=False, priority=True),
    ]

    place = var("")
    """Which rows are in sight, where not all are."""

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, rows: LineList) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> LineList:
            """The list."""
            return self.rows

    class Chosen(Moved):
        """Enter or a second click on the row under the cursor."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, lit: bool = False) -> None:
        super().__init__(id=id, classes=classes)
        self._model: Model = lambda width: ()
        self._lines: tuple[Line, ...] = ()
        self._cursor = 0
        self._touched = False
        self._lit = lit
        self.note = ""
        """What the subtitle says beside the rows that are in sight."""
        self.marked: frozenset[str] = frozenset()
        """Targets of the rows that are marked for the next action."""
        self._filter: Filter | None = None
        self._left = ""
        """Where the cursor stood last, while a filter keeps nothing to stand on."""
        self._index: Index | None = None
        self._counted = ""
        self._heads = 0
        self._title = ("", "", "")
        self._said = ""

    def entitle(self, word: str, subject: str = "", alone: str = "") -> None:
        """What stands over the rows: the pane's word and its subject. Where the pane is alone below a row of tabs that
        has its word, it is the subject, or what is said in its place."""
        self._title = (word, subject, alone or subject)
        self._tell_place()

    def tell(self, words: str) -> None:
        """Say something in the subtitle, in the place of all that it says else; empty: no more."""
        self._said = words
        self._tell_place()

    @property
    def target(self) -> str:
        """What the row under the cursor stands for; empty where it stands for nothing."""
        return self._lines[self._cursor].target if self._cursor < len(self._lines) else ""

    @property
    def cite(self) -> str:
        """The id of the rule that the row under the cursor rests on; empty where it cites none."""
        return self._lines[self._cursor].cite if self._cursor < len(self._lines) else ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """All rows."""
        return self._lines

    @property
    def filter(self) -> Filter | None:
        """What is kept of the rows."""
        return self._filter

    def keep(self, wanted: Filter | None) -> None:
        """Show only the rows that a filter keeps, and those above them; None: all."""
        self._filter = wanted
        left = self._left = self.target or self._left
        self._rebuild(left, seeks=True)
        if self.target != left:
            self.post_message(self.Moved(self))

    def labels_of(self, target: str) -> Labels | None:
        """The labels of what a row stands for; None where it has none."""
        return None

    def mark(self, targets: frozenset[str]) -> None:
        """Mark these rows and no others."""
        self.marked = targets
        self._tell_place()
        self.refresh()

    def show(self, model: Model, target: str | None = None) -> None:
        """Show another model; the cursor stays with its target, or goes to the one given."""
        self._model = model
        self._index = None
        self._rebuild(self.target if target is None else target)

    def redraw(self) -> None:
        """The same model again, which has other rows by now."""
        self._index = None
        self._rebuild(self.target)

    def on_resize(self) -> None:
        """Rows are laid out for a width; until somebody moves in them, from the first on, if the cursor is in sight."""
        if not self._touched:
            self.scroll_target_y = self.scroll_y = 0
        self.redraw()

    def _rebuild(self, target: str, *, seeks: bool = False) -> None:
        width = max(self.size.width - 2, 0)
        if self._filter is None:
            self._index = None
            self._lines, self._counted = self._model(width), ""
        else:
            if self._index is None:
                self._index = Index.of(self._model(width))
            kept = self._index.kept(self._filter, self.labels_of, target if seeks else "")
            self._counted = f"/{self._filter.text}  {kept.own} of {len(self._index.stops)}"
            self._lines = kept.lines or _all_hidden(self._filter, len(self._index.stops), width)
            if seeks:
                self._cursor, target = kept.nearest, self._lines[kept.nearest].target
        lines, at = self._lines, self._cursor
        self._heads = next((number for number, line in enumerate(lines) if not line.stays), len(lines))
        if not (target and at < len(lines) and lines[at].target == target):
            found = next((index for index, line in enumerate(lines) if target and line.target == target), None)
            stops = (index for index, line in enumerate(lines) if line.target)
            self._cursor = found if found is not None else min(stops, key=lambda stop: abs(stop - at), default=0)
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._reveal()
        self._tell_place()
        self.refresh()

    def _reveal(self) -> None:
        if any(line.target for line in self._lines):
            heads = min(self._heads, self._cursor)
            self.scroll_to_region(Region(0, self._cursor - heads, 1, 1 + heads), animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows are in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._tell_place()

    def _tell_place(self) -> None:
        """What the subtitle says."""
        height, total = self.size.height - self._heads, len(self._lines) - self._heads
        first = int(self.scroll_offset.y)
        self.place = f"{first + 1}-{min(first + height, total)} of {total}" if 0 < height < total else ""
        marks = f"{len(self.marked)} marked" if self.marked else ""
        said = self._said or "   ".join(filter(None, (marks, self._counted, self.place, self.note)))
        self.border_subtitle = content((Span(said),))
        word, subject, alone = self._title
        if word:
            self.border_title = over(self, word, subject, alone, said)

    def render_line(self, y: int) -> Strip:
        """One visible row."""
        index = y if y < self._heads else y + int(self.scroll_offset.y)
        width = self.size.width
        if index >= len(self._lines) or width < 3:
            return Strip([styled(self.app, Span(" " * width), "background")], width)
        line = self._lines[index]
        here = index == self._cursor and bool(line.target)
        background = line.tint or ("cursor" if here else "background")
        is_marked = line.target in self.marked
        mark = Span("▌" if here else " ", "you" if self.has_focus or self._lit else "muted")
        if is_marked:
            background = "cursor" if here else "youbg"
        spans = [mark, *laid_out(self.app, line, width - 2), Span("•" if is_marked else " ", "you", bold=True)]
        return Strip([styled(self.app, span, background) for span in spans], width)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, if the row can hold it."""
        if 0 <= index < len(self._lines) and self._lines[index].target and index != self._cursor:
            left, self._cursor, self._touched = self._cursor, index, True
            self.refresh_line(left)
            self.refresh_line(index)
            self.post_message(self.Moved(self))
        self._reveal()

    def action_move(self, step: int) -> None:
        """To the next row that stands for something; where none is near, the rows on the way to it come into sight."""
        first = int(self.scroll_offset.y) + self._heads
        last = first - self._heads + (self.size.height or len(self._lines)) - 1
        index = max(self._cursor + step, first) if step > 0 else min(self._cursor + step, last)
        while 0 <= index < len(self._lines) and not self._lines[index].target:
            index += step
        away = index - last if step > 0 else first - index
        if 0 <= index < len(self._lines) and away <= NEAR:
            self.move_to(index)
        else:
            self._stay_at(step)
            self.scroll_relative(y=step, animate=False, force=True)

    def _stay_at(self, step: int) -> None:
        """Say so where nothing comes after the last row, or before the first."""
        if not (self.scroll_offset.y > 0 if step < 0 else self.scroll_offset.y < self.max_scroll_y):
            self.stay(f"this is the {'first' if step < 0 else 'last'} row")

    def stay(self, reason: str) -> None:
        """Say why a key changes nothing."""
        self.post_message(Stayed(reason))

    def action_fold(self, fold: int) -> None:
        """Lists fold nothing, unless they say otherwise."""
        self.stay(f"nothing {'folds' if fold else 'unfolds'} in this pane")

    def action_mark(self) -> None:
        """Nor do they mark their rows."""
        self.stay("rows of this pane are not marked: nothing acts on several of them")

    def action_page(self, pages: int) -> None:
        """A page down or up: the rows move by as many as are in sight, and the cursor with them."""
        height, top = max(self.size.height - self._heads - 1, 1), int(self.scroll_offset.y)
        shift = max(0, min(top + pages * height, self.max_scroll_y)) - top
        stops = [index for index, line in enumerate(self._lines) if line.target]
        if shift:
            self.scroll_to(y=top + shift, animate=False, force=True)
            sight = range(top + shift + self._heads, top + shift + self.size.height)
            stops, goal = [stop for stop in stops if stop in sight], self._cursor + shift
        else:
            goal = len(self._lines) if pages > 0 else 0
        stop = min(stops, key=lambda stop: abs(stop - goal), default=self._cursor)
        if stop != self._cursor:
            self.move_to(stop)
        elif not shift:
            self._stay_at(pages)

    def action_edge(self, end: int) -> None:
        """The first or the last row."""
        stops = [index for index, line in enumerate(self._lines) if line.target]
        stays = not stops or stops[-end] == self._cursor
        if stays:
            self._stay_at(end or -1)
        if stops:
            self.move_to(stops[-end])
        if stays or not end:
            self.scroll_to(y=len(self._lines) if end else 0, animate=False)

    def action_choose(self) -> None:
        """Enter on the row."""
        if self.target:
            self.post_message(self.Chosen(self))
        else:
            self.stay("there is nothing to go into here")

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a second one chooses."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        self.move_to(offset.y + (int(self.scroll_offset.y) if offset.y >= self._heads else 0))
        if event.chain == 2:
            self.action_choose()

    def on_focus(self) -> None:
        """The cursor's mark changes its colour."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor's mark changes its colour."""
        self.refresh()
