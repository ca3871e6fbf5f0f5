"""A replay as Markdown: the comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kwake.scenario.report import Case, Report, StepReport, Verdict
from kwake_tui.text.markdown import cell, table
from kwake_tui.text.replay import GLYPHS, told_lines

_HEAD = ("", "scenario", "under", "expectations", "file")


def replay_markdown(report: Report) -> list[str]:
    """One row a replay; what was not met under it, folded."""
    met = sum(check.verdict in (Verdict.MET, Verdict.XFAILED) for check in report.checks)
    rows = [[GLYPHS[case.verdict], case.name, f"{case.profile}, seed {case.seed}", _count(case), case.file]
            for case in report.cases]  # fmt: skip
    for one in report.not_run:
        under = f"{one.profile}, seed {one.seed}" if one.profile else ""
        rows.append(["×", one.name or "not read", under, "not run", one.file])
    title = f"### {GLYPHS[report.verdict]} kwake replay: {met} of {len(report.checks)} expectations met"
    title += f", {len(report.not_run)} not run" if report.not_run else ""
    wrong = [_folded(f"{one.name or one.file}: not run", one.error.splitlines()) for one in report.not_run]
    details = [_details(case) for case in report.cases]
    return [title, "", *table(_HEAD, rows), *(line for fold in (*details, *wrong) for line in fold)]


def _count(case: Case) -> str:
    met = sum(check.verdict is Verdict.MET for check in case.checks)
    words = [f"{met} of {len(case.checks)} met"]
    for verdict in (Verdict.FAILED, Verdict.UNKNOWN, Verdict.XFAILED):
        count = sum(check.verdict is verdict for check in case.checks)
        words += [f"{count} {verdict.value}"] if count else []
    return ", ".join(words)


def _details(case: Case) -> Iterator[str]:
    steps: list[StepReport | None] = [*case.steps, None]
    lines = [line for step in steps for line in told_lines(case, step)]
    if not lines:
        return
    yield from _folded(f"{case.name}, {case.profile}, seed {case.seed}", lines)


def _folded(head: str, lines: list[str]) -> Iterator[str]:
    """Lines as they are, under a line that unfolds them."""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", "\n".join(lines)))])
    yield from ("", f"<details><summary>{cell(head)}</summary>", "", f"{fence}text")
    yield from (line[margin:] for line in lines)
    yield from (fence, "", "</details>")
