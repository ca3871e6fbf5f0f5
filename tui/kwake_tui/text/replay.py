"""What a replay found, as text: met steps in a row each, everything that is needed where one is not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction

from kwake.dataplane.path import Branch, Outcome, Path
from kwake.objects.time import clock, seconds
from kwake.scenario.availability import time_shares
from kwake.scenario.report import Case, Check, NotRun, Report, StepReport, Verdict, Window
from kwake_tui.sureness import sure_words
from kwake_tui.text.columns import columns, padded
from kwake_tui.text.path import LABEL, hop_lines

GLYPHS = {Verdict.MET: "✓", Verdict.FAILED: "×", Verdict.UNKNOWN: "?", Verdict.XFAILED: "="}


def replay_lines(report: Report) -> list[str]:
    """All cases, and the count of expectations at the end."""
    lines = [line for case in report.cases for line in (*_case(case), "")]
    met = sum(check.verdict is Verdict.MET for check in report.checks)
    unknown = sum(check.verdict is Verdict.UNKNOWN for check in report.checks)
    xfailed = sum(check.verdict is Verdict.XFAILED for check in report.checks)
    words = f"{met} of {len(report.checks)} expectations met"
    words += f", {unknown} unknown" if unknown else ""
    words += f", {xfailed} not met as told" if xfailed else ""
    words += f", {len(report.not_run)} not run" if report.not_run else ""
    return [*lines, *(line for one in report.not_run for line in (*not_run_lines(one), "")), words]


def not_run_lines(one: NotRun) -> list[str]:
    """A scenario that could not be run, and why."""
    under = f"{one.profile} · seed {one.seed}" if one.profile else ""
    head = [f"× {one.name or 'not read'}", *([under] if under else []), one.file, *(["not run"] if one.name else [])]
    return [*columns([head]), *columns([[line] for line in one.error.splitlines()], indent=4)]


def _case(case: Case) -> Iterator[str]:
    glyph = GLYPHS[case.verdict]
    yield from columns([[f"{glyph} {case.name}", f"{case.profile} · seed {case.seed}", case.file]])
    if case.xfail:
        turned = "it holds now; take xfail away" if case.found is Verdict.MET else "it does not hold yet, as told"
        yield from columns([[turned, case.xfail, f"{case.file}:{case.line}"]], indent=2)
        if case.again and case.found is Verdict.MET:
            yield from columns([["again", shlex.join(case.again)]], indent=2)
    rows = [[f"{GLYPHS[s.verdict]} {s.id}", clock(s.time_ms), s.action, _rest(s)] for s in case.steps]
    heads = columns(rows, indent=2)
    for head, step in zip(heads, case.steps, strict=True):
        yield head
        if step.rejected:
            yield from columns([["rejected", step.rejected]], indent=6)
        yield from _already_open(step)
        for window in step.windows:
            yield from _window(window)
        for check in step.checks:
            yield from _told(check, case, step)
    for check in case.always:
        yield from _told(check, case, None)


def _told(check: Check, case: Case, step: StepReport | None) -> Iterator[str]:
    """Nothing of a check that is met, one line of what is told not to hold, everything of what is not met."""
    if check.verdict is Verdict.XFAILED:
        yield from columns([[f"{GLYPHS[check.verdict]} {check.what}", f"{case.file}:{check.line}", check.xfail]], 6)
    elif check.verdict is Verdict.UNKNOWN and case.unknown == "allow":
        yield from columns([[f"? {check.what}", f"{case.file}:{check.line}", "not known, which is allowed"]], 6)
    elif check.verdict is not Verdict.MET:
        yield from _unmet(check, case, step)


def _rest(step: StepReport) -> str:
    met = sum(check.verdict is Verdict.MET for check in step.checks)
    settled = f"settled after {seconds(step.settled_ms - step.time_ms)}" if step.settled_ms > step.time_ms else ""
    count = f"{met} of {len(step.checks)} met" if step.checks else ""
    return ", ".join(word for word in (settled, count) if word)


def _already_open(step: StepReport) -> list[str]:
    """What became of open connections in this step, and when."""
    told = [event for event in step.events if event.kind.startswith("connection-") and event.actor == "connection"]
    rows = [["already open", clock(event.time_ms), f"{event.text}{sure_words(event.sureness)}"] for event in told]
    return columns(rows, indent=6)


def _window(window: Window) -> Iterator[str]:
    """`dialled now` through the time that the step needs: each span with the clocks that make its length."""
    yield from columns([["dialled now", window.flow]], indent=6)
    rows = [
        [
            clock(span.from_ms),
            (f"{span.outcome.value}: {span.fails}" if span.fails else span.outcome.value)
            + sure_words(span.basis, span.outcome),
            span.sum_text or "from then on",
        ]
        for span in window.spans
    ]
    for row, span in zip(columns(rows, indent=8), window.spans, strict=True):
        yield row
        if span.outcome is not Outcome.DELIVERED and span.reason:
            yield from columns([["", span.reason, span.cite]], indent=14)
    shares = time_shares(window.spans)
    if len(shares) > 1:
        told = ", ".join(f"{outcome.value} {_percent(share)}" for outcome, share in shares.items())
        yield from columns([["until then", told]], indent=8)


def _percent(share: Fraction) -> str:
    """A part as `33.3 %`, `100 %`."""
    return f"{float(share * 100):.1f}".removesuffix(".0") + " %"


def told_lines(case: Case, step: StepReport | None) -> list[str]:
    """What is said of the checks of a step that are not simply met; of those under `always` without a step."""
    checks = case.always if step is None else step.checks
    return [line for check in checks for line in _told(check, case, step)]


def unmet_lines(check: Check, case: Case, step: StepReport | None) -> list[str]:
    """Everything that is needed where an expectation is not met."""
    return list(_unmet(check, case, step))


def _unmet(check: Check, case: Case, step: StepReport | None) -> Iterator[str]:
    yield from columns([[f"{GLYPHS[check.verdict]} {check.what}", f"{case.file}:{check.line}"]], indent=6)
    warned = check.verdict is Verdict.UNKNOWN and case.unknown == "warn"
    rows = [["warning", "not known, which is not minded here"]] if warned else []
    rows += [["expected", check.expected], ["actual", f"{check.actual}, at {clock(check.at_ms)}"]]
    rows += [["why" if at == 0 else "", line] for at, line in enumerate(check.why)]
    yield from columns([[padded(label, LABEL - 2), words] for label, words in rows], indent=8)
    if check.path is not None:
        yield from _differing(check.path, check.before)
    if case.again:
        command = shlex.join([*case.again, *_only(step)])
        yield from columns([[padded("again", LABEL - 2), command]], indent=8)


def _only(step: StepReport | None) -> list[str]:
    """The option that runs just this step."""
    if step is None:
        return []
    return [f"--step={step.id}"] if step.id.startswith("-") else ["--step", step.id]


def _differing(path: Path, before: Path | None) -> list[str]:
    """The path as it is, with a mark at the first hop that is otherwise than before the step, else at the last."""
    failing = (branch for branch in path.branches if branch.outcome is not Outcome.DELIVERED)
    branch = next(failing, path.branches[0])
    old = _counterpart(branch, before)
    first = None
    if old is not None:
        shared = _shared(branch, old)
        first = shared if shared < min(len(branch.hops), len(old.hops)) else None
    ends = (at for at, hop in enumerate(branch.hops) if hop.outcome not in (None, Outcome.DELIVERED))
    marked = first if first is not None else next(ends, None)
    lines = []
    for at, hop in enumerate(branch.hops):
        mark = "▸ " if at == marked else "  "
        lines += [f"        {mark}{line}" for line in hop_lines([hop])]
    if first is not None and old is not None:
        lines += columns([[padded("before", LABEL - 2), f"{old.hops[first].kind}  {old.hops[first].text}"]], 8)
    return lines


def _counterpart(branch: Branch, before: Path | None) -> Branch | None:
    """The branch of the earlier path from the same source that goes the same way for longest, if there is one."""
    if before is None:
        return None
    same = [old for old in before.branches if old.source == branch.source]
    return max(same, key=lambda old: _shared(branch, old), default=None)


def _shared(one: Branch, other: Branch) -> int:
    """How many hops from the client on are the same."""
    pairs = zip(one.hops, other.hops, strict=False)
    differs = ((new.kind, new.text) != (was.kind, was.text) for new, was in pairs)
    return next((at for at, is_so in enumerate(differs) if is_so), min(len(one.hops), len(other.hops)))
