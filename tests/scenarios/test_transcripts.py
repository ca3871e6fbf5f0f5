"""Approved transcripts: what each sample scenario's replay reports, byte for byte, whatever the machine or Python.

After a change that is meant, renew them with `KWAKE_APPROVE=1 pytest tests/scenarios/test_transcripts.py` and read
the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kwake_tui.cli import main
from tests.conftest import ROOT

FOLDER = ROOT / "snapshots" / "replays"
STORIES = sorted(path.relative_to(ROOT) for path in (ROOT / "sample_clusters").glob("*/scenarios/*.yaml"))


def _transcript(story: Path) -> Path:
    return FOLDER / f"{story.parts[1]}-{story.stem}.json"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: _transcript(story).stem)
def test_a_replay_reports_the_approved_bytes(
    story: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # a report names files as they were named to it

    assert main(["replay", story.as_posix(), "-o", "json"]) == 0

    found = capsys.readouterr().out.encode()
    approved = _transcript(story)
    if os.environ.get("KWAKE_APPROVE"):
        approved.parent.mkdir(exist_ok=True)
        approved.write_bytes(found)
    assert approved.is_file(), f"no transcript is approved; {__doc__}"
    lines = approved.read_text(encoding="utf-8").splitlines()
    assert found.decode().splitlines() == lines, f"another report than is approved; {__doc__}"
    assert found == approved.read_bytes()


def test_no_transcript_is_left_of_a_story_that_is_gone() -> None:
    assert sorted(FOLDER.glob("*")) == sorted(map(_transcript, STORIES))
