"""Rules add up: what one of them leaves out, another may let in after all."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.linting.peers import written_selector
from kwake.linting.scene import Scene
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.implication import implies
from kwake.objects.json_patch import Fix, Operation, add
from kwake.objects.kinds import IPBlock, NetworkPolicy, PolicyPeer
from kwake.objects.selector import LabelSelector
from kwake.policy.ends import INGRESS
from kwake.policy.rule_words import peer_words
from kwake.policy.rules import CompiledPolicy, Rule, Span, is_within, span_of


def addition_findings(scene: Scene) -> Iterator[Finding]:
    """Exceptions of an ipBlock that a wider rule admits, and peers beside one that means them all."""
    for policy in scene.network_policies:
        compiled = scene.policies.policy(policy.key)
        if compiled is None:
            continue  # this CNI enforces none
        for direction in sorted(policy.directions):
            for rule in compiled.rules(direction):
                yield from _exceptions(scene, policy, compiled, rule)
                yield from _moot_peers(scene, policy, rule)


def _exceptions(scene: Scene, policy: NetworkPolicy, own: CompiledPolicy, rule: Rule) -> Iterator[Finding]:
    """No rule denies: `except` only narrows its own block (github.com/Wide-Moat/open-computer-use/issues/464)."""
    if all(peer.ip_block is None or not peer.ip_block.except_ for peer in rule.peers):
        return
    others = [
        other
        for beside in scene.policies.home(policy.metadata.namespace).policies
        if implies(own.selector, beside.selector)
        for other in beside.rules(rule.ref.direction)
        if other.ref != rule.ref and (rule.fixed | other.fixed) == other.fixed and set(rule.named) <= set(other.named)
    ]
    for at, peer in enumerate(rule.peers):
        for hole in peer.ip_block.except_ if peer.ip_block is not None else ():
            span = span_of(hole)
            wide = next((o for o in others if span is not None and _lets_in(o, span)), None)
            if span is None or wide is None:
                continue
            field = "from" if rule.ref.direction == INGRESS else "to"
            path: FieldPath = (*rule.ref.path, field, at, "ipBlock", "except")
            which = str(wide.ref) if wide.ref.policy == policy.key else f"{wide.ref} of {wide.ref.policy.name}"
            text = f"{rule.ref} excepts {hole}, and {which} admits it on the same ports: rules add up, none denies"
            yield scene.warning(policy.key, path, text, *_narrowed(wide, span, hole), of=wide.ref.policy)


def _lets_in(rule: Rule, hole: Span) -> bool:
    """Whether a rule admits all of it and more; a rule for a part of it, or just for it, is meant so."""
    if not rule.peers:
        return True
    return any(peer.ip_block is not None and _holds(peer.ip_block, hole) for peer in rule.peers)


def _holds(block: IPBlock, hole: Span) -> bool:
    whole = span_of(block.cidr)
    return (
        whole is not None
        and whole != hole
        and is_within(hole, whole)
        and not any((other := span_of(except_)) is not None and _meet(hole, other) for except_ in block.except_)
    )


def _meet(one: Span, other: Span) -> bool:
    return one[0] == other[0] and one[1] <= other[2] and other[1] <= one[2]


def _narrowed(rule: Rule, span: Span, hole: str) -> Iterator[Operation]:
    """The exception in every block of the wider rule that holds it; a rule without peers has none to narrow."""
    field = "from" if rule.ref.direction == INGRESS else "to"
    for at, peer in enumerate(rule.peers):
        if peer.ip_block is not None and _holds(peer.ip_block, span):
            path: FieldPath = (*rule.ref.path, field, at, "ipBlock", "except")
            yield add((*path, "-"), hole) if peer.ip_block.except_ else add(path, [hole])


def _moot_peers(scene: Scene, policy: NetworkPolicy, rule: Rule) -> Iterator[Finding]:
    """A peer that another peer of the rule means, too: one peer with both selectors was meant
    (github.com/astronomer/helm.astronomer.io/pull/208)."""
    field = "from" if rule.ref.direction == INGRESS else "to"
    for at, peer in enumerate(rule.peers):
        for wide_at, wide in enumerate(rule.peers):
            if wide_at == at or peer == wide or _narrows_nothing(peer) or not _covers(wide, peer):
                continue
            path: FieldPath = (*rule.ref.path, field)
            text = (
                f"{rule.ref} admits {peer_words(wide)}, so its peer {at + 1} ({peer_words(peer)}) makes no difference: "
                "peers of a list add up"
            )
            if wide.pod_selector is None and peer.namespace_selector is None and peer.pod_selector is not None:
                both = add((*path, wide_at, "podSelector"), written_selector(peer.pod_selector))
                text += "; both selectors in one peer must match"
                yield scene.warning(policy.key, (*path, at), text, both, *scene.taken_out(policy.key, (*path, at)))
            else:
                fixes = tuple(Fix(policy.key, scene.taken_out(policy.key, (*path, which))) for which in (wide_at, at))
                yield Finding("warning", str(policy.key), text, scene.where(policy.key, (*path, at)), fixes)
            return


def _narrows_nothing(peer: PolicyPeer) -> bool:
    """`podSelector: {}` beside all namespaces says nothing more, and is meant to say nothing else."""
    return peer.namespace_selector is None and (peer.pod_selector is None or peer.pod_selector.is_empty)


def _covers(wide: PolicyPeer, peer: PolicyPeer) -> bool:
    """Whether a peer of selectors means every pod that another one means, whatever namespaces and pods there are."""
    if wide.ip_block is not None or peer.ip_block is not None:
        return False
    if not implies(peer.pod_selector or LabelSelector(), wide.pod_selector or LabelSelector()):
        return False
    if wide.namespace_selector is None or peer.namespace_selector is None:
        return wide.namespace_selector == peer.namespace_selector or (
            wide.namespace_selector is not None and wide.namespace_selector.is_empty
        )
    return implies(peer.namespace_selector, wide.namespace_selector)
