"""The pods of a cluster as lints meet them, alike ones once, and what stands before them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

import msgspec

from kwake.cluster import Cluster
from kwake.objects.document import FieldPath
from kwake.objects.field_path import value_at
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Fix, Operation, taken_out
from kwake.objects.key import Key
from kwake.objects.kinds import MODELLED, Pod, ReplicationController, Service, ServicePort, Workload
from kwake.objects.selector import Labels, LabelSelector, keys_of
from kwake.policy.change import OF_ONE_POD
from kwake.policy.workloads import workload_name
from kwake.sources import locate

T = TypeVar("T")

WORKLOADS: tuple[type[Workload | ReplicationController], ...] = tuple(
    kind for kind in MODELLED.values() if issubclass(kind, Workload | ReplicationController)
)
"""Kinds that make pods from a template."""


class Shape(msgspec.Struct, frozen=True):
    """Pods of one namespace that lints cannot tell apart; workloads without pods have one, too."""

    pod: Pod
    """One of them."""

    @property
    def namespace(self) -> str:
        """Where they are."""
        return self.pod.metadata.namespace

    @property
    def labels(self) -> Labels:
        """What they carry."""
        return self.pod.metadata.labels

    @property
    def serves(self) -> bool:
        """Whether they are meant to stay: pods of Jobs are not."""
        return self.pod.spec.restart_policy == "Always"

    @property
    def ports(self) -> frozenset[tuple[str, int]]:
        """Protocols and numbers of the ports that they declare."""
        return frozenset((p.protocol, p.container_port) for c in self.pod.port_containers for p in c.ports)

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Names and protocols of the ports that they declare."""
        return frozenset((p.name, p.protocol) for c in self.pod.port_containers for p in c.ports if p.name)


class _Pods:
    """The pods of a cluster, alike ones once, and what is asked about them. Clusters share what did not change."""

    def __init__(self, cluster: Cluster, parts: tuple[object, ...]) -> None:
        self.parts = parts
        self._by_namespace: dict[str, tuple[Pod, ...]] = cluster.pods_by_namespace
        found: defaultdict[str, dict[object, Shape]] = defaultdict(dict)
        for pod in cluster.all(Pod):
            if not pod.is_terminal:
                _note(found, pod)
        for kind in WORKLOADS:
            for value in cluster.all(kind):
                template = value.spec.template
                metadata = msgspec.structs.replace(value.metadata, labels=template.metadata.labels)
                _note(found, Pod(metadata=metadata, spec=template.spec))
        self.shapes = {namespace: tuple(shapes.values()) for namespace, shapes in found.items()}
        self._carrying: defaultdict[tuple[str, tuple[str, str]], list[Shape]] = defaultdict(list)
        """By namespace and label: only they need a look where a selector wants it."""
        for namespace, shapes in self.shapes.items():
            for shape in shapes:
                for label in shape.labels.items():
                    self._carrying[namespace, label].append(shape)
        self._selected: dict[tuple[str, bytes], tuple[Shape, ...]] = {}

    def matching(self, namespace: str, selector: LabelSelector) -> tuple[Shape, ...]:
        """The pods of a namespace that a selector means."""
        asked = namespace, msgspec.json.encode(selector)
        if asked not in self._selected:
            self._selected[asked] = tuple(self._found(namespace, selector))
        return self._selected[asked]

    def _found(self, namespace: str, selector: LabelSelector) -> Iterator[Shape]:
        if not OF_ONE_POD.isdisjoint(keys_of(selector)):  # pods that are alike but for these
            for pod in self._by_namespace.get(namespace, ()):
                if not pod.is_terminal and selector.matches(pod.metadata.labels):
                    yield Shape(pod)
            return
        wanted = next(iter(selector.match_labels.items()), None)
        near = self.shapes.get(namespace, ()) if wanted is None else self._carrying.get((namespace, wanted), ())
        yield from (shape for shape in near if selector.matches(shape.labels))


_latest: list[_Pods] = []
"""Those of the last cluster that was asked about: an edited one mostly has the same."""


def _pods(cluster: Cluster) -> _Pods:
    parts = (cluster.all(Pod), *(cluster.all(kind) for kind in WORKLOADS))
    latest = next(iter(_latest), None)
    if latest is None or any(mine is not theirs for mine, theirs in zip(latest.parts, parts, strict=True)):
        latest = _Pods(cluster, parts)
        _latest[:] = [latest]
    return latest


class Shapes:
    """A cluster, as lints ask about it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._pods = _pods(cluster)

    @property
    def shapes(self) -> dict[str, tuple[Shape, ...]]:
        """The pods by namespace."""
        return self._pods.shapes

    def matching(self, namespace: str, selector: LabelSelector) -> tuple[Shape, ...]:
        """The pods of a namespace that a selector means."""
        return self._pods.matching(namespace, selector)

    @cached_property
    def services(self) -> dict[str, tuple[Service, ...]]:
        """Services with a selector, by namespace."""
        found: defaultdict[str, list[Service]] = defaultdict(list)
        for service in self.cluster.all(Service):
            if service.spec.selector and service.spec.type != "ExternalName":
                found[service.metadata.namespace].append(service)
        return {namespace: tuple(services) for namespace, services in found.items()}

    def services_of(self, shape: Shape) -> Iterator[Service]:
        """The Services that select these pods."""
        for service in self.services.get(shape.namespace, ()):
            if service.spec.selector.items() <= shape.labels.items():
                yield service

    @staticmethod
    def target(service: Service, port: ServicePort, shape: Shape) -> int | None:
        """The pods' own port behind one of a Service (EP-8, EP-9); None where they have none of that name."""
        if isinstance(port.target_port, str):
            return shape.pod.named_port(port.target_port, port.protocol)
        return port.target_port or port.port

    def called(self, shape: Shape) -> str:
        """`namespace/name` of what makes these pods."""
        return workload_name(self.cluster, shape.pod).partition("[")[0]

    def read(self, key: Key, form: type[T]) -> T | None:
        """An object that kwake keeps as it is, as far as a lint looks at it; None where it has another form."""
        try:
            return msgspec.json.decode(self.cluster.record(key).document.raw, type=form, strict=False)
        except msgspec.ValidationError:
            return None

    def where(self, key: Key, field: FieldPath = ()) -> str:
        """`file:line` of a field of an object, or empty."""
        origin = self.cluster.record(key).origin
        return "" if origin is None else f"{origin.source.name}:{locate(origin, field)}"

    def taken_out(self, key: Key, path: FieldPath) -> tuple[Operation, Operation]:
        """The operations that take an item out of a list of an object."""
        return taken_out(path, value_at(self.cluster.record(key).manifest, path))

    def warning(self, key: Key, field: FieldPath, text: str, *operations: Operation, of: Key | None = None) -> Finding:
        """A finding, with the operations on the object (or on another, `of`) that mend it."""
        fixes = (Fix(of or key, operations),) if operations else ()
        return Finding("warning", str(key), text, self.where(key, field), fixes)


def _note(found: defaultdict[str, dict[object, Shape]], pod: Pod) -> None:
    shape = Shape(pod)
    labels = tuple(sorted((key, value) for key, value in pod.metadata.labels.items() if key not in OF_ONE_POD))
    spec = pod.spec
    alike = labels, shape.ports, shape.names, spec.host_network, spec.dns_policy, shape.serves
    found[shape.namespace].setdefault(alike, shape)
