"""The last part of a way: egress policy, route, ingress policy, and whether somebody listens (NP-29)."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

import msgspec

from kwake.dataplane.ends import OUTSIDE, holder_of, is_address
from kwake.dataplane.evidence import admission, judgement, missed, side_deciders
from kwake.dataplane.living import is_down
from kwake.dataplane.masquerade import ingress_side, judges_before
from kwake.dataplane.path import Branch, Decider, Hop, Judgement, Outcome
from kwake.dataplane.unread import frontends_unread, holder_unread, may_be_unread_pod
from kwake.dataplane.view import View
from kwake.dataplane.way import Way
from kwake.objects.basis import Basis, weakest
from kwake.objects.key import Key
from kwake.objects.kinds import LISTENS_ANNOTATION, Node, Pod
from kwake.policy.ends import PolicyEnd, Side, called
from kwake.policy.policy_set import compile_policies

_LISTENS = re.compile(r"\s*([0-9]{1,5})(?:/(\w+))?\s*")


class Destination(msgspec.Struct, frozen=True, eq=False):
    """Where a packet goes after DNAT, and who is there."""

    ip: str
    port: int
    pod: Pod | None
    """Who has the address now."""
    node: str
    expected: Key | None = None
    """The pod that the Service's slice meant."""

    @property
    def is_stranger(self) -> bool:
        """Whether another pod has the address by now (PD-27)."""
        return self.pod is not None and self.expected is not None and self.pod.key != self.expected


def destination(view: View, ip: str, port: int, expected: Key | None = None, node: str = "") -> Destination:
    """Who is at an address now: a pod of its own address, or one on the network of the node that has it."""
    holder = holder_of(view, ip)
    if holder is not None:
        return Destination(ip, port, holder, holder.spec.node_name, expected)
    there = view.cluster.nodes_by_ip.get(ip)
    if there is not None:
        return Destination(ip, port, _on_host_network(view, there, port, expected), there.metadata.name, expected)
    return Destination(ip, port, None, node, expected)


def arrive(way: Way, to: Destination, egress_port: int | None = None) -> Branch:
    """The end of a way whose destination is fixed. `egress_port` is what the client's policy judges, if another."""
    view = way.view
    judged = leave(way, to, egress_port)
    if isinstance(judged, Branch):
        return judged
    way, target = judged, _target_end(view, to)
    route = _route(way, to)
    came = [hop for hop in way.hops if hop.kind == "route"][-1:]
    if [(hop.at, hop.text) for hop in came] != [(route.at, route.text)]:  # else it came by that route already
        way = way.met(route)
    if to.pod is None:
        way = msgspec.structs.replace(way, ingress=_ingress(way, to))
    else:
        source = source_end(way)
        side = _ingress_side(way, to)
        way = msgspec.structs.replace(way, ingress=judgement(view, side))
        late: tuple[Hop, ...] = ()
        if side.stopped_by and way.came_as is not None and judges_before(view, target, source):
            source, late = way.came_as, tuple(hop for hop in way.hops if hop.kind == "snat" and hop.at == to.node)
            way = msgspec.structs.replace(way, hops=tuple(hop for hop in way.hops if hop not in late))
        hop = _policy_hop(view, "ingress", to.node, side, str(to.pod.key), source)
        if way.is_masqueraded and not way.source and side.isolated_by:
            return _source_unknown(way, hop, to)
        if side.allowed is not True:
            return _stopped_by_policy(way, hop, side, to)
        way = way.met(_admitted(view, hop, side), *late)
    return _socket(way, to)


