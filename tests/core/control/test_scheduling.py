"""Where pods go: node selectors, taints, host ports (PD-21), then the fewest pods."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import record
from kwake.control.scheduling import Placement, place, place_all
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.kinds import Pod
from tests.core.control.objects import cluster_of, node, pod

TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


def placed(manifest: Manifest, *others: Manifest) -> Placement:
    """Where a new pod goes in a cluster of these."""
    made = record(manifest)
    cluster = cluster_of(*others).with_changes({made.key: made})
    assert isinstance(made.value, Pod)
    return place(cluster, made.value)


def new(**spec: Any) -> Manifest:
    manifest = pod("new", on="", **spec)
    del manifest["status"]
    return manifest


def test_the_fewest_pods_then_the_name() -> None:
    nodes = (node("n1"), node("n2"), node("n3"))
    assert placed(new(), *nodes, pod("a", on="n1")).node == "n2"
    assert placed(new(), *nodes).basis is Basis.ASSUMED


def test_a_node_name_is_obeyed() -> None:
    assert placed(pod("new", on="n9"), node("n1")).node == "n9"


@pytest.mark.parametrize(
    ("refusing", "words"),
    [
        (node("n1", unschedulable=True), "node(s) were unschedulable"),
        (node("n1", taints=[TAINT]), "node(s) had untolerated taint {dedicated: db}"),
    ],
)
def test_cordons_and_taints_keep_pods_away(refusing: Manifest, words: str) -> None:
    assert placed(new(), refusing, node("n2")).node == "n2"
    assert placed(new(), refusing) == Placement(None, f"0/1 nodes are available: 1 {words}.")


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"},
        {"key": "dedicated", "operator": "Exists"},
        {"operator": "Exists"},
    ],
)
def test_a_toleration_lets_a_pod_in(toleration: dict[str, str]) -> None:
    assert placed(new(tolerations=[toleration]), node("n1", taints=[TAINT])).node == "n1"


def test_a_taint_that_only_prefers_refuses_nobody() -> None:
    assert placed(new(), node("n1", taints=[{**TAINT, "effect": "PreferNoSchedule"}])).node == "n1"


def test_node_selector_and_affinity() -> None:
    nodes = (node("n1", zone="a"), node("n2", zone="b"))
    assert placed(new(nodeSelector={"topology.kubernetes.io/zone": "b"}), *nodes).node == "n2"
    terms = [{"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "NotIn", "values": ["a"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    assert placed(new(affinity={"nodeAffinity": required}), *nodes).node == "n2"
    assert placed(new(nodeSelector={"disk": "ssd"}), *nodes).node is None


@pytest.mark.rule("PD-21")
def test_pd_21_two_pods_may_not_claim_one_port_of_a_node() -> None:
    ports = [{"containerPort": 8080}]
    first = pod("a", "192.168.0.1", ports=ports, hostNetwork=True)
    second = new(ports=ports, hostNetwork=True)
    refused = placed(second, node("n1"), first)
    assert refused.node is None
    assert "didn't have free ports" in refused.reason
    assert placed(second, node("n1"), node("n2"), first).node == "n2"
    assert placed(new(ports=[{"containerPort": 8081}], hostNetwork=True), node("n1"), first).node == "n1"


def test_no_nodes() -> None:
    assert placed(new()).node is None


def test_many_pods_see_each_other() -> None:
    ports = [{"containerPort": 8080, "hostPort": 8080}]
    waiting = [{**new(ports=ports), "metadata": {"name": name, "namespace": "shop"}} for name in "abc"]
    cluster = cluster_of(node("n1"), node("n2"), *waiting)
    placements = place_all(cluster, cluster.all(Pod))
    assert [placement.node for placement in placements.values()] == ["n1", "n2", None]
