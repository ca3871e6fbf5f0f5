"""Which policies and rules the engine says decided, against a second reading, on clusters made by chance."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import pytest

from kwake.policy.ends import EGRESS, INGRESS, NearMiss, RuleRef, Side
from kwake.policy.policy_set import compile_policies
from kwake.profiles import load_profile
from tests.core.policy.brute_force import End, Object, Ref, Story, World, name_of, on_host
from tests.core.policy.clusters import cluster
from tests.core.policy.random_clusters import OUTSIDE, PROTOCOLS, Maker
from tests.core.policy.test_brute_force import as_policies_see

IN_CI, ALL, BATCH = 200, 4_000, 50
ASKED = (80, 443, 8100)
"""Ports."""
OVERRIDES = {"host-network-pods": "ignored", "ipblock-matches-pods": "yes", "ipblock-matches-nodes": "yes",
             "egress-to-own-node": "judged"}  # fmt: skip
"""What `Reading()` says."""


Asked = tuple[str, End, End, End, str, int]
"""The direction, whose policies are asked, the other end, the destination, and the port dialled."""


def sides(plain: World) -> Iterator[tuple[Side, Asked]]:
    """What the engine says of each end of every dial, and what it was asked."""
    built = cluster(*plain.objects)
    policies = compile_policies(built, load_profile("calico", OVERRIDES))
    ends = [(end, as_policies_see(built, end)) for end in (*plain.ends(), *map(End, OUTSIDE))]
    for (source, from_), (destination, to) in permutations(ends, 2):
        if (":" in source.ip) == (":" in destination.ip):
            for protocol, port in product(PROTOCOLS, ASKED):
                verdict = policies.verdict(from_, to, protocol, port)
                yield verdict.egress, (EGRESS, source, destination, destination, protocol, port)
                yield verdict.ingress, (INGRESS, destination, source, destination, protocol, port)


def compare(objects: list[Object]) -> list[str]:
    """Where the two tell of different rules."""
    plain = World(objects)
    wrong = []
    for side, asked in sides(plain):
        expected = _stories(plain, *asked)
        if not expected or (side.allowed is None and len({story.allowed for story in expected}) > 1):
            continue
        if _told(side) not in expected:
            wrong.append(f"{asked}: {_told(side)} is not in {expected}")
    return wrong


def _stories(
    plain: World, direction: str, subject: End, other: End, destination: End, protocol: str, port: int
) -> set[Story]:
    """What may be told of an end that policies judge; nothing for others."""
    if subject.pod is None or on_host(subject.pod):
        return set()
    if direction == INGRESS and plain.is_node_of(other, subject.pod):
        return {Story(True)}
    return plain.stories(direction, subject, other, destination, protocol, port)


def _told(side: Side) -> Story | None:
    if side.allowed is None:
        return None
    isolated = tuple(sorted((key.namespace, key.name) for key in side.isolated_by))
    return Story(side.allowed, tuple(sorted(_refs(side.admitted_by))), _refs(side.denied_by), _refs(side.passed_by),
                 isolated)  # fmt: skip


def _refs(rules: tuple[RuleRef, ...]) -> tuple[Ref, ...]:
    return tuple(Ref(r.policy.kind, r.policy.namespace, r.policy.name, r.direction, r.index) for r in rules)


def false_near_misses(objects: list[Object]) -> list[str]:
    """Near misses that are none, by a second reading."""
    plain = World(objects)
    return [
        f"{asked}: {miss.wanted}; {miss.found}"
        for side, asked in sides(plain)
        for miss in side.near_misses
        if not _nearly(plain, miss, *asked)
    ]


def _nearly(
    plain: World, miss: NearMiss, direction: str, subject: End, other: End, destination: End, protocol: str, port: int
) -> bool:
    """Whether a policy that does not select the pod would admit it, or a rule of one that does admits just the port or
    just the peer."""
    assert subject.pod is not None
    policy = next(p for p in plain.of_kind("NetworkPolicy") if name_of(p) == (miss.policy.namespace, miss.policy.name))
    if miss.rule == "selects":
        selected = plain.isolates(policy, direction, subject.pod)
        return not selected and plain.admits(policy, direction, other, destination, protocol, port)
    rule = policy["spec"][direction.lower()][miss.path[2]]
    peers, entries = rule.get("from" if direction == INGRESS else "to"), rule.get("ports")
    for_peer = not peers or any(plain.is_peer(peer, miss.policy.namespace, other) for peer in peers)
    for_port = not entries or any(plain.is_port(entry, destination, protocol, port) for entry in entries)
    named = miss.found.head == "dialled" or miss.found.differs.startswith(f"no {protocol} port")
    return plain.isolates(policy, direction, subject.pod) and for_peer is not for_port and named is for_peer


@pytest.mark.parametrize("first", range(0, IN_CI, BATCH))
def test_the_rules_that_decide_are_those_of_a_second_reading(first: int) -> None:
    made = {seed: Maker(seed).cluster() for seed in range(first, first + BATCH)}

    assert [(seed, line) for seed, objects in made.items() for line in compare(objects)] == []


@pytest.mark.parametrize("first", range(0, IN_CI, BATCH))
def test_every_near_miss_is_one_by_a_second_reading(first: int) -> None:
    made = {seed: Maker(seed).cluster(admin=False) for seed in range(first, first + BATCH)}

    assert [(seed, line) for seed, objects in made.items() for line in false_near_misses(objects)] == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(IN_CI, ALL, 10 * BATCH))
def test_the_rules_that_decide_are_those_of_a_second_reading_at_length(first: int) -> None:
    made = {seed: Maker(seed).cluster() for seed in range(first, first + 10 * BATCH)}

    assert [(seed, line) for seed, objects in made.items() for line in compare(objects)] == []
