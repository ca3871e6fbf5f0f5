"""Which of the kinds that kwake reads an API server has, and in which version."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from kwake_live.errors import Refused
from kwake_live.kinds import READABLE, Readable
from kwake_live.listing import Path
from kwake_live.reading import Reader

_T = TypeVar("_T")


class _Version(msgspec.Struct):
    version: str = ""


class _Group(msgspec.Struct):
    name: str = ""
    versions: list[_Version] = []


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class _Resource(msgspec.Struct):
    name: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] = []


class Found(msgspec.Struct, frozen=True):
    """What there is to read."""

    version: str
    """Of the API server, as `v1.33.1`."""
    paths: tuple[Path, ...]
    is_sure: bool = True
    """Whether the server said so; else kinds that not every server has are tried all the same."""


class _ServerVersion(msgspec.Struct, rename="camel"):
    git_version: str = "of no known version"


def discover(reader: Reader, namespace: str = "") -> Found:
    """Ask for the version and the API groups. Raises what `Reader.get` raises; a forbidden one is an answer."""
    try:
        version = _decode(reader.get("/version", "version", tries=2), _ServerVersion).git_version
    except Refused as refused:
        if not refused.is_forbidden:
            raise
        version = "of a version that may not be asked for"
    try:
        groups = _decode(reader.get("/apis", "discovery"), _Groups).groups
    except Refused as refused:
        if not refused.is_forbidden:
            raise
        paths = [Path(readable, readable.versions[0], namespace) for readable in READABLE]
        return Found(version, tuple(paths), is_sure=False)
    served = {group.name: {item.version for item in group.versions} for group in groups}
    served[""] = {"v1"}
    resources: dict[str, set[str] | None] = {}
    paths = []
    for readable in READABLE:
        known = next((v for v in readable.versions if v in served.get(readable.group, ())), None)
        if known is None and readable.group in served and not readable.is_core:
            known = min(served[readable.group])  # not a version that kwake knows, and it may decide all the same
        if known is None:
            continue
        path = Path(readable, known, namespace)
        if readable.is_core or _has(reader, path, resources):
            paths.append(path)
    return Found(version, tuple(paths))


def _has(reader: Reader, path: Path, known: dict[str, set[str] | None]) -> bool:
    """Whether a group has the resource in this version; where that may not be asked, it is taken to have it."""
    group = path.api_version
    if group not in known:
        try:
            listed = _decode(reader.get(f"/apis/{group}", f"discovery of {group}"), _Resources).resources
            known[group] = {resource.name for resource in listed}
        except Refused:
            known[group] = None
    names = known[group]
    return names is None or path.readable.resource in names


def _decode(data: bytes, form: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=form)
    except msgspec.DecodeError:
        raise Refused("discovery", 200, "what answers there is no Kubernetes API server") from None


def readable_named(kind: str, group: str) -> Readable | None:
    """The row of a kind, if it is one that is read."""
    return next((row for row in READABLE if (row.kind, row.group) == (kind, group)), None)
