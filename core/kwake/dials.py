"""Dials that end otherwise than before: from each workload to each port of each Service that a change touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.ends import ANY_NODE
from kwake.dataplane.name_server import dns_service
from kwake.dataplane.path import Flow
from kwake.dial_change import DialChange, Turn, arriving, dialled
from kwake.objects.endpoint_slice import SliceEndpoint
from kwake.objects.key import Key, key
from kwake.objects.kinds import EndpointSlice, Node, Pod, Service
from kwake.policy.connections import PROTOCOLS, ConnectionSet
from kwake.policy.difference import PairChange
from kwake.policy.workloads import workload_name
from kwake.waking import Wake
from kwake.ways_round import by_node_port, node_ports, ways_round
from kwake.world import World

LIMIT = 300
"""Dials that are compared unless another limit is given: in the console one waits for them."""


class Dials(msgspec.Struct, frozen=True):
    """What a change comes to for those who dial a Service."""

    changes: tuple[DialChange, ...]
    """By what became of them, then by Service and client."""
    same: int
    """How many were compared and end as before."""
    unlooked: int
    """How many a limit kept from being compared."""
    served: tuple[tuple[str, str], ...] = ()
    """Services whose node ports differ with workloads that they bring to every endpoint before and after, by their
    references: for those a node port is no news, and it is not dialled."""


def changed_dials(before: World, after: World, wake: Wake, limit: int | None = LIMIT) -> Dials:
    """The dials to Services that end otherwise, when both worlds have settled; `wake` is theirs.

    A dial is compared where the change can touch it: the Service or its endpoints differ, or one of the pairs of
    workloads that it needs does. Nodes that differ touch every dial. Whom a Service does not bring to all its endpoints
    is also tried by its node ports.
    """
    old, new = before.settle(), after.settle()
    asked = list(dict.fromkeys(_touched(old.cluster, new.cluster, wake)))
    looked = asked if limit is None else asked[:limit]
    found = [dialled(old, new, flow, service) for flow, service in looked]
    around, served = list(ways_round(old, new, found)), tuple(_served(old, new, found))
    tried = around if limit is None else around[: max(limit - len(looked), limit // 20)]
    found += [by_node_port(old, new, flow, direct) for flow, direct in tried]
    unlooked = len(asked) - len(looked) + len(around) - len(tried)
    order = list(Turn)
    changes = [(change.turn, change) for change in found]
    told = sorted(
        ((order.index(turn), c.flow.target, str(c.flow.port), c.flow.source, c) for turn, c in changes if turn),
        key=lambda row: row[:4],
    )
    return Dials(tuple(row[4] for row in told), len(found) - len(told), unlooked, served)


def _served(old: World, new: World, found: Iterable[DialChange]) -> Iterator[tuple[str, str]]:
    """Whom a Service with other node ports than before brings to every endpoint all the same."""
    for change in found:
        target = change.flow.target
        if change.service or change.flow.source == "internet" or target.partition("/")[0] != "Service":
            continue
        _, namespace, name = target.split("/")
        was, is_ = (node_ports(world.cluster, key("Service", namespace, name)) for world in (old, new))
        if was != is_ and arriving(change.before) == arriving(change.after) == 1:
            yield target, change.flow.source


def dial_of(cluster: Cluster, src: str, dst: str, connections: ConnectionSet) -> Flow | None:
    """A dial that a pair of the table of all pairs stands for, on the first port that somebody declared to listen on.

    Ends are `namespace/name[Kind]` or an address range, of which the first usable address dials. None without a port.
    """
    pods = [pod for pod in cluster.all(Pod) if workload_name(cluster, pod) == dst] if "[" in dst else []
    declared = sorted({(p.protocol, p.container_port) for pod in pods for c in pod.spec.containers for p in c.ports})
    for protocol, port in sorted(declared, key=lambda item: (item[0] != "TCP", item)):
        if connections.holds(protocol, port):
            return Flow(_end(src), _end(dst), port, protocol)
    for protocol in sorted(PROTOCOLS, key=lambda name: name != "TCP"):
        for low, high in connections.of(protocol)[:1]:
            port = next((usual for usual in (443, 80) if low <= usual <= high), low)
            return Flow(_end(src), _end(dst), port, protocol)
    return None


def reference_of(name: str) -> str:
    """`Kind/namespace/name` for the name of a workload in the table of all pairs."""
    place, _, kind = name.removesuffix("]").partition("[")
    return f"{kind}/{place}"


def _end(name: str) -> str:
    if "[" in name:
        return reference_of(name)
    first, last = map(ip_address, name.split("-"))
    internet = ip_address("198.51.100.7")
    if first.version == internet.version and int(first) <= int(internet) <= int(last):
        return "internet"
    return str(first + 1 if int(first) < int(last) else first)


def _touched(old: Cluster, new: Cluster, wake: Wake) -> Iterator[tuple[Flow, str]]:
    """The flows that may end otherwise, a changed Service's first; of a node port with its Service."""
    clients = sorted({workload_name(c, pod) for c in (old, new) for pod in c.all(Pod)})
    ports = _ports(old, new)
    anew = _changed_nodes(old, new)
    changed = [key for key in ports if anew or _face(old, key) != _face(new, key)]
    for service in changed:
        yield from _outside_flows(old, new, service, ports[service])
        for client in clients:
            yield from _flows(client, service, ports[service])
    pairs = {(c.src, c.dst) for c in (*wake.lost, *wake.gained, *wake.changed)}
    pairs |= {(u.src, u.dst) for u in wake.unknown}
    behind = {key: _backends(old, key) | _backends(new, key) for key in ports}
    servers = {workload for c in (old, new) if (dns := dns_service(c)) for workload in behind[dns.key]}
    for client in clients:
        towards = {dst for src, dst in pairs if src == client}
        asks = bool(towards & servers)
        for service in ports:
            if asks or towards & behind[service]:
                yield from _flows(client, service, ports[service])
    outside = {dst for src, dst in pairs if "[" not in src}
    for service in ports:
        if outside & (servers | behind[service]):
            yield from _outside_flows(old, new, service, ports[service])


