"""A moment of doubt does not hide that an expectation fails for sure at another moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.scenario.report import Report
from tests.core.scenario.test_runner import KILL, only_check, run, steps

FLOW = "flow: pay-new, outcome: delivered"
"""After the kill: delivered for 1 s, unknown until 2 s, refused until 3.1 s, delivered from then on."""


@pytest.mark.parametrize(
    ("when", "verdict", "at_ms"),
    [
        ("within: 1s", "failed", 2000),
        ("within: 2s", "failed", 2000),
        ("within: 3.1s", "met", 3100),
        ("for: 1.5s", "unknown", 1000),
        ("for: 2.5s", "failed", 2000),
        ("at: 1.5s", "unknown", 1500),
    ],
)
def test_refused_later_is_failed_although_it_is_unknown_before(
    when: str, verdict: str, at_ms: int, tmp_path: Path
) -> None:
    check = only_check(run(tmp_path, steps(f"{{do: {KILL}, expect: [{{{FLOW}, {when}}}]}}")))

    assert (check.verdict.value, check.at_ms) == (verdict, at_ms)


def test_the_same_under_always(tmp_path: Path) -> None:
    case = run(tmp_path, f"always: [{{{FLOW}}}]\n" + steps(f"{{do: {KILL}}}"))

    assert [(check.verdict.value, check.at_ms) for check in case.always] == [("failed", 2000)]
    assert Report((case,)).exit_code == 1
