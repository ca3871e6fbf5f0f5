"""Egress policies that let pods talk and not ask for names."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.cluster import NAME_LABEL, Cluster
from kwake.linting.dns_caches import cache_addresses
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add
from kwake.objects.kinds import Pod, PolicyPeer, PolicyPort, Service
from kwake.policy.ends import EGRESS, PolicyEnd
from kwake.policy.name_servers import DNS_LABEL, DNS_PORTS, SYSTEM, accepts_queries, asks, may_mean_servers
from kwake.policy.rules import CompiledPolicy, Rule

API_SERVER_PORT = 6443
"""Pods find the API server by address, from their environment."""


def dns_findings(scene: Scene) -> Iterator[Finding]:
    """Pods whose egress admits other pods, or a port of everybody, and nowhere the cluster's DNS over UDP."""
    told = set()
    servers = dns_servers(scene.cluster)
    for shapes in scene.shapes.values():
        for shape in shapes:
            isolating = scene.policies.selecting(shape.pod, EGRESS)
            keys = tuple(policy.key for policy in isolating)
            if isolating and shape.pod.spec.dns_policy == "ClusterFirst" and keys not in told:
                told.add(keys)
                yield from _cut_off(scene, shape, isolating, servers)


def dns_servers(cluster: Cluster) -> list[tuple[Pod, int]]:
    """The cluster's DNS pods, as far as the snapshot holds them, and the port that they take queries on."""
    found = []
    for service in cluster.all(Service):
        if DNS_LABEL in service.metadata.labels.items() or service.metadata.name == "kube-dns":
            for pod in cluster.pods_by_namespace.get(service.metadata.namespace, ()):
                if service.spec.selector and service.spec.selector.items() <= pod.metadata.labels.items() and pod.ips:
                    found += [(pod, number) for number in _query_ports(service, pod)]
    return found


def _query_ports(service: Service, pod: Pod) -> Iterator[int]:
    for port in service.spec.ports:
        if port.port == 53 and port.protocol == "UDP":
            target = port.target_port
            number = pod.named_port(target, "UDP") if isinstance(target, str) else target or port.port
            if number is not None:
                yield number


def _cut_off(
    scene: Scene, shape: Shape, isolating: tuple[CompiledPolicy, ...], servers: list[tuple[Pod, int]]
) -> Iterator[Finding]:
    rules = [rule for policy in isolating for rule in policy.egress]
    talking = [rule for rule in rules if _wants_names(rule)]
    if not talking or _may_ask(scene, shape, rules, servers):
        return
    policy = scene.cluster.record(talking[0].ref.policy)
    over_tcp = next((rule for rule in rules if rule.ports and asks(rule, "TCP")), None)
    if over_tcp is not None and not any(asks(rule, "UDP") for rule in rules if rule.ports):
        place = over_tcp.ref.path
        entry = next((at for at, port in enumerate(over_tcp.ports) if _is_for_names(port)), 0)
        port = over_tcp.ports[entry].port if _is_for_names(over_tcp.ports[entry]) else None
        text = (
            f"{over_tcp.ref} admits DNS over TCP only (a port without protocol is TCP), and resolvers ask over UDP: "
            "names do not resolve"
        )
        fix = add((*place, "ports", "-"), {"port": port or _ports(servers)[0]["port"], "protocol": "UDP"})
        yield scene.warning(over_tcp.ref.policy, (*place, "ports", entry), text, fix)
        return
    text = (
        f"{talking[0].ref} lets pods talk, but no rule lets them ask the cluster's DNS over UDP: names do not resolve"
    )
    rule = {"to": [_peer(servers)], "ports": _ports(servers)}
    yield scene.warning(policy.key, talking[0].ref.path, text, add(("spec", "egress", "-"), rule))


def _wants_names(rule: Rule) -> bool:
    """Whether what it admits is dialled by name: pods, or everybody; addresses need no name, nor does an API server."""
    if not rule.peers or any(peer.ip_block is None for peer in rule.peers):
        return True
    is_for_api_server = bool(rule.ports) and rule.fixed.holds("TCP", API_SERVER_PORT)
    return not is_for_api_server and any(_is_everybody(peer) for peer in rule.peers)


def _is_everybody(peer: PolicyPeer) -> bool:
    return peer.ip_block is not None and peer.ip_block.cidr.endswith("/0")


def _may_ask(scene: Scene, shape: Shape, rules: list[Rule], servers: list[tuple[Pod, int]]) -> bool:
    client = PolicyEnd.of(shape.pod)
    for pod, number in servers:
        server = PolicyEnd.of(pod)
        if scene.policies.verdict(client, server, "UDP", number).egress.allowed is not False:
            return True
    if not servers and accepts_queries(scene.policies, shape.pod):
        return True
    asking = [rule for rule in rules if asks(rule, "UDP")]
    return any(_may_mean_dns(scene, shape.namespace, peer, servers) for rule in asking for peer in rule.peers) or any(
        not rule.peers for rule in asking
    )


def _keeps_out(scene: Scene, servers: list[tuple[Pod, int]]) -> bool:
    """Whether a block of everybody that does not admit these servers leaves no other: no cache runs on the nodes, and
    the servers' addresses are not made up by kwake, where they count (NP-22)."""
    is_known = any(not scene.cluster.record(pod.key).made for pod, _ in servers)
    return bool(servers) and not cache_addresses(scene) and (is_known or not scene.policies.seeing.ip_blocks_hold_pods)


def _may_mean_dns(scene: Scene, home: str, peer: PolicyPeer, servers: list[tuple[Pod, int]]) -> bool:
    """Whether a peer may be DNS servers that the snapshot does not hold; where it holds some, only on nodes."""
    if peer.ip_block is not None:
        return not (_is_everybody(peer) and _keeps_out(scene, servers))
    return not servers and may_mean_servers(scene.policies.seeing, home, peer)


def _is_for_names(port: PolicyPort) -> bool:
    """Whether an entry is for a name server and nothing else; others may hold its port by the way."""
    return port.port in DNS_PORTS or (isinstance(port.port, str) and port.port.startswith("dns"))


def _peer(servers: list[tuple[Pod, int]]) -> dict[str, object]:
    home = servers[0][0].metadata.namespace if servers else SYSTEM
    return {
        "namespaceSelector": {"matchLabels": {NAME_LABEL: home}},
        "podSelector": {"matchLabels": dict((DNS_LABEL,))},
    }


def _ports(servers: list[tuple[Pod, int]]) -> list[dict[str, object]]:
    number = servers[0][1] if servers else 53
    return [{"port": number, "protocol": "UDP"}, {"port": number, "protocol": "TCP"}]
