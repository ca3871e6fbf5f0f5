"""Fields that no version of a kind has: misspelt ones, most often.

The API server drops them in silence; `kubectl apply` asks it to refuse them (`fieldValidation=Strict`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from kwake.control.admission_tiers import SCHEMAS, unknown_tier_fields
from kwake.control.schema import Fields, schema_at
from kwake.control.violation import Violation
from kwake.objects.base import fields_of
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.field_path import dotted
from kwake.objects.kinds import PolicySpec, ServiceSpec

_FORMER = frozenset({"ipFamily", "topologyKeys"})
"""Fields that Services had once (1.16 to 1.21)."""
_METADATA = frozenset(
    {"annotations", "clusterName", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
     "generateName", "generation", "initializers", "labels", "managedFields", "name", "namespace", "ownerReferences",
     "resourceVersion", "selfLink", "uid"}
)  # fmt: skip
"""Fields of `metadata` (ObjectMeta); clusterName and initializers were there once."""
_TOP = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})


def unknown_policy_fields(manifest: Manifest) -> Iterator[Violation]:
    """Fields of a policy that its version does not have. Of its spec every field is modelled, so none is wrongly
    named."""
    yield from _unknown_metadata(manifest)
    if manifest["kind"] in SCHEMAS:
        yield from map(_unknown, unknown_tier_fields(manifest))
        return
    for name in (name for name in manifest if name not in _TOP):
        yield _unknown((name,))
    yield from _below(manifest.get("spec"), PolicySpec, ("spec",))


def unknown_service_fields(manifest: Manifest) -> Iterator[Violation]:
    """The same of a Service's metadata and spec; fields of earlier versions are known, too."""
    yield from _unknown_metadata(manifest)
    spec = manifest.get("spec")
    if isinstance(spec, dict):
        yield from _below({k: v for k, v in spec.items() if k not in _FORMER}, ServiceSpec, ("spec",))


def _unknown_metadata(manifest: Manifest) -> Iterator[Violation]:
    yield from (_unknown(("metadata", name)) for name in manifest["metadata"] if name not in _METADATA)


def _unknown(path: FieldPath) -> Violation:
    return Violation(path, f'unknown field "{dotted(path)}"', "reported")


def _below(value: Any, kind: Any, path: FieldPath) -> Iterator[Violation]:
    """Walks a value along the types of its fields."""
    if isinstance(value, list) and get_origin(kind) is tuple:
        for at, item in enumerate(value):
            yield from _below(item, get_args(kind)[0], (*path, at))
        return
    known = fields_of(kind)
    if known is None or not isinstance(value, dict):
        return
    for name, child in value.items():
        if name not in known:
            yield _unknown((*path, name))
        else:
            yield from _below(child, known[name], (*path, name))


def fields_at(kind: str, path: FieldPath) -> frozenset[str]:
    """The fields that there are at a place of a policy or a Service; none where there is no such place."""
    if path == ("metadata",):
        return _METADATA
    if kind in SCHEMAS:
        part = schema_at(SCHEMAS[kind], path)
        return frozenset(part.fields if isinstance(part, Fields) else ())
    at: Any = {"NetworkPolicy": PolicySpec, "Service": ServiceSpec}.get(kind)
    for step in path[1:]:
        if isinstance(step, int):
            at = get_args(at)[0] if get_origin(at) is tuple else None
        else:
            at = (fields_of(at) or {}).get(step)
    return frozenset(fields_of(at) or ()) if path[:1] == ("spec",) else frozenset()
