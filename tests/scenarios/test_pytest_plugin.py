"""Scenarios as tests of somebody else's project: collected, failing with the whole report, worlds from a fixture."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kwake.samples import sample_path
from tests.conftest import ROOT

HEAD = """\
kwake: 1
name: {name}
snapshot: [cluster.yaml]
matrix: {{profile: [calico, flannel]}}
flows:
  window: {{from: pod/demo/client, to: svc/demo/web, port: 80}}
  pay: {{from: pod/demo/client, to: svc/demo/checkout, port: 443}}
steps:
"""
MET = HEAD.format(name="met") + "  - {expect: [{flow: window, outcome: delivered}]}\n"
FAILS = HEAD.format(name="fails") + "  - {id: look, expect: [{flow: pay, outcome: dropped}]}\n"
LATER = HEAD.format(name="later").replace("steps", "xfail: https://example.org/1\nsteps") + (
    "  - {expect: [{flow: window, outcome: dropped}]}\n"
)
TESTS = """\
def test_a_world(kwake_world):
    world = kwake_world("cluster.yaml", profile="cilium", seed=3)
    assert world.trace("pod/demo/client", "svc/demo/web", 80).outcome.value == "delivered"
    assert (world.profile.name, world.seed) == ("cilium", 3)
"""


def ran(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "kwake_tui.pytest_plugin", "-p", "no:cacheprovider", "-rA"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "cluster.yaml").write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    return tmp_path


def test_pytest_finds_the_plugin_where_kwake_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["entry-points"]["pytest11"] == {"kwake": "kwake_tui.pytest_plugin"}


def test_scenarios_are_collected_and_a_failure_tells_all_that_replay_tells(project: Path) -> None:
    for name, text in (("a", MET), ("b", FAILS), ("c", LATER)):
        (project / f"{name}.kwake.yaml").write_text(text)
    (project / "test_world.py").write_text(TESTS)
    (project / "other.yaml").write_text("kwake: 2\n")

    done = ran(project)

    assert done.returncode == 1
    assert "1 failed, 4 passed, 2 xfailed" in done.stdout, done.stdout
    for words in ("FAILED b.kwake.yaml::fails[flannel-0]", "expected  dropped", "actual    delivered",
                  "kwake replay", "--step look", "https://example.org/1", "test_world.py::test_a_world"):  # fmt: skip
        assert words in done.stdout


def test_profile_and_seed_are_chosen_for_all(project: Path) -> None:
    (project / "b.kwake.yaml").write_text(FAILS)

    done = ran(project, "--kwake-profile", "cilium", "--kwake-seed", "5")

    assert "PASSED b.kwake.yaml::fails[cilium-5]" in done.stdout
    assert "1 passed" in done.stdout


def test_what_is_no_scenario_is_an_error_with_file_and_line_and_without_a_traceback(project: Path) -> None:
    (project / "bad.kwake.yaml").write_text(MET.replace("outcome", "outcom"))
    (project / "gone.kwake.yaml").write_text(MET.replace("cluster.yaml", "nowhere.yaml"))

    (project / "good.kwake.yaml").write_text(MET)

    done = ran(project)

    assert "3 failed, 2 passed" in done.stdout, done.stdout
    assert "bad.kwake.yaml:9: steps[0].expect[0].outcom: there is no such key; did you mean outcome?" in done.stdout
    assert "nowhere.yaml: there is no such file" in done.stdout
    assert "Traceback" not in done.stdout
