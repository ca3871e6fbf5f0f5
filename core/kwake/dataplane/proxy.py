"""What a node's Service proxy does to the first packet of a flow: DNAT, REJECT, DROP or nothing (SV-40 to SV-53)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from ipaddress import ip_address, ip_network

import msgspec

from kwake.cluster import Cluster
from kwake.control.endpoints import Backend, endpoints_of, has_slices_left_headless, usable
from kwake.dataplane.unread import endpoints_unread, sureness_of_none
from kwake.objects.basis import Basis, weakest
from kwake.objects.kinds import PROXY_NAME_LABEL, Service, ServicePort

LOOPBACK = ip_network("127.0.0.0/8")
CILIUM = frozenset({"cilium"})
"""Balanced packet by packet, with a conntrack that points to a backend map (CX-27)."""
IPVS = frozenset({"ipvs", "kube-router-ipvs"})
OVN = frozenset({"ovn-k"})
ANTREA = frozenset({"antrea-proxy"})


class Treatment(Enum):
    """What happens to the packet."""

    DNAT = "dnat"
    REJECT = "reject"
    DROP = "drop"
    ACCEPT = "accept"
    """kube-proxy itself answers: a health check node port (SV-52)."""
    UNTOUCHED = "untouched"
    """No rule of the proxy matches: the packet is routed like any other."""


class Origin(Enum):
    """Where a packet comes from, as the node sees it (SV-44, SV-45)."""

    POD = "pod"
    NODE = "node"
    """This node itself, and hostNetwork pods on it."""
    OUTSIDE = "outside"
    """Anything else: another node, a client outside the cluster."""


class Packet(msgspec.Struct, frozen=True):
    """The first packet of a flow."""

    src: str
    origin: Origin
    dst: str
    port: int
    protocol: str


class ProxyNode(msgspec.Struct, frozen=True):
    """The node that a proxy runs on, and how it is set up."""

    name: str
    ips: tuple[str, ...]
    """Its addresses, the primary one first."""
    zone: str
    mode: str
    service_cidrs: tuple[str, ...] = ()
    node_port_addresses: tuple[str, ...] = ()
    """`--nodeport-addresses`; empty: all in iptables and ipvs, the primary one in nftables (SV-49)."""
    masquerade_all: bool = False
    localhost_node_ports: bool = True
    """`--iptables-localhost-nodeports`."""
    detects_local: bool = True
    """Whether it tells pods from others (`--detect-local-mode`, `--cluster-cidr`); else it takes none for a pod on its
    way to a node port or balancer, and all for pods on their way to a ClusterIP."""
    keeps_source: bool = False
    """Whether clients keep their addresses through node ports, external IPs and load balancers."""


class Handling(msgspec.Struct, frozen=True):
    """What the proxy decided."""

    treatment: Treatment
    reason: str
    cite: str
    basis: Basis = Basis.SOURCED
    frontend: str = ""
    """`cluster-ip`, `external-ip`, `load-balancer` or `node-port`; empty if none matched."""
    service: Service | None = None
    service_port: ServicePort | None = None
    backends: tuple[Backend, ...] = ()
    """The set that one is chosen of, uniformly (SV-41)."""
    masquerade: bool = False
    """Whether the source becomes the node's address (SV-44)."""

    def masquerades(self, backend: Backend, src: str) -> bool:
        """Whether the source is replaced on the way to this backend: a hairpin always is (SV-44)."""
        return self.masquerade or backend.ip == src


class Frontend(msgspec.Struct, frozen=True):
    """An address and port that a proxy answers for (SV-40)."""

    kind: str
    service: Service
    port: ServicePort


def handle(node: ProxyNode, cluster: Cluster, packet: Packet) -> Handling:
    """What the proxy of a node, working from this cluster, does to a packet that meets it there."""
    frontend = frontend_of(node, cluster, packet)
    if frontend is None:
        return _unmatched(node, cluster, packet)
    service, port, kind = frontend.service, frontend.port, frontend.kind
    packet = _as_told_apart(node, packet, kind)
    name = f"{service.metadata.name}:{port.port}"
    found = Handling(Treatment.DNAT, "", "SV-40", frontend=kind, service=service, service_port=port)
    if kind == "load-balancer" and not _in_source_ranges(service, node, packet):
        return msgspec.structs.replace(
            found,
            treatment=Treatment.DROP,
            reason=f"{packet.src} is in none of the loadBalancerSourceRanges of {service.metadata.name}",
            cite="SV-47",
        )
    endpoints = endpoints_of(cluster, service, port, f"IPv{ip_address(packet.dst).version}")
    policy = _traffic_policy(kind, service, packet)
    chosen = usable(endpoints, node.name, node.zone, policy)
    if not chosen.has_any_anywhere:
        without = _without_endpoints(node, found, f"{name} has no ready endpoint", sureness_of_none(cluster, service))
        return _hidden(without) if has_slices_left_headless(cluster, service) else without
    if not chosen.backends:
        which = "internalTrafficPolicy" if kind == "cluster-ip" else "externalTrafficPolicy"
        return msgspec.structs.replace(
            found,
            treatment=Treatment.DROP,
            reason=f"{which}: Local, and {name} has no endpoint on {node.name}",
            cite="SV-43",
            basis=Basis.INFERRED if node.mode in CILIUM | OVN | ANTREA else Basis.SOURCED,
        )
    masquerade = _masquerade(kind, policy, service, node, packet)
    return msgspec.structs.replace(found, backends=chosen.backends, masquerade=masquerade)


