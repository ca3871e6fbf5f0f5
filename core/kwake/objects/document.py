"""A manifest as it was read: the truth that every typed value is a view of.

It is kept as JSON bytes with the order of the keys as written: compact, immutable, comparable. Every field
survives, modelled or not.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import Any

import msgspec

from kwake.objects.item_lines import item_lines

Manifest = dict[str, Any]
"""A Kubernetes object as the dict that kubectl would show."""

FieldPath = tuple[str | int, ...]
"""A path to a field: `("spec", "ports", 0, "port")`."""


class Source(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A file (or standard input) that documents were read from."""

    name: str
    """As the user gave it; `-` for standard input."""
    data: bytes
    format: str
    """`yaml` or `json`."""


class Origin(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Where in a source a document stands."""

    source: Source
    index: int
    """Which document of the file, from 0."""
    path: FieldPath
    """Inside that document: empty, or `("items", 3)` for the fourth of a List."""
    known_line: int = 0
    """`line`, where reading has counted lines anyway; 0 for an item of a JSON List."""

    @property
    def line(self) -> int:
        """The first line of the document or item, from 1; of the outer item for a List in a List."""
        at = self.path[1] if len(self.path) > 1 else 0
        return self.known_line or _item_lines(self.source)[int(at)]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}"


@lru_cache(maxsize=4)
def _item_lines(source: Source) -> array[int]:
    return item_lines(source.data)


class Document(msgspec.Struct, frozen=True, gc=False):
    """One manifest. `origin` is None for what the model made itself. Two documents are equal if their bytes are."""

    raw: bytes
    origin: Origin | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    @property
    def manifest(self) -> Manifest:
        """A fresh dict; changing it changes nothing else."""
        manifest: Manifest = msgspec.json.decode(self.raw)
        return manifest

    def replaced(self, manifest: Manifest) -> Document:
        """The same place with another content."""
        return Document(msgspec.json.encode(manifest), self.origin)


def document(manifest: Manifest, origin: Origin | None = None) -> Document:
    """A document from a manifest."""
    return Document(msgspec.json.encode(manifest), origin)
