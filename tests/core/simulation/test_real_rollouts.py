"""Rollouts, drains and lost nodes on dumps of real clusters: what has to go goes, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import kwake
from kwake.control.workloads import MIRROR_ANNOTATION
from kwake.objects.key import Key
from kwake.objects.kinds import DaemonSet, Deployment, Node, Pod, StatefulSet, Workload
from kwake.world import World
from tests.core.manifests import bare_pod

DUMPS = ("eks-1.27-vpccni.json", "k3s-1.27-civo.json", "kubespray-1.24-calico.yaml", "ovh-1.27-canal.yaml")


def workloads(world: World) -> list[Workload]:
    return [*world.cluster.all(Deployment), *world.cluster.all(StatefulSet), *world.cluster.all(DaemonSet)]


def live(world: World, owner: Key) -> set[str]:
    pods = world.cluster.pods_of(owner)
    return {pod.metadata.uid for pod in pods if not pod.is_terminal and not pod.is_terminating}


def shared_addresses(world: World) -> set[str]:
    pods = [p for p in world.cluster.all(Pod) if p.ip and not p.is_terminal and not p.spec.host_network]
    return {ip for ip, count in Counter(pod.ip for pod in pods).items() if count > 1}


@pytest.mark.parametrize("dump", DUMPS)
def test_a_rollout_replaces_every_pod_of_its_workload_and_no_other(truth: Path, dump: str) -> None:
    world = kwake.open(str(truth / "dumps" / dump))
    for owner in workloads(world):
        after = world.do(kwake.RolloutRestart(str(owner.key))).settle()

        assert not live(after, owner.key) & live(world, owner.key), str(owner.key)
        assert len(live(after, owner.key)) == len(live(world, owner.key)), str(owner.key)
        others = [other.key for other in workloads(world) if other.key != owner.key]
        assert all(live(after, other) == live(world, other) for other in others), str(owner.key)
        assert shared_addresses(after) == shared_addresses(world)


@pytest.mark.parametrize("dump", DUMPS)
def test_something_unrelated_leaves_every_pod_of_a_dump_alone(truth: Path, dump: str) -> None:
    world = kwake.open(str(truth / "dumps" / dump))
    had = {pod.key: pod.metadata.uid for pod in world.cluster.all(Pod)}

    after = world.do(kwake.Apply(bare_pod("unrelated", world.cluster.all(Pod)[0].metadata.namespace))).settle()

    left = {pod.key: pod.metadata.uid for pod in after.cluster.all(Pod) if pod.metadata.name != "unrelated"}
    assert left == had


@pytest.mark.parametrize("dump", DUMPS)
def test_a_drained_node_keeps_daemon_pods_alone_and_one_that_wakes_has_its_pods_back(truth: Path, dump: str) -> None:
    world = kwake.open(str(truth / "dumps" / dump))
    for node in world.cluster.all(Node)[:2]:
        name = node.metadata.name
        drained = world.do(kwake.DrainNode(str(node.key), force=True)).settle()
        lost = world.do(kwake.SilenceNode(str(node.key), lost=True)).advance(60)
        back = lost.do(kwake.WakeNode(str(node.key))).settle()

        left = [pod for pod in drained.cluster.all(Pod) if pod.spec.node_name == name and not pod.is_terminal]
        staying = [p for p in left if MIRROR_ANNOTATION not in p.metadata.annotations and not p.is_terminating]
        assert all(pod.controller is not None and pod.controller.kind == "DaemonSet" for pod in staying), name
        had = {pod.metadata.uid for pod in world.cluster.all(Pod) if not pod.is_terminating}
        assert had <= {pod.metadata.uid for pod in back.cluster.all(Pod)}
        assert shared_addresses(back) == shared_addresses(world)
