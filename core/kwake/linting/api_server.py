"""Egress rules that mean the API server by labels: it is no pod, so they do not admit it."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.cluster import NAME_LABEL
from kwake.linting.endpoints import API_SERVER, Endpoint, admitting, endpoints_of
from kwake.linting.scene import Scene
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import remove
from kwake.objects.kinds import EgressRule, NetworkPolicy, PolicyPeer
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.rules import Rule, block_holds, compiled

PORTS = frozenset({443, 6443})
"""Of the `kubernetes` Service, and of an API server."""
OWN_PORT = 6443
"""Of API servers alone; other pods serve 443, too, and may do so without declaring it."""
LABEL = "kube-apiserver"
"""What pods of API servers carry as `component`; in managed clusters there are none."""


def api_server_findings(scene: Scene) -> Iterator[Finding]:
    """Rules for pods of namespace `default` on 443, or for pods called kube-apiserver: the endpoints of Service
    `kubernetes` are addresses (github.com/projectcalico/libcalico-go/issues/1060,
    github.com/kubernetes-sigs/agent-sandbox/pull/1425)."""
    endpoints = endpoints_of(scene, API_SERVER)
    for policy in scene.network_policies:
        yield from _coming(scene, policy)
        for index, rule in enumerate(policy.spec.egress if EGRESS in policy.directions else ()):
            path: FieldPath = ("spec", "egress", index)
            meant = next((peer for peer in rule.to if _is_meant(scene, policy, rule, peer)), None)
            if meant is None or _is_reached(scene, policy, endpoints):
                continue
            served = ", ".join(map(str, endpoints))
            text = (
                f"egress rule {index + 1} seems to mean the API server, which is no pod: "
                + (f"connections to Service kubernetes go to {served}" if served else "only an ipBlock admits it")
                + ", and no rule admits that" * bool(served)
            )
            held = bool(endpoints) and all(scene.is_held(endpoint.ip) for endpoint in endpoints)
            text += f"; {scene.no_nodes}" if scene.no_nodes and not held else ""
            yield scene.warning(
                policy.key, path, text, *(admitting(compiled(policy).egress[index], endpoints) if held else ())
            )


def _coming(scene: Scene, policy: NetworkPolicy) -> Iterator[Finding]:
    """Ingress rules for pods called kube-apiserver, of which there are none: where it calls from cannot be told, so its
    webhooks are opened to everybody."""
    for index, rule in enumerate(policy.spec.ingress if INGRESS in policy.directions else ()):
        for peer in rule.from_:
            labels = peer.pod_selector.match_labels if peer.pod_selector is not None else {}
            if LABEL in labels.values() and not scene.meant(peer, policy.metadata.namespace):
                path: FieldPath = ("spec", "ingress", index)
                text = (
                    f"ingress rule {index + 1} seems to mean the API server, which is no pod: it comes from an address"
                )
                fix = [remove((*path, "from"))] if rule.ports and len(rule.from_) == 1 else []
                yield scene.warning(policy.key, path, text, *fix)
                break


def _is_meant(scene: Scene, policy: NetworkPolicy, rule: EgressRule, peer: PolicyPeer) -> bool:
    if peer.ip_block is not None:
        return False
    meant = scene.meant(peer, policy.metadata.namespace)
    selector = peer.pod_selector
    if selector is not None and LABEL in selector.match_labels.values():
        return not meant  # where there are such pods, they are on the host's network, and that is told of
    spaces = peer.namespace_selector
    home = scene.cluster.namespaces.get(API_SERVER.namespace, {NAME_LABEL: API_SERVER.namespace})
    if spaces is None or not (selector is None or selector.is_empty) or not spaces.matches(home):
        return False
    seen = [shape for shape in meant if scene.sees(shape)]
    asked = {port.port for port in rule.ports}
    if not asked or not asked <= PORTS or any(port.protocol != "TCP" or port.end_port for port in rule.ports):
        return False
    if any(("TCP", number) in shape.ports for shape in seen for number in asked):
        return False
    return OWN_PORT in asked or all(shape.ports for shape in seen)


def _is_reached(scene: Scene, policy: NetworkPolicy, endpoints: tuple[Endpoint, ...]) -> bool:
    """Whether all pods that the policy selects may reach the API server by some rule, or nobody can say."""
    chosen = scene.matching(policy.metadata.namespace, policy.spec.pod_selector)
    seen = [shape for shape in chosen if scene.sees(shape)]
    return bool(scene.policies.tiers) or all(
        scene.policies.unread_for(shape.pod, EGRESS)
        or any(
            _admits(scene, rule, endpoints)
            for isolating in scene.policies.selecting(shape.pod, EGRESS)
            for rule in isolating.egress
        )
        for shape in seen
    )


def _admits(scene: Scene, rule: Rule, endpoints: tuple[Endpoint, ...]) -> bool:
    """Whether a rule admits an endpoint, or may admit one where none is known."""
    blocks = [peer.ip_block for peer in rule.peers if peer.ip_block is not None]
    if not endpoints:
        return (not rule.peers or bool(blocks)) and any(rule.fixed.holds("TCP", port) for port in PORTS)
    return any(
        rule.fixed.holds(endpoint.protocol, endpoint.port)
        and (
            not rule.peers or (scene.is_held(endpoint.ip) and any(block_holds(block, endpoint.ip) for block in blocks))
        )
        for endpoint in endpoints
    )
