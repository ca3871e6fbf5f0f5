"""A run as a file: what was run, from what, and what was found. Run again it is the same, or it is said where not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kwake.errors import ScenarioError, SnapshotUnreadable, UsageError
from kwake.objects.printable import printable
from kwake.samples import is_sample, sample_place
from kwake.scenario.report import Case, case_json

VERSION = 1


class Replayed(msgspec.Struct, frozen=True):
    """One replay: everything that it depends on, and what it found."""

    scenario: str
    """The file, as it was named."""
    sha256: str
    name: str
    profile: str
    seed: int
    snapshot: dict[str, str]
    """The SHA-256 of each layer, by its name."""
    report: dict[str, Any]
    set: dict[str, str] = {}
    lenient: bool = False
    step: str | None = None


class Journal(msgspec.Struct, frozen=True):
    """A whole run."""

    kwake: str
    """The version that ran it."""
    replays: tuple[Replayed, ...]
    journal: int = VERSION


def replayed(case: Case, *, overrides: Mapping[str, str], lenient: bool = False, step: str | None = None) -> Replayed:
    """A replay that was just made, for the journal. `overrides` and the rest are those of the command line."""
    return Replayed(
        scenario=case.file,
        sha256=file_sha256(case.file),
        name=case.name,
        profile=case.profile,
        seed=case.seed,
        snapshot=dict(case.snapshot),
        report=case_json(case),
        set=dict(overrides),
        lenient=lenient,
        step=step,
    )


def file_sha256(path: str) -> str:
    """The SHA-256 of a file; empty for one that cannot be read any more."""
    try:
        return hashlib.sha256((sample_place(path) if is_sample(path) else Path(path)).read_bytes()).hexdigest()
    except (OSError, UsageError):
        return ""


def is_journal(path: str | Path) -> bool:
    """Whether a file is a journal: a JSON map with `journal` at its top."""
    file = Path(path)
    if file.suffix != ".json" or not file.is_file():
        return False
    try:
        return "journal" in msgspec.json.decode(file.read_bytes(), type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, OSError):
        return False


def read_journal(path: str | Path) -> Journal:
    """Raises SnapshotUnreadable where it cannot be read, ScenarioError where it is no journal of this version."""
    shown = printable(str(path))
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SnapshotUnreadable(f"{shown}: {error.strerror}") from None
    try:
        journal = msgspec.json.decode(data, type=Journal)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ScenarioError(printable(f"{shown}: no journal of kwake: {error}")) from None
    if journal.journal != VERSION:
        raise ScenarioError(f"{shown}: expected a journal of version {VERSION}, found {journal.journal}")
    return journal


def journal_json(journal: Journal) -> dict[str, Any]:
    """As plain values, the version first."""
    form: dict[str, Any] = msgspec.to_builtins(journal)
    return {"journal": form.pop("journal"), **form}


def differences(was: Replayed, now: Replayed) -> Iterator[str]:
    """Where a replay differs from the one in a journal: what it was made from first, then what it found."""
    if was.sha256 != now.sha256:
        yield f"{was.scenario}: the scenario has another content: sha256 was {was.sha256}, is {now.sha256}"
    for layer in {**was.snapshot, **now.snapshot}:
        then, here = was.snapshot.get(layer), now.snapshot.get(layer)
        if then != here:
            yield f"{layer}: the snapshot has another content: sha256 was {then}, is {here}"
    yield from _differing(was.report, now.report, "")


def _differing(was: Any, now: Any, place: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in {**was, **now}:
            yield from _differing(was.get(key), now.get(key), f"{place}.{key}" if place else key)
    elif isinstance(was, list) and isinstance(now, list):
        for at, (then, here) in enumerate(zip(was, now, strict=False)):
            yield from _differing(then, here, f"{place}[{_name(then, at)}]")
        if len(was) != len(now):
            yield f"{place}: {len(was)} entries, now {len(now)}"
    elif was != now:
        yield f"{place}: was {_shown(was)}, is {_shown(now)}"


def _name(entry: Any, at: int) -> str:
    """An entry by its id, else by its number."""
    return str(entry["id"]) if isinstance(entry, dict) and "id" in entry else str(at)


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
