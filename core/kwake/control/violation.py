"""What the API server says to a field that it refuses, in its own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from kwake.objects.document import FieldPath

Severity = Literal["refused", "reported"]


class Violation(msgspec.Struct, frozen=True):
    """A rule that an object breaks."""

    field: FieldPath
    reason: str
    """The API server's words after the field: `Invalid value: "x": must be …`."""
    severity: Severity = "refused"
    """`reported`: a dump may hold it, so a snapshot is taken in with it; on Apply it is refused like the others."""

    @property
    def is_unknown(self) -> bool:
        """Whether there is no such field."""
        return self.reason.startswith("unknown field ")


MASK = "***"
"""What anonymised dumps put in place of addresses and names."""


def invalid(field: FieldPath, value: object, words: str, severity: Severity = "refused") -> Violation:
    """A bad value; one that was masked in a dump is only reported."""
    if isinstance(value, str):
        severity = "reported" if MASK in value else severity
        value = f'"{value}"'
    elif isinstance(value, dict | list):
        value = msgspec.json.encode(value).decode()
    return Violation(field, f"Invalid value: {value}: {words}", severity)


def unsupported(field: FieldPath, value: str, allowed: Iterable[str]) -> Violation:
    """A value that is not on the list."""
    listed = ", ".join(f'"{word}"' for word in sorted(allowed))
    return Violation(field, f'Unsupported value: "{value}": supported values: {listed}')


def required(field: FieldPath, words: str = "", severity: Severity = "refused") -> Violation:
    """A missing value."""
    return Violation(field, f"Required value: {words}" if words else "Required value", severity)


def forbidden(field: FieldPath, words: str) -> Violation:
    """A value where none may be."""
    return Violation(field, f"Forbidden: {words}")


def duplicate(field: FieldPath, value: str) -> Violation:
    """A value that stands elsewhere already."""
    return Violation(field, f'Duplicate value: "{value}"')