def service_flows(old: Cluster, new: Cluster, service: Key) -> Iterator[tuple[Flow, str]]:
    """Every dial of a Service, from outside and from each workload; of a node port with the Service."""
    ports = _ports(old, new)[service]
    yield from _outside_flows(old, new, service, ports)
    for client in sorted({workload_name(cluster, pod) for cluster in (old, new) for pod in cluster.all(Pod)}):
        yield from _flows(client, service, ports)


def _flows(client: str, service: Key, ports: Sequence[tuple[int, str]]) -> Iterator[tuple[Flow, str]]:
    for port, protocol in ports:
        yield Flow(reference_of(client), str(service), port, protocol), ""


def _outside_flows(
    old: Cluster, new: Cluster, service: Key, ports: Sequence[tuple[int, str]]
) -> Iterator[tuple[Flow, str]]:
    """What somebody outside may dial of a Service: its node ports, and else what stands for its name."""
    by_node = dict.fromkeys(item for cluster in (old, new) for item in node_ports(cluster, service))
    for _, number, protocol in by_node:
        yield Flow("internet", ANY_NODE, number, protocol), str(service)
    versions = [found for cluster in (old, new) if (found := cluster.service(service.namespace, service.name))]
    if by_node and not any(item.spec.type == "LoadBalancer" or item.spec.external_ips for item in versions):
        return
    for port, protocol in ports:
        yield Flow("internet", str(service), port, protocol), ""


def _ports(*clusters: Cluster) -> dict[Key, list[tuple[int, str]]]:
    """What can be dialled: every Service of either world with its ports; 443 of one that names none."""
    found: dict[Key, list[tuple[int, str]]] = {}
    for cluster in clusters:
        for service in cluster.all(Service):
            here = found.setdefault(service.key, [])
            asked = [(port.port, port.protocol) for port in service.spec.ports] or [(443, "TCP")]
            here += [port for port in asked if port not in here]
    return dict(sorted(found.items()))


def _face(cluster: Cluster, service: Key) -> object:
    """All that a Service shows to those who dial it."""
    found = cluster.service(service.namespace, service.name)
    slices: tuple[EndpointSlice, ...] = cluster.slices_by_service.get(service, ())
    pods = [pod for item in slices for end in item.endpoints if (pod := _pod_of(cluster, service, end)) is not None]
    listens = [(pod.spec, pod.metadata.annotations) for pod in pods]
    return found and (found.spec, found.status), [(s.address_type, s.endpoints, s.ports) for s in slices], listens


def _changed_nodes(old: Cluster, new: Cluster) -> bool:
    was, is_ = ([(n.metadata.name, n.metadata.labels, n.spec, n.status) for n in c.all(Node)] for c in (old, new))
    return was != is_


def _pod_of(cluster: Cluster, service: Key, endpoint: SliceEndpoint) -> Pod | None:
    target = endpoint.target_ref
    return cluster.pod(service.namespace, target.name) if target is not None else None


def _backends(cluster: Cluster, service: Key) -> set[str]:
    """The workloads behind a Service."""
    ends = (end for item in cluster.slices_by_service.get(service, ()) for end in item.endpoints)
    pods = (_pod_of(cluster, service, end) for end in ends)
    return {workload_name(cluster, pod) for pod in pods if pod is not None}


def pair_change_flow(before: World, after: World, change: PairChange) -> Flow | None:
    """The dial that a change of a pair is about: on a port that it may or might no longer, or may now."""
    lost = change.lost()
    world = before if lost else after
    return dial_of(world.cluster, change.src, change.dst, lost or change.gained())
