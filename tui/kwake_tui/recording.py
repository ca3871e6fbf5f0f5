"""Where sessions are kept while they grow: a crash of the console, or of the machine under it, loses no action.

Each console has a folder of its own under `$XDG_STATE_HOME/kwake/sessions`, named by its process id. It holds a lock
on a file in there for as long as it lives; the system lets go of it when the process ends, however it ends. A folder
that nobody has locked was left by a console that crashed. A clean end removes the folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kwake.errors import UsageError
from kwake.sources.write import write_bytes
from kwake.world import World
from kwake_live.cleaning import LeftOut, cleaned
from kwake_tui.journal import Journal, Restored, digests, journal_of, read_journal, restored
from kwake_tui.opened import STDIN, sources_of
from kwake_tui.session import Session
from kwake_tui.unsecret import without_secrets

if sys.platform != "win32":  # where there are no such locks no session is kept, and that is said
    import fcntl

JOURNAL, LOCK, COPY = "session.json", "lock", "snapshot"


def state_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where sessions are kept: `$XDG_STATE_HOME/kwake/sessions`, by default under `~/.local/state`."""
    named = (os.environ if environment is None else environment).get("XDG_STATE_HOME", "")
    if Path(named).is_absolute():
        return Path(named) / "kwake" / "sessions"
    try:
        return Path.home() / ".local" / "state" / "kwake" / "sessions"
    except RuntimeError:  # a user without a home: nothing can be written below this, which is then said
        return Path(os.devnull) / "kwake"


class Recorder:
    """Keeps one session on disk as it grows."""

    def __init__(self, sessions: Path) -> None:
        self.sessions = sessions
        self._folder: Path | None = None
        self._lock = -1
        self._kept: tuple[object, ...] = ()
        self._digests: tuple[World, dict[str, str]] | None = None
        self._failed = False

    @property
    def is_keeping(self) -> bool:
        """Whether something is on disk that could be restored."""
        return self._folder is not None

    @property
    def name(self) -> str:
        """What the session is called, to resume it; empty where none is kept."""
        return "" if self._folder is None else self._folder.name

    def keep(self, session: Session) -> str:
        """Write the session down if anything of it is new. Says once why it cannot; else an empty text."""
        timeline = session.timeline
        state = (timeline, session.flow, session.pins, session.script)
        same = len(self._kept) == len(state) and all(a is b for a, b in zip(self._kept, state, strict=True))
        if self._failed or same or (self._folder is None and len(timeline.entries) == 1):
            return ""
        try:
            self._write(session)
        except (OSError, UsageError) as error:
            self._failed = True
            self.end()
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return f"this session is not kept for the case of a crash: {self.sessions}: {reason}"
        self._kept = state
        return ""

    def adopt(self, found: Kept) -> Restored:
        """Go on with a session that a crash left behind: it is kept where it was.

        Raises UsageError if another console has taken it, and what `restored` raises.
        """
        lock = _locked(found.folder)
        if lock is None:
            raise UsageError(f"{found.name}: another console has it by now")
        try:
            again = restored(found.journal, found.folder / COPY)
        except BaseException:
            os.close(lock)
            raise
        self.end()
        self._folder, self._lock = found.folder, lock
        return again

    def end(self) -> None:
        """The session ended as it should: nothing is left of it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self.let_go()

    def let_go(self) -> None:
        """Leave what was kept to whoever resumes it."""
        if self._lock >= 0:
            os.close(self._lock)
        self._folder, self._lock, self._kept = None, -1, ()

    def _write(self, session: Session) -> None:
        beginning = session.timeline.entries[0].world
        if self._digests is None or self._digests[0] is not beginning:
            self._digests = (beginning, digests(beginning))  # the files of a large dump are not hashed at each action
        data = msgspec.json.encode(journal_of(without_secrets(session), self._digests[1]))
        if self._folder is not None:
            write_bytes(data, self._folder / JOURNAL, overwrite=True)
            return
        self.sessions.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Hidden until it is locked and whole, so that no other console takes it for one that crashed.
        new = Path(tempfile.mkdtemp(prefix=f".{os.getpid()}-", dir=self.sessions))
        try:
            lock = _locked(new)
            if lock is None:
                raise UsageError("no lock can be had")
            copy = _copy_of(beginning, session.opened.snapshot, live=bool(session.opened.live))
            if copy is not None:
                write_bytes(copy, new / COPY)
            write_bytes(data, new / JOURNAL)
            self._folder = new.rename(new.with_name(new.name.removeprefix(".")))
            self._lock = lock
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


class Kept(msgspec.Struct, frozen=True):
    """A session that a console left behind when it crashed."""

    folder: Path
    journal: Journal
    written_s: float
    """When it was last written, seconds since 1970."""

    @property
    def name(self) -> str:
        """What it is called: the process that had it, and a random part."""
        return self.folder.name


class Unreadable(msgspec.Struct, frozen=True):
    """A folder among the sessions that cannot be restored."""

    name: str
    reason: str


def crashed(sessions: Path) -> tuple[list[Kept], list[Unreadable]]:
    """Sessions whose console is no more, the last one first; and those that cannot be read."""
    found: list[Kept] = []
    bad: list[Unreadable] = []
    try:
        folders = sorted(path for path in sessions.iterdir() if not path.name.startswith("."))
    except OSError:  # nothing was ever kept, or nothing may be seen
        return [], []
    for folder in folders:
        lock = _locked(folder)
        if lock is None:
            continue  # it lives, or it is another's
        try:
            journal = read_journal((folder / JOURNAL).read_bytes())
            found.append(Kept(folder, journal, (folder / JOURNAL).stat().st_mtime))
        except FileNotFoundError:
            continue
        except (OSError, UsageError) as error:
            bad.append(Unreadable(folder.name, str(error)))
        finally:
            os.close(lock)
    return sorted(found, key=lambda kept: (-kept.written_s, kept.name)), bad


def discard(sessions: Path, name: str) -> None:
    """Remove a session that a crash left behind. Raises UsageError if there is none, or if its console lives."""
    folder = sessions / name
    if folder.parent != sessions or folder.name != name or name.startswith(".") or not folder.is_dir():
        raise UsageError(f"{name}: no session of this name; kwake sessions lists them")
    lock = _locked(folder)
    if lock is None:
        raise UsageError(f"{name}: its console is still there")
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _locked(folder: Path) -> int | None:
    """The lock of a folder, held; None if another process holds it, or locks cannot be had here."""
    if sys.platform == "win32":
        return None
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _copy_of(beginning: World, snapshot: tuple[str, ...], *, live: bool) -> bytes | None:
    """What the beginning was read from, where that is no file; of a live cluster without its secrets."""
    if STDIN in snapshot:
        source = sources_of(beginning).get(STDIN)
        return source.data if source is not None else b""
    if snapshot:
        return None
    left_out: LeftOut = Counter()
    items = b",".join(
        msgspec.json.encode(cleaned(record.manifest, left_out)) if live else record.document.raw
        for record in beginning.cluster
    )
    return b'{"apiVersion":"v1","kind":"List","items":[' + items + b"]}"
