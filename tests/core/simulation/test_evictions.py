"""Evictions and drains under PodDisruptionBudgets (PD-15, PD-16)."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Outcome
from kwake.errors import Rejected, UsageError
from kwake.objects.kinds import Pod
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, deployment, namespace, node, pod_spec, service


def budget(name: str = "keep", app: str = "web", **spec: Any) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": app}}, **spec},
    }


def probed(name: str, replicas: int) -> Manifest:
    spec = pod_spec()
    spec["containers"][0]["readinessProbe"] = {"periodSeconds": 1, "failureThreshold": 1}
    return deployment(name, replicas, spec=spec)


def start(replicas: int = 2, *more: Manifest) -> World:
    """`web` on two nodes behind a Service."""
    nodes = [node("node-a", 1), node("node-b", 2)]
    return kwake.open([*nodes, namespace("shop"), probed("web", replicas), service("web"), *more], seed=7)


def pods(world: World, app: str = "web") -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == app]


def first(world: World) -> str:
    return str(pods(world)[0].key)


def kinds(world: World) -> list[str]:
    return [event.kind for event in world.events]


@pytest.mark.rule("PD-15")
@pytest.mark.rule("SU-40")
def test_pd_15_a_budget_holds_back_an_eviction_and_not_a_deletion() -> None:
    world = start(1, budget(minAvailable=1))

    assert pods(world.do(kwake.KillPod(first(world))))[0].is_terminating
    with pytest.raises(Rejected, match="Cannot evict pod as it would violate the pod's disruption budget") as refused:
        world.do(kwake.EvictPod(first(world)))
    assert refused.value.code == 429


@pytest.mark.rule("PD-15")
@pytest.mark.rule("SU-40")
def test_pd_15_the_eviction_of_a_silent_nodes_pods_asks_no_budget() -> None:
    lone = start(1, budget(minAvailable=1))
    where = pods(lone)[0].spec.node_name

    after = lone.do(kwake.SilenceNode(f"node/{where}")).settle()

    assert "pod-terminating" in kinds(after)


@pytest.mark.rule("PD-16")
@pytest.mark.rule("SU-40")
def test_pd_16_two_budgets_of_one_pod_are_an_error() -> None:
    world = start(2, budget(minAvailable=1), budget("other", minAvailable=0))

    with pytest.raises(Rejected, match="more than one PodDisruptionBudget") as refused:
        world.do(kwake.EvictPod(first(world)))

    assert refused.value.code == 500


@pytest.mark.rule("PD-16")
@pytest.mark.parametrize(
    ("spec", "replicas", "allowed"),
    [
        ({"minAvailable": 1}, 2, True),
        ({"minAvailable": 2}, 2, False),
        ({"minAvailable": "50%"}, 2, True),
        ({"minAvailable": "51%"}, 2, False),
        ({"maxUnavailable": 1}, 1, True),
        ({"maxUnavailable": 0}, 3, False),
        ({"maxUnavailable": "30%"}, 3, True),
        ({}, 2, False),
    ],
)
@pytest.mark.rule("SU-40")
def test_pd_16_how_many_may_go(spec: dict[str, Any], replicas: int, allowed: bool) -> None:
    world = start(replicas, budget(**spec))
    if allowed:
        assert "pod-evicted" in kinds(world.do(kwake.EvictPod(first(world))))
    else:
        with pytest.raises(Rejected):
            world.do(kwake.EvictPod(first(world)))


@pytest.mark.rule("PD-16")
@pytest.mark.parametrize(("policy", "allowed"), [("AlwaysAllow", True), ("IfHealthyBudget", False), (None, False)])
@pytest.mark.rule("SU-40")
def test_pd_16_a_pod_that_is_not_ready_goes_if_the_policy_says_so(policy: str | None, allowed: bool) -> None:
    unready = start(2, budget(minAvailable=2, unhealthyPodEvictionPolicy=policy))
    unready = unready.do(kwake.FailReadiness(first(unready))).settle()
    if allowed:
        assert "pod-evicted" in kinds(unready.do(kwake.EvictPod(first(unready))))
    else:
        with pytest.raises(Rejected):
            unready.do(kwake.EvictPod(first(unready)))


@pytest.mark.rule("PD-16")
@pytest.mark.rule("SU-40")
def test_pd_16_a_pod_that_is_not_ready_goes_while_the_budget_is_met_without_it() -> None:
    unready = start(3, budget(minAvailable=2))
    unready = unready.do(kwake.FailReadiness(first(unready))).settle()

    assert "pod-evicted" in kinds(unready.do(kwake.EvictPod(first(unready))))


# -- a whole node -------------------------------------------------------------------------------------------------


def fewest_ready(world: World) -> tuple[World, int]:
    fewest = sum(pod.is_ready and not pod.is_terminating for pod in pods(world))
    while not world.is_settled:
        world = world.step()
        fewest = min(fewest, sum(pod.is_ready and not pod.is_terminating for pod in pods(world)))
    return world, fewest


@pytest.mark.rule("PD-16")
@pytest.mark.rule("SU-40")
def test_pd_16_a_drain_goes_at_the_pace_that_the_budget_allows() -> None:
    cordoned = {**node("node-a", 1), "spec": {"podCIDR": "10.244.1.0/24", "unschedulable": True}}
    world = kwake.open([cordoned, node("node-b", 2), namespace("shop"), probed("web", 3), budget(maxUnavailable=1)])
    world = world.do(kwake.Patch("node/node-a", {"spec": {"unschedulable": None}})).settle()

    after, fewest = fewest_ready(world.do(kwake.DrainNode("node/node-b")))

    assert fewest == 2
    assert [pod.spec.node_name for pod in pods(after)] == ["node-a"] * 3
    assert kinds(after).count("pod-evicted") == 3
    assert kinds(after)[-1] != "drain-stuck"


def test_a_drain_without_a_budget_takes_all_at_once_and_cordons_the_node() -> None:
    world = start(4)

    drained = world.do(kwake.DrainNode("node/node-b"))

    assert all(pod.is_terminating for pod in pods(drained) if pod.spec.node_name == "node-b")
    assert drained.cluster.get("node/node-b").manifest["spec"]["unschedulable"] is True
    assert {pod.spec.node_name for pod in pods(drained.settle())} == {"node-a"}


def test_a_drain_that_a_budget_never_allows_says_so_and_ends() -> None:
    world = start(2, budget(minAvailable=2))

    after = world.do(kwake.DrainNode("node/node-a")).settle()

    assert kinds(after)[-1] == "drain-stuck"
    assert len(pods(after)) == 2


def test_a_drain_spares_daemon_pods_and_asks_before_it_takes_a_bare_one() -> None:
    daemon = deployment("agent")
    daemon["kind"] = "DaemonSet"
    del daemon["spec"]["replicas"]
    world = start(2, daemon, bare_pod("lone", spec=pod_spec(nodeName="node-a")))

    with pytest.raises(UsageError, match=r"declare no controller .* lone"):
        world.do(kwake.DrainNode("node/node-a"))
    after = world.do(kwake.DrainNode("node/node-a", force=True)).settle()

    assert after.cluster.pod("shop", "lone") is None
    assert len(pods(after, "agent")) == 2


def test_a_drained_service_of_one_pod_is_refused_for_a_while() -> None:
    world = start(1, bare_pod("client", spec=pod_spec(nodeName="node-a")))
    where = pods(world)[0].spec.node_name

    draining = world.do(kwake.DrainNode(f"node/{where}", force=True))

    seen = set()
    while not draining.is_settled:
        draining = draining.step()
        if draining.cluster.pod("shop", "client") is not None:
            seen.add(draining.trace("shop/client", "svc/shop/web", 80).outcome)
    assert Outcome.REFUSED in seen
