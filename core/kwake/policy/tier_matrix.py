"""What the tiers make of all connections between all classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, reduce

import msgspec

from kwake.objects.kinds import AdminPeer, Pod
from kwake.policy.classes import Classes, bits_of
from kwake.policy.ends import INGRESS
from kwake.policy.policy_set import PolicySet
from kwake.policy.tier_outcomes import UNMATCHED, Outcomes, of_rule, unsure
from kwake.policy.tier_verdict import Selected
from kwake.policy.tiers import TierPolicy, TierRule, by_api

OutcomeParts = dict[Outcomes, int]
"""The other ends, cut by what a tier makes of connections with them: disjoint sets of classes, together everybody."""


class TierMatrix:
    """The outcomes of tiers, worked out once for each policy and the ports that its own pods declare."""

    def __init__(self, classes: Classes, policies: PolicySet) -> None:
        self._classes = classes
        self._seeing = policies.tier_seeing
        self._peers: dict[bytes, tuple[int, int]] = {}
        self._of_policy: dict[object, OutcomeParts] = {}
        self._names = classes.sight.port_names

    @cached_property
    def _by_named_ports(self) -> tuple[int, ...]:
        by_ports: dict[tuple[int | None, ...], int] = {}
        for index, member in enumerate(self._classes.members):
            numbers = self._numbers(self._seeing.pod(member.representative))
            by_ports[numbers] = by_ports.get(numbers, 0) | 1 << index
        return tuple(by_ports.values())

    def outcomes(self, selected: Iterable[Selected], direction: str, pod: Pod) -> OutcomeParts:
        """What a tier makes of all connections of a pod in a direction."""
        doubts = {policy.key: doubt for policy, doubt in selected}
        lines = by_api(policy for policy, _ in selected)
        return self._tied(
            self._in_order(
                self._tied(self._policy(policy, bool(doubts[policy.key]), direction, pod) for policy in tied)
                for tied in groups
            )
            for groups in lines
        )

    def is_unsure_of(self, selected: Iterable[Selected], direction: str) -> bool:
        """Whether it is not known of some end if a rule of these means it."""
        rules = (rule for policy, _ in selected for rule in policy.rules(direction))
        return any(self._meant(rule)[1] for rule in rules)

    def _in_order(self, parts: Iterable[OutcomeParts]) -> OutcomeParts:
        return reduce(lambda first, later: _combined(first, later, Outcomes.then), parts, self._nothing())

    def _tied(self, parts: Iterable[OutcomeParts]) -> OutcomeParts:
        return reduce(lambda one, other: _combined(one, other, Outcomes.tied), parts, self._nothing())

    def _nothing(self) -> OutcomeParts:
        return {UNMATCHED: self._classes.everyone}

    def _policy(self, policy: TierPolicy, is_unsure: bool, direction: str, pod: Pod) -> OutcomeParts:
        own = self._numbers(pod) if direction == INGRESS else None
        asked = policy.key, is_unsure, direction, own
        if asked not in self._of_policy:
            parts = self._nothing()
            for rule in policy.rules(direction):
                parts = _combined(parts, self._rule(rule, direction, pod), Outcomes.then)
            if is_unsure:
                parts = _combined(parts, self._nothing(), lambda outcomes, _: unsure(outcomes))
            self._of_policy[asked] = parts
        return self._of_policy[asked]

    def _rule(self, rule: TierRule, direction: str, pod: Pod) -> OutcomeParts:
        sure, perhaps = self._meant(rule)
        parts: OutcomeParts = {}
        for meant, is_sure in ((sure, True), (perhaps & ~sure, False)):
            if direction == INGRESS or not rule.named:
                _put(parts, of_rule(rule.action, rule.connections(pod), is_sure), meant)
                continue
            for alike in self._by_named_ports:
                if meant & alike:
                    first = self._classes.members[next(bits_of(meant & alike))]
                    destination = self._seeing.pod(first.representative)
                    _put(parts, of_rule(rule.action, rule.connections(destination), is_sure), meant & alike)
        _put(parts, UNMATCHED, self._classes.everyone & ~(sure | perhaps))
        return parts

    def _meant(self, rule: TierRule) -> tuple[int, int]:
        """The classes that a rule's peers mean, and those of which that is not known."""
        if rule.everybody:
            return self._classes.everyone, 0
        sure, perhaps = 0, 0
        for peer in rule.peers:
            meant = self._peer(peer)
            sure, perhaps = sure | meant[0], perhaps | meant[1]
        return sure, perhaps & ~sure

    def _peer(self, peer: AdminPeer) -> tuple[int, int]:
        asked = msgspec.json.encode(peer)
        if asked not in self._peers:
            sure, perhaps = 0, 0
            for index, member in enumerate(self._classes.members):
                if peer.nodes is not None and member.ranges:
                    continue  # ranges are addresses outside: a node is not among them
                means = self._seeing.means(peer, member.representative)
                sure |= (means is True) << index
                perhaps |= (means is None) << index
            self._peers[asked] = sure, perhaps
        return self._peers[asked]

    def _numbers(self, pod: Pod | None) -> tuple[int | None, ...]:
        return tuple(pod.named_port(*name) if pod is not None else None for name in self._names)


def _put(parts: OutcomeParts, outcomes: Outcomes, members: int) -> None:
    if members:
        parts[outcomes] = parts.get(outcomes, 0) | members


def _combined(one: OutcomeParts, other: OutcomeParts, join: Callable[[Outcomes, Outcomes], Outcomes]) -> OutcomeParts:
    """Both cuts at once, each piece with what the two make of it together."""
    parts: OutcomeParts = {}
    for first, members in one.items():
        for second, others in other.items():
            _put(parts, join(first, second), members & others)
    return parts
