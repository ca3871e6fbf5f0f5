"""Packets of clients outside the cluster, and what a load balancer does with them (SV-60)."""

from __future__ import annotations

import msgspec

from kwake.control.balancer_annotations import Balancer, balancer_of
from kwake.control.endpoints import endpoints_of
from kwake.dataplane.arrival import arrive, destination, in_pod_ranges, judged_all_the_same
from kwake.dataplane.ends import OUTSIDE, holder_of, is_address
from kwake.dataplane.evidence import service_decider
from kwake.dataplane.merging import alike_merged
from kwake.dataplane.on_node import at_node, shown
from kwake.dataplane.path import Branch, Decider, Hop, Outcome
from kwake.dataplane.proxy import Origin, within
from kwake.dataplane.unread import endpoints_unread, nodes_unread, sureness_of_none
from kwake.dataplane.view import View
from kwake.dataplane.way import Way
from kwake.objects.basis import Basis, weakest
from kwake.objects.kinds import Node, Service, ServicePort

EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
_HABITS = {"metallb-l2": ": one leader node answers", "metallb-bgp": ": a router spreads over the nodes"}
"""What is particular in how a load balancer brings packets in (SV-62, SV-63)."""


def from_outside(way: Way) -> tuple[Branch, ...]:
    """A packet of a client outside the cluster."""
    view = way.view
    node = view.cluster.nodes_by_ip.get(way.dst)
    if node is not None:
        return at_node(way, node.metadata.name, Origin.OUTSIDE)
    if way.entry and _is_virtual(view, way.dst):
        inward = Hop("route", way.entry, f"→ {way.entry}", f"Node/{way.entry}", Basis.ASSUMED, "SV-40")
        return at_node(way.met(inward), way.entry, Origin.OUTSIDE)
    known = view.proxy.services_by_address.get(way.dst, ())
    for service in known:
        if any(way.dst in (i.ip, i.hostname) for i in service.status.load_balancer.ingress):
            return through_load_balancer(way, service)
        if way.dst in service.spec.external_ips:
            nodes, hidden = view.cluster.all(Node), nodes_unread(view.cluster, service)
            if hidden:
                hop = Hop("route", OUTSIDE, hidden, str(service.key), Basis.UNKNOWN, "SV-40")
                return (way.end(hop, Outcome.UNKNOWN),)
            text = f"the network brings {way.dst} to a node"
            return alike_merged(
                _spread(way, nodes, Hop("route", OUTSIDE, text, str(service.key), Basis.ASSUMED, "SV-40"))
            )
    for service in known:
        if way.dst in service.cluster_ips:
            why = service_decider(view, service, "ClusterIP only", ("spec", "type"), "SV-40")
            way = msgspec.structs.replace(way, frontend="cluster-ip", service=way.service or str(service.key))
            text = "dropped: a ClusterIP exists only inside the cluster"
            return (
                way.end(Hop("route", OUTSIDE, text, str(service.key), Basis.INFERRED, "SV-40", why), Outcome.DROPPED),
            )
    holder = holder_of(view, way.dst)
    if holder is not None or in_pod_ranges(view, way.dst):
        subject = str(holder.key) if holder is not None else None
        text = "dropped: pod addresses are not routed from outside (assumed)"
        why = Decider("network", "pod addresses are not routed from outside")
        hop = Hop("route", OUTSIDE, text, subject, Basis.ASSUMED, "", why)
        way = judged_all_the_same(way, destination(view, way.dst, way.port))
        return (way.end(hop, Outcome.DROPPED, pod=holder, ip=way.dst, port=way.port),)
    return (arrive(way, destination(view, way.dst, way.port)),)


def _is_virtual(view: View, dst: str) -> bool:
    """Whether no load balancer has the address, so that whatever routes it brings it to a node as it is."""
    balancers = (
        any(dst in (i.ip, i.hostname) for i in service.status.load_balancer.ingress)
        for service in view.proxy.services_by_address.get(dst, ())
    )
    return not any(balancers) and holder_of(view, dst) is None


