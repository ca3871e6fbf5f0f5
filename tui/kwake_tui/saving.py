"""What the user worked out leaves as files: a scenario, manifests; or as text, kubectl commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from kwake.cluster import Cluster, Record
from kwake.errors import UsageError
from kwake.objects.document import Manifest, document
from kwake.objects.printable import printable
from kwake.scenario.kubectl import kubectl_lines
from kwake.scenario.write import Recording, flow_names, scenario_text, turns
from kwake.sources.files import SUFFIXES
from kwake.sources.write import write_bytes
from kwake.sources.yaml_writer import to_yaml
from kwake_live.cleaning import holds_secrets
from kwake_tui.desk import Desk
from kwake_tui.opened import STDIN, sources_of
from kwake_tui.scenario_files import named_from, path_of
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.screens.kubectl import KubectlScreen
from kwake_tui.session import Session, action_title
from kwake_tui.unsecret import clean_record, without_secrets
from kwake_tui.yaml_text import editable, read_manifest

_NAMED = 3
"""Actions that the name of a scenario names; of more it says how many."""


def save(desk: Desk, words: list[str]) -> None:
    """`:save FILE`: the way from the beginning to here as a scenario. Raises UsageError."""
    target = path_of(words)
    if target.suffix not in SUFFIXES[:2]:
        raise UsageError(f"{target}: a scenario is YAML; write save {target if target.name else 'FILE'}.yaml")
    session = desk.session
    files = scenario_files(session, target)
    count = len(session.timeline.path) - 1
    others = "".join(f" and {path.name}" for path in files if path != target)
    undone = len(session.timeline.redo_path)
    left = f", {_counted(undone, 'undone action')} left out" if undone else ""
    said = f"saved {_counted(count, 'action')} in {target}{others}{left}; kwake opens it, kwake replay runs it"
    held = session.saved.union(session.timeline.path)

    def saved() -> None:
        desk.show(msgspec.structs.replace(desk.session, saved=held))

    _write_asking(desk, files, said, saved)


def export(desk: Desk, words: list[str]) -> None:
    """`:export FILE|FOLDER [changed]`: the present cluster, or what of it was changed, as manifests.

    Of a live cluster the whole is written as a capture has it. An object that was changed is there to be applied, and
    would take away there what is left out here: one with secrets is not written.
    """
    only = words[-1] == "changed" and len(words) > 1
    target = path_of(words[:-1] if only else words)
    session = desk.session
    here = session.world.cluster
    objects = changed(session.timeline.entries[0].world.cluster, here) if only else tuple(_kept(here))
    secret = [record for record in objects if only and session.opened.live and holds_secrets(record.manifest)]
    objects = tuple(record for record in objects if record not in secret)
    if session.opened.live and not only:
        objects = tuple(map(clean_record, objects))
    left = f"; {_told(secret)} left out: with values that may be secret, :kubectl has the others" if secret else ""
    if secret and not objects:
        raise UsageError(f"nothing is written: {_told(secret)} would carry values that may be secret")
    if not objects:
        raise UsageError("nothing was changed yet: there is nothing to export" if only else "the cluster is empty")
    if target.suffix in SUFFIXES[:2]:
        files = {target: manifests_text(objects).encode()}
    elif target.suffix:
        raise UsageError(f"{target}: manifests are written as YAML; write FILE.yaml, or a folder")
    else:
        files = _by_namespace(target, objects)
    _write_asking(desk, files, f"{_counted(len(objects), 'object')} in {target}{left}")


def kubectl(desk: Desk, words: list[str]) -> None:
    """`:kubectl [FILE]`: the commands that would make the same changes, to read or in a file."""
    secret = holds_secrets if desk.session.opened.live else _is_known
    lines = kubectl_lines(desk.session.timeline, secret)
    if not lines:
        raise UsageError("nothing was done yet: there is nothing that kubectl would do")
    if words:
        target = path_of(words)
        _write_asking(desk, {target: "".join(f"{line}\n" for line in lines).encode()}, f"commands in {target}")
        return
    desk.open(KubectlScreen(lines))


def scenario_files(session: Session, target: Path) -> dict[Path, bytes]:
    """The scenario, and beside it a copy of what it begins with where that is no file: by path."""
    snapshot: list[str] = []
    copies: dict[Path, bytes] = {}
    beginning = session.timeline.entries[0].world
    for path in session.opened.snapshot or ("",):
        if path and path != STDIN:
            snapshot.append(path)
            continue
        source = sources_of(beginning).get(STDIN) if path else None
        suffix = ".json" if source is not None and source.format == "json" else ".yaml"
        copy = target.with_name(f"{target.stem}.snapshot{suffix}")
        text = snapshot_text(session).encode() if source is None else source.data
        copies[copy] = text
        snapshot.append(str(copy))
    turned = tuple(flow for flow in session.asked if flow not in session.pins and turns(session.timeline, flow))
    # Where nothing else is there to be expected, at least what is shown.
    shown = (session.flow,) if session.flow is not None and not session.pins and not turned else ()
    flows = flow_names((*session.pins, *turned, *shown), tuple(session.world.connections))
    named = tuple(named_from(path, target.parent) for path in snapshot)
    kept = without_secrets(session).timeline
    turning = frozenset(name for name, flow in flows.items() if flow in turned)
    recording = Recording(_name(session), kept, named, flows, session.opened.lenient, turning)
    return {**copies, target: scenario_text(recording).encode()}


def changed(before: Cluster, after: Cluster) -> tuple[Record, ...]:
    """The objects that are new or otherwise than before and that no controller made, as a user would write them."""
    found = []
    for record in _kept(after):
        old = before.find(record.key)
        text = editable(record.manifest)
        if record.value.controller is None and (old is None or editable(old.manifest) != text):
            found.append(Record(document(read_manifest(text)), record.value))
    return tuple(found)


def snapshot_text(session: Session) -> str:
    """The beginning of a session as manifests; of a live cluster without its secrets, as a capture has it."""
    kept = tuple(_kept(session.timeline.entries[0].world.cluster))
    if not session.opened.live:
        return manifests_text(kept)
    return manifests_text(map(clean_record, kept))


def manifests_text(records: Iterable[Record]) -> str:
    """Objects as one YAML file."""
    return "---\n".join(to_yaml(record.manifest) for record in records)


def _kept(cluster: Cluster) -> Iterable[Record]:
    """All but what was only inferred: it would be inferred again."""
    return (record for record in cluster if not record.made.startswith("inferred"))


def _by_namespace(folder: Path, records: Iterable[Record]) -> dict[Path, bytes]:
    """A file for each namespace, and one for what has none. Raises UsageError for a folder that holds others."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.key.namespace, []).append(record)
    names = {namespace: f"{namespace or 'cluster-scoped'}.yaml" for namespace in groups}
    files = {folder / names[namespace]: manifests_text(group).encode() for namespace, group in groups.items()}
    try:
        others = [path.name for path in folder.iterdir() if path not in files] if folder.is_dir() else []
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{printable(str(folder))}: {error.strerror}") from None
    if others:
        raise UsageError(f"{printable(str(folder))}: holds {printable(min(others))} already; name an empty folder")
    return files


