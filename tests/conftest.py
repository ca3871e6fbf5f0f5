"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests of the console wait for its event loop a third of their time."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    """Collect garbage less often: consoles come and go, and a fifth of their time was the collector's."""
    gc.set_threshold(100_000)


@pytest.fixture(autouse=True, scope="session")
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test keeps sessions where the user's own are."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(scope="session")
def truth() -> Path:
    """The folder of third-party answers, from KWAKE_TRUTH. Absent data is a failure where that is set, else a skip."""
    named = os.environ.get("KWAKE_TRUTH")
    folder = Path(named) if named else ROOT.parent / "shared" / "truth"
    if not (folder / "README.md").is_file():
        if named:
            pytest.fail(f"KWAKE_TRUTH={named}: there is no third-party data in this folder")
        pytest.skip(f"no third-party data in {folder}; set KWAKE_TRUTH to where it is")
    return folder
