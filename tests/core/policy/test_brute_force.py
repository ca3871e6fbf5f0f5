"""The engine against a second reading of the policies, on clusters made by chance."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod
from kwake.policy.connections import ConnectionSet
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import Reach, reach
from kwake.policy.workloads import pod_name
from kwake.profiles import load_profile
from tests.core.policy.brute_force import End, Object, Reading, World
from tests.core.policy.clusters import cluster
from tests.core.policy.random_clusters import OUTSIDE, PORTS, PROTOCOLS, Maker

IN_CI, ALL = 500, 20_000
ASKED = (*PORTS, 82, 460, 481, 500, 8100)
BATCH = 50
"""Clusters a test."""


def compare(seed: int, objects: list[Object]) -> list[str]:
    """Where the two disagree on a cluster; the seed chooses how a plugin reads what the API leaves open."""
    reading = Reading(host_network_pods=seed % 3 == 0, blocks_hold_pods=seed % 5 != 0,
                      blocks_hold_nodes=seed % 4 != 0)  # fmt: skip
    plain = World(objects, reading)
    built = cluster(*objects)
    profile = load_profile("calico", {
        "host-network-pods": "selected" if reading.host_network_pods else "ignored",
        "ipblock-matches-pods": "yes" if reading.blocks_hold_pods else "no",
        "ipblock-matches-nodes": "yes" if reading.blocks_hold_nodes else "no",
        "egress-to-own-node": "judged",
    })  # fmt: skip
    policies = compile_policies(built, profile)
    table = reach(built, profile, by="pod")
    ends = [(end, as_policies_see(built, end)) for end in (*plain.ends(), *map(End, OUTSIDE))]
    wrong: list[str] = []
    for source, from_ in ends:
        for destination, to in ends:
            if from_ == to or (source.pod is None and destination.pod is None):
                continue
            if (":" in source.ip) != (":" in destination.ip):
                continue
            listed, doubted = in_table(built, table, source, destination)
            for protocol in PROTOCOLS:
                for port in ASKED:
                    expected = plain.allowed(source, destination, protocol, port)
                    said = policies.verdict(from_, to, protocol, port).allowed
                    in_doubt = any(one.holds(protocol, port) for one in doubted)
                    told = any(one.holds(protocol, port) for one in listed) or (None if in_doubt else False)
                    if not (expected is said is told):
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
    built: Cluster, table: Reach, source: End, destination: End
) -> tuple[list[ConnectionSet], list[ConnectionSet]]:
    """What the table of all pairs allows, and what it says may be possible beyond. Addresses outside lie in ranges."""
    names = name_in(built, source), name_in(built, destination)
    listed = [pair.connections for pair in table.pairs if is_in(names[0], pair.src) and is_in(names[1], pair.dst)]
    doubted = [pair.possible for pair in table.unknown if is_in(names[0], pair.src) and is_in(names[1], pair.dst)]
    return listed, doubted


def name_in(built: Cluster, end: End) -> str:
    """How reach writes an end: a pod's name, or the address itself."""
    found = as_policies_see(built, end).pod
    return pod_name(built, found) if found is not None else end.ip


def is_in(end: str, listed: str) -> bool:
    """Whether an end is the listed one, or within the listed range."""
    if "[" in end or "[" in listed:
        return end == listed
    first, last, own = (ip_address(ip) for ip in (*listed.split("-"), end))
    return first.version == own.version and int(first) <= int(own) <= int(last)


@pytest.mark.parametrize("first", range(0, IN_CI, BATCH))
def test_the_engine_agrees_with_a_second_reading(first: int) -> None:
    made = {seed: Maker(seed).cluster() for seed in range(first, first + BATCH)}

    assert [line for seed, objects in made.items() for line in compare(seed, objects)] == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(IN_CI, ALL, 10 * BATCH))
def test_the_engine_agrees_with_a_second_reading_at_length(first: int) -> None:
    made = {seed: Maker(seed).cluster() for seed in range(first, first + 10 * BATCH)}

    assert [line for seed, objects in made.items() for line in compare(seed, objects)] == []