def _write_asking(desk: Desk, files: Mapping[Path, bytes], said: str, then: Callable[[], None] | None = None) -> None:
    """Write files, after a question where one is there already; `then` they are written."""
    there = [path for path in files if os.path.lexists(path)]

    def write(overwrite: bool) -> None:
        for path, data in files.items():
            write_bytes(data, path, overwrite=overwrite)
        if then is not None:
            then()
        desk.say(printable(said), "ok")

    def answered(yes: bool | None) -> None:
        if not yes:
            return
        try:
            write(True)
        except UsageError as error:
            desk.say(str(error), "bad")

    if there:
        names = " and ".join(printable(path.name) for path in there[:_NAMED])
        desk.open(ConfirmScreen("Overwrite", names, f"in {printable(str(there[0].parent.absolute()))}"), answered)
    else:
        write(False)


def _name(session: Session) -> str:
    """What a scenario is called: the cluster and the actions."""
    titles = [action_title(session.timeline.entries[number].action) for number in session.timeline.path[1:]]
    more = f" and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
    return f"{session.title}: {', '.join(titles[:_NAMED]) or 'as it was loaded'}{more}"


def _told(records: list[Record]) -> str:
    names = [str(record.key) for record in records]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _is_known(_: Manifest) -> bool:
    """Of a snapshot of the user's own files nothing is secret to the user."""
    return False


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")
