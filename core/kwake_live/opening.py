"""A live cluster to a settled world, as `kwake.open` gives one of files."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping

from kwake.cluster import Cluster, Record
from kwake.control.told_profile import profile_of, told_profile
from kwake.opening import world_from
from kwake.profiles import load_profile
from kwake.profiles.load import DEFAULT_BUNDLE
from kwake.profiles.profile import Profile
from kwake.sources import Snapshot
from kwake.world import World
from kwake_live.access import Access, current_context
from kwake_live.loading import Loaded, Progress, Tell, load
from kwake_live.reading import Reader, Say

NARRATE_S = 5.0
"""How long reading may be silent."""


def open_live(
    context: str = "",
    namespace: str = "",
    profile: str = "",
    seed: int = 0,
    *,
    overrides: Mapping[str, str] | None = None,
    say: Say | None = None,
    cancel: threading.Event | None = None,
) -> World:
    """A settled world of a cluster that a kubeconfig names: of its current context where none is named.

    Without a profile it is the one that the cluster's own objects tell of, else calico's, assumed. With `namespace`
    only that one is read, and what hangs on others is unknown. `say` is told of waits and tries. Raises ContextError,
    PluginError, Unreachable, Unauthorized, Refused; see `kwake.open` for the rest.
    """
    chosen = load_profile(profile, overrides or {}) if profile else None
    with contextlib.closing(connect(context)) as access:
        loaded = read_cluster(access, namespace, say or _silent, cancel=cancel)
    return world_of(loaded.snapshot, chosen or profile_told(loaded, overrides or {}, say or _silent), seed)


def connect(context: str = "", *, interactive: bool = False) -> Access:
    """Credentials and a connection pool for a context. Raises ContextError, PluginError.

    With `interactive` an exec plugin may ask at the terminal.
    """
    return Access(context or current_context(), interactive=interactive)


def read_cluster(
    access: Access, namespace: str, say: Say, tell: Tell | None = None, cancel: threading.Event | None = None
) -> Loaded:
    """Everything that kwake reads of a cluster; `say` hears every few seconds how far that is."""
    reader = Reader(access, say, cancel)
    narrator = _Narrator(access.context, say)

    def told(progress: Progress) -> None:
        narrator.take(progress)
        if tell is not None:
            tell(progress)

    with narrator:
        return load(reader, namespace, told)


def world_of(snapshot: Snapshot, profile: Profile, seed: int) -> World:
    """The world of a cluster that was read. What its API server took, is taken, or listed and unknown."""
    return world_from(snapshot, profile, seed, lenient=True)


def profile_told(loaded: Loaded, overrides: Mapping[str, str], say: Say) -> Profile:
    """The profile that the cluster's objects tell of, with what the user sets; else the default one, which is said.

    Raises ProfileError.
    """
    told = told_profile(Cluster({entry.key: Record(entry.document, entry.value) for entry in loaded.entries}))
    if told is None:
        say(f"{loaded.context}: which CNI runs is not read off one DaemonSet, so profile {DEFAULT_BUNDLE} is assumed")
        return load_profile(DEFAULT_BUNDLE, overrides)
    say(f"{loaded.context}: profile {told.words}")
    return profile_of(told, overrides)


def _silent(_: str) -> None:
    return


class _Narrator:
    """Says every few seconds how far the reading is."""

    def __init__(self, context: str, say: Callable[[str], None]) -> None:
        self._context = context
        self._say = say
        self._kinds: dict[str, Progress] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kwake-narrator", daemon=True)

    def take(self, progress: Progress) -> None:
        """Note how far a kind is."""
        self._kinds[progress.name] = progress

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._end.wait(NARRATE_S):
            self._say(f"{self._context}: {self._told()}; {time.monotonic() - began:.0f} s")

    def _told(self) -> str:
        kinds = list(self._kinds.values())
        if not kinds:
            return "waiting for the API server's first answer"
        reading = [f"{k.name} {k.read}{f' of {k.of}' if k.of else ''}" for k in kinds if k.state == "reading"]
        done = sum(k.state not in ("waiting", "reading") for k in kinds)
        return f"{done} of {len(kinds)} kinds read{', reading ' if reading else ''}{', '.join(reading)}"
