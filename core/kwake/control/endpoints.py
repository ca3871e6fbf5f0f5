"""What a Service proxy reads from the EndpointSlices, and which of it a node uses (EP-6, EP-7)."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster
from kwake.control.desired_endpoints import address_order
from kwake.control.slices import missing_slices, service_slices
from kwake.objects.key import Key, key
from kwake.objects.kinds import (
    HEADLESS_LABEL,
    PROXY_NAME_LABEL,
    EndpointSlice,
    Hints,
    Node,
    Service,
    ServicePort,
    SliceEndpoint,
)

__all__ = [
    "Backend",
    "Usable",
    "endpoints_of",
    "has_slices_left_headless",
    "is_untouched",
    "missing_slices",
    "service_slices",
    "usable",
]


class Backend(msgspec.Struct, frozen=True):
    """One endpoint of a port of a Service: where a connection may be sent to."""

    ip: str
    port: int
    pod: Key | None
    """The pod that the slice says holds the address; None for manual endpoints."""
    node: str
    zone: str
    ready: bool
    serving: bool
    terminating: bool
    slice: Key
    """The EndpointSlice that lists it."""
    hints: Hints = Hints()

    @property
    def is_fallback(self) -> bool:
        """Used only where nothing is ready: on its way out, and still serving."""
        return self.serving and self.terminating


def endpoints_of(
    cluster: Cluster, service: Service, port: ServicePort, family: str | None = None
) -> tuple[Backend, ...]:
    """The endpoints of a port of a Service, by address; of one family (`IPv4`, `IPv6`) where given.

    Slices of manual endpoints count like the controller's (EP-15). Slices that carry the headless or the
    service-proxy-name label are not seen by a proxy (EP-16); for a headless Service they are what DNS reads, so there
    they count. Two endpoints of one address and port are one, and the one that is not terminating wins (EP-7).
    """
    found: dict[tuple[str, int], Backend] = {}
    for item in cluster.slices_by_service.get(service.key, ()):
        if item.address_type not in ("IPv4", "IPv6") or (family is not None and item.address_type != family):
            continue
        if not service.is_headless and _hidden_from_proxies(item):
            continue
        for slice_port in item.ports:
            if (slice_port.name, slice_port.protocol) != (port.name, port.protocol) or slice_port.port is None:
                continue
            for endpoint in item.endpoints:
                if not endpoint.addresses:
                    continue
                backend = _backend(item, endpoint, slice_port.port)
                known = found.get((backend.ip, backend.port))
                if known is None or (known.terminating and not backend.terminating):
                    found[backend.ip, backend.port] = backend
    return tuple(sorted(found.values(), key=lambda b: (address_order(b.ip), b.port)))


def is_untouched(known: Cluster, now: Cluster, service: Service) -> bool:
    """Whether nothing that a Service's slices depend on has changed since its controller made sure of them.

    Clusters share what did not change, so that is a matter of identity: the Service, its slices, all nodes, and every
    pod that carries one of the pairs that its selector asks for.
    """
    namespace, selector = service.metadata.namespace, service.spec.selector
    return (
        known.service(namespace, service.metadata.name) is service
        and known.slices_by_service.get(service.key) is now.slices_by_service.get(service.key)
        and known.all(Node) is now.all(Node)
        and any(
            known.pods_by_label.get((namespace, *pair)) is now.pods_by_label.get((namespace, *pair))
            for pair in selector.items()
        )
    )


def has_slices_left_headless(cluster: Cluster, service: Service) -> bool:
    """Whether a Service that is not headless has endpoints in slices that say so: it was, and nothing has rewritten
    them since (EP-17, inferred)."""
    return not service.is_headless and any(
        HEADLESS_LABEL in item.metadata.labels and item.endpoints
        for item in cluster.slices_by_service.get(service.key, ())
    )


def _hidden_from_proxies(item: EndpointSlice) -> bool:
    return HEADLESS_LABEL in item.metadata.labels or PROXY_NAME_LABEL in item.metadata.labels


def _backend(item: EndpointSlice, endpoint: SliceEndpoint, port: int) -> Backend:
    target = endpoint.target_ref
    pod = None
    if target is not None and target.kind == "Pod":
        pod = key("Pod", target.namespace or item.metadata.namespace, target.name)
    return Backend(
        endpoint.addresses[0],  # a proxy uses the first address only (`k8s:pkg/proxy/endpointslicecache.go`)
        port,
        pod,
        endpoint.node_name,
        endpoint.zone,
        endpoint.ready,
        endpoint.serving,
        endpoint.terminating,
        item.key,
        endpoint.hints,
    )


class Usable(msgspec.Struct, frozen=True):
    """What a node balances to."""

    backends: tuple[Backend, ...]
    has_any_anywhere: bool
    """Whether there is a usable endpoint on any node: under a Local policy this tells drop from reject."""
    topology: str = ""
    """`PreferSameNode` or `PreferSameZone` where hints narrowed the choice (EP-18)."""


def usable(backends: tuple[Backend, ...], node: str, node_zone: str, policy: str, *, node_hints: bool = True) -> Usable:
    """The endpoints of one port and family that a node uses under a traffic policy, `Cluster` or `Local` (EP-6).

    `node_hints` False is a proxy without the gate PreferSameTrafficDistribution (before 1.35).
    """
    if policy == "Local":
        anywhere = any(b.ready or b.is_fallback for b in backends)
        local = tuple(b for b in backends if b.node == node and node)
        return Usable(tuple(b for b in local if b.ready) or tuple(b for b in local if b.is_fallback), anywhere)
    ready = tuple(b for b in backends if b.ready)
    topology = _topology(ready, node, node_zone, node_hints)
    match topology:
        case "PreferSameNode":
            chosen = tuple(b for b in ready if any(hint.name == node for hint in b.hints.for_nodes))
        case "PreferSameZone":
            chosen = tuple(b for b in ready if any(hint.name == node_zone for hint in b.hints.for_zones))
        case _:
            chosen = ready
    chosen = chosen or tuple(b for b in backends if b.is_fallback)
    return Usable(chosen, bool(chosen), topology)


def _topology(ready: tuple[Backend, ...], node: str, zone: str, node_hints: bool) -> str:
    """Hints count only if every ready endpoint has them and one is for here (EP-20)."""
    if not ready:
        return ""
    by_node = [{hint.name for hint in b.hints.for_nodes} for b in ready]
    if node_hints and all(by_node) and any(node in names for names in by_node):
        return "PreferSameNode"
    by_zone = [{hint.name for hint in b.hints.for_zones} for b in ready]
    if all(by_zone) and any(zone in names for names in by_zone):
        return "PreferSameZone"
    return ""