def leave(way: Way, to: Destination, egress_port: int | None = None) -> Way | Branch:
    """The way after the client's egress policies have judged where it goes (NP-20), or its end there."""
    if way.has_left:
        return way
    policies = compile_policies(way.view.policy, way.view.profile)
    target = _target_end(way.view, to)
    by_service = way.nat_node is not None
    side = policies.verdict(client_end(way), target, way.protocol, egress_port or to.port, by_service=by_service).egress
    way = msgspec.structs.replace(way, egress=judgement(way.view, side))
    if way.client.pod is None:
        return way
    hop = _policy_hop(way.view, "egress", way.client.at, side, way.client.name, target)
    if side.allowed is False and to.pod is None and may_be_unread_pod(way.view.cluster, to.ip):
        reason = f"{to.ip} may be a pod that was not read, which the rules may admit"
        side = msgspec.structs.replace(side, allowed=None, reason=reason, basis=Basis.UNKNOWN)
        hop = msgspec.structs.replace(hop, text=reason, basis=Basis.UNKNOWN, detail=(), near_misses=())
    if side.allowed is None and to.pod is not None and _ingress_side(way, to).allowed is False:
        # Whether it leaves is not known, and does not matter: it is dropped there at the latest.
        return msgspec.structs.replace(way.met(hop), has_left=True)
    if side.allowed is not True:
        way = msgspec.structs.replace(way, ingress=_ingress(way, to))
        return _stopped_by_policy(way, hop, side, to)
    return msgspec.structs.replace(way.met(_admitted(way.view, hop, side)), has_left=True)


def judged_all_the_same(way: Way, to: Destination) -> Way:
    """The way with what policies would say of both sides, where something else ends it before they are asked."""
    policies = compile_policies(way.view.policy, way.view.profile)
    side = policies.verdict(source_end(way), _target_end(way.view, to), way.protocol, to.port).egress
    return msgspec.structs.replace(way, egress=judgement(way.view, side), ingress=_ingress(way, to))


def _ingress(way: Way, to: Destination) -> Judgement:
    """What the server's policies say of a packet that may not even get there."""
    return judgement(way.view, _ingress_side(way, to))


def _ingress_side(way: Way, to: Destination) -> Side:
    node = source_end(way) if way.is_masqueraded else None
    client = way.came_as or client_end(way)
    return ingress_side(way.view, client, node, _target_end(way.view, to), (way.protocol, to.port))


def client_end(way: Way) -> PolicyEnd:
    """The client as its own policies see it."""
    pod = way.client.pod
    return PolicyEnd(as_policies_know(way.view, pod) if pod else None, way.client.ip, way.client.node)


def as_policies_know(view: View, pod: Pod) -> Pod:
    """The pod with the labels that the policy agents have taken in; else as the API has it (NP-10)."""
    known = view.policy.pod(pod.metadata.namespace, pod.metadata.name)
    return known if known is not None and known.metadata.uid == pod.metadata.uid else pod


def listens(pod: Pod, port: int, protocol: str) -> tuple[bool, Basis]:
    """Whether somebody listens there: what the annotation says, else yes, and that is assumed."""
    said = pod.metadata.annotations.get(LISTENS_ANNOTATION)
    if said is None:
        return True, Basis.ASSUMED
    ports = {(int(m[1]), (m[2] or "TCP").upper()) for m in map(_LISTENS.fullmatch, said.split(",")) if m}
    return (port, protocol) in ports, Basis.SOURCED


def source_end(way: Way) -> PolicyEnd:
    """Who the packet comes from by its source address now: the node or load balancer that replaced it, if one did."""
    if not way.is_masqueraded:
        return client_end(way)
    return PolicyEnd(None, way.source or "0.0.0.0", way.src_node)


def _target_end(view: View, to: Destination) -> PolicyEnd:
    return PolicyEnd(as_policies_know(view, to.pod) if to.pod else None, to.ip, to.node)


def _on_host_network(view: View, node: Node, port: int, expected: Key | None) -> Pod | None:
    """The pod on a node's network that the slice meant, else one that declares the port."""
    if expected is not None:
        meant = view.cluster.pod(expected.namespace, expected.name)
        if meant is not None and meant.spec.host_network and meant.spec.node_name == node.metadata.name:
            return meant
    for pod in view.cluster.pods_by_node.get(node.metadata.name, ()):
        is_there = pod.spec.host_network and pod.ip and not pod.is_terminal
        if is_there and pod.declares(port):
            return pod
    return None


def _policy_hop(view: View, kind: str, at: str, side: Side, subject: str, other: PolicyEnd) -> Hop:
    text = side.reason
    if side.allowed and side.admitted_by:
        text = admission(compile_policies(view.policy, view.profile), side.admitted_by[0], other)
    elif side.allowed is False:
        text = side.dropped
    policy = side.admitted_by[0].policy if side.admitted_by else next(iter(side.stopped_by), None)
    passed = tuple(f"{called(ref.policy)} {ref} passes it on" for ref in side.passed_by)
    by = str(policy) if policy else subject
    return Hop(kind, at, text, by, side.basis, side.cite, detail=passed, near_misses=missed(view, side))


