"""A scenario from its file. The format is closed: what is not known is an error with file and line."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kwake.errors import InvalidSnapshot, KwakeError, NothingToRun, ProfileError, ScenarioError, UsageError
from kwake.objects.document import Origin, Source
from kwake.objects.printable import printable
from kwake.profiles import load_profile
from kwake.samples import is_sample, sample_place, sample_words
from kwake.scenario.expectations import always_of, expectation_of
from kwake.scenario.format import (
    FlowForm,
    MatrixForm,
    PinnedSnapshotForm,
    ScenarioForm,
    StepForm,
    UnknownPolicy,
    words_of,
)
from kwake.scenario.reading import Value
from kwake.scenario.scenario import PinnedFlow, Scenario, Step
from kwake.scenario.steps import do_of, flow_of
from kwake.sources.files import files_of, sources_of
from kwake.sources.yaml_reader import SyntaxProblem, read_yaml


def load(path: str | Path) -> tuple[Scenario, ...]:
    """The scenarios that a file, or a folder to the bottom, holds, in order of the files' names.

    Raises SnapshotUnreadable (exit 3), ScenarioError (exit 2), NothingToRun (exit 5).
    """
    found = load_each(path)
    for one in found:
        if isinstance(one, Unread):
            raise one.error
    return tuple(one for one in found if isinstance(one, Scenario))


class Unread(msgspec.Struct, frozen=True, eq=False):
    """A document that should be a scenario and cannot be read as one."""

    file: str
    line: int
    error: KwakeError


def load_each(path: str | Path) -> tuple[Scenario | Unread, ...]:
    """As `load`, and what cannot be read stands in its place among the scenarios that can."""
    found: list[Scenario | Unread] = []
    try:
        files = files_of(path)
    except KwakeError as error:
        return (Unread(str(path), 1, error),)
    for file, directly in files:
        try:
            (named,) = sources_of(file, lambda: b"")
        except KwakeError as error:
            if directly or _may_hold_one(file):
                found.append(Unread(file, 1, error))
            continue
        found += _scenarios(named.source, directly=directly)
    nothing = NothingToRun(printable(f"{path}: there is no scenario (a document with a top-level kwake: 1)"))
    return tuple(found) or (Unread(str(path), 1, nothing),)


def _scenarios(source: Source, *, directly: bool) -> Iterator[Scenario | Unread]:
    try:
        documents = list(read_yaml(source.data))
    except SyntaxProblem as problem:
        if directly or b"kwake:" in source.data:
            words = printable(f"{source.name}:{problem.line}: {problem.text}")
            yield Unread(source.name, problem.line, InvalidSnapshot((words,)))
        return
    for index, parsed in enumerate(documents):
        is_scenario = isinstance(parsed.value, dict) and "kwake" in parsed.value
        if not is_scenario and not (directly and parsed.value is not None):
            continue
        try:
            if not is_scenario:
                place = f"{source.name}:{parsed.line}"
                raise ScenarioError(printable(f"{place}: no scenario: a scenario begins with kwake: 1"))
            yield _scenario(Value(parsed.value, Origin(source, index, (), parsed.line)))
        except KwakeError as error:
            yield Unread(source.name, parsed.line, error)


def _folder(file: str) -> Path:
    """Where the paths in a scenario are relative to."""
    return (sample_place(file) if is_sample(file) else Path(file)).parent


def _may_hold_one(file: str) -> bool:
    """Whether a file that was found in a folder and cannot be read may be a scenario: nothing in it says otherwise."""
    try:
        data = (sample_place(file) if is_sample(file) else Path(file)).read_bytes()
    except OSError:
        return True
    return b"kwake:" in data.replace(b"\0", b"")


def _scenario(value: Value) -> Scenario:
    version = value.child("kwake")
    if version.raw != 1 or version.raw is True:
        version.fail(f"expected version 1, found {version.raw!r}")
    fields = value.form(ScenarioForm)
    if "profile" in fields and "matrix" in fields and "profile" in fields["matrix"].form(MatrixForm):
        value.fail("profile and matrix exclude each other")
    if "seed" in fields and "matrix" in fields and "seed" in fields["matrix"].form(MatrixForm):
        value.fail("seed and the seeds of matrix exclude each other")
    file = value.origin.source.name
    folder = _folder(file)
    flows = _flows(fields.get("flows"))
    names = [flow.name for flow in flows]
    always = fields["always"].items() if "always" in fields else ()
    snapshot, pinned = _snapshot(fields["snapshot"], folder)
    profiles, seeds = _matrix(fields)
    return Scenario(
        file=file if is_sample(file) else str(Path(file)),
        line=value.line,
        name=fields["name"].text(),
        snapshot=snapshot,
        sha256=pinned,
        profiles=profiles,
        seeds=seeds,
        overrides=_overrides(fields),
        lenient=fields["lenient"].flag() if "lenient" in fields else False,
        unknown=fields["unknown"].one_of(*words_of(UnknownPolicy)) if "unknown" in fields else "fail",
        xfail=fields["xfail"].text() if "xfail" in fields else "",
        flows=flows,
        always=tuple(always_of(item, names) for item in always),
        steps=_steps(fields.get("steps"), folder, flows),
    )


def _snapshot(value: Value, folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Where the snapshot's layers are, and the content that was pinned of them."""
    entries = list(value.items()) if isinstance(value.raw, list) else [value]
    if not entries:
        value.fail("expected at least one file or folder")
    places, pinned = [], {}
    for entry in entries:
        if not isinstance(entry.raw, dict):
            places.append(_place(folder, entry.text(), entry))
            continue
        fields = entry.form(PinnedSnapshotForm)
        places.append(_place(folder, fields["path"].text(), fields["path"]))
        if "sha256" in fields:
            pinned[places[-1]] = _sha256(fields["sha256"])
    return tuple(places), pinned


