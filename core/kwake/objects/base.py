"""What all kinds have: metadata, owners, and how their fields are named."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, get_args

import msgspec

from kwake.objects.key import Key, group_of


class KubeStruct(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Field names in camelCase on the outside."""


class OwnerReference(KubeStruct, frozen=True):
    """Who controls an object. Dumps hold half ones: every field may be empty."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Metadata(KubeStruct, frozen=True):
    """`metadata`. An absent namespace is filled in by the decoder, so it is empty for cluster-scoped objects only."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    uid: str = ""
    owner_references: tuple[OwnerReference, ...] = ()
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()
    generate_name: str = ""


class KubeObject(KubeStruct, frozen=True, kw_only=True):
    """What all kinds have."""

    api_version: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()

    @property
    def key(self) -> Key:
        """Its identity in a cluster."""
        return Key(self.kind, self.metadata.namespace, self.metadata.name, group_of(self.api_version, self.kind))

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages it, if any: the one marked so, else a lone owner (half ownerReferences in dumps)."""
        owners = self.metadata.owner_references
        for owner in owners:
            if owner.controller:
                return owner
        return owners[0] if len(owners) == 1 else None


class Unmodelled(KubeObject, frozen=True, kw_only=True):
    """An object of a kind that kwake keeps but does not read."""

    KIND: ClassVar[str] = ""


@cache
def fields_of(kind: Any) -> dict[str, Any] | None:
    """The types of the fields of a struct, or of the struct in a union; None where there is none."""
    struct = next((k for k in (kind, *get_args(kind)) if isinstance(k, type) and issubclass(k, msgspec.Struct)), None)
    return None if struct is None else {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
