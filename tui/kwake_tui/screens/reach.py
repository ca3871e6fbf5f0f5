"""Reach: who may talk to whom, before and after an action, in one matrix."""

from __future__ import annotations

import re
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from kwake.dataplane.path import Outcome
from kwake.errors import UsageError
from kwake.policy.difference import Difference, difference
from kwake.policy.reach import Reach
from kwake.policy.table import CellTurn, ReachTable
from kwake.world import World
from kwake_tui.glyphs import GAINED, LOST, OTHER_PORTS, OUTCOMES, Mark
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span, spread
from kwake_tui.panes.pair import block_lines, pair_flow, pair_lines, pair_title
from kwake_tui.panes.reach_grid import MODES, Keep, ReachGrid, first_folds
from kwake_tui.panes.sides import Sides
from kwake_tui.plain_signs import wide
from kwake_tui.screens.view import BORDERS, ViewKey, ViewScreen
from kwake_tui.session import Session, since
from kwake_tui.widgets.line_list import LineList, content
from kwake_tui.widgets.matrix import Matrix

ROOMY = 100
"""Cells of width from which marks have their words, and rules their place beside them."""
LEGEND = (
    "✓ policies allow   * not routed   ± not all of them   · nothing   − lost   + gained   ~ other ports   ? unknown"
)
BRIEF_LEGEND = "✓ allowed   * not routed   ± some   · nothing   ? unknown"
NO_TABLE = ReachTable(Reach((), ()), Reach((), ()))
"""While the table is worked out."""
UNKNOWN = OUTCOMES[Outcome.UNKNOWN]
MODES_WORD = "before after both"
"""Of the three keys that choose what the cells tell."""


