"""A kind from its pages: raw JSON to the same documents and typed values as a file gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from kwake.objects.decode import DecodeError, decode
from kwake.objects.document import Manifest, document
from kwake.objects.finding import Problem
from kwake.sources.snapshot import Entry
from kwake_live.errors import Refused
from kwake_live.kinds import Readable
from kwake_live.reading import Reader

LIMIT = 500
"""Objects a page, as kubectl asks for."""

RESTARTS = 3
"""How often a list is begun again whose next page has expired (410) before its end."""


class Listed(msgspec.Struct, frozen=True):
    """All objects of a kind, as they were at one moment."""

    entries: tuple[Entry, ...]
    resource_version: str
    """From where a watch goes on."""
    problems: tuple[Problem, ...] = ()
    """Objects that cannot be decoded."""


class Path(msgspec.Struct, frozen=True):
    """Where a kind is listed: its version, in one namespace or all."""

    readable: Readable
    version: str
    namespace: str = ""
    field: str = ""
    """A fieldSelector: one object by its name."""

    @property
    def api_version(self) -> str:
        """`apps/v1`, of the core group `v1`."""
        return f"{self.readable.group}/{self.version}" if self.readable.group else self.version

    @property
    def url(self) -> str:
        """The path of the list."""
        root = f"/apis/{self.api_version}" if self.readable.group else f"/api/{self.version}"
        home = f"/namespaces/{quote(self.namespace)}" if self.namespace and self.readable.namespaced else ""
        return f"{root}{home}/{self.readable.resource}"

    def query(self, **parameters: str) -> str:
        """The list's address with these parameters."""
        given = {"fieldSelector": self.field, **parameters}
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)
        return f"{self.url}?{pairs}" if pairs else self.url


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class _Page(msgspec.Struct, rename="camel"):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


Progress = Callable[[int, int | None, tuple[Entry, ...]], None]
"""Told how many objects were read, how many there are, if the server says, and those of the last page."""


def list_all(reader: Reader, path: Path, progress: Progress) -> Listed:
    """Every page of a kind. Raises what `Reader.get` raises; a list that expires half way is begun again."""
    for last in range(RESTARTS - 1, -1, -1):
        try:
            return _pages(reader, path, progress)
        except Refused as refused:
            if not refused.is_gone or not last:
                raise
    raise AssertionError("the last try returns or raises")


def _pages(reader: Reader, path: Path, progress: Progress) -> Listed:
    entries: list[Entry] = []
    problems: list[Problem] = []
    token, version = "", ""
    while True:
        data = reader.get(path.query(limit=str(LIMIT), **{"continue": token}), path.readable.name)
        page, before = _decoded(data, path), len(entries)
        for raw in page.items or ():
            taken = take(raw, path)
            (problems if isinstance(taken, Problem) else entries).append(taken)  # type: ignore[arg-type]
        version = page.metadata.resource_version or version
        token = page.metadata.continue_
        left = page.metadata.remaining_item_count
        of = None if token and left is None else len(entries) + (left or 0)
        progress(len(entries), of, tuple(entries[before:]))
        if not token:
            return Listed(tuple(entries), version, tuple(problems))


def _decoded(data: bytes, path: Path) -> _Page:
    try:
        return msgspec.json.decode(data, type=_Page)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(path.readable.name, 200, f"what came is no list of Kubernetes objects: {error}") from None


def take(raw: msgspec.Raw | bytes, path: Path) -> Entry | Problem:
    """An object from its JSON, as a file would give it."""
    manifest = manifest_of(msgspec.json.decode(raw), path)
    try:
        doc = document(manifest)
        return Entry(doc, decode(doc))
    except DecodeError as error:
        metadata = manifest.get("metadata") or {}
        names = (path.readable.kind, metadata.get("namespace"), metadata.get("name"))
        return Problem("", "/".join(str(name) for name in names if name), error.path, error.message)


def manifest_of(item: dict[str, Any], path: Path) -> Manifest:
    """An item of a list as an object by itself: with its kind, and as `kubectl get` shows it, without the notes of
    who set which field."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
    if "kind" in item and "apiVersion" in item:
        return item
    return {"apiVersion": path.api_version, "kind": path.readable.kind, **item}
