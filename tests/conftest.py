"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
