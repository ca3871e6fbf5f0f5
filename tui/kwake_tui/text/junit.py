"""A replay as JUnit XML, as CI systems read it: a suite for each replay, a test case for each expectation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from kwake.objects.printable import printable
from kwake.scenario.report import Case, Check, NotRun, Report, StepReport, Verdict
from kwake_tui.text.replay import unmet_lines

ALWAYS = "always"
_NO_CHARACTER = re.compile("[\ufffe\uffff]")


def junit_lines(report: Report) -> list[str]:
    """The whole report. Times are simulated ones, in seconds, so that equal runs give equal files."""
    suites = [line for case in report.cases for line in _suite(case)]
    suites += [line for one in report.not_run for line in _not_run(one)]
    counts = [_counts(case) for case in report.cases]
    errors = len(report.not_run)
    tests, failures = sum(count for count, _ in counts) + errors, sum(count for _, count in counts)
    head = f'<testsuites name="kwake" tests="{tests}" failures="{failures}" errors="{errors}">'
    return ['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]


def _not_run(one: NotRun) -> Iterator[str]:
    """A suite of one test, which could not be run."""
    name = f"{one.name} ({one.profile}, seed {one.seed})" if one.name else one.file
    yield (f"  <testsuite name={_attribute(name)} tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\""
           f" time=\"0\" file={_attribute(one.file)}>")  # fmt: skip
    yield f'    <testcase name="is run" classname={_attribute(one.file)} time="0">'
    words = one.error.splitlines()[0] if one.error else ""
    yield f'      <error type="not-run" message={_attribute(words)}>{_text(one.error)}</error>'
    yield "    </testcase>"
    yield "  </testsuite>"


def _suite(case: Case) -> Iterator[str]:
    tests, failures = _counts(case)
    skipped = sum(_is_skipped(case, check) for check in case.checks)
    ended_ms = max((step.settled_ms for step in case.steps), default=0)
    name = f"{case.name} ({case.profile}, seed {case.seed})"
    yield (f"  <testsuite name={_attribute(name)} tests=\"{tests}\" failures=\"{failures}\" errors=\"0\""
           f" skipped=\"{skipped}\" time=\"{_seconds(ended_ms)}\" file={_attribute(case.file)}>")  # fmt: skip
    yield "    <properties>"
    for key, value in (("profile", case.profile), ("seed", str(case.seed)), ("xfail", case.xfail)):
        if value:
            yield f"      <property name={_attribute(key)} value={_attribute(value)}/>"
    yield "    </properties>"
    for step in case.steps:
        for check in step.checks:
            yield from _test(case, step, check)
    for check in case.always:
        yield from _test(case, None, check)
    if _holds_all_the_same(case):
        yield f'    <testcase name="xfail" classname={_attribute(case.file)} time="0">'
        yield f'      <failure type="failed" message={_attribute("it holds now; take xfail away: " + case.xfail)}/>'
        yield "    </testcase>"
    yield "  </testsuite>"


def _test(case: Case, step: StepReport | None, check: Check) -> Iterator[str]:
    where = step.id if step is not None else ALWAYS
    name = f"{where}: {check.what}: {check.expected} (line {check.line})"
    time = _seconds(check.at_ms - step.time_ms) if step is not None and check.at_ms > step.time_ms else "0"
    yield f'    <testcase name={_attribute(name)} classname={_attribute(case.file)} time="{time}">'
    if _is_skipped(case, check):
        link = check.xfail or case.xfail
        words = f"not met, as told: {link}" if link else "not known, which is not minded here"
        yield f"      <skipped type={_attribute(check.verdict.value)} message={_attribute(words)}/>"
    elif check.verdict is not Verdict.MET:
        words = f"expected {check.expected}, actual {check.actual}"
        text, kind = "\n".join(unmet_lines(check, case, step)), _attribute(check.verdict.value)
        yield f"      <failure type={kind} message={_attribute(words)}>{_text(text)}</failure>"
    yield "    </testcase>"


def _is_skipped(case: Case, check: Check) -> bool:
    """Whether a check that is not met does not count."""
    if check.verdict in (Verdict.MET, Verdict.XFAILED):
        return check.verdict is Verdict.XFAILED
    return bool(case.xfail) or (check.verdict is Verdict.UNKNOWN and case.unknown != "fail")


def _holds_all_the_same(case: Case) -> bool:
    return bool(case.xfail) and case.verdict is Verdict.FAILED


def _counts(case: Case) -> tuple[int, int]:
    """Test cases, and how many of them fail."""
    turned = _holds_all_the_same(case)
    failing = [c for c in case.checks if c.verdict is not Verdict.MET and not _is_skipped(case, c)]
    return len(case.checks) + turned, len(failing) + turned


def _seconds(ms: int) -> str:
    """A time as the schema takes it: without thousands in the digits before the point."""
    return f"{ms // 1000}.{ms % 1000:03d}"


def _attribute(text: str) -> str:
    return quoteattr(_text_of(text))


def _text(text: str) -> str:
    return escape("\n".join(map(_text_of, text.split("\n"))))


def _text_of(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", printable(text))
