"""What happens to a packet on a node: the proxy's frontends, NAT, and onwards to where it is sent (NP-29)."""

from __future__ import annotations

from fractions import Fraction
from ipaddress import ip_address

import msgspec

from kwake.control.endpoints import Backend
from kwake.control.service_allocation import service_range
from kwake.dataplane.arrival import arrive, destination, leave, source_end
from kwake.dataplane.ends import holder_of, is_address
from kwake.dataplane.evidence import service_decider
from kwake.dataplane.path import Branch, Decider, Hop, Outcome
from kwake.dataplane.proxy import Handling, Origin, Packet, ProxyNode, Treatment, handle
from kwake.dataplane.unread import endpoints_unread, frontends_unread
from kwake.dataplane.view import View
from kwake.dataplane.way import ZONE_LABEL, Way, node_address, node_of
from kwake.objects.basis import Basis, weakest

WORDS = {
    "cluster-ip": "ClusterIP",
    "external-ip": "external IP",
    "load-balancer": "load balancer IP",
    "node-port": "node port",
}

_BY_ENDPOINTS = (Treatment.DNAT, Treatment.REJECT, Treatment.DROP)
_WITHOUT_ENDPOINTS = ("SV-47", "SV-50")
"""What the proxy decides before it looks at endpoints: source ranges, and ports that the Service does not have."""


def at_node(way: Way, node: str, origin: Origin) -> tuple[Branch, ...]:
    """What happens to the packet where it meets the proxy of this node."""
    if node in way.view.lost:
        why = Decider(f"Node/{node}", "lost", cite="CX-19c")
        hop = Hop("route", node, f"{node} is lost: nobody answers", f"Node/{node}", Basis.INFERRED, "CX-19c", why)
        return (way.end(hop, Outcome.DROPPED),)
    proxy = proxy_node(way.view, node, way.dst)
    dst = _inner_address(way.view, node, way.dst)
    handling = handle(proxy, way.view.proxy, Packet(way.source, origin, dst, way.port, way.protocol))
    sure = weakest((handling.basis, way.view.profile.sureness("proxy")))
    handling = msgspec.structs.replace(handling, basis=sure)
    if handling.service is not None and handling.treatment in _BY_ENDPOINTS and handling.cite not in _WITHOUT_ENDPOINTS:
        hidden = endpoints_unread(way.view.proxy, handling.service)
        if hidden:
            hop = Hop("service", node, hidden, str(handling.service.key), Basis.UNKNOWN, "EP-15")
            return (_through(way, handling).end(hop, Outcome.UNKNOWN),)
    match handling.treatment:
        case Treatment.DNAT:
            return _balanced(way, proxy, origin, handling)
        case Treatment.REJECT:
            return (_rejected(way, node, handling),)
        case Treatment.DROP:
            return (_dropped(way, node, handling),)
        case Treatment.ACCEPT:
            subject = str(handling.service.key) if handling.service is not None else None
            return (way.end(Hop("socket", node, handling.reason, subject, cite="SV-52"), Outcome.DELIVERED),)
        case Treatment.UNTOUCHED:
            return _unmatched(way, node, handling)


def proxy_node(view: View, name: str, dst: str = "") -> ProxyNode:
    """The proxy of a node, as the profile sets it up. Where Services' addresses are matters only to a packet whose
    destination nobody has."""
    profile = view.profile
    node = node_of(view, name)
    ips = tuple(ip for ip in node.internal_ips if is_address(ip)) if node is not None else ()
    address = node_address(view, name)
    zone = node.metadata.labels.get(ZONE_LABEL, "") if node is not None else ""
    own = ips or ((address,) if is_address(address) else ())
    return ProxyNode(
        name,
        own,
        zone,
        profile["proxy"],
        () if dst in view.proxy.services_by_address else tuple(map(str, service_range(view.proxy, profile).networks)),
        _node_port_addresses(profile["node-port-addresses"], own),
        masquerade_all=profile["masquerade-all"] == "yes",
        keeps_source=profile["node-port-source"] == "client",
        localhost_node_ports=profile["localhost-node-ports"] == "yes",
        detects_local=profile["local-detection"] == "pods",
    )


def _node_port_addresses(setting: str, ips: tuple[str, ...]) -> tuple[str, ...]:
    """`--nodeport-addresses`; empty: as the proxy's mode has it (SV-49)."""
    if setting == "default":
        return ()
    if setting == "primary":
        return tuple({ip_address(ip).version: ip for ip in reversed(ips)}.values())
    return tuple(setting.split(","))


def _inner_address(view: View, name: str, dst: str) -> str:
    """A node's ExternalIP is translated to its own address before the packet comes in."""
    node = node_of(view, name)
    if node is not None and dst not in node.internal_ips and view.cluster.nodes_by_ip.get(dst) is node:
        return node.ip
    return dst


def _service_hop(way: Way, node: str, handling: Handling) -> Hop:
    service, port = handling.service, handling.service_port
    assert service is not None and port is not None
    target = port.name or port.target_port or port.port
    seen = way.port if handling.frontend == "node-port" else port.port
    text = f"{service.metadata.name} {WORDS[handling.frontend]} {seen} → {target}"
    return Hop("node-port" if handling.frontend == "node-port" else "service", node, text, str(service.key),
               handling.basis, "SV-40")  # fmt: skip


def _through(way: Way, handling: Handling) -> Way:
    """The way, knowing which Service it goes through."""
    service = way.service or (str(handling.service.key) if handling.service is not None else None)
    frontend = way.frontend if way.frontend == "load-balancer" else handling.frontend
    return msgspec.structs.replace(way, frontend=frontend, service=service)


