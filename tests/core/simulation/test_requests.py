"""What the API server makes of requests: odd manifests, deletions, restarts of one container of several."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Basis, Fate, Outcome
from kwake.dataplane.environment import environment
from kwake.errors import KwakeError, Rejected
from kwake.objects.kinds import EndpointSlice, Job, Pod, Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, deployment, namespace, node, pod_spec, service, shop


def _web(world: World) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == "web"]


@pytest.mark.parametrize("metadata", [None, -1, "x", [None], {"name": True}, {"name": {}, "namespace": ["a"]}, {}])
def test_a_manifest_of_any_shape_is_refused_in_words(metadata: Any) -> None:
    world = kwake.open(shop())
    before = world.to_bytes()

    with pytest.raises(KwakeError):
        world.do(kwake.Apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))

    assert world.to_bytes() == before


def test_applying_an_object_as_it_is_changes_nothing_and_one_that_was_only_implied_makes_it_known() -> None:
    world = kwake.open(shop())
    key = world.cluster.resolve("deploy/shop/web")
    same = world.do(kwake.Apply(world.cluster.record(key).manifest))

    assert [(event.kind, event.text) for event in same.events] == [("unchanged", f"apply {key}: unchanged")]
    assert same.cluster.record(key) is world.cluster.record(key)

    implied = kwake.open(bare_pod("a", spec=pod_spec(nodeName="node-z")))
    known = implied.do(kwake.Apply(implied.cluster.get("node/node-z").manifest))
    assert [event.kind for event in known.events] == ["applied"]


@pytest.mark.parametrize("spec", [{"podCIDR": "10.244.9.0/24-"}, {"podCIDRs": ["x"]}])
def test_a_node_with_a_range_that_is_none_is_refused(spec: Manifest) -> None:
    with pytest.raises(Rejected, match="must be a valid CIDR value"):
        kwake.open(shop()).do(kwake.Apply({**node("node-x", 9), "spec": spec}))


@pytest.mark.parametrize("strategy", [{"rollingUpdate": {"maxSurge": "25%1"}}, {"rollingUpdate": 3}, "x"])
def test_a_rollout_by_no_number_is_refused(strategy: Any) -> None:
    with pytest.raises(Rejected, match="strategy"):
        kwake.open(shop()).do(kwake.Patch("deploy/shop/web", {"spec": {"strategy": strategy}}))


def test_a_hidden_range_of_a_node_in_a_dump_says_nothing() -> None:
    hidden = node("node-x", 9)
    hidden["spec"]["podCIDR"] = "***HIDDEN***"

    world = kwake.open(shop(hidden))

    assert world.trace("deploy/shop/client", "8.8.8.8", 53).outcome is Outcome.UNKNOWN


def test_an_endpoint_slice_with_an_address_that_is_none_is_refused() -> None:
    world = kwake.open(shop())
    item = world.cluster.all(EndpointSlice)[0]
    manifest = world.cluster.record(item.key).manifest
    manifest["endpoints"][0]["addresses"] = ["10.0.0.999"]

    with pytest.raises(Rejected, match="must be a valid IPv4 address"):
        world.do(kwake.Apply(manifest))


@pytest.mark.rule("EP-1")
def test_ep_1_a_deleted_slice_is_written_again() -> None:
    world = kwake.open(shop())
    slices = world.cluster.slices_by_service[world.cluster.resolve("svc/shop/web")]

    after = world.do(kwake.Delete(str(slices[0].key))).settle()

    again = after.cluster.slices_by_service[after.cluster.resolve("svc/shop/web")]
    assert {a for s in again for e in s.endpoints for a in e.addresses} == {pod.ip for pod in _web(after)}


def test_a_status_that_a_manifest_brings_counts_for_nothing() -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": "once"}}, "spec": bare_pod("x")["spec"]}},
        "status": {"succeeded": 1},
    }

    after = kwake.open(shop()).do(kwake.Apply(job)).settle()

    assert [pod for pod in after.cluster.all(Pod) if pod.metadata.labels.get("app") == "once"]
    assert "succeeded" not in after.cluster.record(after.cluster.all(Job)[0].key).manifest["status"]


def test_sv_17_without_a_load_balancer_nothing_holds_a_service_back() -> None:
    world = kwake.open(shop(service("front", type="LoadBalancer")), overrides={"lb": "none"})

    after = world.do(kwake.Delete("svc/shop/front"))

    assert after.cluster.service("shop", "front") is None


def test_sv_17_a_second_deletion_changes_nothing() -> None:
    world = kwake.open(shop(service("front", type="LoadBalancer")))
    once = world.do(kwake.Delete("svc/shop/front")).advance(2)

    twice = once.do(kwake.Delete("svc/shop/front"))

    assert twice.cluster.get("svc/shop/front").manifest == once.cluster.get("svc/shop/front").manifest


@pytest.mark.rule("PD-10")
def test_pd_10_a_second_deletion_may_shorten_the_grace() -> None:
    slow = bare_pod("slow")
    slow["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 20}}}
    dying = kwake.open(shop(slow)).do(kwake.KillPod("shop/slow"))

    shortened = dying.do(kwake.KillPod("shop/slow", grace=2))

    assert dying.advance(3).cluster.pod("shop", "slow") is not None
    assert shortened.advance(3).cluster.pod("shop", "slow") is None
    longer = dying.do(kwake.KillPod("shop/slow", grace=3000))
    assert longer.settle().now_ms == dying.settle().now_ms


@pytest.mark.rule("PD-10")
def test_pd_10_a_negative_grace_is_a_second() -> None:
    dying = kwake.open(shop()).do(kwake.KillPod("shop/lone", grace=-5))

    assert dying.next_event_ms is not None
    assert dying.next_event_ms >= dying.now_ms
    assert dying.cluster.record(dying.cluster.resolve("shop/lone")).manifest["metadata"][
        "deletionGracePeriodSeconds"
    ] == 1  # fmt: skip


def test_a_deleted_workload_takes_its_pods_where_a_dump_leaves_uids_out() -> None:
    owner = deployment("bare", 1)
    owner["kind"] = "ReplicaSet"
    owner["status"] = {"replicas": 1}
    pod = bare_pod("bare-1", app="bare")
    pod["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "bare", "controller": True}
    ]
    world = kwake.open(shop(owner, pod))

    after = world.do(kwake.Delete("rs/shop/bare")).settle()

    assert after.cluster.pod("shop", "bare-1") is None


# -- one container of several -------------------------------------------------------------------------------------


def _two(protocol: str = "TCP") -> World:
    """`lone` with `main` on 8080 and `side` on 9090, a client held to each and one to a port that nobody declares."""
    spec = {
        "containers": [
            {"name": "main", "image": "i", "ports": [{"name": "http", "containerPort": 8080, "protocol": protocol}]},
            {"name": "side", "image": "i", "ports": [{"containerPort": 9090, "protocol": protocol}]},
        ]
    }
    world = kwake.open([node("node-a", 1), namespace("shop"), deployment("client"), bare_pod("two", spec=spec)], seed=7)
    for name, port in (("main", 8080), ("side", 9090), ("other", 7000)):
        world = world.do(kwake.OpenConnection(name, "deploy/shop/client", "pod/shop/two", port, protocol))
    return world


@pytest.mark.rule("PD-2")
def test_pd_2_the_restart_of_one_container_cuts_its_sockets_alone() -> None:
    down = _two().do(kwake.RestartContainer("shop/two", "side"))

    assert down.connections["side"].fate is Fate.RESET
    assert down.connections["main"].fate is Fate.OPEN
    assert len(down.connections["main"].turns) == 1
    assert (down.connections["other"].fate, down.connections["other"].basis) == (Fate.OPEN, Basis.UNKNOWN)


@pytest.mark.rule("PD-2")
def test_pd_2_the_other_container_is_dialled_meanwhile() -> None:
    down = _two().do(kwake.RestartContainer("shop/two", "side"))

    assert down.trace("deploy/shop/client", "pod/shop/two", 8080).outcome is Outcome.DELIVERED
    assert down.trace("deploy/shop/client", "pod/shop/two", 9090).outcome is Outcome.REFUSED
    assert down.trace("deploy/shop/client", "pod/shop/two", 7000).outcome is Outcome.UNKNOWN
    up = down.settle()
    assert up.trace("deploy/shop/client", "pod/shop/two", 9090).outcome is Outcome.DELIVERED
    two = up.cluster.pod("shop", "two")
    assert two is not None
    assert two.is_ready


@pytest.mark.rule("PD-2")
def test_pd_2_datagrams_to_the_other_container_arrive_meanwhile() -> None:
    down = _two("UDP").do(kwake.RestartContainer("shop/two", "side"))

    fates = {name: c.fate for name, c in down.connections.items()}
    assert fates == {"main": Fate.OPEN, "side": Fate.STALLED, "other": Fate.OPEN}
    assert down.connections["other"].basis is Basis.UNKNOWN


@pytest.mark.rule("PD-2")
def test_pd_2_which_container_of_a_client_held_the_connection_is_unknown() -> None:
    world = _two().do(kwake.OpenConnection("out", "pod/shop/two", "deploy/shop/client", 8080))

    down = world.do(kwake.RestartContainer("shop/two", "side"))

    assert (down.connections["out"].fate, down.connections["out"].basis) == (Fate.OPEN, Basis.UNKNOWN)


# -- a new sandbox ------------------------------------------------------------------------------------------------


@pytest.mark.rule("PD-3")
def test_pd_3_a_sandbox_made_anew_in_a_full_range_gets_an_address() -> None:
    small = node("node-a", 1)
    small["spec"]["podCIDR"] = "10.244.1.0/30"
    world = kwake.open([small, namespace("shop"), bare_pod("a")], profile="flannel")
    pods = world.cluster.all(Pod)
    assert pods[0].ip == "10.244.1.2", "the only address of the range"

    after = world.do(kwake.RecreateSandbox("shop/a")).settle()

    assert after.cluster.all(Pod)[0].ip == "10.244.1.2"
    assert after.cluster.all(Pod)[0].is_ready


# -- UDP and a Service that goes ----------------------------------------------------------------------------------


def test_cx_25_a_deleted_service_stalls_datagrams_under_ipvs() -> None:
    spec = {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 8125, "protocol": "UDP"}]}]}
    world = kwake.open(
        shop(deployment("stats", spec=spec), service("stats", 8125, 8125, protocol="UDP")),
        overrides={"proxy": "ipvs"},
    ).do(kwake.OpenConnection("udp", "deploy/shop/client", "svc/shop/stats", 8125, "UDP"))
    assert world.connections["udp"].fate is Fate.OPEN

    after = world.do(kwake.Delete("svc/shop/stats")).settle()

    assert after.connections["udp"].fate is Fate.STALLED
    assert after.connections["udp"].turns[-1].cite == "CX-25"
    assert not any(isinstance(s, Service) and s.metadata.name == "stats" for s in after.cluster.all(Service))


def test_sv_31_a_range_of_which_one_odd_address_is_known_still_gives_others() -> None:
    lone = service("lone", clusterIP="10.233.0.77")
    lone["metadata"]["uid"] = "u-1"
    world = kwake.open([node("node-a", 1), namespace("shop"), bare_pod("lone"), lone])

    after = world.do(kwake.ReplaceService("shop/lone")).settle()

    found = after.cluster.service("shop", "lone")
    assert found is not None
    assert found.spec.cluster_ip
    second = after.do(kwake.Apply(service("second"))).cluster.service("shop", "second")
    assert second is not None
    assert second.spec.cluster_ip not in ("", found.spec.cluster_ip)


# -- how sure it is -----------------------------------------------------------------------------------------------


def test_sv_16_a_torn_down_load_balancer_takes_the_clock_of_its_removal_and_once() -> None:
    world = kwake.open(
        shop(service("front", type="LoadBalancer")),
        overrides={"clock.load-balancer": "50s", "clock.load-balancer-teardown": "7s"},
    )

    gone = world.do(kwake.Delete("svc/shop/front")).settle()

    told = [event for event in gone.events if event.kind == "balancer-gone"]
    assert [event.time_ms for event in told] == [world.now_ms + 7000]
    assert gone.now_ms < world.now_ms + 20_000


def test_a_proxy_that_stands_in_for_another_is_assumed() -> None:
    closed = [*shop(), service("empty", selector={"app": "nobody"})]

    sourced = kwake.open(closed, profile="calico").trace("deploy/shop/client", "svc/shop/empty", 80)
    assumed = kwake.open(closed, profile="calico-ebpf").trace("deploy/shop/client", "svc/shop/empty", 80)

    assert (sourced.outcome, sourced.basis) == (Outcome.REFUSED, Basis.SOURCED)
    assert (assumed.outcome, assumed.basis) == (Outcome.REFUSED, Basis.ASSUMED)


@pytest.mark.parametrize("profile", ["cilium", "antrea"])
def test_sv_54_what_becomes_of_datagrams_to_a_deleted_service_is_unknown(profile: str) -> None:
    spec = {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 8125, "protocol": "UDP"}]}]}
    world = kwake.open(
        shop(deployment("stats", spec=spec), service("stats", 8125, 8125, protocol="UDP")), profile=profile
    ).do(kwake.OpenConnection("udp", "deploy/shop/client", "svc/shop/stats", 8125, "UDP"))

    after = world.do(kwake.Delete("svc/shop/stats")).settle()

    assert (after.connections["udp"].fate, after.connections["udp"].basis) == (Fate.OPEN, Basis.UNKNOWN)


def test_dn_22_the_restart_of_one_container_leaves_the_environment_of_the_others() -> None:
    two = bare_pod("two")
    two["spec"]["containers"].append({"name": "side", "image": "example/side:1"})
    world = kwake.open(shop(two)).do(kwake.Apply(service("late", ports=[{"port": 80}]))).settle()

    after = world.do(kwake.RestartContainer("po/shop/two", container="side")).settle()

    pod = after.cluster.pod("shop", "two")
    assert pod is not None
    assert "LATE_SERVICE_HOST" in environment(after.view, pod, "side")
    assert "LATE_SERVICE_HOST" not in environment(after.view, pod)
    whole = after.do(kwake.RestartContainer("po/shop/two")).settle()
    assert "LATE_SERVICE_HOST" in environment(whole.view, pod)