def _admitted(view: View, hop: Hop, side: Side) -> Hop:
    deciders = side_deciders(view, side)
    return msgspec.structs.replace(hop, decider=deciders[0]) if deciders else hop


def _stopped_by_policy(way: Way, hop: Hop, side: Side, to: Destination) -> Branch:
    """A denial is a silent drop (NP-28); an unknown verdict stays unknown."""
    outcome = Outcome.DROPPED if side.allowed is False else Outcome.UNKNOWN
    reason = hop.text if side.allowed is False else side.reason
    if side.denied_by:
        reason = f"{hop.text}: {side.denied_by[0]} denies it"
    elif len(side.stopped_by) == 1:
        reason = f"{hop.text}: no {side.direction.lower()} rule admits it"
    branch = way.end(
        hop, outcome, side_deciders(way.view, side), pod=to.pod, ip=to.ip, port=to.port, node=to.node, reason=reason
    )
    if outcome is Outcome.UNKNOWN:
        return branch
    return msgspec.structs.replace(
        branch, basis=weakest(h.basis for h in branch.hops if h.kind != "egress" or h is hop)
    )


def _source_unknown(way: Way, hop: Hop, to: Destination) -> Branch:
    who = way.src_node or "the load balancer"
    text = f"the source address, which the policy judges, is that of {who}: not in the snapshot"
    way = msgspec.structs.replace(way, ingress=Judgement("unknown", text, Basis.UNKNOWN))
    unknown = msgspec.structs.replace(hop, text=text, basis=Basis.UNKNOWN, cite="NP-23", detail=(), near_misses=())
    return way.end(unknown, Outcome.UNKNOWN, pod=to.pod, ip=to.ip, port=to.port, node=to.node)


def _route(way: Way, to: Destination) -> Hop:
    start = way.nat_node or way.client.at
    where = to.node or OUTSIDE
    return Hop("route", where, "same node" if start == where else f"{start} → {where}", cite="NP-29")


def _socket(way: Way, to: Destination) -> Branch:
    """Whether a live process answers there."""
    view = way.view

    def end(hop: Hop, outcome: Outcome) -> Branch:
        return way.end(hop, outcome, pod=to.pod, ip=to.ip, port=to.port, node=to.node)

    if to.pod is None:
        known = _nobody(way, to)
        if known is not None:
            return end(*known)
        text = f"no pod has {to.ip} any more: refused or dropped, it depends on the CNI (not verified)"
        subject = str(to.expected) if to.expected else None
        nobody = end(Hop("socket", to.node or OUTSIDE, text, subject, Basis.UNKNOWN), Outcome.UNKNOWN)
        return msgspec.structs.replace(nobody, fails=True)
    name, uid = to.pod.metadata.name, to.pod.metadata.uid
    subject = str(to.pod.key)
    down = is_down(view, to.pod, to.port, way.protocol)
    if down is None:
        text = f"a container of {name} is down; which one listens on {to.port} is not declared"
        return end(Hop("socket", to.node, text, subject, Basis.UNKNOWN, "PD-2"), Outcome.UNKNOWN)
    if down or view.exits.get(uid) in ("graceful", "killed"):
        kernel = Decider(subject, "no process listens", cite="CX-12")
        text = f"refused: the containers of {name} are down"
        return end(Hop("socket", to.node, text, subject, Basis.INFERRED, "CX-12", kernel), Outcome.REFUSED)
    if view.exits.get(uid) == "lost":
        lost = Decider(f"Node/{to.node}", "lost", cite="CX-19c")
        text = f"{to.node} is lost: nobody answers"
        return end(Hop("socket", to.node, text, subject, Basis.INFERRED, "CX-19c", lost), Outcome.DROPPED)
    listening, basis = listens(to.pod, to.port, way.protocol)
    if not listening:
        silent = Decider(subject, f"does not listen on {to.port}/{way.protocol}", cite="EP-8")
        text = f"refused: {name} does not listen on {to.port}/{way.protocol}"
        return end(Hop("socket", to.node, text, subject, Basis.INFERRED, "EP-8", silent), Outcome.REFUSED)
    if to.is_stranger:
        text = f"misdelivered: {name} has {to.ip} now, it was meant for {to.expected}"
        return end(Hop("socket", to.node, text, subject, basis, "PD-27"), Outcome.DELIVERED)
    return end(Hop("socket", to.node, f"{name} listens on {to.port}", subject, basis, "EP-8"), Outcome.DELIVERED)


