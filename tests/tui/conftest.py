"""Fixtures of the console's tests."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.picture import Picture


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare an SVG with the approved one: `assert svg == picture(name="main")`."""
    return snapshot.use_extension(Picture)
