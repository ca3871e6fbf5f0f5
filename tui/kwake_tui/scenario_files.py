"""Which file a user means by the name of a scenario, and which files are scenarios. It imports no Textual."""

from __future__ import annotations

import os
from pathlib import Path

from kwake.errors import UsageError
from kwake.objects.printable import printable
from kwake.samples import SCHEME, is_sample, sample_named, sample_names, sample_path, sample_place
from kwake.sources.files import SUFFIXES

_MOST_BYTES = 1 << 20
"""A scenario is written by hand: a larger file is a snapshot."""


def path_of(words: list[str]) -> Path:
    """The path that the words of a command are, spaces and `~` in it. Raises UsageError."""
    text = " ".join(words)
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~nobody
        raise UsageError(f"{printable(text)}: there is no such user") from None


def brief_path(path: str) -> str:
    """A path in few cells: a sample by its name, the user's home as `~`."""
    name = sample_named(path)
    if name:
        return f"{SCHEME}{name}"
    home = os.path.expanduser("~")  # noqa: PTH111  # Path.home raises where there is none
    return f"~{path.removeprefix(home)}" if path.startswith(f"{home}{os.sep}") else path


def named_from(path: str, folder: Path) -> str:
    """A path as a scenario in this folder names it; a sample by its name, wherever it is installed."""
    name = sample_named(path)
    if name or is_sample(path):
        return f"{SCHEME}{name}" if name else path
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive
        return os.path.abspath(path)  # noqa: PTH100  # Path.resolve would follow links


def scenario_path(words: list[str]) -> str:
    """The file or folder that the words mean, as `load` takes it; `sample:shop/kill` comes with kwake.

    Raises UsageError.
    """
    text = " ".join(words)
    return text if is_sample(text) else str(path_of(words))


def is_scenario(path: str) -> bool:
    """Whether a file that is opened as a snapshot is a scenario: all of its documents begin with `kwake:`."""
    file = sample_place(path) if is_sample(path) else Path(path)
    if file.suffix not in SUFFIXES or not os.path.isfile(file) or file.stat().st_size > _MOST_BYTES:  # noqa: PTH113
        return False
    lines = file.read_bytes().splitlines()
    return any(line.startswith(b"kwake:") for line in lines) and not any(line.startswith(b"kind:") for line in lines)


def offered() -> list[str]:
    """The scenarios that come with kwake, and those of this folder."""
    shipped = [
        f"{SCHEME}{name}/{path.stem}"
        for name in sample_names()
        for path in sorted((sample_path(name) / "scenarios").glob("*.yaml"))
    ]
    here = sorted(path.name for path in Path().glob("*.y*ml") if is_scenario(str(path)))
    return [*here, *shipped]
