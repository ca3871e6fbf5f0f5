"""What a tier says of one connection: the rule that decides, or all that may where that is not certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from kwake.objects.kinds import Pod
from kwake.policy.ends import PolicyEnd, RuleRef, called
from kwake.policy.tiers import TierPolicy, TierRule, TierSeeing, by_api

Selected = tuple[TierPolicy, str]
"""A policy of a tier that judges a pod, and why that is not certain; empty if it is."""


class Asked(msgspec.Struct, frozen=True):
    """A connection, as one of its ends' policies see it."""

    direction: str
    other: PolicyEnd
    destination: Pod | None
    """Where port names are looked up."""
    protocol: str
    port: int


class Chance(msgspec.Struct, frozen=True):
    """What may decide: a rule, or (None) nothing in this tier."""

    rule: TierRule | None = None
    doubt: str = ""
    """Why that is not certain; empty if it is, or if only the order is not."""


NOTHING = Chance()


def chances(selected: Sequence[Selected], asked: Asked, seeing: TierSeeing) -> tuple[Chance, ...]:
    """All that may decide in a tier, the first of each rank first; one if that is certain.

    Policies of one priority have no order (NP-16), nor have those of the two APIs among each other.
    """
    doubts = {policy.key: doubt for policy, doubt in selected}
    lines = [
        _one_after_another(
            _any_order(_of_policy(policy, doubts[policy.key], asked, seeing) for policy in tied) for tied in groups
        )
        for groups in by_api(policy for policy, _ in selected)
    ]
    found = _any_order(lines)
    return tuple({_name(chance): chance for chance in reversed(found)}.values())[::-1]


def _name(chance: Chance) -> tuple[RuleRef | None, str]:
    return chance.rule.ref if chance.rule is not None else None, chance.doubt


def _of_policy(policy: TierPolicy, doubt: str, asked: Asked, seeing: TierSeeing) -> list[Chance]:
    found: list[Chance] = []
    for rule in policy.rules(asked.direction):
        if not rule.connections(asked.destination).holds(asked.protocol, asked.port):
            continue
        means = seeing.rule_means(rule, asked.other)
        if means:
            found.append(Chance(rule, doubt))
            return [*found, NOTHING] if doubt else found
        if means is None:
            found.append(Chance(rule, doubt or f"whether {called(policy.key)} {rule.ref} means it is not known"))
    return [*found, NOTHING]


def _any_order(members: Iterable[list[Chance]]) -> list[Chance]:
    """Whichever matches may decide; nothing does only if none has to."""
    each = list(members)
    found = [chance for member in each for chance in member if chance.rule is not None]
    return [*found, NOTHING] if all(NOTHING in member for member in each) else found


def _one_after_another(members: Iterable[list[Chance]]) -> list[Chance]:
    """The first that matches decides."""
    found: list[Chance] = []
    for member in members:
        found += [chance for chance in member if chance.rule is not None]
        if NOTHING not in member:
            return found
    return [*found, NOTHING]
