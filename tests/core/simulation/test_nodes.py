"""Nodes that come, go and fall silent: what their pods, endpoints and connections do."""

from __future__ import annotations

import pytest

import kwake
from kwake import Basis, Fate
from kwake.objects.kinds import Pod
from kwake.world import World
from tests.core.manifests import Manifest, deployment, namespace, node, service


def _silent(manifest: Manifest) -> Manifest:
    manifest["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    return manifest


def _world(*more: Manifest, silent: bool = False, protocol: str = "TCP") -> World:
    """`client` on node-a, `web` on node-b: whose kubelet may be silent."""
    second = node("node-b", 2)
    client, web = deployment("client"), deployment("web")
    for manifest, name in ((client, "node-a"), (web, "node-b")):
        manifest["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": name}
    web["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = protocol
    return kwake.open(
        [node("node-a", 1), _silent(second) if silent else second, namespace("shop"), client, web,
         service("web", protocol=protocol), *more],
        seed=7,
    )  # fmt: skip


def _pods(world: World, app: str) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == app]


def _held(world: World, protocol: str = "TCP") -> World:
    return world.do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80, protocol))


def _addresses(world: World, name: str) -> set[str]:
    slices = world.cluster.slices_by_service[world.cluster.resolve(f"svc/shop/{name}")]
    return {address for item in slices for endpoint in item.endpoints for address in endpoint.addresses}


@pytest.mark.rule("EP-2")
def test_ep_2_pods_of_a_deleted_node_leave_the_endpoints() -> None:
    before = _world()
    assert len(_addresses(before, "web")) == 1

    after = before.do(kwake.Delete("node/node-b")).advance(5)

    assert _addresses(after, "web") == set()


@pytest.mark.rule("PD-18")
def test_pd_18_pods_of_a_deleted_node_are_removed_and_replaced() -> None:
    before = _world()
    lost = _pods(before, "web")[0].metadata.uid

    gone = before.do(kwake.Delete("node/node-b"))

    assert lost in {pod.metadata.uid for pod in _pods(gone.advance(39), "web")}, "the quarantine runs"
    after = gone.settle()
    assert lost not in {pod.metadata.uid for pod in _pods(after, "web")}
    assert [pod.spec.node_name for pod in _pods(after, "web")] == [""], "the replacement finds no node that fits"


def test_a_pod_that_no_node_fitted_is_scheduled_when_one_comes() -> None:
    waiting = _world().do(kwake.Delete("node/node-b")).settle()

    after = waiting.do(kwake.Apply(node("node-b", 2))).settle()

    (web,) = _pods(after, "web")
    assert web.spec.node_name == "node-b"
    assert _addresses(after, "web") == {web.ip}


def test_a_new_node_gets_its_daemon_pod() -> None:
    daemon = deployment("agent")
    daemon["kind"] = "DaemonSet"
    del daemon["spec"]["replicas"]
    before = _world(daemon)

    after = before.do(kwake.Apply(node("node-c", 3))).settle()

    assert [pod.spec.node_name for pod in _pods(after, "agent")].count("node-c") == 1


@pytest.mark.rule("PD-13")
def test_pd_13_a_force_delete_on_a_silent_node_claims_no_reset() -> None:
    before = _held(_world(silent=True))
    victim = _pods(before, "web")[0]

    after = before.do(kwake.KillPod(str(victim.key), force=True)).settle()

    held = after.connections["held"]
    assert (held.fate, held.basis, held.turns[-1].cite) == (Fate.OPEN, Basis.UNKNOWN, "PD-13")
    assert after.cluster.find(victim.key) is None
    gone = next(e for e in before.do(kwake.KillPod(str(victim.key), force=True)).events if e.kind == "pod-gone")
    assert gone.basis is Basis.UNKNOWN
    assert "is free" not in gone.text


@pytest.mark.rule("PD-13")
def test_pd_13_a_force_delete_on_a_node_that_reports_resets() -> None:
    before = _held(_world())

    after = before.do(kwake.KillPod(str(_pods(before, "web")[0].key), force=True)).settle()

    assert after.connections["held"].fate is Fate.RESET


@pytest.mark.rule("PD-13")
def test_pd_13_datagrams_to_a_pod_of_a_silent_node_are_unknown() -> None:
    before = _held(_world(silent=True, protocol="UDP"), "UDP")

    after = before.do(kwake.KillPod(str(_pods(before, "web")[0].key), force=True))

    held = after.connections["held"]
    assert (held.fate, held.basis, held.turns[-1].cite) == (Fate.OPEN, Basis.UNKNOWN, "PD-13")


@pytest.mark.rule("PD-17")
def test_pd_17_a_pod_of_a_silent_node_stays_terminating() -> None:
    before = _held(_world(silent=True))
    victim = _pods(before, "web")[0]

    after = before.do(kwake.KillPod(str(victim.key))).settle()

    left = after.cluster.pod("shop", victim.metadata.name)
    assert left is not None
    assert left.is_terminating
    assert after.connections["held"].fate is Fate.OPEN


def test_what_is_unknown_stays_unknown_when_the_service_goes_too() -> None:
    before = _held(_world(silent=True))
    unsure = before.do(kwake.KillPod(str(_pods(before, "web")[0].key), force=True)).settle()

    after = unsure.do(kwake.Delete("svc/shop/web")).settle()

    assert after.connections["held"].basis is Basis.UNKNOWN
