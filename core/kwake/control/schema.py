"""What the schema of a custom resource asks of a manifest, and what the API server says to one that it refuses
(`k8s:apiextensions-apiserver/pkg/apiserver/validation/validation.go`).

Types are not asked: a value of another type is refused where a manifest is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from kwake.control.violation import Violation, duplicate, invalid, required, unsupported
from kwake.objects.document import FieldPath
from kwake.objects.field_path import dotted


class Anything(msgspec.Struct, frozen=True):
    """A value that is not asked about."""


class Text(msgspec.Struct, frozen=True):
    """`enum`, `maxLength` in characters, `pattern`."""

    enum: tuple[str, ...] = ()
    longest: int | None = None
    pattern: str = ""


class Number(msgspec.Struct, frozen=True):
    """`minimum` and `maximum`."""

    least: int
    most: int


class Items(msgspec.Struct, frozen=True):
    """`items`, `minItems`, `maxItems`; `unique` where the list's type is `set`."""

    of: Schema
    least: int = 0
    most: int | None = None
    unique: bool = False


class Fields(msgspec.Struct, frozen=True):
    """`properties`, `required`; `one` where exactly one of them is to be set (`minProperties` and `maxProperties`)."""

    fields: dict[str, Schema]
    required: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Required ones that people leave out: reported where they are missing."""
    one: bool = False
    fails_closed: bool = False
    """Whether a value with only fields that there are not is left to those who evaluate it."""


Schema = Anything | Text | Number | Items | Fields


def schema_violations(value: Any, schema: Schema, path: FieldPath = ()) -> Iterator[Violation]:
    """Every rule of a schema that a value without nulls breaks; fields that it does not have are dropped first."""
    match schema:
        case Fields():
            yield from _fields(value, schema, path)
        case Items():
            yield from _items(value, schema, path)
        case Text():
            yield from _text(value, schema, path)
        case Number(least, most):
            if value < least:
                yield invalid(path, value, f"{dotted(path)} in body should be greater than or equal to {least}")
            if value > most:
                yield invalid(path, value, f"{dotted(path)} in body should be less than or equal to {most}")


def _fields(value: dict[str, Any], schema: Fields, path: FieldPath) -> Iterator[Violation]:
    known = {name: child for name, child in value.items() if name in schema.fields}
    for name in schema.required:
        if name not in known:
            yield required((*path, name))
    for name in schema.left_out:
        if name not in known:
            yield required((*path, name), severity="reported")
    if schema.one and not known and not (schema.fails_closed and value):
        yield invalid(path, 0, f"{dotted(path)} in body should have at least 1 properties")
    if schema.one and len(known) > 1:
        yield Violation(path, f"Too many: {len(known)}: must have at most 1 items")
    for name, child in known.items():
        yield from schema_violations(child, schema.fields[name], (*path, name))


def _items(value: list[Any], schema: Items, path: FieldPath) -> Iterator[Violation]:
    if len(value) < schema.least:
        yield invalid(path, len(value), f"{dotted(path)} in body should have at least {schema.least} items")
    if schema.most is not None and len(value) > schema.most:
        yield Violation(path, f"Too many: {len(value)}: must have at most {schema.most} items")
    for at, child in enumerate(value):
        if schema.unique and child in value[:at]:
            yield duplicate((*path, at), child)
        yield from schema_violations(child, schema.of, (*path, at))


def _text(value: str, schema: Text, path: FieldPath) -> Iterator[Violation]:
    if schema.enum and value not in schema.enum:
        yield unsupported(path, value, schema.enum)
    if schema.longest is not None and len(value) > schema.longest:
        yield Violation(path, f"Too long: may not be more than {schema.longest} characters")
    if schema.pattern and not re.fullmatch(schema.pattern, value):
        yield invalid(path, value, f"{dotted(path)} in body should match '{schema.pattern}'")


def unknown_fields(value: Any, schema: Schema, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The paths of fields that a schema does not have."""
    if isinstance(value, dict) and isinstance(schema, Fields):
        for name, child in value.items():
            if name not in schema.fields:
                yield (*path, name)
            else:
                yield from unknown_fields(child, schema.fields[name], (*path, name))
    if isinstance(value, list) and isinstance(schema, Items):
        for at, child in enumerate(value):
            yield from unknown_fields(child, schema.of, (*path, at))


def schema_at(schema: Schema, path: FieldPath) -> Schema:
    """The part of a schema at a path."""
    for step in path:
        match schema:
            case Fields() if isinstance(step, str):
                schema = schema.fields.get(step, Anything())
            case Items() if isinstance(step, int):
                schema = schema.of
            case _:
                return Anything()
    return schema
