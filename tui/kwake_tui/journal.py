"""A session as a value that a file can hold, and the session again from that."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from kwake.actions import Action, Apply
from kwake.dataplane.path import Flow
from kwake.errors import KwakeError, UsageError
from kwake.opening import open_world
from kwake.samples import is_sample
from kwake.scenario.load import load
from kwake.scenario.moments import at, moments
from kwake.scenario.stepping import stepped
from kwake.timeline import Entry, Timeline
from kwake.world import World
from kwake_tui.beside import beside
from kwake_tui.opened import STDIN, Opened, sources_of
from kwake_tui.script import Script
from kwake_tui.session import Session, action_title

VERSION = 1


class Node(msgspec.Struct, frozen=True):
    """An entry of the timeline but the beginning."""

    action: Action | None
    """None, as its parent is, for the beginning at a later time."""
    parent: int | None
    now_ms: int
    settled: bool
    """Whether it stands at rest, or waited there; else its world is the one at that time after the action."""


class Stepping(msgspec.Struct, frozen=True):
    """Which scenario, by file and name, and which of its stops."""

    file: str
    name: str
    at: int


class Journal(msgspec.Struct, frozen=True):
    """All that is needed to have a session again, branches that were undone too."""

    version: int
    title: str
    opened: Opened
    """Its paths are absolute."""
    profile: str
    second: str | None
    overrides: dict[str, str]
    seed: int
    sources: dict[str, str]
    """SHA-256 of each file that the beginning was read from, by absolute path; of standard input under `-`."""
    nodes: tuple[Node, ...]
    """The entries of the timeline from 1 on."""
    current: int
    redo_path: tuple[int, ...]
    flow: Flow | None
    pins: tuple[Flow, ...]
    script: Stepping | None = None
    """The scenario that was stepped along."""
    asked: tuple[Flow, ...] = ()
    """Flows that were looked at."""

    @property
    def actions(self) -> int:
        """How many actions it has, undone ones too."""
        return len(self.nodes)

    @property
    def last_action(self) -> str:
        """The one before the moment that was shown, in few cells."""
        return action_title(self.nodes[self.current - 1].action if self.current else None)


class Restored(msgspec.Struct, frozen=True, eq=False):
    """A session that is there again, and what of it does not hold any more."""

    session: Session
    changed: tuple[str, ...]
    """Files that are otherwise than they were, with how."""
    lost: tuple[str, ...]
    """Actions that cannot be done any more, with why."""


def journal_of(session: Session, sources: dict[str, str] | None = None) -> Journal:
    """What a file is to hold of a session; `sources` are the digests of its beginning, if they are known."""
    timeline = session.timeline
    beginning = timeline.entries[0].world
    second, script = session.against.get(0), session.script
    snapshot = tuple(path if path == STDIN else _absolute(path) for path in session.opened.snapshot)
    return Journal(
        version=VERSION,
        title=session.title,
        opened=msgspec.structs.replace(session.opened, snapshot=snapshot),
        profile=beginning.profile.name,
        second=second.profile.name if second is not None else None,
        overrides=beginning.profile.chosen,
        seed=beginning.seed,
        sources=digests(beginning) if sources is None else sources,
        nodes=tuple(_node(entry) for entry in timeline.entries[1:]),
        current=timeline.current,
        redo_path=timeline.redo_path,
        flow=session.flow,
        pins=session.pins,
        asked=session.asked,
        script=None if script is None else Stepping(_absolute(script.scenario.file), script.scenario.name, script.at),
    )


def read_journal(data: bytes) -> Journal:
    """The journal in a file. Raises UsageError."""
    try:
        journal = msgspec.json.decode(data, type=Journal)
    except msgspec.MsgspecError as error:
        raise UsageError(f"not a session of this kwake: {error}") from None
    if journal.version != VERSION:
        raise UsageError(f"of another version of kwake: {journal.version}, expected {VERSION}")
    return journal


def digests(beginning: World) -> dict[str, str]:
    """SHA-256 of each source that a cluster was read from, by absolute path."""
    sources = sources_of(beginning).items()
    return {
        name if name == STDIN else _absolute(name): hashlib.sha256(source.data).hexdigest() for name, source in sources
    }


def changed_files(journal: Journal) -> tuple[str, ...]:
    """The files of its snapshot that are otherwise than they were or gone, by a look at each."""
    return tuple(path for path, digest in journal.sources.items() if path != STDIN and _digest(path) != digest)


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


def restored(journal: Journal, copy: Path) -> Restored:
    """The session again. `copy` holds the snapshot where that was no file.

    Raises what `kwake.open` raises where the snapshot cannot be opened any more.
    """
    opened = journal.opened
    stdin: Callable[[], bytes] | None = copy.read_bytes if STDIN in opened.snapshot else None
    world = open_world(
        list(opened.snapshot or (copy,)),
        journal.profile,
        journal.seed,
        overrides=journal.overrides,
        lenient=opened.lenient,
        layered=opened.layered,
        stdin=stdin,
    )
    timeline, lost = _rebuilt(journal, world.settle())
    against = {}
    if journal.second is not None:
        against = beside(timeline, world.with_profile(journal.second))
    session = Session(
        title=journal.title,
        timeline=timeline,
        against=against,
        flow=journal.flow,
        pins=journal.pins,
        asked=journal.asked,
        opened=opened,
        script=_script(journal, world, timeline),
        worked_out={},
    )
    changed = tuple(_changes(journal.sources, digests(world))) if opened.snapshot else ()
    return Restored(session, changed, lost)


def _script(journal: Journal, world: World, timeline: Timeline) -> Script | None:
    """The scenario again; none where it is gone or is another one by now: its actions are kept all the same."""
    if journal.script is None:
        return None
    try:
        scenario = next(one for one in load(journal.script.file) if one.name == journal.script.name)
        steps = stepped(scenario, world)
    except (KwakeError, StopIteration):
        return None
    its = [_plain(entry.action) for entry in steps.timeline.entries]
    if [entry.action for entry in timeline.entries[: len(its)]] != its:
        return None
    return Script(scenario, steps.stops).go_to(journal.script.at)


def _absolute(path: str) -> str:
    return path if is_sample(path) else os.path.abspath(path)  # noqa: PTH100  # Path.resolve would follow links


def _node(entry: Entry) -> Node:
    return Node(_plain(entry.action), entry.parent, entry.world.now_ms, entry.world.is_settled)


def _plain(action: Action | None) -> Action | None:
    """An action without the file that its manifest was read from: that is not kept."""
    return Apply(action.manifest) if isinstance(action, Apply) else action


def _rebuilt(journal: Journal, beginning: World) -> tuple[Timeline, tuple[str, ...]]:
    """The timeline again. An action that cannot be done any more is left out, and so is what follows on it."""
    entries = [Entry(None, beginning, None)]
    numbers: dict[int, int] = {0: 0}
    lost: list[str] = []
    for number, node in enumerate(journal.nodes, 1):
        after, parent = beginning, None
        if node.action is not None and node.parent is not None:
            parent = numbers.get(node.parent)
            if parent is None:
                lost.append(f"{action_title(node.action)}: follows on one that is left out")
                continue
            try:
                after = entries[parent].world.do(node.action)
            except KwakeError as error:
                lost.append(f"{action_title(node.action)}: {error}")
                continue
        seen = tuple(moments(after))
        world = at(seen, max(node.now_ms, seen[-1].now_ms) if node.settled else node.now_ms)
        entries.append(Entry(node.action, world, parent))
        numbers[number] = len(entries) - 1
    current = journal.current
    while current not in numbers:
        current = journal.nodes[current - 1].parent or 0
    ahead = tuple(numbers[number] for number in journal.redo_path if number in numbers)
    whole = len(ahead) == len(journal.redo_path) and current == journal.current
    return Timeline(tuple(entries), numbers[current], ahead if whole else ()), tuple(lost)


def _changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    words = [f"{name} was changed" for name, digest in before.items() if name in now and now[name] != digest]
    words += [f"{name} is gone" for name in before if name not in now]
    return words + [f"{name} is new" for name in now if name not in before]
