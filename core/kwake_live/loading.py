"""All kinds of a cluster, several at once: what was read, what may not be, and from where to go on watching."""

from __future__ import annotations

import gc
import queue
import threading
from collections.abc import Callable
from typing import Literal

import msgspec

from kwake.errors import KwakeError
from kwake.objects.decode import DecodeError, decode
from kwake.objects.document import document
from kwake.objects.finding import Finding, Problem
from kwake.objects.unread_kind import UnreadKind, marker
from kwake.sources.snapshot import Entry, Snapshot
from kwake_live.discovery import discover
from kwake_live.errors import LiveError, Refused
from kwake_live.kinds import CONFIG_MAPS, Readable
from kwake_live.listing import Listed, Path, list_all, manifest_of
from kwake_live.reading import Reader

AT_ONCE = 4
"""Lists that run side by side."""

State = Literal["waiting", "reading", "done", "forbidden", "absent"]

CONFIG_MAP = Readable("ConfigMap", "", "configmaps", ("v1",), decides="how kube-proxy and the CNI are set up")
"""Read one by one, by name."""


class Progress(msgspec.Struct, frozen=True):
    """How far a kind is."""

    name: str
    state: State
    read: int = 0
    of: int | None = None
    """How many there are, if the server says."""
    page: tuple[Entry, ...] = ()
    """What was read just now."""


Tell = Callable[[Progress], None]


class Loaded(msgspec.Struct, frozen=True):
    """A cluster as it was read."""

    context: str
    namespace: str
    version: str
    entries: tuple[Entry, ...]
    positions: tuple[tuple[Path, str], ...]
    """Each kind that can be watched, and from which resourceVersion."""
    unread: tuple[UnreadKind, ...]
    problems: tuple[Problem, ...]
    is_checked: bool = True

    @property
    def snapshot(self) -> Snapshot:
        """As the model takes it: what is missing is said in it."""
        return snapshot_of(self, self.entries)


def snapshot_of(loaded: Loaded, entries: tuple[Entry, ...]) -> Snapshot:
    """The snapshot of a cluster whose objects are these by now."""
    findings = []
    if not loaded.is_checked:
        text = "insecure-skip-tls-verify: nobody checks that this is the API server"
        findings.append(Finding("warning", f"context {loaded.context}", text))
    if loaded.unread:
        home = loaded.namespace or "kube-system"
        doc = document(marker(loaded.unread, home))
        entries = (*entries, Entry(doc, decode(doc)))
    return Snapshot(entries, tuple(findings), (), loaded.problems)


def load(reader: Reader, namespace: str, tell: Tell) -> Loaded:
    """Read a cluster, or what is in one namespace of it.

    Kinds that may not be read are listed in `unread`. Raises Unreachable, Unauthorized, Refused and the like where the
    cluster cannot be read at all, or half: nothing is left out in silence.
    """
    found = discover(reader, namespace)
    for path in found.paths:
        tell(Progress(path.readable.name, "waiting"))
    with _garbage_collector_off():
        results = _each(reader, found.paths, tell)
        config_maps, refused = _config_maps(reader, namespace, tell)
    entries: list[Entry] = []
    unread: list[UnreadKind] = []
    positions: list[tuple[Path, str]] = []
    problems: list[Problem] = []
    for path, result in zip(found.paths, results, strict=True):
        if isinstance(result, Listed):
            entries += result.entries
            problems += result.problems
            if result.resource_version:
                positions.append((path, result.resource_version))
            if (namespace and path.readable.namespaced) or (namespace and path.readable.kind == "Namespace"):
                unread.append(_missing(path.readable, "the console looks at this namespace alone", (namespace,)))
        elif result.is_forbidden or path.readable.is_core or not result.is_absent:
            unread.append(_missing(path.readable, result.reason))
    if not entries:
        first = next((result for result in results if isinstance(result, Refused)), None)
        hint = "" if namespace else "; with rights in one namespace alone, name it: -n NAMESPACE"
        why = first.reason if first is not None else "there is nothing"
        raise LiveError(f"{reader.access.context}: nothing can be read here: {why}{hint}")
    if refused is not None:
        unread.append(_missing(CONFIG_MAP, refused.reason))
    return Loaded(
        reader.access.context, namespace, found.version, (*entries, *config_maps), tuple(positions), tuple(unread),
        tuple(problems), reader.access.is_checked,
    )  # fmt: skip


