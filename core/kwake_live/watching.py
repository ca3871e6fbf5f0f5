"""One kind, followed: from the list's resourceVersion on, through bookmarks, time-outs, broken connections and 410."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
import urllib3

from kwake.objects.finding import Problem
from kwake.sources.snapshot import Entry
from kwake_live.errors import Cancelled, LiveError, Refused, Unauthorized
from kwake_live.listing import Listed, Path, list_all, take
from kwake_live.reading import CONNECT_S, Passing, Reader

TIMEOUT_S = 280
"""After this the server ends a watch, and another goes on where it ended."""

QUIET_S = 100.0
"""A watch that brings nothing for this long, no bookmark either (one a minute), is dead: another one goes on."""

BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses between tries to reconnect."""


class Seen(msgspec.Struct, frozen=True):
    """A change that the API server told of."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    entry: Entry


class Link(msgspec.Struct, frozen=True):
    """How a kind is followed right now."""

    name: str
    state: Literal["following", "reconnecting", "forbidden"]
    reason: str = ""


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class _Object(msgspec.Struct, rename="camel"):
    metadata: _Meta = _Meta()
    code: int = 0
    message: str = ""


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class Watch:
    """Follows one kind in a thread of its own until the reader is cancelled."""

    def __init__(
        self,
        reader: Reader,
        path: Path,
        resource_version: str,
        seen: Callable[[Path, Seen], None],
        relisted: Callable[[Path, Listed], None],
        linked: Callable[[Link], None],
    ) -> None:
        self._reader = reader
        self._path = path
        self._version = resource_version
        self._seen = seen
        self._relisted = relisted
        self._linked = linked
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"kwake-watch-{path.readable.name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(Cancelled):
            while True:
                self._reader.check()
                generation = self._reader.access.generation
                try:
                    self._follow()
                except Passing as passing:
                    self._again(passing.error)
                except Unauthorized as error:
                    self._renew(generation, error)
                except Refused as refused:
                    self._refused(refused)
                except LiveError as error:
                    self._again(error)

    def _follow(self) -> None:
        """One connection, until the server ends it. Raises what a read raises."""
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(TIMEOUT_S)}
        path = self._path.query(resourceVersion=self._version, **query)
        name = self._path.readable.name
        timeout = urllib3.Timeout(connect=CONNECT_S, read=QUIET_S)
        try:
            answer = self._reader.access.get(path, timeout=timeout, stream=True)
            try:
                if answer.status != 200:
                    answer.read(cache_content=True)
                    self._reader.accepted(answer, name)
                self._linked(Link(name, "following"))
                for line in _lines(answer):
                    self._take(line)
                    self._failures = 0
                    self._reader.check()
            finally:
                answer.close()
        except urllib3.exceptions.ReadTimeoutError:
            return  # nothing lost: the next watch goes on from the last bookmark
        except urllib3.exceptions.HTTPError as error:
            raise self._reader.told(error, name) from None

    def _take(self, data: bytes) -> None:
        try:
            line = msgspec.json.decode(data, type=_Line)
            head = msgspec.json.decode(line.object, type=_Object)
        except (msgspec.DecodeError, RecursionError):
            raise Passing(LiveError(f"{self._path.readable.name}: half a line of a watch")) from None
        if line.type == "ERROR":
            raise Refused(self._path.readable.name, head.code, head.message)
        if line.type in ("ADDED", "MODIFIED", "DELETED"):
            taken = take(line.object, self._path)
            if not isinstance(taken, Problem):
                self._seen(self._path, Seen(line.type, taken))  # type: ignore[arg-type]  # one of the three
        self._version = head.metadata.resource_version or self._version

    def _refused(self, refused: Refused) -> None:
        name = self._path.readable.name
        if refused.is_gone:
            self._linked(Link(name, "reconnecting", "the past is forgotten (410): listed anew"))
            self._relist()
        elif refused.is_forbidden:
            self._linked(Link(name, "forbidden", refused.reason))
            self._reader.pause(BACK_OFF_S[-1])
        else:
            self._again(refused)

    def _relist(self) -> None:
        listed = list_all(self._reader, self._path, lambda count, of, page: None)
        self._version = listed.resource_version
        self._relisted(self._path, listed)

    def _renew(self, generation: int, error: Unauthorized) -> None:
        """A token that expired is read again; one that stays refused is tried again later."""
        self._linked(Link(self._path.readable.name, "reconnecting", "401: the credentials are read again"))
        self._reader.access.renew(generation)
        self._failures += 1
        if self._failures > 1:
            self._again(error)

    def _again(self, error: LiveError) -> None:
        wait = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        self._linked(Link(self._path.readable.name, "reconnecting", f"{error}; again in {wait:g} s"))
        self._reader.pause(wait)


def _lines(answer: Any) -> Iterator[bytes]:
    """Whole lines as they come. Half a line at the end is lost with its connection: it comes again with the next."""
    rest = b""
    for chunk in answer.stream(None):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)
