"""What a controller wants written: records to put in, or None to take an object out."""

from __future__ import annotations

from kwake.cluster import Record
from kwake.objects.decode import decode
from kwake.objects.document import Manifest
from kwake.objects.key import Key

Changes = dict[Key, Record | None]
"""For `Cluster.with_changes`."""


def edited(record: Record, manifest: Manifest) -> Record:
    """The same object with another content; where it was read and why it was made stay."""
    document = record.document.replaced(manifest)
    return Record(document, decode(document), record.made)
