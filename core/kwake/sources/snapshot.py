"""Reading a snapshot: whatever people have, to documents and typed values, each with the place that it came from."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kwake.errors import InvalidSnapshot
from kwake.objects.decode import DecodeError, decode
from kwake.objects.document import Document, FieldPath, Manifest, Origin, Source, document
from kwake.objects.finding import Finding, Problem
from kwake.objects.key import GROUP_OF_KIND, Key
from kwake.objects.kinds import KubeObject
from kwake.objects.printable import printable
from kwake.sources.files import Named, Stdin, sources_of
from kwake.sources.json_reader import read_items, read_json
from kwake.sources.location import locate
from kwake.sources.yaml_reader import Parsed, SyntaxProblem, read_yaml

Where = str | Path | Mapping[str, Any] | Iterable[str | Path | Mapping[str, Any]]
"""A file, a folder, `-` for standard input, a manifest, or several of these."""

TOOL_GROUPS = ("kind.x-k8s.io", "kubeadm.k8s.io", "kubelet.config.k8s.io",
               "kubeproxy.config.k8s.io", "client.authentication.k8s.io", "audit.k8s.io", "skaffold")  # fmt: skip
"""Groups of files that configure a tool and are never objects of a cluster."""

KUSTOMIZE = "not applied; render the folder with kubectl kustomize"

_HELM = re.compile(rb"\{\{-?\s*(?:[.$\"/(]|[a-z]+ )")


class Entry(msgspec.Struct, frozen=True):
    """An object of a snapshot: its document, and the typed view of it."""

    document: Document
    value: KubeObject

    @property
    def key(self) -> Key:
        """Its identity."""
        return self.value.key


class Snapshot(msgspec.Struct, frozen=True):
    """What was read."""

    entries: tuple[Entry, ...]
    """In the order read; one for each key."""
    findings: tuple[Finding, ...]
    """What was skipped, and why."""
    scenarios: tuple[str, ...]
    """Files with a top-level `kwake:`."""
    problems: tuple[Problem, ...] = ()
    """Objects that cannot be taken in; empty unless read with `lenient`."""


def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


def read(where: Where, *, stdin: Stdin = _standard_input, layered: bool = False, lenient: bool = False) -> Snapshot:
    """A snapshot from files, folders, standard input and manifests.

    With `layered` an object of a later entry of `where` replaces one of the same key from an earlier entry. Of two
    different objects of one key in two files of a folder the later file's counts, and that is listed; else they are a
    problem. Raises SnapshotUnreadable for what cannot be
    read at all, InvalidSnapshot for bad syntax and, unless `lenient`, for problems with objects.
    """
    with _garbage_collector_off():
        reading = _Reading()
        layers: dict[Key, Entry] = {}
        for part in _parts(where):
            if layered:
                layers.update(reading.entries)
                reading.entries = {}
            if isinstance(part, Mapping):
                reading.take_manifest(dict(part))
            else:
                for named in sources_of(part, stdin):
                    reading.take_source(named)
        layers.update(reading.entries)
    if reading.syntax:
        raise InvalidSnapshot(tuple(map(printable, reading.syntax)))
    if reading.problems and not lenient:
        raise InvalidSnapshot(tuple(map(str, reading.problems)))
    return Snapshot(tuple(layers.values()), tuple(reading.findings), tuple(reading.scenarios), tuple(reading.problems))


def _parts(where: Where) -> Iterator[str | Path | Mapping[str, Any]]:
    if isinstance(where, str | Path | Mapping):
        yield where
    else:
        yield from where


@contextmanager
def _garbage_collector_off() -> Iterator[None]:
    """Everything read is either kept or freed at once, so looking for cycles only costs (16 s instead of 52 s)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.findings: list[Finding] = []
        self.scenarios: list[str] = []
        self.problems: list[Problem] = []
        self.syntax: list[str] = []
        self._manifests = 0
        self._in_folders: set[str] = set()

    def take_manifest(self, manifest: Manifest) -> None:
        """One manifest that is a dict already."""
        self._manifests += 1
        self._take(manifest, None, f"manifest {self._manifests}", directly=True)

    def take_source(self, named: Named) -> None:
        """Every document of a file."""
        source = named.source
        if named.patch_of:
            text = f"is a patch in {named.patch_of}: {KUSTOMIZE}"
            self.findings.append(Finding("skipped", source.name, text, source.name))
            return
        if not named.directly:
            self._in_folders.add(source.name)
        try:
            documents = list(_documents(source))
        except SyntaxProblem as problem:
            self._take_bad_syntax(named, problem)
            return
        if any(_is_templated(parsed.value) for _, _, parsed in documents):
            self._take_helm(named)
            return
        if all(parsed.value is None for _, _, parsed in documents):
            self.findings.append(Finding("skipped", source.name, "holds no document", source.name))
        for index, path, parsed in documents:
            if parsed.value is None:
                continue
            if isinstance(parsed.value, dict) and "kwake" in parsed.value:
                if source.name not in self.scenarios:
                    self.scenarios.append(source.name)
                continue
            self._take_tree(parsed, Origin(source, index, path, parsed.line), named.directly)

    def _take_bad_syntax(self, named: Named, problem: SyntaxProblem) -> None:
        if _HELM.search(named.source.data):
            self._take_helm(named)
        else:
            self.syntax.append(f"{named.source.name}:{problem.line}: {problem.text}")

    def _take_helm(self, named: Named) -> None:
        """A template left out of a folder is listed; one that is the snapshot itself is an error."""
        data = named.source.data
        line = data.count(b"\n", 0, data.find(b"{{")) + 1
        text = "looks like a Helm template; render it with helm template"
        if named.directly:
            self.syntax.append(f"{named.source.name}:{line}: {text}")
        else:
            self.findings.append(Finding("skipped", named.source.name, text, f"{named.source.name}:{line}"))

    def _take_tree(self, parsed: Parsed, origin: Origin, directly: bool) -> None:
        """A document, or each item of it if it is a List."""
        value, path, where = parsed.value, origin.path, str(origin)
        if not _is_list(value):
            self._take(value, origin, where, directly)
            return
        items = value.get("items")
        if not isinstance(items, list):
            found = "nothing" if items is None else type(items).__name__
            self._refuse(origin, where, "", ("items",), f"a {value['kind']} needs a list of items, found {found}")
            return
        lines = parsed.item_lines if len(parsed.item_lines) == len(items) else (parsed.line,) * len(items)
        for index, (item, line) in enumerate(zip(items, lines, strict=True)):
            place = Origin(origin.source, origin.index, (*path, "items", index), line)
            self._take_tree(Parsed(_typed(item, value), line), place, directly=True)

    def _take(self, value: Any, origin: Origin | None, where: str, directly: bool) -> None:
        """One object."""
        if _is_list(value):
            for item in value.get("items") or ():
                self._take(_typed(item, value), origin, where, directly)
            return
        if (reason := _no_object(value, directly)) is not None:
            name = origin.source.name if origin else where
            self.findings.append(Finding("skipped", name, reason, where))
            return
        if not isinstance(value, dict):
            self._refuse(origin, where, "", (), f"expected an object, found {type(value).__name__}")
            return
        try:
            doc = document(value, origin)
            entry = Entry(doc, decode(doc))
        except DecodeError as error:
            self._refuse(origin, where, _subject(value), error.path, error.message)
        except (TypeError, UnicodeEncodeError, RecursionError) as error:
            self._refuse(origin, where, _subject(value), (), f"not what JSON can hold: {error}")
        else:
            self._keep(entry, where)

    def _keep(self, entry: Entry, where: str) -> None:
        before = self.entries.setdefault(entry.key, entry)
        if before is entry:
            return
        place = str(before.document.origin or "before")
        if self._applied_in_turn(before, entry):
            # kubectl apply -f FOLDER writes file after file, by name: what a later one says counts.
            self.entries[entry.key] = entry
            text = f"stands in {place} too, with another content; the later file counts, as with kubectl apply"
            self.findings.append(Finding("warning", str(entry.key), text, where))
        elif before.document.manifest == entry.document.manifest:
            self.findings.append(Finding("warning", str(entry.key), f"stands twice, and first in {place}", where))
        else:
            reason = f"already exists, in {place}, with another content"
            self.problems.append(Problem(where, str(entry.key), (), reason))

    def _applied_in_turn(self, before: Entry, entry: Entry) -> bool:
        """Whether the two differ and stand in two files of a folder: variants, as in a folder of examples."""
        first, second = before.document.origin, entry.document.origin
        if first is None or second is None or before.document.manifest == entry.document.manifest:
            return False
        return first.source is not second.source and {first.source.name, second.source.name} <= self._in_folders

    def _refuse(self, origin: Origin | None, where: str, subject: str, path: FieldPath, reason: str) -> None:
        if origin is not None:
            where = f"{origin.source.name}:{locate(origin, path)}"
        self.problems.append(Problem(where, subject, path, reason))


