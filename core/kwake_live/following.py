"""A cluster, followed: its objects as the API server last told of them, and what changed since somebody looked."""

from __future__ import annotations

import threading
import time
from collections import deque

import msgspec

from kwake.objects.key import Key
from kwake.objects.kinds import EndpointSlice, Pod
from kwake.sources.snapshot import Entry, Snapshot
from kwake_live.listing import Listed, Path
from kwake_live.loading import Loaded, snapshot_of
from kwake_live.reading import Reader
from kwake_live.watching import Link, Seen, Watch

REMEMBERED = 20_000
"""Changes of pods and slices whose times are kept, the latest."""


class Moment(msgspec.Struct, frozen=True):
    """What a pod or a slice was from some time on: seconds since the cluster was opened."""

    at_s: float
    type: str
    """`ADDED`, `MODIFIED` or `DELETED`."""
    key: Key
    uid: str
    ready: bool
    is_terminating: bool
    addresses: tuple[str, ...]
    """Of a pod its own, of a slice those of ready endpoints."""
    service: str = ""
    """Whose slice it is."""


def moment_of(at_s: float, kind: str, entry: Entry) -> Moment | None:
    """What is worth remembering of a change; None for other kinds."""
    value = entry.value
    uid = value.metadata.uid
    match value:
        case Pod():
            return Moment(at_s, kind, entry.key, uid, value.is_ready, value.is_terminating, value.ips)
        case EndpointSlice():
            ready = tuple(address for e in value.endpoints if e.ready for address in e.addresses)
            return Moment(at_s, kind, entry.key, uid, True, False, ready, value.service_name)
        case _:
            return None


class Changes(msgspec.Struct, frozen=True):
    """What is otherwise than when somebody last asked."""

    keys: frozenset[Key]
    count: int
    """Changes that were told in all, since the cluster was opened."""


class Follower:
    """Keeps the objects of a cluster up to date. What it holds is changed by the watches' threads, under one lock."""

    def __init__(self, reader: Reader, loaded: Loaded) -> None:
        self._reader = reader
        self._loaded = loaded
        self._lock = threading.Lock()
        self._entries: dict[Key, Entry] = {entry.key: entry for entry in loaded.entries}
        self._changed: set[Key] = set()
        self._count = 0
        self._links: dict[str, Link] = {}
        self._began = time.monotonic()
        self._moments: deque[Moment] = deque(maxlen=REMEMBERED)
        self._latest: dict[Key, Moment] = {}
        self._watches = [
            Watch(reader, path, version, self._take, self._replace, self._note_link)
            for path, version in loaded.positions
            if not (path.namespace and path.readable.kind == "Namespace")
        ]

    @property
    def loaded(self) -> Loaded:
        """What it began with."""
        return self._loaded

    @property
    def now_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def start(self) -> None:
        """Begin to follow every kind that was read."""
        for watch in self._watches:
            watch.start()

    def changes(self) -> Changes:
        """What changed since this was asked before."""
        with self._lock:
            changed = Changes(frozenset(self._changed), self._count)
            self._changed.clear()
            return changed

    @property
    def has_changes(self) -> bool:
        """Whether something changed since `changes` was asked."""
        return bool(self._changed)

    def snapshot(self) -> Snapshot:
        """The cluster as it is now."""
        with self._lock:
            entries = tuple(self._entries.values())
        return snapshot_of(self._loaded, entries)

    @property
    def links(self) -> tuple[Link, ...]:
        """How each kind is followed, by name."""
        with self._lock:
            return tuple(self._links[name] for name in sorted(self._links))

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The latest changes of pods and slices, oldest first."""
        with self._lock:
            return tuple(self._moments)

    def _take(self, path: Path, seen: Seen) -> None:
        entry = seen.entry
        with self._lock:
            self._count += 1
            self._put(entry, gone=seen.type == "DELETED")
            self._remember(seen.type, entry)

    def _put(self, entry: Entry, *, gone: bool) -> None:
        if gone:
            self._entries.pop(entry.key, None)
        else:
            self._entries[entry.key] = entry
        self._changed.add(entry.key)

    def _remember(self, kind: str, entry: Entry) -> None:
        moment = moment_of(self.now_s, kind, entry)
        if moment is None:
            return
        before = self._latest.get(entry.key)
        if before is not None and msgspec.structs.replace(moment, at_s=before.at_s) == before:
            return
        self._moments.append(moment)
        if kind == "DELETED":
            self._latest.pop(entry.key, None)
        else:
            self._latest[entry.key] = moment

    def _replace(self, path: Path, listed: Listed) -> None:
        """All of a kind anew: what is not in the list is gone, what is in it as before has not changed."""
        row = path.readable
        there = {entry.key: entry for entry in listed.entries}
        with self._lock:
            had = [key for key in self._entries if (key.kind, key.group) == (row.kind, row.group)]
            for key in had:
                if key not in there:
                    self._count += 1
                    self._remember("DELETED", self._entries[key])
                    self._put(self._entries[key], gone=True)
            for key, entry in there.items():
                before = self._entries.get(key)
                if before is None or before.document != entry.document:
                    self._count += 1
                    self._put(entry, gone=False)
                    self._remember("ADDED" if before is None else "MODIFIED", entry)

    def _note_link(self, link: Link) -> None:
        with self._lock:
            self._links[link.name] = link
