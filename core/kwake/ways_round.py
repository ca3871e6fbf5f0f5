"""Node ports as a way round what stops a client at the Service itself.

A proxy that brings a dial of a node's address to a pod puts the node's address into it (SV-44). Policies on other
nodes judge that one, which an ipBlock may hold; those on the same node do so under some CNIs alone, and then let it in
(NP-23, NP-14).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.ends import ANY_NODE
from kwake.dataplane.path import Flow, Outcome
from kwake.dial_change import DialChange, arriving, dialled, is_unknown, path_of
from kwake.objects.key import Key, key
from kwake.objects.kinds import Pod, Service
from kwake.world import World


def node_ports(cluster: Cluster, service: Key) -> list[tuple[int, int, str]]:
    """The ports of a Service that nodes answer for: its port, the node port, the protocol."""
    found = cluster.service(service.namespace, service.name)
    if found is None or found.spec.type not in ("NodePort", "LoadBalancer"):
        return []
    return [(port.port, port.node_port, port.protocol) for port in found.spec.ports if port.node_port]


def ways_round(old: World, new: World, found: Iterable[DialChange]) -> Iterator[tuple[Flow, DialChange]]:
    """The node ports of Services whose own address does not bring a client to every endpoint, with that dial.

    Who gets there anyway gains nothing by a node port, and loses nothing with it. Where a client resolves no name of
    the cluster (DN-14) what counts is the address.
    """
    for change in found:
        if change.service or change.flow.source == "internet":
            continue
        direct = change
        if any(path is not None and path.outcome is Outcome.UNRESOLVED for path in (change.before, change.after)):
            direct = dialled(old, new, msgspec.structs.replace(change.flow, via="ip"))
        numbers: dict[tuple[int, str], None] = {}
        for world, path in ((old, direct.before), (new, direct.after)):
            if path is None or arriving(path) == 1:
                continue
            for port, number, protocol in node_ports(world.cluster, _key(change.flow.target)):
                if (port, protocol) == (change.flow.port, change.flow.protocol):
                    numbers[number, protocol] = None
        for number, protocol in numbers:
            yield Flow(change.flow.source, ANY_NODE, number, protocol), direct


def by_node_port(old: World, new: World, flow: Flow, direct: DialChange) -> DialChange:
    """A way round tried in both worlds. Where nothing has the port nobody answers, whatever policies say before."""
    before, after = path_of(old, flow), path_of(new, flow)
    if is_unknown(before) and _is_closed(old.cluster, flow):
        before = None
    if is_unknown(after) and _is_closed(new.cluster, flow):
        after = None
    return DialChange(flow, before, after, direct.flow.target, direct)


def gone_round(old: World, new: World, service: Key, clients: Iterable[str]) -> tuple[DialChange, ...]:
    """What becomes of the ways round a Service for clients, by their references; both worlds have settled."""
    versions = [found for w in (old, new) if (found := w.cluster.service(service.namespace, service.name)) is not None]
    ports = dict.fromkeys((port.port, port.protocol) for version in versions for port in version.spec.ports)
    flows = (Flow(client, str(service), port, protocol) for port, protocol in ports for client in clients)
    direct = (dialled(old, new, flow) for flow in flows)
    changes = (by_node_port(old, new, *way) for way in ways_round(old, new, direct))
    return tuple(change for change in changes if change.turn is not None)


def _is_closed(cluster: Cluster, flow: Flow) -> bool:
    """Whether for sure neither a Service has this node port nor a pod of a node's network this port."""
    if cluster.misses_some(Service) or cluster.misses_some(Pod):
        return False
    number = int(flow.port or 0)
    declared = any(pod.declares(number) for pod in cluster.all(Pod) if pod.spec.host_network)
    return not declared and not cluster.services_by_node_port.get(number)


def _key(reference: str) -> Key:
    kind, namespace, name = reference.split("/")
    return key(kind, namespace, name)
