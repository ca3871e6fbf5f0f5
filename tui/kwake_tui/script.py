"""A scenario that is stepped along at the console: where its steps end, and at which of them one is."""

from __future__ import annotations

import msgspec

from kwake.objects.time import clock
from kwake.scenario.report import Check, Verdict
from kwake.scenario.scenario import Scenario
from kwake.scenario.stepping import Stop
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import Line, Span, wrap

MARKS = {Verdict.MET: ("✓", "ok"), Verdict.FAILED: ("×", "bad"), Verdict.UNKNOWN: ("?", "doubt"),
         Verdict.XFAILED: ("=", "muted")}  # fmt: skip


class Script(msgspec.Struct, frozen=True, eq=False):
    """A scenario and the step that is shown."""

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

    def stepped(self, steps: int) -> Script:
        """Steps on, or back."""
        return msgspec.structs.replace(self, at=min(max(self.at + steps, 0), len(self.stops) - 1))


def unmet(stop: Stop) -> tuple[Check, ...]:
    """The expectations of a step that are not met, those that failed first."""
    fine = (Verdict.MET, Verdict.XFAILED)
    checks = [check for check in stop.checks if check.verdict not in fine]
    return tuple(sorted(checks, key=lambda check: check.verdict is not Verdict.FAILED))


_ROOMY = 100
"""Cells from which on it is said in which line an expectation stands; the list of all steps says it always."""


def script_line(script: Script, entry: int, width: int, keymap: Keymap = AS_IT_COMES) -> Line:
    """The step that is shown, and what of it was not as expected; `entry` is the moment of the timeline we are at."""
    keys: tuple[Span, ...] = (
        Span(keymap.shown("next-step"), "you", bold=True),
        Span(" next   ", "muted"),
        Span(keymap.shown("last-step"), "you", bold=True),
        Span(" back", "muted"),
    )
    if width < _ROOMY:
        keys = (keys[0], Span(" "), keys[2])
    stop, steps = script.stop, len(script.stops) - 1
    if stop.report is None:
        count = "1 step" if steps == 1 else f"{steps} steps"
        place = [Span("▸ ", "you"), Span(script.scenario.name, bold=True), Span(f"  {count}", "muted")]
        return Line(tuple(place), keys, shrink=1)
    place = [Span(f"▸ step {script.at} of {steps}  ", "you"), Span(stop.report.id, bold=True), Span("  ")]
    if entry != stop.entry:
        return Line((*place, Span("left for a way of your own", "muted")), keys, shrink=1)
    return Line((*place, *_found(stop, width)), keys, shrink=len(place) + 1)


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


def step_lines(script: Script, width: int) -> tuple[Line, ...]:
    """A row a step, for the list of them; under it what was not as expected, in full."""
    rows: list[Line] = []
    for number, stop in enumerate(script.stops):
        here = number == script.at
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