def _sha256(value: Value) -> str:
    digest = value.text()
    if not re.fullmatch("[0-9a-f]{64}", digest):
        value.fail("expected the 64 digits of a SHA-256 in lower case; kwake replay prints those that it finds")
    return digest


def _place(folder: Path, path: str, value: Value) -> str:
    """Where a snapshot is: beside the scenario, standard input, or a sample."""
    if path == "-":
        return path
    if not is_sample(path):
        beside = os.path.normpath(folder / path)
        return sample_words(beside) if is_sample(value.origin.source.name) else beside
    try:
        return sample_words(sample_place(path))
    except UsageError as error:
        value.fail(str(error))


def _overrides(fields: dict[str, Value]) -> dict[str, str]:
    """Fields and clocks of the profile, as `--set` takes them."""
    entries = fields["set"].entries() if "set" in fields else {}
    chosen = {name: entry.text() for name, entry in entries.items()}
    for name, value in chosen.items():
        try:
            load_profile(overrides={name: value})
        except ProfileError as error:
            entries[name].fail(str(error))
    return chosen


def _matrix(fields: dict[str, Value]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The profiles and the seeds of the replays."""
    axes = fields["matrix"].form(MatrixForm) if "matrix" in fields else {}
    if "matrix" in fields and not axes:
        fields["matrix"].fail("expected profile, seed or both")
    profiles: tuple[str, ...] = ("calico",)
    seeds: tuple[int, ...] = (fields["seed"].integer() if "seed" in fields else 0,)
    if "profile" in fields:
        profiles = (_known(fields["profile"]),)
    if "profile" in axes:
        profiles = tuple(map(_known, _axis(axes["profile"])))
    if "seed" in axes:
        seeds = tuple(item.integer() for item in _axis(axes["seed"]))
    return profiles, seeds


def _axis(value: Value) -> list[Value]:
    """The values of an axis, each once; one alone needs no list."""
    entries = list(value.items()) if isinstance(value.raw, list) else [value]
    told = [entry.raw for entry in entries]
    if not entries or any(told.count(one) > 1 for one in told):
        value.fail("expected at least one, and each once")
    return entries


def _known(value: Value) -> str:
    """The name of a profile that there is."""
    name = value.text()
    try:
        load_profile(name)
    except ProfileError as error:
        value.fail(str(error))
    return name


def _flows(value: Value | None) -> tuple[PinnedFlow, ...]:
    flows = []
    for name, entry in value.entries().items() if value else ():
        fields = entry.form(FlowForm)
        hold = fields["hold"].flag() if "hold" in fields else False
        flows.append(PinnedFlow(name, flow_of(fields), hold, entry.line))
    return tuple(flows)


def _steps(value: Value | None, folder: Path, flows: tuple[PinnedFlow, ...]) -> tuple[Step, ...]:
    questions = {flow.name: flow.flow for flow in flows}
    names = list(questions)
    steps: list[Step] = []
    for at, entry in enumerate(value.items() if value else ()):
        fields = entry.form(StepForm)
        before = [step.id for step in steps]
        id_ = fields["id"].text() if "id" in fields else str(at + 1)
        if id_ in before:
            entry.fail(f"two steps are called {id_}")
        do = do_of(fields["do"], folder, questions) if "do" in fields else ()
        if isinstance(do, tuple):
            names += [action.name for action in do if hasattr(action, "name") and action.name not in names]
        expect = (
            tuple(expectation_of(item, names, before, id_) for item in fields["expect"].items())
            if "expect" in fields
            else ()
        )
        after = fields["after"].duration_ms() if "after" in fields else None
        steps.append(Step(id_, entry.line, after, do, expect))
    return tuple(steps)


def step_named(scenario: Scenario, id_: str) -> Step:
    """A step by its id. Raises ScenarioError with the nearest there is."""
    for step in scenario.steps:
        if step.id == id_:
            return step
    ids = [step.id for step in scenario.steps]
    near = difflib.get_close_matches(id_, ids, n=1)
    hint = f"did you mean {near[0]}?" if near else f"steps: {', '.join(ids)}"
    raise ScenarioError(printable(f"{scenario.file}: there is no step {id_}; {hint}"))
