"""The cluster: the Kubernetes objects, immutable and indexed. What the API server would answer."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import msgspec

from kwake.errors import ReferenceNotFound
from kwake.grouping import GroupsOf, OfKind, grouped, regrouped
from kwake.objects.decode import decode
from kwake.objects.document import Document, Manifest, Origin, document
from kwake.objects.key import CLUSTER_SCOPED, GROUP_OF_KIND, KINDS_OF_CNP, Key, group_of, key
from kwake.objects.kinds import (
    ConfigMap,
    EndpointSlice,
    KubeObject,
    Namespace,
    NetworkPolicy,
    Node,
    Pod,
    Service,
)
from kwake.objects.reference import ObjectReference, ambiguity, kind_named, parse_reference
from kwake.objects.unread_kind import UnreadKind, unread_kinds
from kwake.records import Records

T = TypeVar("T", bound=KubeObject)

NAME_LABEL = "kubernetes.io/metadata.name"
"""Every namespace carries it, even where the manifest lacks it."""


class Record(msgspec.Struct, frozen=True, gc=False):
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
        self._records = Records[Record](records or {})

    def with_changes(self, changes: Mapping[Key, Record | None]) -> Cluster:
        """The cluster with these records put in, or taken out where None. The same object if nothing changes."""
        real = {k: r for k, r in changes.items() if self._records.get(k) != r}
        if not real:
            return self
        cluster = Cluster()
        cluster._records = self._records.with_changes(real)
        cluster._inherit(self, real)
        return cluster

    def look_up(self) -> None:
        """Look everything up that steps of a simulation ask for, once: clusters made from this one carry it on."""
        for name in _ASKED_BY_STEPS:
            getattr(self, name)

    def _inherit(self, other: Cluster, changes: Mapping[Key, Record | None]) -> None:
        """Carry over what another cluster has looked up so far, as far as it differs only by these changes."""
        touched = [(_value(other._records.get(k)), _value(changed)) for k, changed in changes.items()]
        kinds = {type(value) for pair in touched for value in pair if value is not None}
        looked_up, mine = other.__dict__, self.__dict__
        for name, (kind, groups_of) in _GROUPINGS.items():
            if name in looked_up:
                concerned = any(issubclass(touched_kind, kind) for touched_kind in kinds)
                mine[name] = regrouped(looked_up[name], touched, groups_of) if concerned else looked_up[name]
        if "_by_kind" in looked_up:
            of_kinds = {kind: OfKind(mine["_by_place"], kind) for kind in kinds}
            mine["_by_kind"] = {**other._by_kind, **of_kinds}
        if "nodes_by_ip" in looked_up and Node not in kinds:
            mine["nodes_by_ip"] = other.nodes_by_ip
        if "namespaces" in looked_up and all(self._is_known(other, k, new) for k, new in changes.items()):
            relabelled = [new.value for new in changes.values() if new is not None and type(new.value) is Namespace]
            mine["namespaces"] = other.namespaces
            if relabelled:
                mine["namespaces"] = {**other.namespaces, **{n.metadata.name: _labels_of(n) for n in relabelled}}

    def _is_known(self, other: Cluster, changed: Key, to: Record | None) -> bool:
        """Whether an object that came, changed or went leaves the namespaces that there are: it may have been all that
        named one."""
        if not changed.namespace:
            return changed.kind != "Namespace" or to is not None
        if to is None:
            return Key("Namespace", "", changed.namespace) in self._records
        return changed.namespace in other.namespaces

    def __contains__(self, wanted: Key) -> bool:
        return wanted in self._records

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        """All records, in the order they came."""
        return iter(self._records.as_they_came())

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Cluster) and self._records == other._records)

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

    def keys_of_kind(self, kind: str) -> tuple[Key, ...]:
        """The keys of all objects of a kind, by its name."""
        return tuple(self._records.of_kind(kind))

    def resolve(self, reference: str, default_kind: str = "Pod") -> Key:
        """The key of the object that a reference names. `namespace/name` means `default_kind`, and so does a bare name
        where that kind has no namespace.

        Raises ReferenceNotFound, with the nearest names there are.
        """
        bare = "/" not in reference and default_kind in CLUSTER_SCOPED
        parsed = parse_reference(f"{default_kind}/{reference}" if bare and reference else reference)
        kind = parsed.kind or default_kind
        wanted = Key(kind, parsed.namespace, parsed.name, GROUP_OF_KIND.get(kind, ""))
        if wanted not in self._records:
            same = [k for k in self._records.of_kind(kind) if (k.namespace, k.name) == (parsed.namespace, parsed.name)]
            if len(same) != 1:
                names = [str(k) for k in self._records.of_kind(kind)]
                near = [*self._meant(parsed), *difflib.get_close_matches(str(wanted), names, n=3, cutoff=0.5)][:3]
                hint = f"; did you mean {' or '.join(near)}?" if near else ambiguity(reference)
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

    def _meant(self, parsed: ObjectReference) -> list[str]:
        """Workloads of that name there, of another kind; of two parts that name no pod also those where the first part
        is their kind. Of the kinds that share a short name, the other one's of that name."""
        if parsed.kind in KINDS_OF_CNP:
            others = chain.from_iterable(map(self._records.of_kind, KINDS_OF_CNP))
            return [str(k) for k in sorted(others) if k.name == parsed.name]
        workloads = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")
        if parsed.kind is not None and parsed.kind not in workloads:
            return []
        kind = kind_named(parsed.namespace) if parsed.kind is None else None
        kinds = {*workloads, kind} if kind is not None else {*workloads}
        named = (k for k in chain.from_iterable(map(self._records.of_kind, kinds)) if k.name == parsed.name)
        found = [k for k in named if k.kind == kind or k.namespace == parsed.namespace]
        return [str(k) for k in sorted(found)]

    def get(self, reference: str) -> Record:
        """The record that a reference names, as `svc/shop/checkout`. Raises ReferenceNotFound."""
        return self.record(self.resolve(reference))

    @cached_property
    def _in_order(self) -> list[KubeObject]:
        return [item.value for item in self._records.in_order()]

    @cached_property
    def _by_place(self) -> dict[tuple[type[KubeObject], str], tuple[KubeObject, ...]]:
        return grouped(self._in_order, _place_of)

    @cached_property
    def _by_kind(self) -> dict[type[KubeObject], OfKind]:
        return {kind: OfKind(self._by_place, kind) for kind, _ in self._by_place}

    def all(self, kind: type[T], namespace: str = "") -> tuple[T, ...]:
        """Every object of a typed kind, by namespace and name; of one namespace alone where it is named."""
        if namespace:
            return self._by_place.get((kind, namespace), ())  # type: ignore[return-value]  # what stands there is of it
        found = self._by_kind.get(kind)
        return () if found is None else found.values  # type: ignore[return-value]  # likewise

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
        return grouped(self.all(Pod), _namespace_of_pod)

    @cached_property
    def pods_by_label(self) -> dict[tuple[str, str, str], tuple[Pod, ...]]:
        """Pods of each namespace that carry a pair of key and value, by name."""
        return grouped(self.all(Pod), _labels_of_pod)

    @cached_property
    def living_pods_by_node(self) -> dict[str, tuple[Pod, ...]]:
        """Pods that are not terminal by the node that they are bound to; those of no node under the empty name."""
        return grouped(self.all(Pod), _node_of_living_pod)

    @cached_property
    def policies_by_namespace(self) -> dict[str, tuple[NetworkPolicy, ...]]:
        """NetworkPolicies of each namespace, by name."""
        return grouped(self.all(NetworkPolicy), _namespace_of_policy)

    @cached_property
    def pods_by_ip(self) -> dict[str, tuple[Pod, ...]]:
        """Pods that hold each address now: not terminal ones (PD-14); hostNetwork pods share their node's."""
        return grouped(self.all(Pod), _addresses_of)

    @cached_property
    def pods_by_node(self) -> dict[str, tuple[Pod, ...]]:
        """Pods that are bound to each node, by namespace and name, ended ones too."""
        return grouped(self.all(Pod), _node_of_pod)

    @cached_property
    def nodes_by_ip(self) -> dict[str, Node]:
        """Nodes by each of their InternalIP and ExternalIP addresses."""
        return {
            a.address: n for n in self.all(Node) for a in n.status.addresses if a.type in ("InternalIP", "ExternalIP")
        }

    @cached_property
    def slices_by_service(self) -> dict[Key, tuple[EndpointSlice, ...]]:
        """EndpointSlices of each Service, by name."""
        return grouped(self.all(EndpointSlice), _service_of)

    @cached_property
    def slices_by_endpoint(self) -> dict[str, tuple[EndpointSlice, ...]]:
        """EndpointSlices by every address that they list."""
        return grouped(self.all(EndpointSlice), _endpoints_of)

    @cached_property
    def services_by_address(self) -> dict[str, tuple[Service, ...]]:
        """Services by every address that may lead to them: ClusterIPs, externalIPs, load balancers' (SV-40)."""
        return grouped(self.all(Service), _addresses_of_service)

    @cached_property
    def services_by_node_port(self) -> dict[int, tuple[Service, ...]]:
        """Services by their node ports and health check node ports: numbers of one pool (SV-15, SV-30)."""
        return grouped(self.all(Service), _node_ports_of)

    @cached_property
    def namespaces(self) -> dict[str, dict[str, str]]:
        """Labels of every namespace, named or only implied by an object in it, with `kubernetes.io/metadata.name`."""
        labels = {name: {NAME_LABEL: name} for name in sorted(self._records.namespaces)}
        for namespace in self.all(Namespace):
            labels[namespace.metadata.name] = _labels_of(namespace)
        return labels

    @cached_property
    def unread(self) -> tuple[UnreadKind, ...]:
        """Kinds of which objects may be missing here, as the snapshot itself says."""
        return unread_kinds(self.all(ConfigMap))

    def misses(self, kind: type[KubeObject] | str, namespace: str) -> bool:
        """Whether objects of a kind may be missing in a namespace."""
        name = kind if isinstance(kind, str) else kind.__name__
        return any(u.kind == name and u.misses(namespace) for u in self.unread)

    def misses_some(self, kind: type[KubeObject]) -> bool:
        """Whether objects of a typed kind may be missing anywhere."""
        return any(u.kind == kind.__name__ for u in self.unread)

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
        return grouped(self._in_order, _controller_of)

    def controlled_by(self, owner: Key, kind: type[T]) -> tuple[T, ...]:
        """The objects of a typed kind that name this object as their controller, by name."""
        values = self._by_controller.get((owner.namespace, owner.kind, owner.name), ())
        return tuple(value for value in values if isinstance(value, kind))

    def owned_by(self, owner: Key) -> tuple[KubeObject, ...]:
        """Everything that names this object as its controller; the very same tuple where clusters share it."""
        return self._by_controller.get((owner.namespace, owner.kind, owner.name), ())

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
        return b"\n".join(r.document.raw + b" " + r.made.encode() for r in self._records.in_order())

    @cached_property
    def digest(self) -> str:
        """A word for all of it: equal for equal clusters."""
        return hashlib.sha256(self.canonical).hexdigest()


