"""Approved pictures of the console: one SVG each in the folder `snapshots`, by name."""

from __future__ import annotations

from pathlib import Path

from pytest_textual_snapshot import (  # type: ignore[import-untyped]  # the plugin ships no types
    SVGImageExtension,
)
from syrupy.data import SnapshotCollections
from syrupy.location import PyTestLocation
from syrupy.types import SerializedData, SnapshotIndex

FOLDER = Path(__file__).resolve().parents[2] / "snapshots"


class Picture(SVGImageExtension):  # type: ignore[misc]  # its base has no types
    """Pictures under their own names. Updating one never deletes another: a test of its own finds orphans."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """All pictures in one folder."""
        del test_location
        return str(FOLDER)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """The name that the test gives."""
        del test_location
        return str(index)

    def discover_snapshots(self, *, test_location: PyTestLocation) -> SnapshotCollections:
        """None: what a test does not use belongs to another."""
        del test_location
        return SnapshotCollections()

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Nothing is deleted."""

    @classmethod
    def write_snapshot(
        cls, *, snapshot_location: str, snapshots: list[tuple[SerializedData, PyTestLocation, SnapshotIndex]]
    ) -> None:
        """Write approved pictures, without the plugin's advice on file names."""
        for data, _, _ in snapshots:
            Path(snapshot_location).write_text(str(data), encoding="utf-8")
