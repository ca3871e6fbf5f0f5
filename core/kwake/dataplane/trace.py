"""Where a dial made now would go: the one function that answers a flow."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from kwake.dataplane.any_node import dial_any_node
from kwake.dataplane.dial import dial
from kwake.dataplane.ends import (
    AddressTarget,
    AnyNodeTarget,
    Client,
    NameTarget,
    NodeTarget,
    PodTarget,
    ServiceTarget,
    Target,
    resolve_sources,
    resolve_target,
)
from kwake.dataplane.equal_clients import each_traced
from kwake.dataplane.finding import find_by_name, find_service
from kwake.dataplane.merging import alike_sources
from kwake.dataplane.path import Branch, Flow, Hop, Outcome, Path, Translation
from kwake.dataplane.ports import port_of_address, port_of_pod
from kwake.dataplane.view import View
from kwake.dataplane.way import Way
from kwake.errors import UsageError
from kwake.objects.key import key
from kwake.objects.kinds import Service
from kwake.objects.reference import parse_reference

PROTOCOLS = ("TCP", "UDP", "SCTP")
MOST_NAMED = 4
"""Nodes that are named in a note."""


def trace(view: View, flow: Flow) -> Path:
    """The path of a flow at this moment: one branch for each source and endpoint that may meet.

    Raises ReferenceNotFound where an end names nothing, or the port cannot be told.
    """
    flow = normalised(flow)
    clients = resolve_sources(view, flow.source)
    target, notes = resolve_target(view, flow.target)
    share = Fraction(1, len(clients))
    ways = each_traced(view, clients, lambda client: branches_of(view, flow, client, target, share))
    branches: list[Branch] = []
    for group, count in alike_sources(ways):
        branches += group
        if count > 1:
            notes += (f"{count} pods of {flow.source} fare alike; shown for {group[0].source}",)
    notes += (*_entry_notes(branches), *_port_notes(branches), *_affinity_notes(view, branches))
    return Path(flow, tuple(branches), notes)


def normalised(flow: Flow) -> Flow:
    """The flow with its protocol as Kubernetes writes it. Raises UsageError for any but the three (NP-11)."""
    protocol = flow.protocol.upper()
    if protocol not in PROTOCOLS:
        raise UsageError(f"{flow.protocol}: write one of {', '.join(PROTOCOLS)}")
    return msgspec.structs.replace(flow, protocol=protocol)


def branches_of(view: View, flow: Flow, client: Client, target: Target, share: Fraction) -> tuple[Branch, ...]:
    """The branches of one source."""
    start = Hop("client", client.at, f"{client.name.rpartition('/')[2]} {client.ip}", client.name)
    way = Way(view, client, "", 0, flow.protocol, (start,), share, entry=_entry(view, flow, client))
    match target:
        case ServiceTarget():
            return find_service(way, flow, target)
        case NameTarget():
            return find_by_name(way, flow, target.name)
        case AddressTarget():
            port = port_of_address(view, target.ip, flow)
            return dial(msgspec.structs.replace(way, dst=target.ip, port=port))
        case NodeTarget():
            port = port_of_address(view, target.node.ip, flow)
            return dial(msgspec.structs.replace(way, dst=target.node.ip, port=port))
        case AnyNodeTarget():
            return dial_any_node(way, target.nodes, port_of_address(view, target.nodes[0].ip, flow))
        case PodTarget():
            branches: list[Branch] = []
            for pod in target.pods:
                port, one = port_of_pod(pod, flow), share / len(target.pods)
                meant = pod.key if pod.spec.host_network else None
                branches += dial(msgspec.structs.replace(way, dst=pod.ip, port=port, share=one, meant=meant))
            return tuple(branches)


def _entry(view: View, flow: Flow, client: Client) -> str:
    """The name of the node that the flow's packets come in at. Raises ReferenceNotFound, or UsageError for a pod."""
    if not flow.at:
        return ""
    if not client.is_outside:
        raise UsageError(f"{client.name} is on {client.node}: only what comes from outside can come in at {flow.at}")
    return view.cluster.resolve(flow.at if "/" in flow.at else f"node/{flow.at}", "Node").name


def _entry_notes(branches: list[Branch]) -> tuple[str, ...]:
    """For which node the hops are told, where others fare alike."""
    several = dict.fromkeys(branch.entries for branch in branches if len(branch.entries) > 1)
    return tuple(f"{_names(entries)} fare alike; shown for {entries[0]}" for entries in several)


def _names(nodes: Sequence[str]) -> str:
    if len(nodes) > MOST_NAMED:
        return f"{', '.join(nodes[:MOST_NAMED])} and {len(nodes) - MOST_NAMED} more nodes"
    return f"{', '.join(nodes[:-1])} and {nodes[-1]}"


def _port_notes(branches: list[Branch]) -> tuple[str, ...]:
    """Warn where a policy judged another port than the one that was dialled (NP-20)."""
    notes = [
        f"{_port_dialled(b.translation)}, policies see {b.port}"
        for b in branches
        if b.outcome is Outcome.DROPPED
        and b.translation is not None
        and b.translation.node is not None
        and b.hops[-1].kind in ("egress", "ingress")
        and b.port not in (None, b.translation.dst_port)
    ]
    return tuple(dict.fromkeys(notes))


def _port_dialled(translation: Translation) -> str:
    """Whose port was dialled."""
    if translation.frontend == "node-port":
        return f"{translation.dst_port} is the node port"
    return f"port {translation.dst_port} is the Service's"


def _affinity_notes(view: View, branches: list[Branch]) -> tuple[str, ...]:
    """Shares are those of a first dial: under ClientIP affinity a client comes back to its endpoint (SV-48)."""
    notes = []
    for named in dict.fromkeys(b.translation.service for b in branches if b.translation is not None):
        if named is None:
            continue
        parsed = parse_reference(named)
        found = view.proxy.find(key("Service", parsed.namespace, parsed.name))
        if found is not None and isinstance(found.value, Service) and found.value.spec.session_affinity == "ClientIP":
            seconds = found.value.spec.session_affinity_config.client_ip.timeout_seconds
            notes.append(f"{parsed.name} keeps a client on its endpoint for {seconds} s (sessionAffinity)")
    return tuple(notes)
