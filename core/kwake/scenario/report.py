"""What a replay found, as frozen values, and their stable JSON form."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from kwake.dataplane.path import Path
from kwake.objects.event import Clock, Event
from kwake.scenario.availability import Span, time_shares

VERSION = 1


class Verdict(Enum):
    """How an expectation, a step, a case or a whole run ended."""

    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Not met, and only because the answer is not known."""
    XFAILED = "xfailed"
    """Not met, and that is told to be so for the time being."""


def worst(verdicts: list[Verdict]) -> Verdict:
    """Failed if any failed, else unknown if any is unknown, else met; what is told to fail counts as met."""
    for verdict in (Verdict.FAILED, Verdict.UNKNOWN):
        if verdict in verdicts:
            return verdict
    return Verdict.MET


class Check(msgspec.Struct, frozen=True):
    """One expectation and what was found."""

    line: int
    what: str
    """Who or what it is about: `flow pay-new`, `Service/shop/web spec.type`, `the action`."""
    expected: str
    actual: str
    verdict: Verdict
    at_ms: int
    """The moment that decided."""
    why: tuple[str, ...] = ()
    """The rule in the user's own YAML, the near miss, the reason."""
    path: Path | None = None
    """The path that was found, where the flow was dialled."""
    before: Path | None = None
    """The path of the same flow before the step."""
    xfail: str = ""
    """Where it is told why it cannot hold yet."""


def judged(check: Check, xfail: str) -> Check:
    """The check where it is told to fail: one that holds all the same has failed, for nobody would notice."""
    if not xfail:
        return check
    if check.verdict is not Verdict.MET:
        return msgspec.structs.replace(check, verdict=Verdict.XFAILED, xfail=xfail)
    words = f"{check.expected}, and not yet: {xfail}"
    why = ("it holds now; take xfail away", *check.why)
    return msgspec.structs.replace(check, verdict=Verdict.FAILED, expected=words, why=why, xfail=xfail)


class Window(msgspec.Struct, frozen=True):
    """A flow that a step disturbed on the way to rest."""

    flow: str
    spans: tuple[Span, ...]


class StepReport(msgspec.Struct, frozen=True):
    """One step."""

    id: str
    line: int
    action: str
    time_ms: int
    """When the action was done."""
    settled_ms: int
    events: tuple[Event, ...]
    checks: tuple[Check, ...]
    windows: tuple[Window, ...]
    rejected: str = ""
    """Why the API server refuses the action, if it does."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its checks."""
        return worst([check.verdict for check in self.checks])


class Case(msgspec.Struct, frozen=True):
    """One scenario under one profile."""

    name: str
    file: str
    profile: str
    seed: int
    steps: tuple[StepReport, ...]
    always: tuple[Check, ...]
    again: tuple[str, ...]
    """The command that ran it, word by word."""
    unknown: str = "fail"
    """What an answer that is not known comes to: `fail`, `warn` or `allow`."""
    xfail: str = ""
    """Where it is told why the scenario cannot hold yet."""
    line: int = 1
    """Where the scenario begins in its file."""
    snapshot: dict[str, str] = {}
    """The SHA-256 of each layer of the snapshot, as far as it is known, by its name."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every expectation that was looked at."""
        return (*self.always, *(check for step in self.steps for check in step.checks))

    @property
    def found(self) -> Verdict:
        """The worst of all checks, but for those unknown ones that the scenario does not mind."""
        minded = [c.verdict for c in self.checks if c.verdict is not Verdict.UNKNOWN or self.unknown == "fail"]
        return worst(minded)

    @property
    def verdict(self) -> Verdict:
        """What was found; turned round where the scenario is told to fail."""
        if not self.xfail or not self.checks:
            return self.found
        return Verdict.FAILED if self.found is Verdict.MET else Verdict.XFAILED


