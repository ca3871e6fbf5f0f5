"""The cluster: the Kubernetes objects, immutable and indexed. What the API server would answer."""

from __future__ import annotations

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

import msgspec

from kwake.errors import ReferenceNotFound
from kwake.objects.decode import decode
from kwake.objects.document import Document, Manifest, Origin, document
from kwake.objects.key import GROUP_OF_KIND, Key, group_of, key
from kwake.objects.kinds import EndpointSlice, KubeObject, Namespace, NetworkPolicy, Node, Pod, Service
from kwake.objects.reference import parse_reference

T = TypeVar("T", bound=KubeObject)

NAME_LABEL = "kubernetes.io/metadata.name"
"""Every namespace carries it, even where the manifest lacks it."""


class Record(msgspec.Struct, frozen=True):
    """An object of the cluster: its document and the typed view of it."""

    document: Document
    value: KubeObject
    made: str = ""
    """Empty for what was read or applied. Else why kwake made it: `inferred from pod shop/web-1`,
    `made by Deployment web`."""

    @property
    def key(self) -> Key:
        """Its identity."""
        return self.value.key

    @property
    def manifest(self) -> Manifest:
        """The object as the dict that kubectl would show; a fresh one."""
        return self.document.manifest

    @property
    def origin(self) -> Origin | None:
        """Where it was read, if it was."""
        return self.document.origin


def record(manifest: Manifest, origin: Origin | None = None, made: str = "") -> Record:
    """A record from a manifest. Raises DecodeError."""
    doc = document(manifest, origin)
    return Record(doc, decode(doc), made)


