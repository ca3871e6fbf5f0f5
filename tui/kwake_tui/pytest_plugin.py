"""Scenarios as tests: pytest collects `*.kwake.yaml`, one test for each replay; a fixture opens worlds for other tests.

pytest loads this in every project that has kwake installed, so nothing is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from kwake.scenario.load import Unread
    from kwake.scenario.report import Case
    from kwake.scenario.running import Choice
    from kwake.scenario.scenario import Scenario
    from kwake.world import World

SUFFIXES = (".kwake.yaml", ".kwake.yml")


class ReplayFailed(Exception):
    """A replay in which something was not as expected."""

    def __init__(self, case: Case) -> None:
        self.case = case
        super().__init__(f"{case.name}: {case.verdict.value}")


class Opening(Protocol):
    """What the fixture `kwake_world` gives: a settled world of a snapshot, relative to the test's file."""

    def __call__(self, *snapshot: str | Path, profile: str = "calico", seed: int = 0, lenient: bool = False) -> World:
        """Raises what `kwake.open` raises."""
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that stand in for what the scenarios say."""
    group = parser.getgroup("kwake", "kwake: scenarios as tests")
    group.addoption("--kwake-profile", action="append", default=[], metavar="NAME",
                    help="replay *.kwake.yaml under this profile; several run under each")  # fmt: skip
    group.addoption("--kwake-seed", type=int, metavar="N", help="replay *.kwake.yaml with this seed")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """A file of scenarios."""
    return ScenarioFile.from_parent(parent, path=file_path) if file_path.name.endswith(SUFFIXES) else None


@pytest.fixture
def kwake_world(request: pytest.FixtureRequest) -> Opening:
    """Opens a snapshot as a world; paths are relative to the file of the test."""
    folder = request.path.parent

    def opened(*snapshot: str | Path, profile: str = "calico", seed: int = 0, lenient: bool = False) -> World:
        import kwake

        return kwake.open([folder / entry for entry in snapshot], profile, seed, lenient=lenient)

    return opened


class ScenarioFile(pytest.File):
    """A file with scenarios; each replay is a test."""

    def collect(self) -> Iterator[ReplayItem | UnreadItem]:
        """One test for each scenario under each profile with each seed, and one that fails for what is none."""
        from kwake.scenario.load import Unread, load_each
        from kwake.scenario.running import Choice, axes

        profiles: list[str] = self.config.getoption("--kwake-profile")
        choice = Choice(tuple(profiles), self.config.getoption("--kwake-seed"))
        for one in load_each(self.path):
            if isinstance(one, Unread):
                yield UnreadItem.from_parent(self, name=f"line {one.line}", unread=one)
                continue
            for scenario, profile, seed in axes([one], choice):
                name = f"{scenario.name}[{profile}-{seed}]"
                yield ReplayItem.from_parent(self, name=name, scenario=scenario, choice=Choice((profile,), seed))


class UnreadItem(pytest.Item):
    """What should be a scenario and is none: a test that fails, so that the others are run all the same."""

    def __init__(self, *, unread: Unread, name: str, parent: ScenarioFile) -> None:
        super().__init__(name, parent)
        self._unread = unread

    def runtest(self) -> None:
        """Raises what reading it raised."""
        raise self._unread.error

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """File, line, key, found and expected."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line from 0, and name."""
        return self.path, self._unread.line - 1, self.name


class ReplayItem(pytest.Item):
    """One replay."""

    def __init__(self, *, scenario: Scenario, choice: Choice, name: str, parent: ScenarioFile) -> None:
        super().__init__(name, parent)
        self._scenario, self._choice = scenario, choice

    def runtest(self) -> None:
        """Raises ReplayFailed where something is not as expected, or not known and that is minded."""
        from kwake.scenario.report import Report, Verdict
        from kwake.scenario.running import run

        (case,) = run([self._scenario], self._choice)
        if not case.checks:
            pytest.fail("nothing is expected in this scenario", pytrace=False)
        if case.verdict is Verdict.XFAILED:
            pytest.xfail(case.xfail)
        if Report((case,)).exit_code:
            raise ReplayFailed(case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """What `kwake replay` would print."""
        from kwake.errors import KwakeError
        from kwake.scenario.report import Report
        from kwake_tui.text.replay import replay_lines

        error = excinfo.value
        if isinstance(error, ReplayFailed):
            return "\n".join(replay_lines(Report((error.case,))))
        if isinstance(error, KwakeError):
            return str(error)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line from 0, and name."""
        return self.path, self._scenario.line - 1, self.name