def through_load_balancer(way: Way, service: Service) -> tuple[Branch, ...]:
    """SV-60: to a node as the address itself, to a node port, or straight to a pod; by the profile's `lb` and by what
    the Service's annotations say of its own balancer (SV-61)."""
    view = way.view
    way = msgspec.structs.replace(way, frontend="load-balancer", service=str(service.key))
    set_up = view.balancer.service(service.metadata.namespace, service.metadata.name)
    name = service.metadata.name
    if view.profile["lb"] == "none" or set_up is None or set_up.spec.type != "LoadBalancer":
        nobody = view.profile["lb"] == "none"
        who = "nobody watches Services of type LoadBalancer" if nobody else f"{name} has no load balancer now"
        text = f"{who}; what answers on {way.dst} is not known"
        return (
            way.end(Hop("load-balancer", OUTSIDE, text, str(service.key), Basis.UNKNOWN, "SV-60"), Outcome.UNKNOWN),
        )
    balancer = balancer_of(set_up, view.profile)
    port = next((p for p in set_up.spec.ports if (p.port, p.protocol) == (way.port, way.protocol)), None)
    if port is None:
        text = f"refused: the load balancer of {name} has no port {way.port}"
        why = service_decider(view, service, f"no port {way.port}", ("spec", "ports"), "SV-60")
        hop = Hop("load-balancer", OUTSIDE, text, str(service.key), Basis.INFERRED, "SV-60", why)
        return (way.end(hop, Outcome.REFUSED),)
    at_nodes = balancer.kind not in ("nlb-ip", "cloud-proxy", "node-ports-kept") and _is_vip(service, way.dst)
    stopped = _stopped_at_balancer(way, service, set_up, balancer, at_nodes)
    if stopped is not None:
        return (stopped,)
    text = f"load balancer of {name}{_HABITS.get(balancer.kind, '')}"
    hop = Hop("load-balancer", OUTSIDE, text, str(service.key), balancer.basis, "SV-60", detail=balancer.notes)
    if balancer.kind == "nlb-ip":
        return _to_pods(way, set_up, port, hop, keeps_client=balancer.keeps_client is True)
    hidden = nodes_unread(view.cluster, service)
    if hidden and not way.entry:
        return (way.end(msgspec.structs.replace(hop, text=hidden, basis=Basis.UNKNOWN), Outcome.UNKNOWN),)
    nodes = target_nodes(view, service)
    if way.entry:
        nodes = tuple(node for node in view.cluster.all(Node) if node.metadata.name == way.entry)
    if at_nodes:
        return alike_merged(_spread(way, nodes, hop))
    if not port.node_port:
        text = f"{name} has no node port: the load balancer cannot reach a node"
        why = service_decider(view, service, "no node port", ("spec", "allocateLoadBalancerNodePorts"), "SV-60")
        lost = Hop("load-balancer", OUTSIDE, f"dropped: {text}", str(service.key), Basis.INFERRED, "SV-61", why)
        return (way.end(lost, Outcome.DROPPED),)
    kept = balancer.keeps_client is True or balancer.kind == "node-ports-kept"
    return alike_merged(_spread(way, nodes, hop, port.node_port, keeps_client=kept))


def _stopped_at_balancer(
    way: Way, service: Service, set_up: Service, balancer: Balancer, at_nodes: bool
) -> Branch | None:
    """The end of what the load balancer itself does not take: from outside of its network, or of its ranges.

    Where nodes have its address as their own, kube-proxy holds to loadBalancerSourceRanges (SV-47); else only the
    cloud can. That it does is the meaning of the field, "if supported by the platform".
    """
    subject, name = str(service.key), service.metadata.name
    outside = way.client.is_outside
    if balancer.is_internal and outside and not _is_private(way.client.ip):
        why = service_decider(way.view, service, "internal load balancer", ("metadata", "annotations"), "SV-61")
        text = f"dropped: the load balancer of {name} is internal, {way.client.ip} is not of its network"
        return way.end(Hop("load-balancer", OUTSIDE, text, subject, Basis.INFERRED, "SV-61", why), Outcome.DROPPED)
    own = () if at_nodes else set_up.spec.load_balancer_source_ranges
    for field, ranges in (("loadBalancerSourceRanges", own), ("azure-allowed-ip-ranges", balancer.allowed)):
        if not ranges:
            continue
        if not outside:
            text = f"{field} of {name}: from which address the load balancer sees a pod come is not in the snapshot"
            return way.end(Hop("load-balancer", OUTSIDE, text, subject, Basis.UNKNOWN, "SV-47"), Outcome.UNKNOWN)
        if not within(way.client.ip, ranges):
            why = service_decider(way.view, service, f"not in {field}", ("spec", field), "SV-61")
            text = f"dropped: {way.client.ip} is in none of the {field} of {name}, which the cloud filters (assumed)"
            return way.end(Hop("load-balancer", OUTSIDE, text, subject, Basis.ASSUMED, "SV-61", why), Outcome.DROPPED)
    return None


_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Ranges that a cloud's own networks use (RFC 1918, RFC 6598, RFC 4193)."""


def _is_private(ip: str) -> bool:
    return within(ip, _PRIVATE)


