"""The wake of an action: what it lost, gained, rerouted and cut, and what decided each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from kwake.dataplane.path import Flow, Outcome
from kwake.dials import LIMIT
from kwake.errors import ReferenceNotFound
from kwake.objects.time import clock, seconds
from kwake.scenario.interruptions import interruptions
from kwake.world import World
from kwake_tui.filtering import parse_filter
from kwake_tui.glyphs import CUT, GAINED, INTERRUPTED, LOST, OUTCOMES, REROUTED, STAYS, Mark
from kwake_tui.lines import BLANK, Line, Span, spread, wrap
from kwake_tui.names import listed
from kwake_tui.panes.pair import LABEL, moment_rows
from kwake_tui.panes.sides import Sides
from kwake_tui.screens.view import BORDERS, ViewKey, ViewScreen
from kwake_tui.session import Session, action_title, since
from kwake_tui.sureness import sure_spans
from kwake_tui.wake_row import WakeGroup, WakeRow
from kwake_tui.wake_rows import NONE_INTERRUPTED, Told, served_words, told
from kwake_tui.widgets.line_list import LineList, content

ROOMY = 100
"""Cells of width from which a row says why, too."""

NONE = (LOST, GAINED, REROUTED, CUT, STAYS, OUTCOMES[Outcome.UNKNOWN])
"""Of what there is none where nothing changed."""


class WakeScreen(ViewScreen):
    """Groups of rows, and why the one under the cursor is so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "fold", show=False, priority=True),
        Binding("n", "next_group(1)", show=False, priority=True),
        Binding("N", "next_group(-1)", show=False, priority=True),
        Binding("e", "edit", show=False, priority=True, id="edit"),
    ]
    TWIN: ClassVar[str] = "kwake what-if SNAPSHOT --do ACTION; of two snapshots kwake diff"
    WORD: ClassVar[str] = "wake"
    KEYS: ClassVar[tuple[ViewKey, ...]] = (
        ViewKey("enter", "trace", "the path of the row in the main screen"),
        ViewKey("n", "next group", "N: the one before"),
        ViewKey("space", "fold", "the group of the row, or unfold it"),
        ViewKey("e", "edit the rule", "the object that decided, in the editor", "edit"),
        ViewKey("/", "filter", "keep rows: text, !text", "filter"),
        ViewKey("tab", "why", "to the pane below and back", "next-pane"),
    )
    AUTO_FOCUS = "#wake"

    def __init__(self, session: Session, before: World | None, words: str) -> None:
        super().__init__(session)
        self._before = before
        self._words = words
        self._told: Told | None = None
        self._folded: frozenset[str] = frozenset()

    def panes(self) -> tuple[Widget, ...]:
        """The rows over the reason, and in a large terminal over both paths."""
        rows = LineList(id="wake", classes="view-pane")
        rows.border_title = content((Span(f"Wake  {self._words}".rstrip()),))
        why = LineList(id="why", classes="view-pane")
        why.border_title = content((Span("Why"),))
        return rows, why, Sides()

    def on_mount(self) -> None:
        """Work it out once the screen stands: in a large cluster that takes seconds."""
        super().on_mount()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        session, before = self.session, self._before
        if before is not None:
            self._told = session.once(("wake", before), lambda: self._work_out(before))
        self._show()
        self.query_one("#summary").refresh()

    def _work_out(self, before: World) -> Told:
        session = self.session
        is_last = since(session)[0] is before
        meanwhile = interruptions(before, session.moments) if is_last else NONE_INTERRUPTED
        return told(before, session.world, session.second, LIMIT, meanwhile)

    def summary(self, width: int) -> Line:
        """How many of each kind: how everything ends, once, then what did not get there meanwhile, however it ends."""
        if self._told is None:
            beginning = "nothing was done yet: an action has a wake"
            return Line((Span(beginning if self._before is None else "◐ computing", "muted"),))
        dials = self._told.dials
        left = f", {dials.unlooked} not compared" if dials.unlooked else ""
        left += f", {self._told.interrupted.unfollowed} not followed" if self._told.interrupted.unfollowed else ""
        asked = dials.same + len(dials.changes)
        alike = f"{dials.same} of {asked} dial{'s' * (asked != 1)} as before{left}"
        groups = sorted(self._told.groups, key=lambda group: group.mark is INTERRUPTED)
        found = [(group.mark, group.briefly, group.word) for group in groups]
        # Where there is no room, what is as before goes first, then words: a count without its unit says nothing.
        for worded, tail in ((True, alike), (True, left.removeprefix(", ")), (False, alike)):
            told = [_count(*count, worded=worded) for count in found or [(mark, "0", mark.word) for mark in NONE]]
            spans = [span for count in told for span in (*count, Span("   " if width >= ROOMY else "  "))]
            if sum(span.cells for span in spans) + cell_len(tail) <= width:
                break
        return Line(tuple(spans), (Span(tail, "muted"),))

    @property
    def rows(self) -> LineList:
        """The list."""
        return self.query_one("#wake", LineList)

    @property
    def _row(self) -> WakeRow | None:
        """The row under the cursor; None on a group's head."""
        group, _, number = self.rows.target.partition("#")
        found = next((g for g in self._told.groups if g.mark.word == group), None) if self._told else None
        return found.rows[int(number)] if found is not None and number else None

    def _show(self, target: str | None = None) -> None:
        self.rows.show(self._lines, target)
        if target is None and self._told is not None and self._told.groups:
            self.rows.show(self._lines, f"{self._told.groups[0].mark.word}#0")
        self._show_why()

    @property
    def _room(self) -> int:
        """Rows that the list may have; what a filter keeps has one each."""
        most = self.rows.styles.max_height
        high = int(self.size.height * most.value / 100) - BORDERS // 2 if most is not None else 0
        return max(self.rows.size.height, high) if self.rows.filter is None else 0

    def _lines(self, width: int) -> tuple[Line, ...]:
        if self._told is None:
            return ()
        if not self._told.groups:
            return (Line((Span("= ", "muted", bold=True), Span("nothing changed for traffic"))),)
        says_why = width >= ROOMY and self._told.says_why
        cells = _Widths.of(self._told, width)
        lines: list[Line] = [_head(cells)] if width >= ROOMY else []
        shown = [group for group in self._told.groups if group.mark.word not in self._folded]
        notes: list[Line] = []
        for words in served_words(self._told.dials):
            notes += [BLANK, *(Line((Span(f"  {row}", "muted"),)) for row in wrap(words, width - 2))]
        rows = [row for group in shown for row in group.rows]
        several = sum(len(row.sources) > 1 for row in rows)
        spare = max(self._room - len(lines) - 2 * len(self._told.groups) - len(rows) - len(notes), 0)
        for group in self._told.groups:
            lines += [BLANK] if lines else []
            lines.append(_group_line(group, group not in shown))
            for number, row in enumerate(group.rows if group in shown else ()):
                share = spare // several if len(row.sources) > 1 else 0
                told_row = _row_lines(row, group.mark.word, number, cells, width if says_why else 0, share)
                spare, several = spare - len(told_row) + 1, several - (len(row.sources) > 1)
                lines += told_row
        return (*lines, *notes)

    def _show_why(self) -> None:
        pane = self.query_one("#why", LineList)
        row = self._row
        lines = self._why(row, self.size.width - BORDERS) if row is not None else ()
        pane.border_title = content((Span(f"Why  {row.source} → {row.end}" if row is not None else "Why"),))
        pane.show(lambda width: tuple(row for line in lines for row in spread(line, width)))
        self.query_one("#keys").refresh()
        self.query_one(Sides).tell(self._before, self.session.world, row.flow if row is not None else None)

    def _why(self, row: WakeRow, width: int) -> tuple[Line, ...]:
        why, lines = row.why, []
        if why.words:
            lines.append(Line((Span(why.words, bold=True),), sure_spans(why.basis, why.rule), shrink=0))
        if row.sources:
            lines.append(Line((Span(f"{'from':<{LABEL}}", "muted"), Span(", ".join(row.sources))), shrink=1))
        before = self._before
        if row.flow is not None and before is not None:
            lines += moment_rows("before", before, row.before, row.flow, width)
            lines += moment_rows("after", self.session.world, row.after, row.flow, width)
            lines += self._meanwhile(row.flow)
        entry = self.session.timeline.entries[self.session.timeline.current]
        if entry.action is not None and entry.parent is not None:
            at_ms = self.session.timeline.entries[entry.parent].world.now_ms
            lines.append(Line((Span(f"{'last action':<{LABEL}}", "muted"), Span("you ", "you", bold=True),
                               Span(f"at {clock(at_ms)}: {action_title(entry.action)}"))))  # fmt: skip
        return tuple(lines)

    def _meanwhile(self, flow: Flow) -> list[Line]:
        """How a dial fared while the last action settled, where not all of it ended alike."""
        if since(self.session)[0] is not self._before:
            return []
        spans = [span for span in self.session.fared(flow) if span.to_ms is not None]
        if not spans or {span.outcome for span in spans} == {Outcome.DELIVERED}:
            return []
        told_spans = []
        for span in spans:
            mark, fails = OUTCOMES[span.outcome], f"{span.fails} for" if span.fails else ""
            words = f"{mark.glyph} {fails}" if fails else f"{mark}"
            told_spans.append(Span(f"{words} {seconds(span.length_ms or 0)}   ", mark.role))
        return [Line((Span(f"{'meanwhile':<{LABEL}}", "muted"), *told_spans))]

    def on_resize(self) -> None:
        """Rows below are laid out for a width."""
        if self.is_mounted:
            self._show_why()

    def keep(self, text: str) -> None:
        """Keep rows that a filter accepts. Raises UsageError for one that cannot be read."""
        self.rows.keep(parse_filter(text))
        self._show_why()

    def action_fold(self) -> None:
        """Fold the group under the cursor, or unfold it."""
        self.hush()
        group = self.rows.target.partition("#")[0]
        if group:
            self._folded = self._folded ^ {group}
            self._show(f"{group}#" if group in self._folded else f"{group}#0")

    def action_next_group(self, step: int) -> None:
        """To the first row of the next group."""
        self.hush()
        words = [group.mark.word for group in self._told.groups] if self._told else []
        if not words:
            self.say("there are no groups: nothing changed for traffic")
            return
        here = self.rows.target.partition("#")[0]
        group = words[(words.index(here) + step) % len(words)] if here in words else words[0]
        targets = [line.target for line in self.rows.lines]
        wanted = [target for target in (f"{group}#0", f"{group}#") if target in targets]
        if not wanted:
            self.say(f"the filter keeps no row of the next group: {group}")
        elif self.rows.target == wanted[0]:
            self.say("this is the only group")
        else:
            self.rows.move_to(targets.index(wanted[0]))

    def action_edit(self) -> None:
        """Edit the object that decided the row."""
        self.hush()
        row = self._row
        decided = self._decided(row)
        if decided:
            self.dismiss(decided)
        else:
            self.say("no object decided this row" if row is not None else "put the cursor on a row first")

    def _decided(self, row: WakeRow | None) -> str:
        """The first object that decided a row and is still there; empty without one."""
        for decider in row.why.decided_by if row is not None else ():
            with suppress(ReferenceNotFound):  # a component such as kube-proxy, or an object that went
                return str(self.session.world.cluster.get(decider.object).key)
        return ""

    @property
    def idle(self) -> frozenset[str]:
        """Without groups there is nothing to go to; without an object that decided nothing to edit."""
        groups = bool(self._told and self._told.groups)
        words = (("next group", groups), ("fold", groups), ("edit the rule", bool(self._decided(self._row))))
        return frozenset(word for word, acts in words if not acts)

    @on(LineList.Moved, "#wake")
    def _moved(self) -> None:
        self.hush()
        self._show_why()

    @on(LineList.Chosen, "#wake")
    def _chosen(self) -> None:
        row = self._row
        if row is None:
            self.action_fold()
        elif row.flow is None:
            self.say("nothing can be dialled for this row: kwake does not know what passes")
        else:
            self.dismiss(row.flow)


