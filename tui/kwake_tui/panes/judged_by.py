"""The policies that select pods, and what they do to them in each direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.objects.kinds import Pod
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.tiers import ADMIN, BASELINE
from kwake.world import World
from kwake_tui.lines import Line, Span
from kwake_tui.names import short

LABEL = 14


def policy_rows(world: World, pods: Sequence[Pod], directions: Sequence[str] = (INGRESS, EGRESS)) -> list[Line]:
    """A row for each policy and direction (NP-1); of several pods with how many of them it selects."""
    policies = compile_policies(world.cluster, world.profile)
    rows: list[Line] = []
    for direction in directions:
        counts: dict[tuple[str, str], int] = {}
        for pod in pods:
            for row in _of(world, policies, pod, direction):
                counts[row] = counts.get(row, 0) + 1
        for (text, role), count in counts.items():
            share = (Span(f"{count} of {len(pods)} pods", "muted"),) if len(pods) > 1 else ()
            rows.append(Line((Span(f"{direction.lower():<{LABEL}}", "muted"), Span(text, role)), share, shrink=1))
    return rows


def _of(world: World, policies: PolicySet, pod: Pod, direction: str) -> Iterator[tuple[str, str]]:
    """What is said of one pod, each with its colour."""
    isolating = policies.selecting(pod, direction)
    tiers = [p for tier in (ADMIN, BASELINE) for p, _ in policies.tiers_for(pod, tier, direction)]
    unread = policies.unread_for(pod, direction)
    if not policies.seeing.is_seen(pod) and policies.enforced:
        yield "on the host's network: no policy selects it", "text1"
        return
    for policy in isolating:
        count = len(policy.rules(direction))
        admits = "admits nothing" if not count else f"{count} rule{'s' * (count > 1)}"
        yield f"isolated by {short(str(policy.key))}: {admits}", "text1"
    for tier in tiers:
        yield f"judged by {short(str(tier.key))}, {tier.tier} tier", "text1"
    for one in unread:
        yield f"perhaps by {short(str(one.key))}, which kwake does not read", "doubt"
    if not isolating and not tiers and not unread:
        enforced = "not isolated" if policies.enforced else f"{world.profile.name} enforces no NetworkPolicy"
        yield enforced, "text1"
