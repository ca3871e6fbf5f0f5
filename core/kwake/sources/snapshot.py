"""Reading a snapshot: whatever people have, to documents and typed values, each with the place that it came from."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kwake.errors import InvalidSnapshot, SnapshotUnreadable
from kwake.objects.decode import DecodeError, decode, type_words
from kwake.objects.document import Document, FieldPath, Manifest, Origin, document
from kwake.objects.finding import Finding, Problem
from kwake.objects.key import Key
from kwake.objects.kinds import KubeObject
from kwake.objects.printable import printable
from kwake.sources.files import SUFFIXES, Named, Stdin, sources_of
from kwake.sources.location import locate
from kwake.sources.shapes import (
    HELM_EXPRESSION,
    KUSTOMIZE,
    documents_of,
    is_list,
    is_templated,
    no_object,
    subject_of,
    typed_item,
)
from kwake.sources.yaml_reader import Parsed, SyntaxProblem

Where = str | Path | Mapping[str, Any] | Iterable[str | Path | Mapping[str, Any]]
"""A file, a folder, `-` for standard input, a manifest, or several of these."""


MOST_SKIPPED = 8
"""Files that an error names, of those that hold no object."""


class Entry(msgspec.Struct, frozen=True, gc=False):
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
    """Objects and files that cannot be taken in; empty unless read with `lenient`."""


def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


def read(where: Where, *, stdin: Stdin = _standard_input, layered: bool = False, lenient: bool = False) -> Snapshot:
    """A snapshot from files, folders, standard input and manifests.

    With `layered` an object of a later entry of `where` replaces one of the same key from an earlier entry. Of two
    different objects of one key in two files of a folder the later file's counts, and that is listed; else they are a
    problem. Raises SnapshotUnreadable for what cannot be read at all or holds no object and, unless `lenient`,
    InvalidSnapshot for bad syntax and for problems with objects.
    """
    words: list[str | Path] = []
    with garbage_collector_off():
        reading = _Reading()
        layers: dict[Key, Entry] = {}
        for part in _parts(where):
            if layered:
                layers.update(reading.entries)
                reading.entries = {}
            if isinstance(part, Mapping):
                reading.take_manifest(dict(part))
            else:
                words.append(part)
                named = None
                for named in sources_of(part, stdin):
                    reading.take_source(named)
                if named is None:
                    text = f"holds no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file"
                    reading.findings.append(Finding("skipped", str(part), text, str(part)))
        layers.update(reading.entries)
    if reading.syntax and not (lenient and layers):
        raise InvalidSnapshot(tuple(map(str, reading.syntax)))
    if reading.problems and not lenient:
        raise InvalidSnapshot(tuple(map(str, reading.problems)))
    problems = (*reading.syntax, *reading.problems)
    if words and not layers and not problems:
        raise SnapshotUnreadable("\n".join(map(printable, _nothing_in(words, reading))))
    return Snapshot(tuple(layers.values()), tuple(reading.findings), tuple(reading.scenarios), problems)


def _nothing_in(words: list[str | Path], reading: _Reading) -> Iterator[str]:
    """That nothing named holds an object, and what was passed over instead."""
    named = [str(word) if str(word) != "-" else "standard input" for word in words]
    skipped = [f"{found.where}: {found.text}" for found in reading.findings]
    skipped += [f"{path}: a scenario, which kwake replay runs" for path in reading.scenarios]
    yield f"{', '.join(named)} {'hold' if len(named) > 1 else 'holds'} no Kubernetes object"
    for one in skipped[:MOST_SKIPPED]:
        yield f"  skipped {one}"
    if len(skipped) > MOST_SKIPPED:
        yield f"  skipped {len(skipped) - MOST_SKIPPED} more"


def _parts(where: Where) -> Iterator[str | Path | Mapping[str, Any]]:
    if isinstance(where, str | Path | Mapping):
        yield where
    else:
        yield from where


@contextmanager
def garbage_collector_off() -> Iterator[None]:
    """Everything read is either kept or freed at once, so looking for cycles only costs (16 s instead of 52 s)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_Taken = Entry | Finding | Problem
