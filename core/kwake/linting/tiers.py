"""Rules of the admin tiers that never decide: an earlier one takes all that they mean."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.scene import Scene
from kwake.objects.finding import Finding
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.tiers import TierPolicy, TierRule


def tier_findings(scene: Scene) -> Iterator[Finding]:
    """Shadowed rules, of one policy or of one with the same subject and a lower priority number (NP-16).

    Only what is certain from the rules as they are written: the earlier one has all peers and ports of the later one.
    """
    tiers = scene.policies.tiers
    for later in tiers:
        ahead = [
            policy
            for policy in tiers
            if (policy.tier, policy.api, policy.subject) == (later.tier, later.api, later.subject)
            and policy.priority < later.priority
        ]
        for direction in (INGRESS, EGRESS):
            yield from _shadowed(scene, later, ahead, direction)


def _shadowed(scene: Scene, policy: TierPolicy, ahead: list[TierPolicy], direction: str) -> Iterator[Finding]:
    before = [rule for other in ahead for rule in other.rules(direction)]
    for rule in policy.rules(direction):
        cover = next((first for first in before if _covers(first, rule)), None)
        if cover is not None:
            own = cover.ref.policy == policy.key
            named = str(cover.ref) if own else f"{cover.ref.policy.name} {cover.ref}"
            does = {"Accept": "accepts", "Deny": "denies", "Pass": "passes on"}[cover.action]
            text = f"{rule.ref} never decides: {named} before it {does} all that it means"
            yield scene.warning(policy.key, rule.ref.path, text, *scene.taken_out(policy.key, rule.ref.path))
        before.append(rule)


def _covers(first: TierRule, later: TierRule) -> bool:
    """Whether a rule means everything that a later one does, as far as their words tell."""
    if (first.fixed | later.fixed) != first.fixed or not set(later.named) <= set(first.named):
        return False
    if first.everybody:
        return True
    wide = {msgspec.json.encode(peer) for peer in first.peers}
    return not later.everybody and {msgspec.json.encode(peer) for peer in later.peers} <= wide