def _hidden(without: Handling) -> Handling:
    """No endpoint, as slices that were made while the Service was headless still carry that label (EP-17)."""
    reason = f"{without.reason} that a proxy sees: its slices still carry the headless label"
    return msgspec.structs.replace(without, reason=reason, cite="EP-17", basis=weakest((without.basis, Basis.INFERRED)))


def health_checked(node: ProxyNode, cluster: Cluster, packet: Packet) -> Service | None:
    """The Service whose health check node port this is, if any (SV-52)."""
    if packet.dst not in node.ips or packet.protocol != "TCP":
        return None
    held = filter(is_proxied, cluster.services_by_node_port.get(packet.port, ()))
    return next((service for service in held if service.spec.health_check_node_port == packet.port), None)


def _health(node: ProxyNode, cluster: Cluster, service: Service) -> str:
    """What kube-proxy answers to a health check: 200 where a ready endpoint is on this node (SV-52)."""
    slices = cluster.slices_by_service.get(service.key, ())
    ready = {e.addresses[:1] for item in slices for e in item.endpoints if e.ready and e.node_name == node.name}
    who = "kube-proxy" if node.mode in ("iptables", "nftables", "ipvs") else node.mode
    hidden = endpoints_unread(cluster, service)
    if hidden:
        return f"{who} answers 200 or 503: {hidden}"
    local = f"{len(ready) or 'no'} ready endpoint{'' if len(ready) == 1 else 's'}"
    return f"{who} answers {200 if ready else 503}: {local} of {service.metadata.name} on {node.name}"


def load_balancer_ips(service: Service) -> tuple[str, ...]:
    """The load balancer addresses that nodes take as their own: those with ipMode VIP (SV-46)."""
    if service.spec.type != "LoadBalancer":
        return ()
    return tuple(i.ip for i in service.status.load_balancer.ingress if i.ip and i.ip_mode == "VIP")


def is_proxied(service: Service) -> bool:
    """Whether kube-proxy looks at it: it has a virtual IP, and is not given to another proxy (EP-16)."""
    return bool(service.cluster_ips) and PROXY_NAME_LABEL not in service.metadata.labels


def frontend_of(node: ProxyNode, cluster: Cluster, packet: Packet) -> Frontend | None:
    """Which Service and port a packet is for, if any."""
    for service in filter(is_proxied, cluster.services_by_address.get(packet.dst, ())):
        kinds = {
            "cluster-ip": service.cluster_ips,
            "external-ip": service.spec.external_ips,
            "load-balancer": load_balancer_ips(service),
        }
        kind = next((kind for kind, addresses in kinds.items() if packet.dst in addresses), None)
        for port in service.spec.ports if kind is not None else ():
            if (port.port, port.protocol) == (packet.port, packet.protocol):
                return Frontend(kind or "", service, port)
    if _takes_node_ports(node, packet.dst):
        for service in filter(is_proxied, cluster.services_by_node_port.get(packet.port, ())):
            if service.spec.type not in ("NodePort", "LoadBalancer"):
                continue
            for port in service.spec.ports:
                if (port.node_port, port.protocol) == (packet.port, packet.protocol):
                    return Frontend("node-port", service, port)
    return None


def within(address: str, cidrs: Iterable[str]) -> bool:
    """Whether an address is in one of these ranges; blanks around a range mean nothing."""
    ip = ip_address(address)
    return any(ip in ip_network(cidr.strip(), strict=False) for cidr in cidrs)


def _takes_node_ports(node: ProxyNode, dst: str) -> bool:
    """Whether node ports answer on this address of the node (SV-49)."""
    if ip_address(dst) in LOOPBACK:
        allowed = node.mode == "iptables" and node.localhost_node_ports
        return allowed and (not node.node_port_addresses or within(dst, node.node_port_addresses))
    if dst not in node.ips:
        return False
    if node.node_port_addresses:
        return within(dst, node.node_port_addresses)
    if node.mode == "nftables":
        version = ip_address(dst).version
        return dst == next(ip for ip in node.ips if ip_address(ip).version == version)
    return True


