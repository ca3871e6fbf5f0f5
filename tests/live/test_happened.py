"""Predicted and seen: which of the new pods came for which, and what is not told where nothing tells it."""

from __future__ import annotations

from functools import cache

import kwake
from kwake.objects.kinds import Pod
from kwake.samples import sample_path
from kwake.timeline import Timeline
from kwake_live.drift import stale
from kwake_live.happened import Side, compared


@cache
def _shop(seed: int = 0) -> kwake.World:
    return kwake.open(str(sample_path("shop")), seed=seed)


def _pods(app: str) -> list[str]:
    found = [pod for pod in _shop().cluster.all(Pod) if pod.metadata.labels.get("app") == app]
    return sorted(f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in found)


def _after(*pods: str, elsewhere: str = "") -> kwake.World:
    """What the cluster did: these pods were killed there, on a node less if one is named."""
    world = _shop()
    if elsewhere:
        world = world.do(kwake.Patch(f"node/{elsewhere}", {"spec": {"unschedulable": True}}))
    for pod in pods:
        world = world.do(kwake.KillPod(pod)).settle()
    return world


def _predicted(pod: str) -> Timeline:
    return Timeline.start(_shop()).do(kwake.KillPod(pod), settle=True)


def _sides(timeline: Timeline, now: kwake.World) -> dict[str, Side]:
    done = [item for item in stale(timeline, now.cluster) if item.happened]
    assert len(done) == 1
    return {side.what: side for side in compared(timeline, done[0], now.cluster, ())}


def test_the_only_new_pod_of_the_owner_is_the_successor() -> None:
    pod = _pods("checkout")[0]

    sides = _sides(_predicted(pod), _after(pod))

    assert sides["IP"].agrees is True
    assert sides["node"].agrees is True
    assert sides["successor"].seen.startswith("checkout-")


def test_a_successor_on_another_node_with_another_address_is_told_to_differ() -> None:
    pod = _pods("checkout")[0]
    predicted = _predicted(pod)
    (new,) = {p.key for p in predicted.world.cluster.all(Pod)} - {p.key for p in _shop().cluster.all(Pod)}
    node = predicted.world.cluster.record(new).manifest["spec"]["nodeName"]

    sides = _sides(predicted, _after(pod, elsewhere=node))

    assert sides["node"].agrees is False
    assert sides["IP"].agrees is False


def test_two_new_pods_of_one_owner_are_not_told_apart() -> None:
    """Given that somebody killed another pod of the same ReplicaSet as well, then nothing says which of the new ones
    came for ours: neither is claimed, nor its address compared."""
    ours, other = _pods("checkout")[:2]

    sides = _sides(_predicted(ours), _after(ours, other))

    assert sides["successor"].seen.startswith("one of checkout-")
    assert sides["successor"].seen.count("checkout-") == 2
    assert [sides[what].agrees for what in ("successor", "IP", "node")] == [None, None, None]
    assert "ready after" not in sides


def test_another_pod_of_the_owner_is_not_ours() -> None:
    """Given a prediction of one pod's end, when somebody kills another one, then ours has not happened."""
    ours, other = _pods("checkout")[:2]

    assert stale(_predicted(ours), _after(other).cluster) == ()


def test_what_never_happens_is_never_seen() -> None:
    assert stale(_predicted(_pods("checkout")[0]), _shop().cluster) == ()


def test_a_pod_of_a_stateful_set_comes_again_under_its_name() -> None:
    """Given a StatefulSet's pod that was really killed, when it is there again under its name, then it has happened,
    and its new address and node are compared."""
    owned = [p for p in _shop().cluster.all(Pod) if p.controller is not None and p.controller.kind == "StatefulSet"]
    pod = min(owned, key=lambda p: p.key)
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"

    sides = _sides(_predicted(name), _after(name))

    assert sides["successor"].predicted == sides["successor"].seen == pod.metadata.name
    assert sides["node"].agrees is True
    assert sides["IP"].agrees is not None
