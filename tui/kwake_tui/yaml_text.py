"""Manifests as text to read and edit, and back."""

from __future__ import annotations

import re
from contextlib import suppress

from kwake.errors import UsageError
from kwake.objects.document import Document, FieldPath, Manifest, Origin, Source
from kwake.sources.location import locate
from kwake.sources.own_lines import own_lines
from kwake.sources.yaml_reader import SyntaxProblem, read_yaml
from kwake.sources.yaml_writer import to_yaml
from kwake_tui.lines import Line, Span

_SERVER_METADATA = ("managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink")
_KEY = re.compile(r"^(\s*(?:- )*)([^\s:][^:]*)(:)(\s.*)?$")


def editable(manifest: Manifest) -> str:
    """The YAML to edit: what the API server owns (status, uid) is left out; a PUT keeps it."""
    return to_yaml(_without_the_servers(manifest))


def shown_text(doc: Document) -> tuple[str, int]:
    """The text to edit and the line at which it begins: the lines of its own file, where those say what the object is
    and nothing else; otherwise as kwake writes it, from 1."""
    own = own_lines(doc.origin) if doc.origin is not None else None
    if doc.origin is not None and own is not None:
        with suppress(UsageError):
            if read_manifest(own) == _without_the_servers(doc.manifest):
                return own, doc.origin.line
    return editable(doc.manifest), 1


def _without_the_servers(manifest: Manifest) -> Manifest:
    shown = {name: value for name, value in manifest.items() if name != "status"}
    metadata = shown.get("metadata")
    if isinstance(metadata, dict):
        shown["metadata"] = {name: value for name, value in metadata.items() if name not in _SERVER_METADATA}
    return shown


def read_manifest(text: str) -> Manifest:
    """The one manifest in a text. Raises UsageError with the line at fault."""
    try:
        documents = [parsed.value for parsed in read_yaml(text.encode())]
    except SyntaxProblem as problem:
        raise UsageError(f"line {problem.line}: {problem.text}") from None
    found = [value for value in documents if value is not None]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise UsageError(f"one object is edited at a time: the text holds {len(found)}")
    manifest: Manifest = found[0]
    return manifest


def line_of(text: str, path: FieldPath) -> int:
    """The line, from 1, of a field of the one manifest in a text; of the nearest field above it if it has none."""
    return locate(Origin(Source("editor", text.encode(), "yaml"), 0, (), 1), path)


def yaml_lines(manifest: Manifest) -> tuple[Line, ...]:
    """A manifest as rows to read."""
    return tuple(_row(row) for row in to_yaml(manifest).splitlines())


def _row(row: str) -> Line:
    matched = _KEY.match(row)
    if matched is None:
        return Line((Span(row),))
    indent, name, colon, value = matched.groups()
    return Line((Span(indent, "faint"), Span(name, "key"), Span(colon, "faint"), Span(value or "")))
