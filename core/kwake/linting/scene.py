"""What the lints look at: the policies as a profile enforces them, and the pods that they meet, alike ones once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

import msgspec

from kwake.cluster import Cluster
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Fix, Operation
from kwake.objects.key import Key
from kwake.objects.kinds import (
    MODELLED,
    NetworkPolicy,
    Pod,
    PolicyPeer,
    ReplicationController,
    Service,
    ServicePort,
    Workload,
)
from kwake.objects.selector import Labels, LabelSelector
from kwake.policy.change import OF_ONE_POD
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.profiles.profile import Profile
from kwake.sources import locate


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


class Scene:
    """A cluster, as lints ask about it."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self.cluster = cluster
        self.profile = profile
        self.policies: PolicySet = compile_policies(cluster, profile)
        self._selected: dict[tuple[str, bytes], tuple[Shape, ...]] = {}

    @cached_property
    def shapes(self) -> dict[str, tuple[Shape, ...]]:
        """By namespace."""
        found: defaultdict[str, dict[object, Shape]] = defaultdict(dict)
        for pod in self.cluster.all(Pod):
            if not pod.is_terminal:
                _note(found, pod)
        for kind in MODELLED.values():
            if issubclass(kind, Workload | ReplicationController):
                for value in self.cluster.all(kind):
                    template = value.spec.template
                    metadata = msgspec.structs.replace(value.metadata, labels=template.metadata.labels)
                    _note(found, Pod(metadata=metadata, spec=template.spec))
        return {namespace: tuple(shapes.values()) for namespace, shapes in found.items()}

    @cached_property
    def _carrying(self) -> dict[tuple[str, tuple[str, str]], list[Shape]]:
        """Shapes by namespace and label: only they need a look where a selector wants it."""
        found: defaultdict[tuple[str, tuple[str, str]], list[Shape]] = defaultdict(list)
        for namespace, shapes in self.shapes.items():
            for shape in shapes:
                for label in shape.labels.items():
                    found[namespace, label].append(shape)
        return found

    def matching(self, namespace: str, selector: LabelSelector) -> tuple[Shape, ...]:
        """The pods of a namespace that a selector means."""
        asked = namespace, msgspec.json.encode(selector)
        if asked not in self._selected:
            wanted = next(iter(selector.match_labels.items()), None)
            near = self.shapes.get(namespace, ()) if wanted is None else self._carrying.get((namespace, wanted), ())
            self._selected[asked] = tuple(shape for shape in near if selector.matches(shape.labels))
        return self._selected[asked]

    def meant(self, peer: PolicyPeer, home: str) -> tuple[Shape, ...]:
        """The pods that a peer of labels means, in a policy of namespace `home`."""
        if peer.ip_block is not None:
            return ()
        pods = peer.pod_selector or LabelSelector()
        if peer.namespace_selector is None:
            return self.matching(home, pods)
        return tuple(
            s for namespace in self.namespaces(peer.namespace_selector) for s in self.matching(namespace, pods)
        )

    def namespaces(self, selector: LabelSelector) -> list[str]:
        """The namespaces with pods that a selector means, or may mean where their labels are not known."""
        seeing = self.policies.seeing
        return [namespace for namespace in self.shapes if seeing.namespace_matches(selector, namespace) is not False]

    @cached_property
    def network_policies(self) -> tuple[NetworkPolicy, ...]:
        """All of them."""
        return self.cluster.all(NetworkPolicy)

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

    def behind(self, service: Service) -> tuple[Shape, ...]:
        """The pods that serve it, as policies see them: without those on the host's network, and those of Jobs."""
        chosen = self.matching(service.metadata.namespace, LabelSelector(match_labels=dict(service.spec.selector)))
        return tuple(s for s in chosen if self.policies.seeing.is_seen(s.pod) and s.serves)

    @staticmethod
    def target(service: Service, port: ServicePort, shape: Shape) -> int | None:
        """The pods' own port behind one of a Service (EP-8, EP-9); None where they have none of that name."""
        if isinstance(port.target_port, str):
            return shape.pod.named_port(port.target_port, port.protocol)
        return port.target_port or port.port

    def where(self, key: Key, field: FieldPath = ()) -> str:
        """`file:line` of a field of an object, or empty."""
        origin = self.cluster.record(key).origin
        return "" if origin is None else f"{origin.source.name}:{locate(origin, field)}"

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
