"""Why pairs of a table may talk."""

from __future__ import annotations

import pytest

import kwake
from kwake.reasons import reasons
from tests.core.policy.brute_force import End, World as Reading, name_of
from tests.core.policy.random_clusters import PORTS, Maker

OVERRIDES = {"host-network-pods": "ignored", "egress-to-own-node": "judged"}


@pytest.mark.parametrize("seed", range(40))
def test_each_pair_has_the_rules_of_a_second_reading(seed: int) -> None:
    objects = Maker(seed).cluster(admin=False)
    world = kwake.open(objects, overrides=OVERRIDES)
    plain = Reading(objects)
    ends = {"/".join(name_of(end.pod)) + "[Pod]": end for end in plain.ends() if end.pod is not None}
    table = world.reach("pod")
    found = reasons(world, table.pairs, "pod")

    assert {(pair.src, pair.dst) for pair in table.pairs} == set(found)
    for pair in table.pairs:
        source, destination = (ends.get(name) or End(name.partition("-")[0]) for name in (pair.src, pair.dst))
        port = next((port for port in PORTS if any(low == port for low, _ in pair.connections.tcp)), None)
        if port is None or source.pod is None or destination.pod is None:
            continue
        for side, direction, subject, other in zip(
            found[pair.src, pair.dst], ("Egress", "Ingress"), (source, destination), (destination, source), strict=True
        ):
            assert side.verdict == "allowed"
            told = plain.stories(direction, subject, other, destination, "TCP", port)
            wanted = {f"NetworkPolicy/{ref.namespace}/{ref.policy}" for story in told for ref in story.admitted}
            if side.decided_by:
                assert wanted <= {decider.object for decider in side.decided_by}


def test_of_two_workloads_some_of_whose_pods_may_talk_two_such_are_told_of() -> None:
    world = kwake.open("sample:shop")
    pair = next(pair for pair in world.reach().partial if pair.src == "ops/node-agent[DaemonSet]")

    egress, ingress = reasons(world, [pair])[pair.src, pair.dst]

    assert egress.reason == "on the host's network: no policy selects it"
    assert ingress.reason == "from the pod's own node: always allowed"
