"""Every way to fail, and what is said then: approved texts, one for each scenario in `failing/`.

After a change that is meant, renew them with `KWAKE_APPROVE=1 pytest tests/scenarios/test_failures.py` and read each as
somebody would who did not write the scenario: does it alone say what to change?
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from kwake_tui.cli import main
from tests.conftest import ROOT

FAILING = Path(__file__).with_name("failing")
APPROVED = ROOT / "snapshots" / "failures"
STORIES = sorted(path for path in FAILING.glob("*.yaml") if path.name != "cluster.yaml")
AGAIN = re.compile(r"^ +again +(kwake replay .*)$", re.MULTILINE)


def _told(story: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["replay", story.name])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, captured.out


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_a_failure_says_what_is_approved(
    story: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FAILING)

    code, text = _told(story, capsys)

    assert code in (1, 4), "it must fail"
    approved = APPROVED / f"{story.stem}.txt"
    if os.environ.get("KWAKE_APPROVE"):
        approved.parent.mkdir(exist_ok=True)
        approved.write_text(text, encoding="utf-8")
    assert text == approved.read_text("utf-8"), f"another text than is approved; {__doc__}"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_a_failure_names_its_line_and_the_command_that_shows_it_again(
    story: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FAILING)
    code, text = _told(story, capsys)
    lines = story.read_text("utf-8").splitlines()

    places = re.findall(rf"  {re.escape(story.name)}:(\d+)$", text, re.MULTILINE)
    (again,) = set(AGAIN.findall(text))

    assert places, text
    assert all(1 <= int(place) <= len(lines) for place in places)
    assert main(shlex.split(again)[1:]) == code
    once_more = capsys.readouterr().out
    _, *failures = re.split(r"^      (?=[×?] )", text, flags=re.MULTILINE)
    assert all(failure.partition("\n\n")[0] in once_more for failure in failures)


def test_there_are_fifty_ways_and_no_text_is_left_of_one_that_is_gone() -> None:
    assert len(STORIES) >= 50
    assert sorted(path.stem for path in APPROVED.glob("*")) == sorted(story.stem for story in STORIES)