def _in_source_ranges(service: Service, node: ProxyNode, packet: Packet) -> bool:
    """SV-47. The node's own traffic to the address may carry that address as its source."""
    ranges = tuple(service.spec.load_balancer_source_ranges)
    if not ranges or (node.mode in CILIUM and packet.origin is Origin.POD):
        return True
    if packet.src == packet.dst:
        return any(within(ip, ranges) for ip in node.ips)
    return within(packet.src, ranges)


def _traffic_policy(kind: str, service: Service, packet: Packet) -> str:
    """`Cluster` or `Local` for this packet. A pod or the node itself is never held to an external Local (SV-45)."""
    if kind == "cluster-ip":
        return service.spec.internal_traffic_policy or "Cluster"
    if packet.origin is not Origin.OUTSIDE:
        return "Cluster"
    return service.spec.external_traffic_policy or "Cluster"


def _as_told_apart(node: ProxyNode, packet: Packet, kind: str) -> Packet:
    """The packet with its origin as this proxy takes it (SV-44)."""
    if node.detects_local:
        return packet
    if kind == "cluster-ip":
        return msgspec.structs.replace(packet, origin=Origin.POD)
    return packet if packet.origin is Origin.NODE else msgspec.structs.replace(packet, origin=Origin.OUTSIDE)


def _masquerade(kind: str, policy: str, service: Service, node: ProxyNode, packet: Packet) -> bool:
    """SV-44."""
    if kind == "cluster-ip":
        return node.masquerade_all or packet.origin is not Origin.POD
    if service.spec.external_traffic_policy == "Local":
        return packet.origin is Origin.NODE
    return policy == "Cluster" and not node.keeps_source


def _without_endpoints(node: ProxyNode, found: Handling, reason: str, sure: Basis) -> Handling:
    """SV-42, and what SV-54 says of the other proxies; `sure` is how sure it is that there is no endpoint."""
    basis = sure
    if sure is not Basis.SOURCED:
        reason = f"{reason}: it has no selector, and no EndpointSlice lists one"
    if node.mode in IPVS or node.mode in OVN:
        basis = weakest((sure, Basis.INFERRED))
    if node.mode in CILIUM:
        basis, reason = Basis.UNKNOWN, f"{reason}; whether {node.mode} rejects or drops depends on an option"
    return msgspec.structs.replace(found, treatment=Treatment.REJECT, reason=reason, cite="SV-42", basis=basis)


def _unmatched(node: ProxyNode, cluster: Cluster, packet: Packet) -> Handling:
    """No frontend: an undefined port of a Service address, an unallocated one, or nothing of ours (SV-50)."""
    nothing = Handling(Treatment.UNTOUCHED, "no Service has this address and port", "SV-40")
    checked = health_checked(node, cluster, packet)
    if checked is not None:
        answer = _health(node, cluster, checked)
        treatment = Treatment.ACCEPT if node.mode == "iptables" else Treatment.UNTOUCHED
        return Handling(treatment, answer, "SV-52", frontend="health-check", service=checked)
    holders = [s for s in cluster.services_by_address.get(packet.dst, ()) if packet.dst in s.cluster_ips]
    owner = next(filter(is_proxied, holders), None)
    if owner is None and holders:
        name = holders[0].metadata.labels[PROXY_NAME_LABEL]
        left = f"{holders[0].metadata.name} is left to the proxy {name}, whose answer is not known"
        return msgspec.structs.replace(nothing, reason=left, cite="EP-16", service=holders[0])
    if owner is not None:
        ports = (
            (port.port, "" if port.protocol == packet.protocol else f" {port.protocol}") for port in owner.spec.ports
        )
        others = ", ".join(f"{number}{protocol}" for number, protocol in ports)
        undefined = f"{owner.metadata.name} has no port {packet.port} {packet.protocol}, only {others}"
        if node.mode == "nftables":
            return Handling(Treatment.REJECT, undefined, "SV-50", frontend="cluster-ip", service=owner)
        return msgspec.structs.replace(nothing, reason=undefined, cite="SV-50", service=owner, frontend="cluster-ip")
    if node.service_cidrs and within(packet.dst, node.service_cidrs):
        unallocated = f"no Service has the address {packet.dst}"
        treatment = Treatment.DROP if node.mode == "nftables" else Treatment.UNTOUCHED
        return Handling(treatment, unallocated, "SV-50", frontend="cluster-ip")
    return nothing
