"""The same scenario, profile and seed give the same bytes: whatever the order of hashes, the Python, and the company.

`KWAKE_OTHER_PYTHON` names an interpreter of another version that has msgspec, PyYAML and Textual.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scenarios.random_scenarios import write_scenarios

HASH_SEEDS = ("0", "1", "4242")


def report(folder: Path, python: str = sys.executable, hash_seed: str = "0") -> bytes:
    """The report of a folder as JSON, by a process of its own."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("core", "tui"))
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths}
    command = [python, "-m", "kwake_tui", "replay", "-o", "json", folder.name]
    done = subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, check=False)
    assert done.returncode in (0, 1, 4), done.stderr.decode()[-2000:]
    return done.stdout


def in_parts(folders: list[Path], workers: int) -> list[bytes]:
    """The reports of several folders, so many at a time."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(report, folders))


def scenarios_of(text: bytes) -> list[object]:
    found: list[object] = json.loads(text)["scenarios"]
    return found


@pytest.mark.parametrize("count", [20, pytest.param(500, marks=pytest.mark.slow)])
def test_random_replays_give_the_same_bytes_whatever_the_order_of_hashes(count: int, tmp_path: Path) -> None:
    write_scenarios(tmp_path / "all", range(count))
    seeds = HASH_SEEDS if count > 20 else HASH_SEEDS[1:]

    reports = {seed: report(tmp_path / "all", hash_seed=seed) for seed in seeds}

    assert len(set(reports.values())) == 1
    told = scenarios_of(next(iter(reports.values())))
    assert len(told) == count
    assert len({json.dumps(one) for one in told}) == count, "each draws its own"


@pytest.mark.slow
def test_500_random_replays_give_the_same_bytes_under_another_python(tmp_path: Path) -> None:
    other = os.environ.get("KWAKE_OTHER_PYTHON")
    if not other:
        pytest.skip("KWAKE_OTHER_PYTHON names no other interpreter")
    asked = partial(subprocess.run, capture_output=True, text=True, check=True)
    version = asked([other, "-c", "import sys; print(sys.version_info[:2])"]).stdout.strip()
    assert version != str(sys.version_info[:2]), "the same Python proves nothing"
    write_scenarios(tmp_path / "all", range(500))

    own = report(tmp_path / "all")

    assert {report(tmp_path / "all", other, seed) for seed in HASH_SEEDS} == {own}


@pytest.mark.slow
def test_500_random_replays_are_the_same_alone_and_beside_others(tmp_path: Path) -> None:
    write_scenarios(tmp_path / "all", range(500))
    for part in range(10):
        write_scenarios(tmp_path / f"part{part}", range(part * 50, part * 50 + 50))
    parts = [tmp_path / f"part{part}" for part in range(10)]

    one, two = in_parts(parts, 1), in_parts(parts, 2)

    assert one == two
    told = [scenario for text in one for scenario in scenarios_of(_without_folder(text))]
    assert told == scenarios_of(_without_folder(report(tmp_path / "all")))


def _without_folder(text: bytes) -> bytes:
    """The report with files named by their names alone."""
    return re.sub(rb"\b(all|part\d)/", b"", text)
