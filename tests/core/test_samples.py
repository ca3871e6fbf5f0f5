"""Samples are found in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.errors import UsageError
from kwake.samples import folder_for, sample_names, sample_path


def test_every_sample_is_there_with_its_three_stories() -> None:
    assert sample_names() == ("shop", "small")
    for name in sample_names():
        stories = {path.name for path in (sample_path(name) / "scenarios").iterdir()}
        assert stories >= {"kill.yaml", "edit.yaml", "switch-type.yaml"}


def test_a_wheel_holds_them_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "kwake"
    (package / "sample_clusters").mkdir(parents=True)

    assert folder_for(package) == package / "sample_clusters"


def test_a_checkout_holds_them_at_its_root(tmp_path: Path) -> None:
    assert folder_for(tmp_path / "core" / "kwake") == tmp_path / "sample_clusters"


def test_a_name_that_there_is_not_gets_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean shop"):
        sample_path("shopp")
