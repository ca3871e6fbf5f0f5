"""A node that stops to report, by the controllers' clocks, and one that comes back (PD-3, PD-17, PD-18)."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Basis, Fate, Outcome
from kwake.errors import ReferenceNotFound, UsageError
from kwake.objects.kinds import Node, Pod
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, deployment, namespace, node, pod_spec, service


def owned(kind: str, name: str, **spec: Any) -> Manifest:
    """A workload whose pods go to node-b first: node-a is cordoned until it is needed."""
    made = deployment(name)
    made["kind"] = kind
    made["spec"] |= spec
    if kind == "DaemonSet":
        del made["spec"]["replicas"]
    return made


def start(*more: Manifest) -> World:
    """`client` on node-a, everything else on node-b; node-a takes what has to move."""
    client = bare_pod("client", spec=pod_spec(nodeName="node-a"))
    cordoned = node("node-a", 1)
    cordoned["spec"]["unschedulable"] = True
    world = kwake.open([cordoned, node("node-b", 2), namespace("shop"), client, *more], seed=7)
    return world.do(kwake.Patch("node/node-a", {"spec": {"unschedulable": None}})).settle()


def web() -> tuple[Manifest, Manifest]:
    return owned("Deployment", "web"), service("web")


def pods(world: World, app: str) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == app]


def conditions(world: World, name: str) -> list[tuple[bool, bool, bool]]:
    slices = world.cluster.slices_by_service[world.cluster.resolve(f"svc/shop/{name}")]
    return [(e.ready, e.serving, e.terminating) for item in slices for e in item.endpoints]


def times(world: World) -> dict[str, float]:
    """When the first event of each kind happened, seconds after the action."""
    begun = world.events[0].time_ms
    return {event.kind: (event.time_ms - begun) / 1000 for event in reversed(world.events)}


@pytest.mark.rule("PD-17")
@pytest.mark.rule("SU-38")
def test_pd_17_the_endpoints_of_a_silent_node_are_unready_after_fifty_seconds() -> None:
    silent = start(*web()).do(kwake.SilenceNode("node/node-b"))

    assert conditions(silent.advance(49), "web") == [(True, True, False)]
    assert conditions(silent.advance(52), "web") == [(False, False, False)]


@pytest.mark.rule("PD-17")
def test_pd_17_pods_of_a_silent_node_are_evicted_after_three_hundred_seconds_more_and_stay_terminating() -> None:
    silent = start(*web()).do(kwake.SilenceNode("node/node-b"))
    (old,) = pods(silent, "web")

    before, after = silent.advance(349), silent.settle()

    assert not pods(before, "web")[0].is_terminating
    stuck = after.cluster.pod("shop", old.metadata.name)
    assert stuck is not None and stuck.is_terminating
    when = times(after)
    assert (when["node-unreachable"], when["pod-terminating"], when["pod-created"]) == (50, 350, 350)


@pytest.mark.rule("PD-17")
@pytest.mark.rule("SU-39")
def test_pd_17_a_deployment_replaces_at_the_eviction_and_elsewhere() -> None:
    after = start(*web()).do(kwake.SilenceNode("node/node-b")).settle()

    fresh = [pod for pod in pods(after, "web") if not pod.is_terminating]

    assert [(pod.spec.node_name, pod.is_ready) for pod in fresh] == [("node-a", True)]


@pytest.mark.rule("PD-17")
@pytest.mark.rule("SU-39")
def test_pd_17_a_stateful_set_does_not_replace_and_a_daemon_pod_is_not_evicted() -> None:
    world = start(owned("StatefulSet", "db"), owned("DaemonSet", "agent"))

    after = world.do(kwake.SilenceNode("node/node-b")).settle()

    assert [(pod.metadata.name, pod.is_terminating) for pod in pods(after, "db")] == [("db-0", True)]
    assert [(p.is_terminating, p.is_ready) for p in pods(after, "agent") if p.spec.node_name == "node-b"] == [
        (False, False)
    ]


@pytest.mark.parametrize(("seconds", "evicted_at"), [(10, 60), (0, 50)])
@pytest.mark.rule("PD-17")
def test_pd_17_a_pod_may_tolerate_less(seconds: int, evicted_at: int) -> None:
    toleration = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": seconds}
    lone = bare_pod("lone", spec=pod_spec(tolerations=[toleration]))

    after = start(lone).do(kwake.SilenceNode("node/node-b")).settle()

    assert times(after)["pod-terminating"] == evicted_at


def test_a_node_that_reports_again_in_time_has_lost_nothing() -> None:
    world = start(*web())

    back = world.do(kwake.SilenceNode("node/node-b")).advance(120).do(kwake.WakeNode("node/node-b")).settle()

    assert [(p.metadata.uid, p.ip, p.is_ready) for p in pods(back, "web")] == [
        (p.metadata.uid, p.ip, p.is_ready) for p in pods(world, "web")
    ]
    assert conditions(back, "web") == [(True, True, False)]
    (second,) = [n for n in back.cluster.all(Node) if n.metadata.name == "node-b"]
    assert (second.spec.taints, second.is_silent) == ((), False)


@pytest.mark.rule("PD-18")
def test_pd_18_stuck_pods_end_when_the_kubelet_returns() -> None:
    world = start(owned("StatefulSet", "db"))
    uid = pods(world, "db")[0].metadata.uid

    stuck = world.do(kwake.SilenceNode("node/node-b")).settle()
    back = stuck.do(kwake.WakeNode("node/node-b")).settle()

    assert [pod.metadata.uid for pod in pods(stuck, "db")] == [uid]
    assert [pod.metadata.name for pod in pods(back, "db")] == ["db-0"]
    assert pods(back, "db")[0].metadata.uid != uid


@pytest.mark.rule("PD-18")
def test_pd_18_a_stateful_pod_is_made_again_elsewhere_when_its_node_is_out_of_service() -> None:
    stuck = start(owned("StatefulSet", "db")).do(kwake.SilenceNode("node/node-b", lost=True)).settle()
    taints = stuck.cluster.get("node/node-b").manifest["spec"]["taints"]
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}

    after = stuck.do(kwake.Patch("node/node-b", {"spec": {"taints": [*taints, taint]}})).settle()

    assert [(pod.metadata.name, pod.spec.node_name) for pod in pods(after, "db")] == [("db-0", "node-a")]


@pytest.mark.rule("PD-3")
@pytest.mark.rule("SU-41")
def test_pd_3_pods_of_a_rebooted_node_keep_their_uid_and_change_their_address() -> None:
    world = start(*web())
    (old,) = pods(world, "web")

    back = world.do(kwake.SilenceNode("node/node-b", lost=True)).advance(20).do(kwake.WakeNode("node/node-b")).settle()

    (again,) = pods(back, "web")
    assert (again.metadata.uid, again.is_ready) == (old.metadata.uid, True)
    assert again.ip != old.ip
    assert back.trace("po/shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("lost", "fate", "outcome"), [(False, Fate.OPEN, "delivered"), (True, Fate.STALLED, "dropped")]
)
def test_a_silent_node_serves_on_and_a_lost_one_stalls(lost: bool, fate: Fate, outcome: str) -> None:
    held = start(*web()).do(kwake.OpenConnection("held", "po/shop/client", "svc/shop/web", 80))

    after = held.do(kwake.SilenceNode("node/node-b", lost)).advance(10)

    assert after.connections["held"].fate is fate
    assert after.trace("po/shop/client", "svc/shop/web", 80).outcome is Outcome(outcome)


def test_a_pod_of_a_lost_node_cannot_dial() -> None:
    lost = start(*web()).do(kwake.SilenceNode("node/node-b", lost=True))

    with pytest.raises(ReferenceNotFound, match="node-b is lost"):
        lost.trace(f"po/shop/{pods(lost, 'web')[0].metadata.name}", "po/shop/client", 8080)


@pytest.mark.rule("PD-13")
def test_pd_13_a_force_deleted_pod_of_a_lost_node_stays_unanswered() -> None:
    held = start(*web()).do(kwake.OpenConnection("held", "po/shop/client", "svc/shop/web", 80))
    lost = held.do(kwake.SilenceNode("node/node-b", lost=True))

    after = lost.do(kwake.KillPod(f"po/shop/{pods(lost, 'web')[0].metadata.name}", force=True)).settle()

    assert after.connections["held"].fate is Fate.STALLED


def test_a_pod_asked_to_go_while_its_node_is_silent_goes_when_it_wakes() -> None:
    silent = start(*web()).do(kwake.SilenceNode("node/node-b"))
    (old,) = pods(silent, "web")

    killed = silent.do(kwake.KillPod(str(old.key))).advance(40)
    back = killed.do(kwake.WakeNode("node/node-b")).settle()

    assert killed.cluster.pod("shop", old.metadata.name) is not None
    assert back.cluster.pod("shop", old.metadata.name) is None


def test_a_pod_that_was_scheduled_to_a_silent_node_starts_when_it_wakes() -> None:
    silent = start().do(kwake.SilenceNode("node/node-b"))

    waiting = silent.do(kwake.Apply(bare_pod("late", spec=pod_spec(nodeName="node-b")))).advance(30)
    back = waiting.do(kwake.WakeNode("node/node-b")).settle()

    assert pods(waiting, "late")[0].ip == ""
    assert pods(back, "late")[0].is_ready


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ([kwake.WakeNode("node/node-b")], "nothing to wake"),
        ([kwake.SilenceNode("node/node-b"), kwake.SilenceNode("node/node-b")], "wake it first"),
        ([kwake.SilenceNode("po/shop/client")], "is not a Node"),
        ([kwake.SilenceNode("node/node-a"), kwake.RestartContainer("po/shop/client")], "does not report"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(actions: list[kwake.Action], words: str) -> None:
    world = start()
    for action in actions[:-1]:
        world = world.do(action)

    with pytest.raises(UsageError, match=words):
        world.do(actions[-1])


def test_how_sure_the_clocks_are_is_told_with_them() -> None:
    after = start(*web()).do(kwake.SilenceNode("node/node-b")).settle()

    clocks = next(event.clocks for event in after.events if event.kind == "pod-terminating")

    assert [(c.name, c.ms, c.basis) for c in clocks] == [
        ("node-monitor-grace", 50_000, Basis.SOURCED),
        ("toleration-seconds", 300_000, Basis.SOURCED),
    ]