class ReachScreen(ViewScreen):
    """The matrix, and the pair under its cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "fold(0)", show=False, priority=True),
        Binding("f", "fold(1)", show=False, priority=True),
        Binding("b", "mode('before')", show=False, priority=True),
        Binding("a", "mode('after')", show=False, priority=True),
        Binding("d", "mode('difference')", show=False, priority=True),
        Binding("n", "next(1)", show=False, priority=True),
        Binding("N", "next(-1)", show=False, priority=True),
    ]
    TWIN: ClassVar[str] = "kwake reach; the difference: kwake what-if"
    WORD: ClassVar[str] = "reach"
    KEYS: ClassVar[tuple[ViewKey, ...]] = (
        ViewKey("enter", "trace", "the path of the pair in the main screen; unfolds a folded cell"),
        ViewKey("n", "next difference", "N: the one before"),
        ViewKey("b a d", MODES_WORD, "as it was before the action, as it is now, and what differs"),
        ViewKey("space", "fold", "the namespace of the row; f: that of the column"),
        ViewKey(
            "/",
            "filter",
            "/text keeps columns, who may reach it or not; /text> keeps rows, /one>other both; empty: all",
            "filter",
        ),
        ViewKey("←→↑↓", "cell", "h j k l, page keys, g and G, home and end, or the mouse"),
    )
    FILTER: ClassVar[str] = "a name: who may reach it; name> whom it may reach; rows>columns"
    AUTO_FOCUS = "#matrix"

    def __init__(self, session: Session, before: World | None, since: str, start: str = "") -> None:
        super().__init__(session)
        self._start = start
        self._before = before
        self._since = since
        self._table: ReachTable | None = None
        self._mode = MODES[2] if before is not None else MODES[1]
        self._folded: frozenset[str] = frozenset()
        self._within = Difference((), ())
        self._keep: Keep = ("", "")
        self.grid = ReachGrid(NO_TABLE, self._mode, frozenset())
        """What the matrix shows."""

    def panes(self) -> tuple[Widget, ...]:
        """The matrix over the pair, and in a large terminal over both paths."""
        matrix = Matrix(id="matrix", classes="view-pane")
        legends = [wide(legend) if self.app.has_class("-ascii") else legend for legend in (LEGEND, BRIEF_LEGEND)]
        matrix.notes = (*legends, f"{keymap_of(self.app).shown('help')} tells the signs")
        pair = LineList(id="pair", classes="view-pane")
        return matrix, pair, Sides()

    def more_help(self) -> tuple[Line, ...]:
        """What the signs in the cells mean."""
        signs = (sign.partition(" ") for sign in LEGEND.split("   "))
        return (Line(), *(Line((Span(f"{sign:<8}", bold=True), Span(word))) for sign, _, word in signs))

    def on_mount(self) -> None:
        """Show the table, the first difference under the cursor."""
        super().on_mount()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Work the table out; in a large cluster that takes seconds, and the screen says so meanwhile."""
        asked, now = ("reach", self._before), self.session.world
        self._table, self._within = self.session.once(asked, lambda: _table(self._before or now, now))
        self._folded = first_folds(self._table, self.query_one(Matrix).size.width - 20) - {
            self._start.partition("/")[0]
        }
        self._show()
        differing = self.grid.differing() if self._mode == "difference" else []
        own = self.grid.told(self._start)
        if differing:
            self.query_one(Matrix).put_on(*next((cell for cell in differing if self._start in cell), differing[0]))
        elif own:
            self.query_one(Matrix).put_on(*own[0])
        elif self.at[0] == self.at[1]:  # a workload and itself: there is nothing to tell
            self.query_one(Matrix).action_move(0, 1)
        self._show_pair()

    def summary(self, width: int) -> Line:
        """The mode as a chip, and how many pairs differ."""
        if self._table is None:
            return Line((Span("◐ computing", "muted"),))
        totals = self._table.totals()
        modes = MODES if self._before is not None else MODES[1:2]
        spans: list[Span] = []
        for mode in modes:
            chosen, word = mode == self._mode, mode if self._before is not None else "now"
            spans += [Span(f" {word} ", "you" if chosen else "muted", chip=chosen), Span(" ")]
        if self._before is None:
            spans += [Span("  nothing was done yet: there is no difference to show", "muted")]
        else:
            for mark, turn in ((LOST, CellTurn.LOST), (GAINED, CellTurn.GAINED), (OTHER_PORTS, CellTurn.CHANGED)):
                spans += _count(mark, totals[turn], width)
            spans += _changed_within(self._within, width)
        unknown = _count(UNKNOWN, totals[CellTurn.UNKNOWN], width)  # no difference: it may have been so before
        count = totals[CellTurn.SAME]
        same = f"   {count} pairs{' may talk' if width >= ROOMY else ''} as before"
        same = f"   {count} pairs of workloads may talk" if self._before is None else same
        return Line(tuple(spans), (*unknown, Span(same, "muted")))

    @property
    def idle(self) -> frozenset[str]:
        """Before the first action there is no before and no difference."""
        if self._before is None:
            return frozenset({"next difference", MODES_WORD})
        return frozenset() if self.grid.differing() else frozenset({"next difference"})

    @property
    def at(self) -> tuple[str, str]:
        """The keys of the row and the column under the cursor."""
        return self.query_one(Matrix).at

    def _show(self, at: tuple[str, str] | None = None) -> None:
        matrix = self.query_one(Matrix)
        if self._table is None:
            return
        grid = ReachGrid(self._table, self._mode, self._folded, self._keep)
        if len(grid.rows) + 2 > matrix.size.height:
            grid = ReachGrid(self._table, self._mode, self._folded, self._keep, gaps=False)
        self.grid = grid
        matrix.show(grid, at)
        matrix.border_title = content((Span("Reach  "), Span(self._subject)))
        self.query_one("#summary").refresh()
        self.query_one("#keys").refresh()
        self._show_pair()

    @property
    def _subject(self) -> str:
        """`by workload`; with a filter, what it keeps: `by workload   /redis  14 rows, 1 of 14 columns`."""
        words = f"{self._since}, by workload" if self._before is not None else "by workload"
        if not any(self._keep):
            return words
        rows, columns, every = self.grid.kept
        counts = [f"{count} of {every} {what}" for count, what in ((rows, "rows"), (columns, "columns"))]
        return f"{words}   /{self._filter_shown}  {', '.join(counts)}"

    @property
    def _filter_shown(self) -> str:
        rows, columns = self._keep
        return f"{rows}>{columns}" if rows else columns

    def _show_pair(self) -> None:
        pane = self.query_one("#pair", LineList)
        row, column = self.at
        if not (row and column):
            pane.border_title = content((Span("Pair"),))
            pane.show(
                lambda width: (Line((Span("no pair: the filter keeps nothing; / and enter shows all", "muted"),)),)
            )
            return
        sources, destinations = self.grid.ends(row), self.grid.ends(column)
        cell = self.grid.cell(row, column)
        pane.border_title = content((Span(f"Pair  {pair_title(sources, destinations)}"),))
        if len(sources) == 1 and len(destinations) == 1:
            room = self.size.width - BORDERS
            flow = pair_flow(self.session.world, sources[0], destinations[0], cell)
            lines = pair_lines(self._before, self.session.world, sources[0], destinations[0], cell, room)
        else:
            flow = None
            lines = block_lines(cell, self.grid.changes(row, column))
        pane.show(lambda width: tuple(part for line in lines for part in spread(line, width)))
        self.query_one(Sides).tell(self._before, self.session.world, flow)

    def action_fold(self, column: int) -> None:
        """Fold the namespace of the row or column under the cursor, or unfold it."""
        self.hush()
        key = self.at[column]
        name = key.partition("/")[0]
        if not key or self._table is None:
            return
        if self._keep[column]:
            self.say("the filter shows each workload that it keeps: nothing is folded")
            return
        if "/" not in key:
            self.say("addresses outside are no namespace and stay as they are")
            return
        self._folded = self._folded ^ {name}
        first = next(group.ends[0] for group in self._table.groups if group.name == name)
        there = f"{name}/" if name in self._folded else first
        row, other = self.at
        at = tuple(there if old.partition("/")[0] == name else old for old in (row, other))
        self._show((at[0], at[1]))

    def action_mode(self, mode: str) -> None:
        """Before, after, or both in one."""
        self.hush()
        if self._before is None:
            self.say("nothing was done yet: there is no before")
            return
        if mode == self._mode:
            self.say(f"{mode} is shown already")
            return
        self._mode = mode
        self._show()

    def action_next(self, step: int) -> None:
        """To the next cell that differs."""
        self.hush()
        differing = self.grid.differing()
        if not differing:
            self.say("no cell differs" if self._before is not None else "nothing was done yet: there is no difference")
            return
        rows, columns = ([head.key for head in heads] for heads in (self.grid.rows, self.grid.columns))
        places = [(rows.index(row), columns.index(column)) for row, column in differing]
        row, column = self.at
        here = (rows.index(row), columns.index(column))
        later = [place for place in places if (place > here if step > 0 else place < here)]
        wanted = (later[0] if step > 0 else later[-1]) if later else (places[0] if step > 0 else places[-1])
        if wanted == here:
            self.say("this is the only cell that differs")
        else:
            self.query_one(Matrix).move_to(*wanted)

    def on_resize(self) -> None:
        """Rows below are laid out for a width."""
        if self.is_mounted:
            self._show_pair()

    def keep(self, text: str) -> None:
        """Keep columns whose names match, before a `>` rows. Raises UsageError for no regular expression."""
        rows, parted, columns = text.partition(">")
        try:
            re.compile(rows), re.compile(columns)
        except re.error as error:
            raise UsageError(f"/{text} is no regular expression: {error}") from None
        self._keep = (rows.strip(), columns.strip()) if parted else ("", rows.strip())
        self._show()

    @on(Matrix.Moved)
    def _moved(self) -> None:
        self.hush()
        self._show_pair()

    @on(Matrix.Chosen)
    def _chosen(self) -> None:
        row, column = self.at
        folded = [key.removesuffix("/") for key in (row, column) if key.endswith("/")]
        if folded:
            self._folded = self._folded - set(folded)
            first = {name.partition("/")[0]: name for key in (row, column) for name in reversed(self.grid.ends(key))}
            row, column = (first[key.removesuffix("/")] if key.endswith("/") else key for key in (row, column))
            self._show((row, column))
            return
        cell = self.grid.cell(row, column)
        flow = pair_flow(self.session.world, row, column, cell) if row != column else None
        if flow is None:
            self.say("a workload to itself: t in the main screen traces between its pods")
            return
        self.dismiss(flow)