def _documents(source: Source) -> Iterator[tuple[int, FieldPath, Parsed]]:
    """Documents and, of a JSON List, items: the index of the document, the path in it, the value."""
    if source.format == "json":
        listed = read_items(source.data)
        if listed is not None:
            head, items = listed
            for at, item in enumerate(items):
                yield 0, ("items", at), Parsed(_typed(item.value, head), item.line)
            return
        try:
            yield from ((at, (), parsed) for at, parsed in enumerate(read_json(source.data)))
            return
        except SyntaxProblem:
            if source.name.endswith(".json"):
                raise
    yield from ((at, (), parsed) for at, parsed in enumerate(read_yaml(source.data)))


def _is_list(value: Any) -> bool:
    """A List, or a PodList and the like; a kind that merely ends so has a spec of its own."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return False
    metadata = value.get("metadata")
    named = isinstance(metadata, dict) and metadata.get("name")
    return value["kind"] == "List" or (value["kind"].endswith("List") and not named and "spec" not in value)


def _typed(item: Any, listed: Manifest) -> Any:
    """An item of a PodList needs not say that it is a Pod."""
    kind = listed["kind"].removesuffix("List")
    if kind and isinstance(item, dict) and "kind" not in item:
        return {"apiVersion": listed.get("apiVersion"), "kind": kind, **item}
    return item


def _is_templated(value: Any) -> bool:
    """Whether a Helm expression stands, quoted, where an object has its name."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    return isinstance(metadata, dict) and any("{{" in str(metadata.get(field)) for field in ("name", "namespace"))


def _no_object(value: Any, directly: bool) -> str | None:
    """Why a document of a folder is no object of a cluster, or None if it must be one.

    What might be a policy is never passed over: a policy left out makes a false "delivered".
    """
    if isinstance(value, dict):
        kind, version = value.get("kind"), value.get("apiVersion")
        group = version.partition("/")[0] if isinstance(version, str) else ""
        if kind and group == "kustomize.config.k8s.io":
            return KUSTOMIZE
        if kind and (group in TOOL_GROUPS or (group.endswith(".config.k8s.io") and "metadata" not in value)):
            return f"{kind} of {version} configures a tool and is no object of a cluster"
        if kind == "Config" and version == "v1" and "clusters" in value:
            return "a kubeconfig is no object of a cluster"
        if kind and (version or str(kind) in GROUP_OF_KIND):
            return None
    return None if directly else "no Kubernetes object: it has no kind and apiVersion"


def _subject(value: Manifest) -> str:
    """What to call an object that cannot be decoded."""
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    names = (value.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return "/".join(name for name in names if isinstance(name, str) and name)
