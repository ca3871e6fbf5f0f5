"""The official client of several versions: each in an environment of its own, with all of these tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

VERSIONS = ("31", "33", "35")
"""Beside the newest, which is what these tests run with anyway."""


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_all_of_it_holds_with_an_older_client(version: str, tmp_path: Path) -> None:
    """Given the client of that version from the package index, when all tests of this folder run, then they pass."""
    python = tmp_path / "venv" / "bin" / "python"
    _run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    _run(str(python), "-m", "pip", "install", "-q", f"kubernetes=={version}.*", "-e", f"{ROOT}[test]")

    done = _run(str(python), "-m", "pytest", "-n", "2", "-q", "tests/live", cwd=ROOT)

    assert "passed" in done or "100%" in done


def _run(*words: str, cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout
