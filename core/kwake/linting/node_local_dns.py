"""Egress policies for the cluster's DNS pods, where a cache on each node answers instead."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.linting.dns import dns_servers
from kwake.linting.dns_caches import cache_addresses
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add
from kwake.objects.kinds import Pod
from kwake.policy.change import single
from kwake.policy.ends import EGRESS, PolicyEnd
from kwake.policy.name_servers import DNS_PORTS
from kwake.policy.rules import CompiledPolicy, Rule, block_holds


def node_local_dns_findings(scene: Scene) -> Iterator[Finding]:
    """Pods that may ask the DNS pods, and not the cache on their node that takes their queries (NP-27, inferred;
    github.com/projectcalico/calico/issues/3795, github.com/gardener/gardener/issues/2745)."""
    addresses = cache_addresses(scene)
    setting = scene.profile.setting("egress-to-own-node")
    servers = dns_servers(scene.cluster)
    if not addresses or not servers or setting.value == "allowed":
        return
    told = set()
    for shapes in scene.shapes.values():
        for shape in shapes:
            isolating = scene.policies.selecting(shape.pod, EGRESS)
            keys = tuple(policy.key for policy in isolating)
            if not isolating or keys in told or shape.pod.spec.dns_policy != "ClusterFirst":
                continue
            told.add(keys)
            yield from _asked_past(scene, shape, isolating, addresses, servers)


def _asked_past(
    scene: Scene,
    shape: Shape,
    isolating: tuple[CompiledPolicy, ...],
    addresses: tuple[str, ...],
    servers: list[tuple[Pod, int]],
) -> Iterator[Finding]:
    rules = [rule for policy in isolating for rule in policy.egress]
    asking = [rule for rule in rules if _asks(scene, rule, servers)]
    if not asking or scene.policies.unread_for(shape.pod, EGRESS) or any(_reaches(rule, addresses) for rule in rules):
        return
    rule = asking[0]
    text = (
        f"{rule.ref} lets pods ask the cluster's DNS pods, but a cache on each node answers here, at "
        f"{' and '.join(addresses)}, and no rule admits that (inferred)"
    )
    blocks = [add((*rule.ref.path, "to", "-"), {"ipBlock": {"cidr": single(ip)}}) for ip in addresses]
    yield scene.warning(rule.ref.policy, rule.ref.path, text, *blocks)


def _asks(scene: Scene, rule: Rule, servers: list[tuple[Pod, int]]) -> bool:
    return bool(rule.peers) and any(
        rule.connections(server).holds("UDP", number)
        and scene.policies.seeing.rule_admits(rule, PolicyEnd(server, server.ip)) is not False
        for server, number in servers
    )


def _reaches(rule: Rule, addresses: tuple[str, ...]) -> bool:
    """Whether a rule lets pods ask at any of them."""
    return any(rule.fixed.holds("UDP", port) for port in DNS_PORTS) and (
        not rule.peers
        or any(peer.ip_block is not None and block_holds(peer.ip_block, ip) for peer in rule.peers for ip in addresses)
    )
