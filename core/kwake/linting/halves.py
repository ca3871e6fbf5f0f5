"""Connections that one side's policy is written for, and the other side's policies let nobody have."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.opening import Opened, rule_added
from kwake.linting.peers import named_namespaces, written_selector
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Change
from kwake.objects.kinds import NetworkPolicy, PolicyPeer
from kwake.policy.connections import NONE
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd
from kwake.policy.rules import CompiledPolicy, Rule

MOST = 400
"""Pairs of pods that a rule is asked about; a rule for more is a general one."""
OTHER = {INGRESS: EGRESS, EGRESS: INGRESS}


def half_findings(scene: Scene) -> Iterator[Finding]:
    """Rules whose every connection the other end's policies stop: both ends must allow it (NP-2;
    github.com/kubernetes/kubernetes/issues/97489). Rules that do not name pods by label are not meant for just them."""
    if scene.policies.tiers or scene.policies.unread:
        return  # those may accept what no rule admits
    for policy in scene.network_policies:
        compiled = scene.policies.policy(policy.key)
        if compiled is None:
            continue  # this CNI enforces none
        here = [s for s in scene.matching(policy.metadata.namespace, policy.spec.pod_selector) if scene.sees(s)]
        for direction in sorted(policy.directions):
            for rule in compiled.rules(direction):
                for peer in rule.peers:
                    if peer.pod_selector is not None and not peer.pod_selector.is_empty:
                        yield from _closed(scene, policy, rule, peer, here)


def _closed(scene: Scene, policy: NetworkPolicy, rule: Rule, peer: PolicyPeer, here: list[Shape]) -> Iterator[Finding]:
    there = [shape for shape in scene.meant(peer, policy.metadata.namespace) if scene.sees(shape)]
    if not here or not there or len(here) * len(there) > MOST:
        return
    if any(_may_pass(scene, rule, one, other) for one in here for other in there):
        return
    back = OTHER[rule.ref.direction]
    stopping = scene.policies.selecting(there[0].pod, back)
    names = ", ".join(stop.key.name for stop in stopping)
    to = "from" if rule.ref.direction == INGRESS else "to"
    text = (
        f"{rule.ref} lets connections pass {to} {peer.pod_selector}, and no {back.lower()} rule there does ({names}): "
        "both ends must allow a connection"
    )
    fixes = _opening(policy, rule, peer, there, stopping)
    yield Finding("warning", str(policy.key), text, scene.where(policy.key, rule.ref.path), fixes)


def _may_pass(scene: Scene, rule: Rule, one: Shape, other: Shape) -> bool:
    """Whether any connection that a rule of one end is for may pass at the other end, as far as is known."""
    back = OTHER[rule.ref.direction]
    stopping = scene.policies.selecting(other.pod, back)
    server = one.pod if rule.ref.direction == INGRESS else other.pod
    wanted = rule.connections(server)
    if not stopping or one is other or wanted == NONE:
        return True
    end = PolicyEnd.of(one.pod)
    return any(
        (beyond.connections(server) & wanted) != NONE
        and (
            scene.policies.seeing.rule_admits(beyond, end) is not False
            or any(peer.ip_block is not None for peer in beyond.peers)  # addresses come and go
        )
        for policy in stopping
        for beyond in policy.rules(back)
    )


def _opening(
    policy: NetworkPolicy, rule: Rule, peer: PolicyPeer, there: list[Shape], stopping: tuple[CompiledPolicy, ...]
) -> tuple[Change, ...]:
    """The rule that is missing at the other end: in the policy that is about those pods, or in one of its own."""
    spaces = sorted({shape.namespace for shape in there})
    back = OTHER[rule.ref.direction]
    if len(spaces) > 1 or peer.pod_selector is None:
        return ()
    mirrored: dict[str, object] = {"podSelector": written_selector(policy.spec.pod_selector)}
    if spaces[0] != policy.metadata.namespace:
        mirrored["namespaceSelector"] = named_namespaces([policy.metadata.namespace])
    missing: dict[str, object] = {"from" if back == INGRESS else "to": [mirrored]}
    if rule.ports:
        written = (msgspec.to_builtins(port) for port in rule.ports)
        missing["ports"] = [{key: value for key, value in port.items() if value is not None} for port in written]
    opened = Opened(tuple(there), peer.pod_selector, spaces[0], f"{policy.metadata.name}-{back.lower()}")
    return (rule_added(opened, stopping, back, missing),)