def wake_screen(session: Session, moment: int | None = None) -> WakeScreen:
    """The wake of the last action, or since a moment of the timeline. Raises UsageError where there is none."""
    before, words = since(session, moment)
    return WakeScreen(session, before, words)


def _count(mark: Mark, count: str, word: str, *, worded: bool) -> tuple[Span, ...]:
    """`+ 1 dial, 1 pair gained`."""
    head = Span(f"{mark.glyph} ", mark.role if count != "0" else "faint", bold=True)
    return head, Span(count, bold=True), Span(f" {word}" if worded else "", "muted")


def _group_line(group: WakeGroup, folded: bool) -> Line:
    mark = group.mark
    fold = Span("▸ " if folded else "", "faint")
    return Line((fold, Span(f"{mark} ", mark.role, bold=True), Span(f"{group.counted}   ", bold=True),
                 Span(group.meaning, "muted")), target=f"{mark.word}#")  # fmt: skip


_TEXTS: tuple[Callable[[WakeRow], str], ...] = (
    lambda row: ", ".join(row.sources) or row.source,
    lambda row: row.end,
    lambda row: str(row.before).strip(),
    lambda row: str(row.after),
)


class _Widths(NamedTuple):
    """Cells of the columns: as wide as what stands in them, the reason gets the rest."""

    source: int
    target: int
    before: int
    after: int

    @classmethod
    def of(cls, told: Told, width: int) -> _Widths:
        """For a width in cells: names come before the reason, which is told below as well."""
        rows = [row for group in told.groups for row in group.rows]
        source, target, before, after = (max((Span(text(row)).cells for row in rows), default=0) for text in _TEXTS)
        before, after = (min(cells, max(24 if width >= ROOMY else 22, width // 5)) for cells in (before, after))
        one = max((Span(f"{name},").cells for row in rows for name in row.sources or (row.source,)), default=0)
        room = width - before - after - 10
        if width >= ROOMY:
            room = min(room, max(room - width // 3, one + target))
        source = max(min(source, max(room - target, min(one, room // 2))), 4)
        return cls(source, max(min(target, room - source), 4), max(before, 6), max(after, 5))


def _head(cells: _Widths) -> Line:
    words = (
        f"  {'from':<{cells.source}}   {'to':<{cells.target}}  {'before':<{cells.before}}   {'after':<{cells.after}}"
    )
    return Line((Span(f"{words}  why", "muted"),))


def _row_lines(row: WakeRow, group: str, number: int, cells: _Widths, width: int, spare: int) -> list[Line]:
    """A row; where those who fare alike have no room in it and there are rows to `spare`, they go on below.

    The reason stands in it where it has a `width`, and how sure that is where both have room.
    """
    first, *others = listed(row.sources or (row.source,), cells.source, sum(cells), spare)
    why = row.brief_why(group) if width else ""
    sure = sure_spans(row.why.basis, row.why.rule) if width else ()
    name = Span(f"  {row.name}" if row.name else "", bold=True)
    target = Span(row.target).cut(max(cells.target - name.cells, 4))
    left = (
        Span("  "),
        *_cell(Span(first), cells.source),
        Span(" → ", "faint"),
        target,
        *_cell(name, cells.target - target.cells),
        Span("  "),
        *_cell(_verdict(row.before, bold=False), cells.before),
        Span(" → ", "faint"),
        *_cell(_verdict(row.after, bold=True), cells.after),
        Span("  "),
        Span(why, "muted"),  # cut at its end: what is left of a sentence must not say the contrary
    )
    has_room = sum(span.cells for span in (*left, *sure)) < width
    line = Line(left, sure if has_room else (), target=f"{group}#{number}")
    return [line, *(Line((Span(f"  {other}"),)) for other in others)]


def _verdict(mark: Mark, *, bold: bool) -> Span:
    return Span(f"{mark}".strip(), mark.role, bold=bold)


def _cell(span: Span, cells: int) -> tuple[Span, Span]:
    cut = span.cut(cells)
    return cut, Span(" " * (cells - cut.cells))
