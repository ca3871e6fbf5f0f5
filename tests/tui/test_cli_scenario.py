"""A scenario in the place of a snapshot, and the scenarios that come along."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kwake.samples import sample_path
from kwake_tui.cli import main

KILL = str(sample_path("small") / "scenarios" / "kill.yaml")


def test_without_a_terminal_a_scenario_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([KILL]) == 0
    shown = capsys.readouterr().out
    assert main(["replay", KILL]) == 0
    assert shown == capsys.readouterr().out


def test_options_count_for_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([KILL, "--seed", "3", "--profile", "kindnet", "--set", "clock.sandbox=2s"]) == 0
    assert "kindnet · seed 3" in capsys.readouterr().out


def test_a_scenario_that_comes_along_is_named_by_its_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "sample:small/kill"]) == 0
    assert "expectations met" in capsys.readouterr().out


def test_a_replay_without_a_terminal_loads_no_textual() -> None:
    code = f"import sys; from kwake_tui.cli import main; main([{KILL!r}]); sys.exit('textual' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_changes_of_a_scenario_are_told_as_kubectl_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kubectl", "sample:small/switch-type"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("# ")] == [
        """kubectl patch -n demo service/web --type merge -p '{"spec":{"type":"NodePort"}}'""",
        """kubectl patch -n demo service/web --type merge -p '{"spec":{"type":"ClusterIP"}}'""",
    ]


def test_what_is_no_scenario_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kubectl", str(sample_path("small") / "cluster.yaml")]) == 2
    assert "no scenario: a scenario begins with kwake: 1" in capsys.readouterr().err