def _table(old: World, new: World) -> tuple[ReachTable, Difference]:
    """The pairs that have a cell; and what changed between the pods of one workload, which has none."""
    after, own_after = _parted(new.reach(within=True))
    if old is new:
        return ReachTable(after, after, new.cluster), Difference((), ())
    before, own = _parted(old.reach(within=True))
    return ReachTable(before, after, old.cluster, new.cluster), difference(own, own_after)


def _parted(reach: Reach) -> tuple[Reach, Reach]:
    """Pairs of two ends, and those of a workload with itself."""
    return (
        Reach(tuple(p for p in reach.pairs if p.src != p.dst), tuple(u for u in reach.unknown if u.src != u.dst)),
        Reach(tuple(p for p in reach.pairs if p.src == p.dst), tuple(u for u in reach.unknown if u.src == u.dst)),
    )


def _changed_within(found: Difference, width: int) -> list[Span]:
    """`+ 1 within a workload`: what the wake counts, too, and no cell shows."""
    changes = found.changes
    counts = (
        (LOST, sum(not change.after for change in changes)),
        (GAINED, sum(not change.before for change in changes)),
        (OTHER_PORTS, sum(bool(change.before and change.after) for change in changes)),
    )
    told = [span for mark, count in counts if count for span in _count(mark, count, 0)]
    return [*told, Span("within a workload" if width >= ROOMY else "within", "muted")] if told else []


def _count(mark: Mark, count: int, width: int) -> list[Span]:
    """A mark and how many; its word too where there is room."""
    glyph = Span(f"  {mark.glyph} ", mark.role if count else "faint", bold=True)
    return [glyph, Span(f"{count} ", bold=True), *([Span(mark.word, "muted")] if width >= ROOMY else [])]


def reach_screen(session: Session, moment: int | None = None, start: str = "") -> ReachScreen:
    """Reach since the last action, or since a moment of the timeline. Raises UsageError where there is none.

    It begins at the workload `start`, by its name in tables.
    """
    before, words = since(session, moment)
    return ReachScreen(session, before, words, start)
