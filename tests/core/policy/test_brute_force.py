"""The engine against a second reading of the policies, on clusters made by chance."""

from __future__ import annotations

import pytest

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import Reach, reach
from kwake.policy.workloads import pod_name
from kwake.profiles import load_profile
from tests.core.policy.brute_force import End, Object, Reading, World
from tests.core.policy.clusters import cluster
from tests.core.policy.random_clusters import OUTSIDE, PORTS, PROTOCOLS, Maker

IN_CI, ALL = 500, 20_000
BATCH = 50
"""Clusters a test."""


def compare(seed: int, objects: list[Object]) -> list[str]:
    """Where the two disagree on a cluster; the seed chooses how a plugin reads what the API leaves open."""
    reading = Reading(host_network_pods=seed % 3 == 0, blocks_hold_pods=seed % 5 != 0)
    plain = World(objects, reading)
    built = cluster(*objects)
    profile = load_profile("calico", {
        "host-network-pods": "selected" if reading.host_network_pods else "ignored",
        "ipblock-matches-pods": "yes" if reading.blocks_hold_pods else "no",
        "egress-to-own-node": "judged",
    })  # fmt: skip
    policies = compile_policies(built, profile)
    table = reach(built, profile, by="pod")
    ends = [(end, as_policies_see(built, end)) for end in (*plain.ends(), *map(End, OUTSIDE))]
    wrong = []
    for source, from_ in ends:
        for destination, to in ends:
            if from_ == to or (source.pod is None and destination.pod is None):
                continue
            if (":" in source.ip) != (":" in destination.ip):
                continue
            for protocol in PROTOCOLS:
                for port in (*PORTS, 82, 500):
                    expected = plain.allowed(source, destination, protocol, port)
                    said = policies.verdict(from_, to, protocol, port).allowed
                    told = in_table(built, table, source, destination, protocol, port)
                    if not (expected is said and told in (expected, "not listed")):
                        asked = f"seed {seed}: {source.ip} → {destination.ip} {protocol} {port}"
                        wrong.append(f"{asked}: expected {expected}, verdict {said}, reach {told}")
    return wrong


def as_policies_see(built: Cluster, end: End) -> PolicyEnd:
    if end.pod is None:
        return PolicyEnd(None, end.ip)
    found = built.pod(end.pod["metadata"]["namespace"], end.pod["metadata"]["name"])
    assert isinstance(found, Pod)
    return PolicyEnd(found, end.ip, found.spec.node_name)


def in_table(
    built: Cluster, table: Reach, source: End, destination: End, protocol: str, port: int
) -> bool | str | None:
    """What the table of all pairs says of it: None if it is in doubt. Addresses of nodes are not listed."""
    if source.pod is None or destination.pod is None:
        return "not listed"
    names = pod_of(built, source), pod_of(built, destination)
    if any((pair.src, pair.dst) == names and pair.connections.holds(protocol, port) for pair in table.pairs):
        return True
    return None if any((pair.src, pair.dst) == names for pair in table.unknown) else False


def pod_of(built: Cluster, end: End) -> str:
    """The pod's name as reach writes it."""
    found = as_policies_see(built, end).pod
    assert found is not None
    return pod_name(built, found)


@pytest.mark.parametrize("first", range(0, IN_CI, BATCH))
def test_the_engine_agrees_with_a_second_reading(first: int) -> None:
    made = {seed: Maker(seed).cluster() for seed in range(first, first + BATCH)}

    assert [line for seed, objects in made.items() for line in compare(seed, objects)] == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(IN_CI, ALL, 10 * BATCH))
def test_the_engine_agrees_with_a_second_reading_at_length(first: int) -> None:
    made = {seed: Maker(seed).cluster() for seed in range(first, first + 10 * BATCH)}

    assert [line for seed, objects in made.items() for line in compare(seed, objects)] == []
