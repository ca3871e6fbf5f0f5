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


def is_sample(where: str) -> bool:
    """Whether a user's word names a sample, or something in one: `sample:shop`, `sample:shop/kill`."""
    return where.startswith(SCHEME)


def sample_place(where: str) -> Path:
    """Where `sample:shop`, a file in it or one of its scenarios (`sample:shop/kill`) is. Raises UsageError."""
    name, _, inside = where.removeprefix(SCHEME).partition("/")
    place = sample_path(name)
    if not inside:
        return place
    story = place / "scenarios" / f"{inside}.yaml"
    if story.is_file() or os.path.lexists(place / inside):
        return story if story.is_file() else place / inside
    near = difflib.get_close_matches(inside, [path.stem for path in (place / "scenarios").glob("*.yaml")], n=1)
    hint = f"did you mean {SCHEME}{name}/{near[0]}?" if near else f"kwake replay {SCHEME}{name} runs all that there are"
    raise UsageError(f"there is no {inside} in the sample cluster {name}; {hint}")


def sample_words(path: str | Path) -> str:
    """What a user types for a place in a sample, the shortest way; the path itself elsewhere."""
    whole = os.path.normpath(path)
    for name in sample_names():
        root = os.path.normpath(sample_path(name))
        if whole == root:
            return f"{SCHEME}{name}"
        if whole.startswith(f"{root}{os.sep}"):
            inside = Path(whole).relative_to(root)
            is_story = inside.parts[0] == "scenarios" and len(inside.parts) == 2 and inside.suffix == ".yaml"
            return f"{SCHEME}{name}/{inside.stem if is_story else inside.as_posix()}"
    return str(path)
