"""What is worth knowing about a snapshot before its answers are trusted, and what refuses it."""

from __future__ import annotations

from typing import Literal

import msgspec

from kwake.objects.document import FieldPath
from kwake.objects.field_path import dotted
from kwake.objects.json_patch import Change
from kwake.objects.printable import printable

Level = Literal["warning", "assumption", "unknown", "skipped", "inferred"]
"""`warning`: probably a mistake in the snapshot. `assumption`: a default that it does not say. `unknown`: something
that kwake does not read and that may decide. `skipped`: not read as an object. `inferred`: made from what names it."""


class Finding(msgspec.Struct, frozen=True, order=True):
    """One line of `kwake check`."""

    level: Level
    subject: str
    """The object as `Kind/namespace/name`, a kind, or a file."""
    text: str
    where: str = ""
    """`file:line`, or empty for what has no place."""
    fixes: tuple[Change, ...] = ()
    """What would mend it: one of these."""

    def __str__(self) -> str:
        is_file = self.where.startswith(self.subject)
        parts = (self.where, self.level, "" if self.where and is_file else self.subject, self.text)
        return printable(": ".join(part for part in parts if part))


class Problem(msgspec.Struct, frozen=True):
    """Why the API server, or kwake, refuses an object of a snapshot."""

    where: str
    """`file:line` of the field at fault, or empty."""
    subject: str
    """The object as `Kind/namespace/name`, or empty if it has no name."""
    field: FieldPath
    reason: str

    def __str__(self) -> str:
        parts = (self.where, self.subject, dotted(self.field), self.reason)
        return printable(": ".join(part for part in parts if part))