class NotRun(msgspec.Struct, frozen=True):
    """A scenario that could not be run: its file, its snapshot or a name in it is wrong. The others are run."""

    file: str
    """As it was named; where a file cannot be found or read, that one."""
    error: str
    """What is wrong, where, and what to do."""
    exit_code: int
    """What a run of it alone ends with: 2, 3 or 5."""
    name: str = ""
    """Empty where it could not even be read."""
    profile: str = ""
    seed: int | None = None
    line: int = 1


class Report(msgspec.Struct, frozen=True):
    """A whole run."""

    cases: tuple[Case, ...]
    not_run: tuple[NotRun, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of all cases; failed where one could not be run."""
        return worst([*(case.verdict for case in self.cases), *([Verdict.FAILED] if self.not_run else [])])

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every expectation that was looked at."""
        return tuple(check for case in self.cases for check in case.checks)

    @property
    def exit_code(self) -> int:
        """2 or 3 where a scenario could not be run, 1 an expectation failed, 4 only unknown answers stood in the way,
        5 nothing was expected, 0 all met; the first of these that is so."""
        codes = {one.exit_code for one in self.not_run}
        ended = worst([case.verdict for case in self.cases])
        codes.add({Verdict.MET: 0, Verdict.FAILED: 1, Verdict.UNKNOWN: 4}[ended] if self.checks else 5)
        return next(code for code in (2, 3, 1, 4, 5, 0) if code in codes)


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain values, in a form that only grows. Times are milliseconds of simulated time."""
    return {
        "version": VERSION,
        "verdict": report.verdict.value,
        "scenarios": [case_json(case) for case in report.cases],
        "not_run": [_not_run(one) for one in report.not_run],
    }


def _not_run(one: NotRun) -> dict[str, Any]:
    return {
        "file": one.file,
        "line": one.line,
        "name": one.name or None,
        "profile": one.profile or None,
        "seed": one.seed,
        "error": one.error,
        "exit_code": one.exit_code,
    }


def case_json(case: Case) -> dict[str, Any]:
    """One replay as plain values."""
    return {
        "name": case.name,
        "file": case.file,
        "profile": case.profile,
        "seed": case.seed,
        "verdict": case.verdict.value,
        "unknown": case.unknown,
        "xfail": case.xfail or None,
        "always": [_check(check) for check in case.always],
        "steps": [_step(step) for step in case.steps],
    }


def _step(step: StepReport) -> dict[str, Any]:
    return {
        "id": step.id,
        "line": step.line,
        "action": step.action,
        "rejected": step.rejected or None,
        "time_ms": step.time_ms,
        "settled_ms": step.settled_ms,
        "verdict": step.verdict.value,
        "checks": [_check(check) for check in step.checks],
        "windows": [
            {"flow": w.flow, "shares": _shares(w), "spans": [_span(span) for span in w.spans]} for w in step.windows
        ],
        "events": [_event(event) for event in step.events],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "line": check.line,
        "what": check.what,
        "expected": check.expected,
        "actual": check.actual,
        "verdict": check.verdict.value,
        "at_ms": check.at_ms,
        "why": list(check.why),
        "xfail": check.xfail or None,
    }


def _shares(window: Window) -> dict[str, float]:
    """Which part of all dials of the window ends how, from 0 to 1."""
    return {outcome.value: round(float(share), 4) for outcome, share in time_shares(window.spans).items()}


def _span(span: Span) -> dict[str, Any]:
    return {
        "outcome": span.outcome.value,
        "basis": span.basis.value,
        "from_ms": span.from_ms,
        "to_ms": span.to_ms,
        "reason": span.reason,
        "clocks": [{"sign": term.sign, **_clock(term.clock)} for term in span.terms],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "time_ms": event.time_ms,
        "kind": event.kind,
        "subject": event.subject,
        "text": event.text,
        "actor": event.actor,
        "basis": event.sureness.value,
        "clocks": [_clock(clock) for clock in event.clocks],
        "rule": event.rule,
    }


def _clock(clock: Clock) -> dict[str, Any]:
    return {"name": clock.name, "ms": clock.ms, "basis": clock.basis.value}