def _balanced(way: Way, proxy: ProxyNode, origin: Origin, handling: Handling) -> tuple[Branch, ...]:
    """One branch for each backend, all equally likely (SV-41)."""
    way = _through(way, handling).met(_service_hop(way, proxy.name, handling))
    count = len(handling.backends)
    branches = []
    for backend in handling.backends:
        one = msgspec.structs.replace(way, share=way.share * Fraction(1, count), nat_node=proxy.name)
        branches.append(_translated(one, proxy, origin, handling, backend))
    return tuple(branches)


def _translated(way: Way, proxy: ProxyNode, origin: Origin, handling: Handling, backend: Backend) -> Branch:
    view = way.view
    count = len(handling.backends)
    service = handling.service
    assert service is not None
    chosen = f", 1 of {count}" if count > 1 else ""
    way = way.met(Hop("nat", proxy.name, f"→ {shown(backend.ip, backend.port)}{chosen}", str(service.key),
                      cite="SV-41"))  # fmt: skip
    if handling.masquerades(backend, way.source):
        address = node_address(view, proxy.name)
        if address != way.source:
            way = msgspec.structs.replace(way, src=address, src_node=proxy.name, came_as=source_end(way))
            text = f"source becomes {address or 'an address that is not in the snapshot'} ({proxy.name})"
            way = way.met(Hop("snat", proxy.name, text, str(service.key), cite="SV-44"))
    to = destination(view, backend.ip, backend.port, backend.pod, backend.node)
    pre_dnat = view.profile["policy-pre-dnat"] == "yes" and origin is Origin.POD
    return arrive(way, to, way.port if pre_dnat else None)


def _rejected(way: Way, node: str, handling: Handling) -> Branch:
    service = handling.service
    assert service is not None
    way = _through(way, handling)
    unknown = handling.basis is Basis.UNKNOWN
    text = handling.reason if unknown else f"refused: {handling.reason}"
    path = ("spec", "ports") if handling.cite == "SV-50" else ("spec", "selector")
    why = service_decider(way.view, service, handling.reason, path, handling.cite)
    hop = Hop("service", node, text, str(service.key), handling.basis, handling.cite, why)
    return way.end(hop, Outcome.UNKNOWN if unknown else Outcome.REFUSED)


def _dropped(way: Way, node: str, handling: Handling) -> Branch:
    way = _through(way, handling)
    fields = {"SV-47": "loadBalancerSourceRanges"}
    local = "internalTrafficPolicy" if handling.frontend == "cluster-ip" else "externalTrafficPolicy"
    why = Decider("kube-proxy", handling.reason, cite=handling.cite)
    if handling.service is not None:
        path = ("spec", fields.get(handling.cite, local))
        why = service_decider(way.view, handling.service, handling.reason, path, handling.cite)
    subject = str(handling.service.key) if handling.service is not None else None
    hop = Hop("service", node, f"dropped: {handling.reason}", subject, handling.basis, handling.cite, why)
    return way.end(hop, Outcome.DROPPED)


def _unmatched(way: Way, node: str, handling: Handling) -> tuple[Branch, ...]:
    """The proxy does nothing: the packet goes on as it is."""
    view = way.view
    if handling.cite in ("EP-16", "SV-52") and handling.service is not None:
        text = handling.reason
        if handling.cite == "SV-52":
            text = f"{text}, if the node's own firewall lets it in"
        hop = Hop("service", node, text, str(handling.service.key), Basis.UNKNOWN, handling.cite)
        return (way.end(hop, Outcome.UNKNOWN),)
    there = view.cluster.nodes_by_ip.get(way.dst)
    if there is None and ip_address(way.dst).is_loopback:
        there = node_of(view, node)
        if there is not None and there.ip:
            return (arrive(way, destination(view, there.ip, way.port, way.meant)),)
    if there is not None and there.metadata.name != node:
        hop = Hop("route", there.metadata.name, f"{node} → {there.metadata.name}", cite="NP-29")
        # A pod that dials another node's port still has its own address there, unless the CNI masquerades it [inf].
        origin = Origin.POD if way.client.is_pod_network else Origin.OUTSIDE
        basis = Basis.INFERRED if origin is Origin.POD else Basis.SOURCED
        judged = leave(way, destination(view, way.dst, way.port, way.meant))
        if isinstance(judged, Branch):
            return (judged,)
        return at_node(judged.met(msgspec.structs.replace(hop, basis=basis)), there.metadata.name, origin)
    if handling.frontend == "cluster-ip" and holder_of(view, way.dst) is None and there is None:
        return (_no_such_frontend(way, node, handling),)
    return (arrive(way, destination(view, way.dst, way.port, way.meant)),)


def _no_such_frontend(way: Way, node: str, handling: Handling) -> Branch:
    """SV-50: iptables has no rule, so the packet is routed away and lost [inf]; others were not read."""
    mode = way.view.profile["proxy"]
    hidden = frontends_unread(way.view.proxy)
    if hidden and handling.service is None:
        text = f"no known Service has {shown(way.dst, way.port)}; {hidden}"
        return way.end(Hop("service", node, text, None, Basis.UNKNOWN, "SV-50"), Outcome.UNKNOWN)
    subject = str(handling.service.key) if handling.service is not None else None
    way = _through(way, handling)
    if mode == "iptables":
        why = Decider(subject or "kube-proxy", handling.reason, cite="SV-50")
        hop = Hop("service", node, f"dropped: {handling.reason}", subject, Basis.INFERRED, "SV-50", why)
        return way.end(hop, Outcome.DROPPED)
    text = f"{handling.reason}; what {mode} does then is not known"
    return way.end(Hop("service", node, text, subject, Basis.UNKNOWN, "SV-50"), Outcome.UNKNOWN)


def shown(ip: str, port: int) -> str:
    """An address with its port: `10.244.1.7:80`, `[fd00::5]:80`."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
