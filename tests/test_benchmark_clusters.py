"""The clusters that are measured: always the same, of the shape that they claim, and taken without a complaint."""

from __future__ import annotations

from collections import Counter

import pytest
from benchmarks.clusters import SHAPES, SIZES, Shape, cluster

import kwake
from kwake.objects.kinds import NetworkPolicy, Pod


def test_a_cluster_is_the_same_for_a_seed() -> None:
    assert cluster(300, seed=4) == cluster(300, seed=4)
    assert cluster(300, seed=4) != cluster(300, seed=5)


def test_each_size_of_deployment_has_its_quarter_of_the_pods() -> None:
    replicas = [m["spec"]["replicas"] for m in cluster(2000) if m["kind"] == "Deployment"]
    pods = {size: size * replicas.count(size) for size in set(SIZES)}
    assert sum(replicas) == 2000
    assert 950 <= pods[5] <= 1050
    assert all(450 <= pods[size] <= 550 for size in (30, 250))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_opens_with_all_its_pods_and_policies(shape: Shape) -> None:
    # Given a cluster of a shape, as a dump
    manifests = cluster(120, shape=shape, dump=True, full=True)
    # When it is opened
    world = kwake.open(manifests)
    # Then all of it is there, and nothing is doubtful
    kinds = Counter(m["kind"] for m in manifests)
    assert len(world.cluster.all(Pod)) == kinds["Pod"] == 121
    assert len(world.cluster.all(NetworkPolicy)) == kinds["NetworkPolicy"]
    assert not [finding for finding in world.findings if finding.level == "unknown"]
