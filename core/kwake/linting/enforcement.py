"""Cluster-wide policies that the CNI does not enforce, or whose order nobody has fixed (NP-12, NP-16)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from kwake.linting.scene import Scene
from kwake.objects.finding import Finding
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.tiers import TierPolicy, admin_policies


def enforcement_findings(scene: Scene) -> Iterator[Finding]:
    """Policies without effect under this profile, and such of one priority that judge a pod both."""
    setting, name = scene.profile.setting("admin-tiers"), scene.profile.name
    in_force = {policy.key for policy in scene.policies.tiers}
    for policy in admin_policies(scene.cluster):
        version = policy.api_version.rpartition("/")[2]
        if policy.key not in in_force:
            text = f"has no effect: {name} does not enforce {policy.kind} {version} ({setting.basis.value})"
            yield scene.warning(policy.key, (), text)
        elif setting.value == "unknown":
            text = f"whether {name} enforces {policy.kind} {version} is not known"
            yield Finding("unknown", str(policy.key), text, scene.where(policy.key))
    for one, other in combinations(scene.policies.tiers, 2):
        if _same_place(one, other) and _judge_one_pod(scene, one, other):
            why = "is of another API than" if one.api != other.api else "has the same priority as"
            text = f"{why} {other.key.name}, and both judge a pod: their order is not defined"
            yield scene.warning(one.key, ("spec", "priority"), text)


def _same_place(one: TierPolicy, other: TierPolicy) -> bool:
    return one.tier == other.tier and (one.api != other.api or one.priority == other.priority)


def _judge_one_pod(scene: Scene, one: TierPolicy, other: TierPolicy) -> bool:
    directions = [d for d in (INGRESS, EGRESS) if one.rules(d) and other.rules(d)]
    seeing = scene.policies.tier_seeing
    return bool(directions) and any(
        seeing.selects(one.subject, shape.pod) and seeing.selects(other.subject, shape.pod)
        for shapes in scene.shapes.values()
        for shape in shapes
    )