def _spread(
    way: Way, nodes: tuple[Node, ...], hop: Hop, node_port: int = 0, *, keeps_client: bool = False
) -> tuple[Branch, ...]:
    """The packet comes in at any of these nodes; with `node_port`, from the load balancer and to the node's address."""
    if not nodes:
        text = f"{hop.text}: there is no node to send it to"
        return (way.end(msgspec.structs.replace(hop, text=text, basis=Basis.INFERRED), Outcome.UNKNOWN),)
    branches: list[Branch] = []
    for node in nodes:
        one = msgspec.structs.replace(way, share=way.share / len(nodes))
        met = hop
        if node_port:
            source = way.src if keeps_client else _own_address(way.dst)
            one = msgspec.structs.replace(one, dst=node.ip, port=node_port, src=source)
            met = _rewriting(hop, shown(node.ip, node_port), source, way.client.ip)
        inward = Hop("route", node.metadata.name, f"→ {node.metadata.name}", cite="SV-60")
        for branch in at_node(one.met(met, inward), node.metadata.name, Origin.OUTSIDE):
            dialled = branch.translation
            if dialled is not None:
                dialled = msgspec.structs.replace(dialled, dst=way.dst, dst_port=way.port)
            branches.append(msgspec.structs.replace(branch, translation=dialled, entries=(node.metadata.name,)))
    return tuple(branches)


def _rewriting(hop: Hop, to: str, source: str | None, client: str) -> Hop:
    """The load balancer's hop, telling which addresses it puts into the packet."""
    sees = client if source is None else source or "an address of its own, not in the snapshot"
    kept = "source stays" if source is None else "source becomes"
    return msgspec.structs.replace(hop, text=f"{hop.text} → {to}", detail=(f"{kept} {sees}", *hop.detail))


def _to_pods(
    way: Way, service: Service, port: ServicePort, hop: Hop, *, keeps_client: bool = False
) -> tuple[Branch, ...]:
    """IP targets: the load balancer dials the pods itself, with an address of its own (NP-25)."""
    view = way.view
    hidden = endpoints_unread(view.balancer, service)
    if hidden:
        end = msgspec.structs.replace(hop, text=hidden, basis=Basis.UNKNOWN)
        return (way.end(end, Outcome.UNKNOWN),)
    family = "IPv6" if ":" in way.dst else "IPv4"
    backends = tuple(b for b in endpoints_of(view.balancer, service, port, family) if b.ready)
    if not backends:
        text = f"refused: {service.metadata.name} has no ready endpoint"
        why = service_decider(view, service, "no ready endpoint", ("spec", "selector"), "SV-60")
        sure = weakest((Basis.INFERRED, sureness_of_none(view.balancer, service)))
        end = msgspec.structs.replace(hop, text=text, basis=sure, decider=why)
        return (way.end(end, Outcome.REFUSED),)
    branches = []
    for backend in backends:
        chosen = f", 1 of {len(backends)}" if len(backends) > 1 else ""
        text = f"→ {shown(backend.ip, backend.port)}{chosen}"
        nat = Hop("nat", OUTSIDE, text, str(service.key), Basis.ASSUMED, "NP-25")
        source = way.src if keeps_client else _own_address(way.dst)
        one = msgspec.structs.replace(way, share=way.share / len(backends), src=source)
        to = destination(view, backend.ip, backend.port, backend.pod, backend.node)
        branches.append(arrive(one.met(hop, nat), to))
    return tuple(branches)


def _own_address(dst: str) -> str:
    """What stands for the load balancer as a source; its real addresses are the cloud's, unknown behind a name."""
    return dst if is_address(dst) else ""


def target_nodes(view: View, service: Service) -> tuple[Node, ...]:
    """Where the load balancer sends to: nodes that answer its health check, under a Local policy those with a ready
    endpoint of their own (SV-18, SV-52). How soon a check notices a lost node is not known: with the API, assumed."""
    nodes = tuple(node for node in view.cluster.all(Node) if _takes_balanced(node, view))
    if service.spec.external_traffic_policy != "Local":
        return nodes
    slices = view.proxy.slices_by_service.get(service.key, ())
    local = {e.node_name for s in slices for e in s.endpoints if e.ready}
    return tuple(node for node in nodes if node.metadata.name in local) or nodes


def _takes_balanced(node: Node, view: View) -> bool:
    """Whether the service controller puts a node behind load balancers and health checks leave it there."""
    if node.metadata.name in view.lost and node.is_silent:
        return False
    tainted = any(taint.get("key") == "ToBeDeletedByClusterAutoscaler" for taint in node.spec.taints)
    return not (EXCLUDE_LABEL in node.metadata.labels or node.metadata.deletion_timestamp or tainted)


def _is_vip(service: Service, dst: str) -> bool:
    return any(i.ip == dst and i.ip_mode == "VIP" for i in service.status.load_balancer.ingress)
