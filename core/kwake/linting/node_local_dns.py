"""Egress policies for the cluster's DNS pods, where a cache on each node answers instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from kwake.linting.dns import DNS_PORTS, dns_servers
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add
from kwake.objects.kinds import ConfigMap, Container, DaemonSet, Pod, Service
from kwake.policy.change import single
from kwake.policy.ends import EGRESS, PolicyEnd
from kwake.policy.rules import CompiledPolicy, Rule, block_holds

IMAGE = "dns-node-cache"
"""What the image of NodeLocal DNSCache is called, whoever deploys it."""
USUAL = "169.254.20.10"
"""Its address in its own manifest, where a snapshot does not say another (kubernetes.io, NodeLocal DNSCache)."""
_LINK_LOCAL = re.compile(r"\b169\.254\.\d{1,3}\.\d{1,3}\b")


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


def cache_addresses(scene: Scene) -> tuple[str, ...]:
    """Where the cache answers: a link-local address, and the ClusterIP of the cluster's DNS; nothing where none runs.

    kube-proxy in iptables mode leaves the ClusterIP to it, in ipvs mode the kubelet names the link-local one.
    """
    caches = [daemons for daemons in scene.cluster.all(DaemonSet) if _is_cache(daemons.spec.template.spec.containers)]
    pods = [pod for pod in scene.cluster.all(Pod) if _is_cache(pod.spec.containers)]
    if not caches and not pods:
        return ()
    keys = [value.key for value in caches or pods]
    keys += [config.key for config in scene.cluster.all(ConfigMap) if "local" in config.metadata.name.lower()
             and "dns" in config.metadata.name.lower()]  # fmt: skip
    written = b"".join(msgspec.json.encode(scene.cluster.record(key).manifest) for key in keys)
    local = _LINK_LOCAL.search(written.decode())
    clusters = [ip for service in _dns_services(scene) for ip in service.cluster_ips]
    return (local[0] if local is not None else USUAL, *clusters)


def _dns_services(scene: Scene) -> list[Service]:
    return [s for s in scene.cluster.all(Service) if s.metadata.namespace == "kube-system" and s.spec.selector
            and (s.metadata.labels.get("k8s-app") == "kube-dns" or s.metadata.name == "kube-dns")]  # fmt: skip


def _is_cache(containers: tuple[Container, ...]) -> bool:
    return any(IMAGE in container.image for container in containers)


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