def _labels_of(namespace: Namespace) -> dict[str, str]:
    return {**namespace.metadata.labels, NAME_LABEL: namespace.metadata.name}


def _value(item: Record | None) -> KubeObject | None:
    return item.value if item is not None else None


def _place_of(value: KubeObject) -> tuple[tuple[type[KubeObject], str]]:
    return ((type(value), value.metadata.namespace),)


def _namespace_of_pod(value: KubeObject) -> tuple[str, ...]:
    return (value.metadata.namespace,) if isinstance(value, Pod) else ()


def _labels_of_pod(value: KubeObject) -> tuple[tuple[str, str, str], ...]:
    if not isinstance(value, Pod):
        return ()
    return tuple((value.metadata.namespace, name, text) for name, text in value.metadata.labels.items())


def _node_of_living_pod(value: KubeObject) -> tuple[str, ...]:
    return (value.spec.node_name,) if isinstance(value, Pod) and not value.is_terminal else ()


def _namespace_of_policy(value: KubeObject) -> tuple[str, ...]:
    return (value.metadata.namespace,) if isinstance(value, NetworkPolicy) else ()


def _addresses_of(value: KubeObject) -> tuple[str, ...]:
    return value.ips if isinstance(value, Pod) and not value.is_terminal else ()


def _node_of_pod(value: KubeObject) -> tuple[str, ...]:
    return (value.spec.node_name,) if isinstance(value, Pod) and value.spec.node_name else ()