class Cluster:
    """An immutable set of records. Changing it gives another cluster that shares what did not change."""

    def __init__(self, records: Mapping[Key, Record] | None = None) -> None:
        self._records: dict[Key, Record] = dict(records or {})

    def with_changes(self, changes: Mapping[Key, Record | None]) -> Cluster:
        """The cluster with these records put in, or taken out where None. The same object if nothing changes."""
        real = {k: r for k, r in changes.items() if self._records.get(k) != r}
        if not real:
            return self
        records = dict(self._records)
        for k, changed in real.items():
            if changed is None:
                del records[k]
            else:
                records[k] = changed
        return Cluster(records)

    def __contains__(self, wanted: Key) -> bool:
        return wanted in self._records

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        """All records, in the order they came."""
        return iter(self._records.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cluster) and self._records == other._records

    __hash__ = object.__hash__

    def find(self, wanted: Key) -> Record | None:
        """The record, or None."""
        return self._records.get(wanted)

    def record(self, wanted: Key) -> Record:
        """The record; raises ReferenceNotFound."""
        found = self._records.get(wanted)
        if found is None:
            raise ReferenceNotFound(f"{wanted}: there is no such object in this cluster")
        return found

    def resolve(self, reference: str, default_kind: str = "Pod") -> Key:
        """The key of the object that a reference names. `namespace/name` means `default_kind`.

        Raises ReferenceNotFound, with the nearest names there are.
        """
        parsed = parse_reference(reference)
        kind = parsed.kind or default_kind
        wanted = Key(kind, parsed.namespace, parsed.name, GROUP_OF_KIND.get(kind, ""))
        if wanted not in self._records:
            same = [k for k in self._records if (k.kind, k.namespace, k.name) == (kind, parsed.namespace, parsed.name)]
            if len(same) != 1:
                names = [str(k) for k in self._records if k.kind == kind]
                near = difflib.get_close_matches(str(wanted), names, n=3, cutoff=0.5)
                hint = f"; did you mean {' or '.join(near)}?" if near else ""
                raise ReferenceNotFound(
                    f"{reference}: there is no {kind} {parsed.namespace}/{parsed.name}".replace(" /", " ") + hint
                )
            wanted = same[0]
        if parsed.index is None:
            return wanted
        pods = self.pods_of(wanted)
        if parsed.index >= len(pods):
            raise ReferenceNotFound(f"{reference}: {wanted} has {len(pods)} pods, counted from 0")
        return pods[parsed.index].key

    def get(self, reference: str) -> Record:
        """The record that a reference names, as `svc/shop/checkout`. Raises ReferenceNotFound."""
        return self.record(self.resolve(reference))

    @cached_property
    def _by_kind(self) -> dict[type[KubeObject], tuple[KubeObject, ...]]:
        kinds: defaultdict[type[KubeObject], list[KubeObject]] = defaultdict(list)
        for item in self._records.values():
            kinds[type(item.value)].append(item.value)
        return {kind: tuple(sorted(values, key=lambda value: value.key)) for kind, values in kinds.items()}

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """Every object of a typed kind, by namespace and name."""
        return self._by_kind.get(kind, ())  # type: ignore[return-value]  # the dict's values are of the key's type

    def value(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object of a typed kind, or None."""
        found = self._records.get(key(kind.__name__, namespace, name))
        return found.value if found is not None and isinstance(found.value, kind) else None

    def pod(self, namespace: str, name: str) -> Pod | None:
        """A pod, or None."""
        return self.value(Pod, namespace, name)

    def service(self, namespace: str, name: str) -> Service | None:
        """A Service, or None."""
        return self.value(Service, namespace, name)

    def node(self, name: str) -> Node | None:
        """A Node, or None."""
        return self.value(Node, "", name)

    @cached_property
    def pods_by_namespace(self) -> dict[str, tuple[Pod, ...]]:
        """Pods of each namespace, by name."""
        return _grouped(self.all(Pod))

    @cached_property
    def policies_by_namespace(self) -> dict[str, tuple[NetworkPolicy, ...]]:
        """NetworkPolicies of each namespace, by name."""
        return _grouped(self.all(NetworkPolicy))

    @cached_property
    def pods_by_ip(self) -> dict[str, tuple[Pod, ...]]:
        """Pods that hold each address now: not terminal ones (PD-14); hostNetwork pods share their node's."""
        holders: defaultdict[str, list[Pod]] = defaultdict(list)
        for pod in self.all(Pod):
            if not pod.is_terminal:
                for ip in pod.ips:
                    holders[ip].append(pod)
        return {ip: tuple(pods) for ip, pods in holders.items()}

    @cached_property
    def nodes_by_ip(self) -> dict[str, Node]:
        """Nodes by each of their InternalIP and ExternalIP addresses."""
        return {
            a.address: n for n in self.all(Node) for a in n.status.addresses if a.type in ("InternalIP", "ExternalIP")
        }

    @cached_property
    def slices_by_service(self) -> dict[Key, tuple[EndpointSlice, ...]]:
        """EndpointSlices of each Service, by name."""
        slices: defaultdict[Key, list[EndpointSlice]] = defaultdict(list)
        for item in self.all(EndpointSlice):
            if item.service_name:
                slices[key("Service", item.metadata.namespace, item.service_name)].append(item)
        return {service: tuple(items) for service, items in slices.items()}

    @cached_property
    def namespaces(self) -> dict[str, dict[str, str]]:
        """Labels of every namespace, named or only implied by an object in it, with `kubernetes.io/metadata.name`."""
        labels = {k.namespace: {NAME_LABEL: k.namespace} for k in self._records if k.namespace}
        for namespace in self.all(Namespace):
            name = namespace.metadata.name
            labels[name] = {**namespace.metadata.labels, NAME_LABEL: name}
        return labels

    def controller_of(self, value: KubeObject) -> Record | None:
        """The record of the owner that controls an object, if it is here."""
        owner = value.controller
        if owner is None or not owner.kind:
            return None
        known = GROUP_OF_KIND.get(owner.kind, "")
        group = group_of(owner.api_version, owner.kind) if owner.api_version else known
        namespace = value.metadata.namespace
        return self._records.get(Key(owner.kind, namespace, owner.name, group)) or self._records.get(
            Key(owner.kind, "", owner.name, group)
        )

    def pods_of(self, owner: Key) -> tuple[Pod, ...]:
        """Pods that this object controls, directly or through a ReplicaSet or Job, by name."""
        pods = self.pods_by_namespace.get(owner.namespace, ())
        return tuple(pod for pod in pods if any(o.key == owner for o in self.owners(pod)))

    @cached_property
    def _by_controller(self) -> dict[tuple[str, str, str], tuple[KubeObject, ...]]:
        controlled: defaultdict[tuple[str, str, str], list[KubeObject]] = defaultdict(list)
        for values in self._by_kind.values():
            for value in values:
                owner = value.controller
                if owner is not None:
                    controlled[value.metadata.namespace, owner.kind, owner.name].append(value)
        return {owner: tuple(values) for owner, values in controlled.items()}

    def controlled_by(self, owner: Key, kind: type[T]) -> tuple[T, ...]:
        """The objects of a typed kind that name this object as their controller, by name."""
        values = self._by_controller.get((owner.namespace, owner.kind, owner.name), ())
        return tuple(value for value in values if isinstance(value, kind))

    def owners(self, value: KubeObject) -> Iterator[Record]:
        """The chain of controllers that are here, nearest first."""
        seen: set[Key] = set()
        owner = self.controller_of(value)
        while owner is not None and owner.key not in seen:
            seen.add(owner.key)
            yield owner
            owner = self.controller_of(owner.value)

    @cached_property
    def canonical(self) -> bytes:
        """All documents as bytes, by key: equal for equal clusters."""
        parts: Iterable[Record] = (self._records[k] for k in sorted(self._records))
        return b"\n".join(r.document.raw + b" " + r.made.encode() for r in parts)

    @cached_property
    def digest(self) -> str:
        """A word for all of it: equal for equal clusters."""
        return hashlib.sha256(self.canonical).hexdigest()


def _grouped(values: tuple[T, ...]) -> dict[str, tuple[T, ...]]:
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for value in values:
        groups[value.metadata.namespace].append(value)
    return {namespace: tuple(group) for namespace, group in groups.items()}
