"""The clusters that come with kwake, and where they are: in the wheel, or beside the sources of a checkout."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from kwake.errors import UsageError

DEFAULT = "shop"
"""The one that opens when none is named."""

SCHEME = "sample:"
"""How a scenario names a sample as its snapshot, wherever kwake is installed: `sample:shop`."""

_PACKAGE = Path(__file__).parent


def folder_for(package: Path) -> Path:
    """The folder of samples for an import package at this place: inside it (wheel), else at the checkout's root."""
    inside = package / "sample_clusters"
    return inside if inside.is_dir() else package.parent.parent / "sample_clusters"


def sample_names() -> tuple[str, ...]:
    """The samples, by name."""
    folder = folder_for(_PACKAGE)
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir())) if folder.is_dir() else ()


def sample_path(name: str = DEFAULT) -> Path:
    """Where a sample is. Raises UsageError with the names there are."""
    names = sample_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none'}"
        raise UsageError(f"there is no sample cluster {name}; {hint}")
    return folder_for(_PACKAGE) / name


def sample_named(path: str) -> str:
    """The name of the sample that a path is; empty if it is none."""
    names = {os.path.normpath(sample_path(name)): name for name in sample_names()}
    return names.get(os.path.normpath(path), "")
