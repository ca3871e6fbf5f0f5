"""`kwake replay`: scenarios run and told, journals run again and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

import msgspec

from kwake.errors import NothingToRun
from kwake.scenario.journal import Journal, Replayed, differences, journal_json, read_journal, replayed
from kwake.scenario.load import Unread, load, load_each, step_named
from kwake.scenario.report import Case, NotRun, Report, as_json
from kwake.scenario.running import AS_WRITTEN, Choice, run, run_each
from kwake.scenario.scenario import Scenario
from kwake_tui.scenario_files import scenario_path
from kwake_tui.text.columns import json_text
from kwake_tui.text.junit import junit_lines
from kwake_tui.text.replay import replay_lines
from kwake_tui.text.replay_markdown import replay_markdown

Stdin = Callable[[], bytes]


def report_of(paths: Sequence[str], choice: Choice, stdin: Stdin) -> Report:
    """Run the scenarios of files and folders; one that cannot be run does not keep the others from it.

    Raises ScenarioError for a step that one of them has not.
    """
    loaded = [one for path in paths for one in load_each(scenario_path([path]))]
    scenarios = [one for one in loaded if isinstance(one, Scenario)]
    if choice.step is not None:
        for scenario in scenarios:
            step_named(scenario, choice.step)
    unread = [NotRun(u.file, str(u.error), u.error.exit_code, line=u.line) for u in loaded if isinstance(u, Unread)]
    found = list(run_each(scenarios, choice, stdin))
    cases = tuple(one for one in found if isinstance(one, Case))
    return Report(cases, (*unread, *(one for one in found if isinstance(one, NotRun))))


def written(report: Report, form: str, choice: Choice = AS_WRITTEN) -> list[str]:
    """The report in one of its forms: `text`, `json`, `md`, `junit` or `journal`."""
    match form:
        case "json":
            return json_text(as_json(report)).split("\n")
        case "md":
            return replay_markdown(report)
        case "junit":
            return junit_lines(report)
        case "journal":
            return json_text(journal_json(_journal(report, choice))).split("\n")
        case _:
            return replay_lines(report)


def _journal(report: Report, choice: Choice) -> Journal:
    kept = (
        replayed(case, overrides=choice.overrides, lenient=choice.lenient, step=choice.step) for case in report.cases
    )
    return Journal(_version(), tuple(kept))


def _version() -> str:
    try:
        return version("kwake")
    except PackageNotFoundError:
        return "unknown"


def again(path: str, stdin: Stdin) -> tuple[list[str], int]:
    """Run again what a journal tells, and say where it differs: the lines, and 1 if it does anywhere.

    Raises NothingToRun for an empty journal, and what the scenarios raise.
    """
    journal = read_journal(path)
    if not journal.replays:
        raise NothingToRun(f"{path}: a journal without replays")
    here = _version()
    lines = [] if journal.kwake == here else [f"written by kwake {journal.kwake}, run again by {here}"]
    differ = 0
    for kept in journal.replays:
        found = list(_again(kept, stdin))
        differ += bool(found)
        word = f"{len(found)} differences" if len(found) > 1 else "1 difference" if found else "the same"
        lines.append(f"{'×' if found else '✓'} {kept.name}  {kept.profile} · seed {kept.seed}  {kept.scenario}  {word}")
        lines += [f"    {difference}" for difference in found]
    same = len(journal.replays) - differ
    return [*lines, "", f"{same} of {len(journal.replays)} replays are the same"], 1 if differ else 0


def _again(kept: Replayed, stdin: Stdin) -> Iterator[str]:
    scenarios = [one for one in load(scenario_path([kept.scenario])) if one.name == kept.name]
    if not scenarios:
        yield f"{kept.scenario}: there is no scenario {kept.name} any more"
        return
    choice = Choice((kept.profile,), kept.seed, kept.set, kept.lenient, kept.step)
    scenario = msgspec.structs.replace(scenarios[0], sha256={})  # another content is told, not refused
    for case in run([scenario], choice, stdin):
        now = replayed(case, overrides=kept.set, lenient=kept.lenient, step=kept.step)
        yield from differences(kept, now)
