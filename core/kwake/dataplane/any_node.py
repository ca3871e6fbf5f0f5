"""A dial of a port of any node: the client may choose whichever it likes, so all are equally likely."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from kwake.dataplane.dial import dial
from kwake.dataplane.merging import alike_merged
from kwake.dataplane.path import Branch, Hop, Outcome
from kwake.dataplane.unread import nodes_unread
from kwake.dataplane.view import View
from kwake.dataplane.way import ZONE_LABEL, Way
from kwake.errors import ReferenceNotFound
from kwake.objects.basis import Basis
from kwake.objects.kinds import Node, Pod
from kwake.policy.classes import Sight, sight_of
from kwake.policy.policy_set import compile_policies


def dial_any_node(way: Way, nodes: Sequence[Node], port: int) -> tuple[Branch, ...]:
    """Every end that a dial of this port of one of these nodes may have.

    Somebody outside finds a node by its ExternalIP if it has one, and that it is reachable at all is assumed.
    Raises ReferenceNotFound where the one node at which the dial is to come in has none.
    """
    view = way.view
    if way.entry:
        nodes = [node for node in nodes if node.metadata.name == way.entry]
    if not nodes:
        raise ReferenceNotFound(f"node/{way.entry}: the node has no address in this snapshot")
    services = view.proxy.services_by_node_port.get(port, ())
    hidden = next(filter(None, (nodes_unread(view.cluster, service) for service in services)), "")
    if hidden and not way.entry:
        return (way.end(Hop("node-port", way.client.at, hidden, None, Basis.UNKNOWN, "SV-40"), Outcome.UNKNOWN),)
    branches: list[Branch] = []
    for alike in _groups(way, nodes, port):
        node, share = alike[0], way.share * len(alike) / len(nodes)
        one = msgspec.structs.replace(way, dst=node.ip, port=port, share=share)
        if way.client.is_outside:
            external = next((a.address for a in node.status.addresses if a.type == "ExternalIP"), node.ip)
            inward = Hop("route", node.metadata.name, f"→ {node.metadata.name} (reachable from outside: assumed)",
                         str(node.key), Basis.ASSUMED, "SV-40")  # fmt: skip
            one = msgspec.structs.replace(one.met(inward), dst=external)
        entries = tuple(node.metadata.name for node in alike)
        branches += [msgspec.structs.replace(branch, entries=entries) for branch in dial(one)]
    return alike_merged(branches)


def _groups(way: Way, nodes: Sequence[Node], port: int) -> list[list[Node]]:
    """The nodes, those together that must fare alike."""
    apart = _told_apart(way, port)
    sight = sight_of(compile_policies(way.view.policy, way.view.profile))
    groups: dict[Hashable, list[Node]] = {}
    for node in nodes:
        name = node.metadata.name
        one_by_one = name in apart or sight.asks_nodes or _names_addresses(way.view)
        groups.setdefault(name if one_by_one else _likeness(way.view, node, sight), []).append(node)
    return list(groups.values())


def _likeness(view: View, node: Node, sight: Sight) -> Hashable:
    """What a trace reads of a node that neither client nor endpoint is on, but for its name and addresses."""
    addresses = tuple((a.type, sight.pieces.of(a.address)) for a in node.status.addresses)
    return addresses, node.metadata.labels.get(ZONE_LABEL), node.metadata.name in view.lost


def _names_addresses(view: View) -> bool:
    """Whether node ports answer on some addresses only (SV-49)."""
    return view.profile["node-port-addresses"] not in ("default", "primary")


def _told_apart(way: Way, port: int) -> set[str]:
    """Nodes on which somebody is who matters: the client, an endpoint, or a pod that takes the port on the host."""
    view = way.view
    names = {way.client.node}
    for service in view.proxy.services_by_node_port.get(port, ()):
        for item in view.proxy.slices_by_service.get(service.key, ()):
            names |= {end.node_name for end in item.endpoints}
            names |= {hint.name for end in item.endpoints for hint in end.hints.for_nodes}
    for pod in view.cluster.all(Pod):
        if pod.spec.host_network and pod.declares(port):
            names.add(pod.spec.node_name)
    return names
