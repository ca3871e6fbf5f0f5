"""Connections that one side's policy is written for, and the other side's policies let nobody have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import product

import msgspec

from kwake.linting.opening import Opened, rule_added
from kwake.linting.peers import named_namespaces, written_selector
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Change
from kwake.objects.key import Key
from kwake.objects.kinds import NetworkPolicy, PolicyPeer
from kwake.policy.classes import classes_of
from kwake.policy.connections import NONE, PROTOCOLS
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd, RuleRef
from kwake.policy.found_pairs import Said
from kwake.policy.matrix import Matrix
from kwake.policy.rules import CompiledPolicy, Rule

MOST = 400
"""Pairs of pods that a rule is asked about; a rule for more is a general one."""
OTHER = {INGRESS: EGRESS, EGRESS: INGRESS}


def half_findings(scene: Scene) -> Iterator[Finding]:
    """Rules whose every connection the other end's policies stop: both ends must allow it (NP-2;
    github.com/kubernetes/kubernetes/issues/97489). Rules that do not name pods by label are not meant for just them."""
    table = _Table(scene) if scene.policies.tiers else None
    for policy in scene.network_policies:
        compiled = scene.policies.policy(policy.key)
        if compiled is None:
            continue  # this CNI enforces none
        here = [s for s in scene.matching(policy.metadata.namespace, policy.spec.pod_selector) if scene.sees(s)]
        for direction in sorted(policy.directions):
            for rule in compiled.rules(direction):
                for peer in rule.peers:
                    if peer.pod_selector is not None and not peer.pod_selector.is_empty:
                        yield from _closed(scene, table, policy, rule, peer, here)


class _Table:
    """What may pass between any two pods, where policies of the admin tiers have a say, too."""

    def __init__(self, scene: Scene) -> None:
        classes = classes_of([shape.pod for shapes in scene.shapes.values() for shape in shapes], scene.policies)
        self._classes_of: defaultdict[Key, list[int]] = defaultdict(list)
        """Of a pod one for each of its addresses."""
        for at, member in enumerate(classes.members):
            for pod in member.pods:
                self._classes_of[pod.key].append(at)
        self._said = Said.by(Matrix(classes, scene.policies))

    def may_pass(self, rule: Rule, one: Shape, other: Shape) -> bool:
        """Whether any connection that a rule of one end is for may pass."""
        source, destination = (one, other) if rule.ref.direction == EGRESS else (other, one)
        wanted = rule.connections(destination.pod)
        if one is other or wanted == NONE:
            return True
        ways = product(self._classes_of[source.pod.key], self._classes_of[destination.pod.key])
        return any(wanted & self._said.possible(at, to) for at, to in ways)


def _closed(
    scene: Scene, table: _Table | None, policy: NetworkPolicy, rule: Rule, peer: PolicyPeer, here: list[Shape]
) -> Iterator[Finding]:
    there = [shape for shape in scene.meant(peer, policy.metadata.namespace) if scene.sees(shape)]
    if not here or not there or len(here) * len(there) > MOST:
        return
    may_pass = table.may_pass if table is not None else partial(_may_pass, scene)
    if any(_is_unknown(scene, rule, one, other) or may_pass(rule, one, other) for one in here for other in there):
        return
    denial = _denial(scene, rule, here[0], there[0]) if table is not None else None
    if denial is not None:
        to = "from" if rule.ref.direction == INGRESS else "to"
        named = f"{denial.policy} {denial}"
        text = f"{rule.ref} lets connections pass {to} {peer.pod_selector}, and {named} denies them all"
        yield Finding("warning", str(policy.key), text, scene.where(policy.key, rule.ref.path))
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


def _is_unknown(scene: Scene, rule: Rule, one: Shape, other: Shape) -> bool:
    """Whether a policy that is not read may accept what no rule admits."""
    policies, direction = scene.policies, rule.ref.direction
    return bool(policies.unread_for(one.pod, direction) or policies.unread_for(other.pod, OTHER[direction]))


def _denial(scene: Scene, rule: Rule, one: Shape, other: Shape) -> RuleRef | None:
    """The rule of a tier that denies a connection that a rule of one end is for; None where no tier does."""
    source, destination = (one, other) if rule.ref.direction == EGRESS else (other, one)
    wanted = rule.connections(destination.pod)
    protocol, low = next((protocol, spans[0][0]) for protocol in PROTOCOLS if (spans := wanted.of(protocol)))
    verdict = scene.policies.verdict(PolicyEnd.of(source.pod), PolicyEnd.of(destination.pod), protocol, low)
    return next(iter((*verdict.ingress.denied_by, *verdict.egress.denied_by)), None)


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
