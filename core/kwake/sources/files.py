"""What the user names, as bytes: files, folders to the bottom, standard input."""

from __future__ import annotations

import os
import re
import select
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from kwake.errors import InvalidSnapshot, SnapshotUnreadable
from kwake.objects.document import Source
from kwake.objects.printable import printable
from kwake.samples import is_sample, sample_place, sample_words
from kwake.sources import kustomize
from kwake.sources.json_reader import is_json
from kwake.sources.kustomize import patches_of

SUFFIXES = (".yaml", ".yml", ".json")
"""Files that are read in a folder. A file that is named is read whatever its name."""

MAX_YAML_BYTES = 64 << 20
"""About 16,000 pods; JSON is read twenty times faster."""

MAX_JSON_BYTES = 1 << 30

WRITER_MS = 3000
"""How long a named pipe may wait for whoever fills it."""

_LOOK_MS = 50

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Stdin = Callable[[], bytes]


class Named(msgspec.Struct, frozen=True):
    """A source, and whether the user named it himself (else it was found in a folder that he named)."""

    source: Source
    directly: bool
    patch_of: str = ""
    """The kustomization that uses it as a patch, if one does."""


def sources_of(where: str | Path, stdin: Stdin) -> Iterator[Named]:
    """The sources that one word of the user means. Raises SnapshotUnreadable, InvalidSnapshot."""
    if str(where) == "-":
        yield Named(_source("-", stdin()), True)
        return
    if not str(where):
        raise SnapshotUnreadable("an empty name is no file, and the folder that one stands in is called .")
    shown: Callable[[str | Path], str] = sample_words if is_sample(str(where)) else str
    path = _place(where)
    if os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where a name is too long
        files = tuple(_files_below(path))
        patches = patches_of((file, _bytes(file)) for file in files if file.name in kustomize.NAMES)
        for file in files:
            patch_of = patches.get(os.path.normpath(file), "")
            yield Named(_source(shown(file), _bytes(file)), False, patch_of)
        return
    yield Named(_source(shown(path) if is_sample(str(where)) else str(where), _bytes(path)), True)


def _place(where: str | Path) -> Path:
    """Where a user's word is: a sample by its name, or a path."""
    return sample_place(str(where)) if is_sample(str(where)) else Path(where)


def files_of(where: str | Path) -> tuple[tuple[str, bool], ...]:
    """The files that one word of the user means, by names that `sources_of` takes, each with whether he named it
    himself. Raises SnapshotUnreadable, UsageError."""
    place = _place(where)
    if str(where) == "-" or not os.path.isdir(place):  # noqa: PTH112  # Path.is_dir raises where a name is too long
        return ((str(where), True),)
    shown: Callable[[str | Path], str] = sample_words if is_sample(str(where)) else str
    return tuple((shown(file), False) for file in _files_below(place))


def _files_below(folder: Path) -> Iterator[Path]:
    """Files to read in a folder and below, in order of their names; hidden ones and links to folders left out."""

    def refuse(error: OSError) -> None:
        raise SnapshotUnreadable(printable(f"{error.filename}: {error.strerror}")) from None

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(parent, name)
            if not name.startswith(".") and file.suffix in SUFFIXES:
                yield file  # a broken link too: reading it says so, for it may have been a policy


def _bytes(path: Path) -> bytes:
    """The file's bytes, but no more than any limit allows."""
    shown = printable(str(path))
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISFIFO(mode):
                return _piped(file.fileno(), shown) + file.read(MAX_JSON_BYTES + 1)
            if not stat.S_ISREG(mode):
                raise SnapshotUnreadable(f"{shown}: neither a file nor a folder")
            return file.read(MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise SnapshotUnreadable(f"{shown}: there is no such file or folder") from None
    except OSError as error:
        raise SnapshotUnreadable(f"{shown}: {error.strerror}") from None
    except ValueError as error:  # a NUL byte in the name
        raise SnapshotUnreadable(f"{shown}: {error}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe although nobody may ever write to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _piped(pipe: int, shown: str) -> bytes:
    """The first bytes of a pipe, once somebody writes to it; the pipe then waits for the others, as a pipe does."""
    hangup = select.poll()
    hangup.register(pipe, select.POLLIN)
    for _ in range(WRITER_MS // _LOOK_MS):
        try:
            first = os.read(pipe, 1 << 16)
        except BlockingIOError:  # a writer is there and has not written yet
            first = None
        if first != b"":
            os.set_blocking(pipe, True)
            return first or b""
        if any(event & select.POLLHUP for _, event in hangup.poll(_LOOK_MS)):
            return b""  # a writer has come and gone
    raise SnapshotUnreadable(f"{shown}: a pipe that nothing writes to")


def _source(name: str, data: bytes) -> Source:
    """The bytes as a source, once they are known to be text that can be read."""
    shown = printable(name)
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SnapshotUnreadable(f"{shown}: the text is UTF-16; save it as UTF-8")
    format_ = "json" if is_json(data) else "yaml"
    limit = MAX_JSON_BYTES if format_ == "json" else MAX_YAML_BYTES
    if len(data) > limit:
        hint = "" if format_ == "json" else "; take JSON (kubectl get -o json), which is read much faster"
        raise SnapshotUnreadable(f"{shown}: more than {limit >> 20} MiB of {format_.upper()}{hint}")
    try:
        if not data.isascii():
            data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SnapshotUnreadable(f"{shown}:{line}: not UTF-8 (byte {data[error.start]:#04x})") from None
    control = _CONTROL.search(data) if format_ == "yaml" or b"\0" in data else None  # a JSON text cannot hold others
    if control is not None:
        line = data.count(b"\n", 0, control.start()) + 1
        what = "a NUL byte" if control[0] == b"\0" else f"the control character \\x{control[0][0]:02x}"
        raise InvalidSnapshot((f"{shown}:{line}: {what} in the text",))
    return Source(name, data, format_)