def _missing(row: Readable, reason: str, read_in: tuple[str, ...] = ()) -> UnreadKind:
    return UnreadKind(row.kind, row.group, read_in, reason, row.decides, row.is_policy)


def _each(reader: Reader, paths: tuple[Path, ...], tell: Tell) -> list[Listed | Refused]:
    """The lists of all kinds, in their order, several at once. The first failure ends all."""
    work: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Listed | KwakeError | None]] = queue.SimpleQueue()
    for at in range(len(paths)):
        work.put(at)
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                at = work.get_nowait()
            except queue.Empty:
                return
            result: Listed | KwakeError | None = None
            try:
                result = _one(reader, paths[at], tell)
            except KwakeError as error:  # carried to the thread that waits, and raised there
                result = error
            finally:
                done.put((at, result))  # None: a fault of ours, whose traceback this thread prints

    for number in range(min(AT_ONCE, len(paths))):
        threading.Thread(target=run, name=f"kwake-list-{number}", daemon=True).start()
    results: dict[int, Listed | Refused] = {}
    while len(results) < len(paths):
        try:
            at, result = done.get(timeout=0.1)
        except queue.Empty:
            reader.check()
            continue
        if isinstance(result, Listed) or (isinstance(result, Refused) and is_answer(result)):
            results[at] = result
            continue
        stop.set()
        raise result or AssertionError(f"the list of {paths[at].readable.name} ended without a result")
    return [results[at] for at in range(len(paths))]


def is_answer(refused: Refused) -> bool:
    """Whether a refusal says something of the kind: that it may not be read, or is not there."""
    return refused.is_forbidden or refused.is_absent


def _one(reader: Reader, path: Path, tell: Tell) -> Listed | Refused:
    """A kind; what the API server does not let us read is an answer, too."""
    name = path.readable.name

    def progress(count: int, of: int | None, page: tuple[Entry, ...]) -> None:
        tell(Progress(name, "reading", count, of, page))

    tell(Progress(name, "reading"))
    try:
        if path.namespace and path.readable.kind == "Namespace":
            listed = _one_namespace(reader, path)
        else:
            listed = list_all(reader, path, progress)
    except Refused as refused:
        if not is_answer(refused):
            raise
        tell(Progress(name, "forbidden" if refused.is_forbidden else "absent"))
        return refused
    tell(Progress(name, "done", len(listed.entries), len(listed.entries)))
    return listed


def _one_namespace(reader: Reader, path: Path) -> Listed:
    """The Namespace alone: rights in it let one get it, not list all."""
    data = reader.get(f"{path.url}/{path.namespace}", path.readable.name)
    return Listed((_entry(data, path),), "")


def _entry(data: bytes, path: Path) -> Entry:
    doc = document(manifest_of(msgspec.json.decode(data), path))
    return Entry(doc, decode(doc))


def _config_maps(reader: Reader, namespace: str, tell: Tell) -> tuple[list[Entry], Refused | None]:
    """Those that say how kube-proxy and the CNI are set up, and why others of them may not be read."""
    path = Path(CONFIG_MAP, "v1")
    entries: list[Entry] = []
    forbidden: Refused | None = None
    tell(Progress(CONFIG_MAP.name, "reading"))
    for home, name in CONFIG_MAPS:
        if namespace and home != namespace:
            continue
        try:
            data = reader.get(f"/api/v1/namespaces/{home}/configmaps/{name}", f"configmap {home}/{name}")
            entries.append(_entry(data, path))
        except Refused as refused:
            if refused.is_forbidden:
                forbidden = refused
            elif not refused.is_absent:
                raise
        except (DecodeError, msgspec.DecodeError):
            continue  # nothing that kwake must know hangs on it
    state: State = "forbidden" if forbidden and not entries else "done"
    tell(Progress(CONFIG_MAP.name, state, len(entries), len(entries)))
    return entries, forbidden


class _garbage_collector_off:
    """What is read is kept or freed at once, so looking for cycles only costs."""

    def __enter__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was_on:
            gc.enable()