def _nobody(way: Way, to: Destination) -> tuple[Hop, Outcome] | None:
    """No pod has the address: a lost node's, a node's own, or one outside. None for one that was freed."""
    view = way.view
    lost = next((p for p in view.cluster.pods_by_ip.get(to.ip, ()) if view.exits.get(p.metadata.uid) == "lost"), None)
    if lost is not None:
        text = f"{lost.spec.node_name} is lost: nobody answers"
        gone = Decider(f"Node/{lost.spec.node_name}", "lost", cite="CX-19c")
        return Hop("socket", lost.spec.node_name, text, str(lost.key), Basis.INFERRED, "CX-19c", gone), Outcome.DROPPED
    unread = holder_unread(view.cluster, to.expected)
    if unread:
        return Hop("socket", to.node or OUTSIDE, unread, str(to.expected), Basis.UNKNOWN), Outcome.UNKNOWN
    if to.ip in view.cluster.nodes_by_ip and _is_node_port(view, to.port):
        hidden = frontends_unread(view.cluster)
        if hidden:
            text = f"no known Service has the node port {to.port}; {hidden}"
            return Hop("socket", to.node, text, f"Node/{to.node}", Basis.UNKNOWN, "CX-24"), Outcome.UNKNOWN
        text, cite = _no_node_port(way, to.port)
        kernel = Decider(f"Node/{to.node}", f"nobody listens on {to.port}", cite=cite)
        return Hop("socket", to.node, text, f"Node/{to.node}", Basis.INFERRED, cite, kernel), Outcome.REFUSED
    if to.ip in view.cluster.nodes_by_ip:
        text = f"what listens on {to.port} of {to.node} is not in the snapshot"
        return Hop("socket", to.node, text, f"Node/{to.node}", Basis.UNKNOWN, "SV-40"), Outcome.UNKNOWN
    if not is_address(to.ip):
        text = f"{to.ip} is no address: the snapshot hides it"
        return Hop("socket", OUTSIDE, text, str(to.expected) if to.expected else None, Basis.UNKNOWN), Outcome.UNKNOWN
    if to.expected is not None or in_pod_ranges(view, to.ip):
        return None
    text = f"{to.ip} is outside the cluster; what answers there is not in the snapshot"
    return Hop("socket", OUTSIDE, text, None, Basis.UNKNOWN, "EP-15"), Outcome.UNKNOWN


def _no_node_port(way: Way, port: int) -> tuple[str, str]:
    """Why nobody answers on a node port, and the rule: no Service has it, or not for this address (SV-49)."""
    held = way.view.proxy.services_by_node_port.get(port, ())
    for service in held:
        if any((p.node_port, p.protocol) == (port, way.protocol) for p in service.spec.ports):
            proxy = way.view.profile["proxy"]
            return (
                f"refused: {proxy} does not answer for the node port {port} of {service.metadata.name} on {way.dst}",
                "SV-49",
            )
    number = str(port) if way.protocol == "TCP" and not held else f"{port}/{way.protocol}"
    return f"refused: no Service has the node port {number}", "CX-24"


def _is_node_port(view: View, port: int) -> bool:
    first, _, last = view.profile["node-port-range"].partition("-")
    return int(first) <= port <= int(last)


def in_pod_ranges(view: View, ip: str) -> bool:
    """Whether pods get such addresses: by the nodes' ranges, else by the cluster's."""
    address = ip_address(ip)
    ranges = [cidr for node in view.cluster.all(Node) for cidr in node.pod_cidrs]
    ranges = ranges or view.profile["cluster-cidr"].split(",")
    return any(address in ip_network(cidr, strict=False) for cidr in ranges)