"""What an object of a source gives."""


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.findings: list[Finding] = []
        self.scenarios: list[str] = []
        self.problems: list[Problem] = []
        self.syntax: list[Problem] = []
        self._manifests = 0
        self._in_folders: set[str] = set()

    def take_manifest(self, manifest: Manifest) -> None:
        """One manifest that is a dict already."""
        self._manifests += 1
        where = f"manifest {self._manifests}"
        self._keep(_from_value(Parsed(manifest, 0), None, where, directly=True), where)

    def take_source(self, named: Named) -> None:
        """Every document of a file."""
        source = named.source
        if named.patch_of:
            text = f"is a patch in {named.patch_of}: {KUSTOMIZE}"
            self.findings.append(Finding("skipped", source.name, text, source.name))
            return
        if not named.directly:
            self._in_folders.add(source.name)
        taken: list[_Taken] = []
        is_empty, is_scenario = True, False
        try:
            for index, path, parsed in documents_of(source):
                if is_templated(parsed.value):
                    self._take_helm(named)
                    return
                if parsed.value is None:
                    continue
                is_empty = False
                if isinstance(parsed.value, dict) and "kwake" in parsed.value:
                    is_scenario = True
                else:
                    taken += _from_tree(parsed, Origin(source, index, path, parsed.line), named.directly)
        except SyntaxProblem as problem:
            self._take_bad_syntax(named, problem)
            return
        if is_empty:
            self.findings.append(Finding("skipped", source.name, "holds no document", source.name))
        if is_scenario and source.name not in self.scenarios:
            self.scenarios.append(source.name)
        self._keep(taken)

    def _take_bad_syntax(self, named: Named, problem: SyntaxProblem) -> None:
        if HELM_EXPRESSION.search(named.source.data):
            self._take_helm(named)
        else:
            self.syntax.append(Problem(f"{named.source.name}:{problem.line}", "", (), problem.text))

    def _take_helm(self, named: Named) -> None:
        """A template left out of a folder is listed; one that is the snapshot itself is an error."""
        data = named.source.data
        line = data.count(b"\n", 0, data.find(b"{{")) + 1
        text = "looks like a Helm template; render it with helm template"
        if named.directly:
            self.syntax.append(Problem(f"{named.source.name}:{line}", "", (), text))
        else:
            self.findings.append(Finding("skipped", named.source.name, text, f"{named.source.name}:{line}"))

    def _keep(self, taken: Iterable[_Taken], where: str = "") -> None:
        """All that was taken from a source, or from the manifest that `where` names."""
        for found in taken:
            if isinstance(found, Entry):
                before = self.entries.setdefault(found.key, found)
                if before is not found:
                    self._keep_second(before, found, where or str(found.document.origin))
            elif isinstance(found, Finding):
                self.findings.append(found)
            else:
                self.problems.append(found)

    def _keep_second(self, before: Entry, entry: Entry, where: str) -> None:
        """Another object of the same key."""
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


def _from_tree(parsed: Parsed, origin: Origin, directly: bool) -> Iterator[_Taken]:
    """A document, or each item of it if it is a List."""
    value, path = parsed.value, origin.path
    if not is_list(value):
        yield from _from_value(parsed, origin, "", directly)
        return
    items = value.get("items")
    if not isinstance(items, list):
        found = "nothing" if items is None else type_words(items)
        yield _refused(origin, "", "", ("items",), f"a {value['kind']} needs a list of items, found {found}")
        return
    lines = parsed.item_lines if len(parsed.item_lines) == len(items) else (parsed.line,) * len(items)
    for index, (item, line) in enumerate(zip(items, lines, strict=True)):
        place = Origin(origin.source, origin.index, (*path, "items", index), line)
        yield from _from_tree(Parsed(typed_item(item, value), line), place, directly=True)


def _from_value(parsed: Parsed, origin: Origin | None, where: str, directly: bool) -> Iterator[_Taken]:
    """One object, which stands at its origin or, where it has none, is called `where`."""
    value = parsed.value
    if is_list(value):
        for item in value.get("items") or ():
            yield from _from_value(Parsed(typed_item(item, value), parsed.line), origin, where, directly)
        return
    if (reason := no_object(value, directly)) is not None:
        yield Finding("skipped", origin.source.name if origin else where, reason, str(origin) if origin else where)
        return
    if not isinstance(value, dict):
        yield _refused(origin, where, "", (), f"expected an object, found {type_words(value)}")
        return
    try:
        doc = Document(parsed.raw, origin) if parsed.raw else document(value, origin)
        entry = Entry(doc, decode(doc, value))
    except DecodeError as error:
        yield _refused(origin, where, subject_of(value), error.path, error.message)
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        yield _refused(origin, where, subject_of(value), (), f"not what JSON can hold: {error}")
    else:
        yield entry


def _refused(origin: Origin | None, where: str, subject: str, path: FieldPath, reason: str) -> Problem:
    if origin is not None:
        where = f"{origin.source.name}:{locate(origin, path)}"
    return Problem(where, subject, path, reason)
