"""Laws of worlds: nothing changes behind one's back, undo is identity, the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import kwake
from kwake.errors import KwakeError
from kwake.objects.kinds import NetworkPolicy, Pod, Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, default_deny, node, shop


def _silent(manifest: Manifest) -> Manifest:
    manifest["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    return manifest


def _probed(name: str) -> Manifest:
    made = bare_pod(name)
    made["spec"]["containers"][0]["readinessProbe"] = {"periodSeconds": 2}
    return made


START = kwake.open(shop(_silent(node("node-d", 3)), _probed("healthy"), _probed("failing")), seed=3)
START = START.do(kwake.FailReadiness("shop/failing")).settle()
START = START.do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))


def _pod(world: World, number: int) -> str:
    pods = world.cluster.all(Pod)
    return str(pods[number % len(pods)].key) if pods else "pod/shop/none"


def _service(world: World, number: int) -> str:
    services = world.cluster.all(Service)
    return str(services[number % len(services)].key)


Make = Callable[[World, int], kwake.Action]

ACTIONS: dict[str, Make] = {
    "kill": lambda world, n: kwake.KillPod(_pod(world, n)),
    "force-kill": lambda world, n: kwake.KillPod(_pod(world, n), force=True),
    "restart": lambda world, n: kwake.RestartContainer(_pod(world, n)),
    "sandbox": lambda world, n: kwake.RecreateSandbox(_pod(world, n)),
    "scale": lambda world, n: kwake.Scale("deploy/shop/web", n % 5),
    "rollout": lambda world, n: kwake.RolloutRestart("deploy/shop/web"),
    "silence": lambda world, n: kwake.SilenceNode(f"node/node-{'abc'[n % 3]}", lost=n % 2 == 0),
    "wake": lambda world, n: kwake.WakeNode(f"node/node-{'cdab'[n % 4]}"),
    "evict": lambda world, n: kwake.EvictPod(_pod(world, n)),
    "drain": lambda world, n: kwake.DrainNode(f"node/node-{'abc'[n % 3]}", force=True),
    "fail-readiness": lambda world, n: kwake.FailReadiness("shop/healthy"),
    "pass-readiness": lambda world, n: kwake.PassReadiness("shop/failing"),
    "relabel": lambda world, n: kwake.Relabel(_pod(world, n), {"app": "web" if n % 2 else None}),
    "apply-pod": lambda world, n: kwake.Apply(bare_pod(f"extra-{n % 4}")),
    "apply-policy": lambda world, n: kwake.Apply(default_deny(name=f"deny-{n % 3}")),
    "patch": lambda world, n: kwake.Patch(_service(world, n), {"metadata": {"annotations": {"n": str(n)}}}),
    "delete": lambda world, n: kwake.Delete(
        str(world.cluster.all(NetworkPolicy)[0].key) if world.cluster.all(NetworkPolicy) else _pod(world, n)
    ),
    "type": lambda world, n: kwake.SetServiceType(
        _service(world, n), ("ClusterIP", "NodePort", "LoadBalancer", "Headless")[n % 4]
    ),
    "replace": lambda world, n: kwake.ReplaceService(_service(world, n)),
    "open": lambda world, n: kwake.OpenConnection(f"c{n}", "deploy/shop/client", "svc/shop/web", 80),
    "close": lambda world, n: kwake.CloseConnection("held"),
}


def test_the_table_has_every_action() -> None:
    made = {type(make(START, 1)) for make in ACTIONS.values()}

    assert made == set(get_args(kwake.actions.Action))


@pytest.mark.parametrize("name", ACTIONS)
def test_undo_and_redo_of_each_action_give_equal_worlds(name: str) -> None:
    timeline = kwake.Timeline.start(START)
    before = timeline.world.to_bytes()

    done = timeline.do(ACTIONS[name](START, 1 if name != "type" else 0), settle=True)
    after = done.world.to_bytes()

    assert done.undo().world.to_bytes() == before
    assert done.undo().redo().world.to_bytes() == after
    assert START.to_bytes() == before


step = st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 40), st.sampled_from([0.0, 0.3, 1.5, 60.0]))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(step, min_size=50, max_size=50))
def test_fifty_random_actions_leave_their_ancestors_bytes_alone(steps: list[tuple[str, int, float]]) -> None:
    world = START
    ancestors = [(world, world.to_bytes())]
    for number, (name, argument, wait) in enumerate(steps):
        try:
            world = world.do(ACTIONS[name](world, argument))
        except KwakeError:
            continue
        world = world.advance(wait)
        if number % 10 == 0:
            ancestors.append((world, world.to_bytes()))
        holders = [pod.ip for pod in world.cluster.all(Pod) if pod.ip and not pod.is_terminal]
        assert len(holders) == len(set(holders)), "two live pods share an address"

    for ancestor, had in ancestors:
        assert ancestor.to_bytes() == had
    assert world.settle().is_settled


def test_the_same_seed_gives_the_same_bytes() -> None:
    def run(seed: int) -> bytes:
        world = kwake.open(shop(), seed=seed)
        return world.do(kwake.Scale("deploy/shop/web", 4)).settle().to_bytes()

    assert run(5) == run(5)
    assert run(5) != run(6)
