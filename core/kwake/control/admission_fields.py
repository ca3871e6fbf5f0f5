"""Fields that no version of a kind has: misspelt ones, most often.

The API server drops them in silence; `kubectl apply` asks it to refuse them (`fieldValidation=Strict`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin

import msgspec

from kwake.control.violation import Violation
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.field_path import dotted
from kwake.objects.kinds import AdminSpec, PolicySpec

_TOP = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})


def unknown_policy_fields(manifest: Manifest) -> Iterator[Violation]:
    """Fields of a policy that there are not. Of its spec every field is modelled, so none is wrongly named."""
    for name in (name for name in manifest if name not in _TOP):
        yield _unknown((name,))
    spec = PolicySpec if manifest.get("kind") == "NetworkPolicy" else AdminSpec
    yield from _below(manifest.get("spec"), spec, ("spec",))


def _unknown(path: FieldPath) -> Violation:
    return Violation(path, f'unknown field "{dotted(path)}"', "reported")


@cache
def _fields_of(kind: Any) -> dict[str, Any] | None:
    """The types of the fields of a struct, or of the struct in a union; None where there is none."""
    struct = next((k for k in (kind, *get_args(kind)) if isinstance(k, type) and issubclass(k, msgspec.Struct)), None)
    return None if struct is None else {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


def _below(value: Any, kind: Any, path: FieldPath) -> Iterator[Violation]:
    """Walks a value along the types of its fields."""
    if isinstance(value, list) and get_origin(kind) is tuple:
        for at, item in enumerate(value):
            yield from _below(item, get_args(kind)[0], (*path, at))
        return
    known = _fields_of(kind)
    if known is None or not isinstance(value, dict):
        return
    for name, child in value.items():
        if name not in known:
            yield _unknown((*path, name))
        else:
            yield from _below(child, known[name], (*path, name))
