"""A scenario that is stepped along at the console: where its steps end, and at which of them one is."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from kwake.objects.time import clock
from kwake.scenario.report import Check, Verdict
from kwake.scenario.scenario import Scenario
from kwake.scenario.stepping import Stop
from kwake.timeline import Timeline
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import Line, Span, wrap

MARKS = {Verdict.MET: ("✓", "ok"), Verdict.FAILED: ("×", "bad"), Verdict.UNKNOWN: ("?", "doubt"),
         Verdict.XFAILED: ("=", "muted")}  # fmt: skip


class Place(NamedTuple):
    """Where on the way of a scenario a moment of the timeline is."""

    at: int
    """The last stop that lies behind it, or at which it is."""
    is_there: bool = False
    """Whether it is the stop itself, not a moment after it."""
    is_own: bool = False
    """Whether it is on a way of one's own that left the scenario there."""
    is_early: bool = False
    """Whether it lies before all stops."""

    def next(self, steps: int) -> int:
        """The stop to which so many steps lead on, or back; from a moment between two stops back to the one before.

        Below 0 where no stop lies behind.
        """
        if self.is_early and steps < 0:
            return -1
        return self.at + steps + (0 if self.is_there or steps > 0 else 1)


class Script(msgspec.Struct, frozen=True, eq=False):
    """A scenario and the step that was gone to last."""

    scenario: Scenario
    stops: tuple[Stop, ...]
    at: int = 0
    """The stop; 0 before all steps."""

    @property
    def stop(self) -> Stop:
        """Where we are."""
        return self.stops[self.at]

    @property
    def is_last(self) -> bool:
        """Whether no step is left."""
        return self.at == len(self.stops) - 1

    def go_to(self, at: int) -> Script:
        """To a stop, by number."""
        return msgspec.structs.replace(self, at=min(max(at, 0), len(self.stops) - 1))

    def onward(self, place: Place) -> int:
        """The next stop at which something is to be seen; one past the last where none is left.

        A step that only looks at where one is, and finds all as expected, is passed; the last step is not.
        """
        at = place.next(1)
        while place.is_there and at < len(self.stops) - 1 and self.only_looks(at) and not unmet(self.stops[at]):
            at += 1
        return at

    def only_looks(self, at: int) -> bool:
        """Whether a step does nothing, so that it ends where the one before did."""
        report = self.stops[at].report
        return report is not None and not report.action and self.stops[at].entry == self.stops[at - 1].entry

    def place(self, timeline: Timeline, now_ms: int) -> Place:
        """Where the present entry of a timeline is, shown as it was at a time.

        Of several stops at one entry it is the one nearest to the step that was gone to last.
        """
        entry, own = timeline.current, False
        while entry > max(stop.entry for stop in self.stops):
            parent = timeline.entries[entry].parent
            assert parent is not None
            entry, own = parent, True
        stops = [number for number, stop in enumerate(self.stops) if stop.entry == entry]
        if not stops:  # one of several actions of a step, or a held flow that is opened before all steps
            after = next(n for n, stop in enumerate(self.stops) if entry in timeline.go_to(stop.entry).path)
            return Place(max(after - 1, 0), is_own=own, is_early=after == 0)
        at = min(stops, key=lambda number: abs(number - self.at))
        rests_ms = timeline.entries[entry].world.now_ms
        if own or now_ms >= rests_ms:
            return Place(at, not own and now_ms == rests_ms, own)
        return Place(max(stops[0] - 1, 0), is_early=stops[0] == 0)


def unmet(stop: Stop) -> tuple[Check, ...]:
    """The expectations of a step that are not met, those that failed first."""
    fine = (Verdict.MET, Verdict.XFAILED)
    checks = [check for check in stop.checks if check.verdict not in fine]
    return tuple(sorted(checks, key=lambda check: check.verdict is not Verdict.FAILED))


_ROOMY = 100
"""Cells from which on it is said in which line an expectation stands; the list of all steps says it always."""


def script_line(script: Script, place: Place, width: int, keymap: Keymap = AS_IT_COMES) -> Line:
    """The step that is shown, and what of it was not as expected; between two steps the one that comes next."""
    keys: tuple[Span, ...] = (
        Span(keymap.shown("next-step"), "you", bold=True),
        Span(" next   ", "muted"),
        Span(keymap.shown("last-step"), "you", bold=True),
        Span(" back", "muted"),
    )
    if width < _ROOMY:
        keys = (keys[0], Span(" "), keys[2])
    stop, steps = script.stops[place.at], len(script.stops) - 1
    if stop.report is None:
        count = "1 step" if steps == 1 else f"{steps} steps"
        step = [Span("▸ ", "you"), Span(script.scenario.name, bold=True), Span(f"  {count}  ", "muted")]
    else:
        step = [Span(f"▸ step {place.at} of {steps}  ", "you"), Span(stop.report.id, bold=True), Span("  ")]
    shrink = 1 if stop.report is None else len(step)
    if place.is_there:
        return Line((*step, *(() if stop.report is None else _found(stop, width))), keys, shrink=shrink + 1)
    return Line((*step, Span(_off(script, place), "muted")), keys, shrink=shrink)


def _off(script: Script, place: Place) -> str:
    """Where one is that is at no stop, and which step comes next."""
    report = script.stops[place.at + 1].report if place.at + 1 < len(script.stops) else None
    if place.is_own:
        return "left for a way of your own" + (f'; next is "{report.id}"' if report is not None else "")
    return f'on the way to "{report.id}"' if report is not None else "past its end"


def _found(stop: Stop, width: int) -> list[Span]:
    failed = unmet(stop)
    if not failed:
        words = f"{len(stop.checks)} of {len(stop.checks)} met" if stop.checks else "nothing expected"
        return [Span("✓ " if stop.checks else "", "ok"), Span(words, "muted")]
    check = failed[0]
    glyph, role = MARKS[check.verdict]
    more = f", {len(failed) - 1} more" if len(failed) > 1 else ""
    words = f"{check.what}: expected {check.expected}, actual {check.actual}"
    place = f"  line {check.line}{more}" if width >= _ROOMY else more
    return [Span(f"{glyph} ", role, bold=True), Span(words), Span(place, "muted")]


def step_lines(script: Script, at: int, width: int) -> tuple[Line, ...]:
    """A row a step, for the list of them, `at` marked; under it what was not as expected, in full."""
    rows: list[Line] = []
    for number, stop in enumerate(script.stops):
        here = number == at
        report = stop.report
        if report is None:
            start = Span("  as it opens", bold=here)
            rows.append(Line((start,), (Span("here", "you"),) if here else (), target=str(number)))
            continue
        glyph, role = MARKS[stop.verdict]
        met = sum(check.verdict is Verdict.MET for check in stop.checks)
        count = f"{met} of {len(stop.checks)} met  " if stop.checks else ""
        rows.append(
            Line(
                (Span(f"{glyph} ", role), Span(report.id, bold=here), Span("  "), Span(report.action, "muted")),
                (*((Span("here  ", "you"),) if here else ()), Span(count + clock(report.time_ms), "muted")),
                target=str(number),
                shrink=3,
            )
        )
        for check in unmet(stop):
            glyph, role = MARKS[check.verdict]
            words = f"{check.what}: expected {check.expected}, actual {check.actual}"
            place = Span(f"line {check.line}", "muted")
            first, *others = wrap(words, width - 8 - place.cells)
            rows.append(Line((Span(f"    {glyph} ", role), Span(first)), (place,)))
            rows += [Line((Span(" " * 6), Span(row))) for row in others]
    return tuple(rows)
