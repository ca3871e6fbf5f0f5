"""Every scenario of the samples, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kwake.samples import sample_names, sample_path
from kwake_tui.cli import main

SCENARIOS = [path for name in sample_names() for path in sorted((sample_path(name) / "scenarios").glob("*.yaml"))]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_all_expectations_are_met(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(scenario)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
@pytest.mark.parametrize("seed", ["1", "12345"])
def test_no_expectation_depends_on_the_seed(scenario: Path, seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(scenario), "--seed", seed]) == 0, capsys.readouterr().out


def _report(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "kwake_tui", "replay", "-o", "json", *map(str, SCENARIOS)]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def test_the_same_input_gives_the_same_bytes_whatever_the_order_of_hashes() -> None:
    first, second = _report("0"), _report("4242")

    assert json.loads(first)["verdict"] == "met"
    assert first == second