def _service_of(value: KubeObject) -> tuple[Key, ...]:
    if not isinstance(value, EndpointSlice) or not value.service_name:
        return ()
    return (key("Service", value.metadata.namespace, value.service_name),)


def _endpoints_of(value: KubeObject) -> tuple[str, ...]:
    if not isinstance(value, EndpointSlice):
        return ()
    return tuple(dict.fromkeys(address for endpoint in value.endpoints for address in endpoint.addresses))


def _addresses_of_service(value: KubeObject) -> tuple[str, ...]:
    if not isinstance(value, Service):
        return ()
    ingress = (address for i in value.status.load_balancer.ingress for address in (i.ip, i.hostname) if address)
    return tuple(dict.fromkeys((*value.cluster_ips, *value.spec.external_ips, *ingress)))


def _node_ports_of(value: KubeObject) -> tuple[int, ...]:
    if not isinstance(value, Service):
        return ()
    numbers = (*(port.node_port for port in value.spec.ports), value.spec.health_check_node_port)
    return tuple(dict.fromkeys(number for number in numbers if number))


def _controller_of(value: KubeObject) -> tuple[tuple[str, str, str], ...]:
    owner = value.controller
    return () if owner is None else ((value.metadata.namespace, owner.kind, owner.name),)


_GROUPINGS: dict[str, tuple[type[KubeObject], GroupsOf[Any]]] = {
    "_by_place": (KubeObject, _place_of),
    "_by_controller": (KubeObject, _controller_of),
    "pods_by_namespace": (Pod, _namespace_of_pod),
    "pods_by_label": (Pod, _labels_of_pod),
    "living_pods_by_node": (Pod, _node_of_living_pod),
    "policies_by_namespace": (NetworkPolicy, _namespace_of_policy),
    "pods_by_ip": (Pod, _addresses_of),
    "pods_by_node": (Pod, _node_of_pod),
    "slices_by_service": (EndpointSlice, _service_of),
    "slices_by_endpoint": (EndpointSlice, _endpoints_of),
    "services_by_address": (Service, _addresses_of_service),
    "services_by_node_port": (Service, _node_ports_of),
}
"""What is looked up, by the property that answers it: the kind that matters to it, and how it is grouped."""

_ASKED_BY_STEPS = ("_by_place", "_by_controller", "pods_by_namespace", "pods_by_label", "living_pods_by_node",
                   "pods_by_ip", "pods_by_node", "slices_by_service", "services_by_address", "nodes_by_ip")  # fmt: skip
