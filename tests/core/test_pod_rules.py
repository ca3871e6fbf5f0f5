"""The rules about pods, PD-1 to PD-27: each builds the rule's example and asserts what then holds."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Basis, Fate, Outcome
from kwake.objects.kinds import Pod
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, deployment, namespace, node, pod_spec, service


def opened(*manifests: Manifest, profile: str = "calico", **overrides: str) -> World:
    """Two nodes, a pod `client` on the first, and these."""
    client = bare_pod("client", spec=pod_spec(nodeName="node-a"))
    said = {name.replace("__", ".").replace("_", "-"): value for name, value in overrides.items()}
    nodes = [node("node-a", 1), node("node-b", 2)]
    mine = {manifest["metadata"]["name"] for manifest in manifests}
    kept = [manifest for manifest in nodes if manifest["metadata"]["name"] not in mine]
    return kwake.open([*kept, namespace("shop"), client, *manifests], profile, seed=7, overrides=said)


def owned(kind: str, name: str, **spec: Any) -> Manifest:
    made = deployment(name, spec=spec.pop("pod", None))
    made["kind"] = kind
    made["spec"] |= spec
    return made


def slow(grace: int = 30, sleep: int = 10) -> Manifest:
    """A pod spec whose container sleeps before it is asked to end."""
    spec = pod_spec(terminationGracePeriodSeconds=grace)
    spec["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": sleep}}}
    return spec


def pod(world: World, name: str) -> Pod:
    found = world.cluster.pod("shop", name)
    assert found is not None
    return found


def pods(world: World, app: str) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == app]


def endpoints(world: World, name: str) -> dict[str, tuple[bool, bool, bool]]:
    """Each endpoint's address with ready, serving, terminating."""
    items = world.cluster.slices_by_service[world.cluster.resolve(f"svc/shop/{name}")]
    return {
        address: (e.ready, e.serving, e.terminating)
        for item in items
        for e in item.endpoints
        for address in e.addresses
    }


def at(world: World, kind: str) -> float:
    """When the first event of a kind happened, seconds after the action."""
    return (next(e.time_ms for e in world.events if e.kind == kind) - world.events[0].time_ms) / 1000


# -- identity and who recreates what ------------------------------------------------------------------------------


@pytest.mark.rule("PD-1", holds="inferred")
def test_pd_1_of_two_containers_on_one_port_the_second_fails() -> None:
    both = bare_pod("p", spec=pod_spec(80, "web"))
    both["spec"]["containers"].append({"name": "b", "image": "x", "ports": [{"containerPort": 80}]})
    world = opened(both)

    told = [finding.text for finding in world.findings if finding.subject == "Pod/shop/p"]

    assert "main and b both declare 80/TCP" in told[0] and "(inferred)" in told[0]
    assert world.trace("shop/client", "shop/p", 80).outcome is Outcome.DELIVERED


@pytest.mark.rule("PD-2")
@pytest.mark.rule("SU-42")
def test_pd_2_a_container_restart_keeps_uid_and_address_and_flips_ready() -> None:
    world = opened(bare_pod("p"), service("p"), clock__container_restart="5s")
    held = world.do(kwake.OpenConnection("held", "shop/client", "svc/shop/p", 80))

    crashed = held.do(kwake.RestartContainer("shop/p"))
    unready, after = crashed.advance(2), crashed.settle()

    assert (pod(after, "p").ip, pod(after, "p").metadata.uid) == (pod(world, "p").ip, pod(world, "p").metadata.uid)
    assert crashed.connections["held"].fate is Fate.RESET
    assert [endpoints(w, "p")[pod(world, "p").ip][0] for w in (world, unready, after)] == [True, False, True]


@pytest.mark.rule("PD-3")
def test_pd_3_a_reboot_keeps_the_uid_and_changes_the_address() -> None:
    world = opened(bare_pod("p", spec=pod_spec(nodeName="node-b")), service("p"))

    off = world.do(kwake.SilenceNode("node/node-b", lost=True)).advance(60)
    after = off.do(kwake.WakeNode("node/node-b")).settle()

    assert pod(after, "p").metadata.uid == pod(world, "p").metadata.uid
    assert pod(after, "p").ip != pod(world, "p").ip
    assert endpoints(after, "p") == {pod(after, "p").ip: (True, True, False)}


@pytest.mark.rule("PD-4", why="the restart is asked for; exit codes that set it off are not")
def test_pd_4_all_containers_restart_in_place() -> None:
    both = bare_pod("p")
    both["spec"]["containers"].append({"name": "b", "image": "x"})
    world = opened(both, service("p")).do(kwake.OpenConnection("held", "shop/client", "svc/shop/p", 80))

    after = world.do(kwake.RestartContainer("shop/p")).settle()

    assert (pod(after, "p").ip, pod(after, "p").metadata.uid) == (pod(world, "p").ip, pod(world, "p").metadata.uid)
    assert set(endpoints(after, "p")) == set(endpoints(world, "p"))
    assert after.connections["held"].fate is Fate.RESET


@pytest.mark.rule("PD-5")
def test_pd_5_a_deployment_replaces_within_a_second_and_both_run() -> None:
    world = opened(owned("Deployment", "web", pod=slow(60, 50)))
    (old,) = pods(world, "web")

    after = world.do(kwake.KillPod(str(old.key))).advance(1)

    (new,) = (found for found in pods(after, "web") if found.key != old.key)
    assert after.trace("shop/client", str(old.key), 8080).outcome is Outcome.DELIVERED
    assert new.metadata.uid != old.metadata.uid
    assert new.metadata.name != old.metadata.name


@pytest.mark.rule("PD-5")
def test_pd_5_a_stateful_set_waits_until_the_old_one_is_gone() -> None:
    world = opened(owned("StatefulSet", "web", serviceName="web", pod=slow()))

    killed = world.do(kwake.KillPod("shop/web-0"))
    after = killed.settle()

    assert [found.metadata.uid for found in pods(killed.advance(10), "web")] == [pod(world, "web-0").metadata.uid]
    assert at(after, "pod-created") == at(after, "pod-gone")
    assert pod(after, "web-0").metadata.uid != pod(world, "web-0").metadata.uid


@pytest.mark.rule("PD-5", holds="inferred", why="the documentation of static pods was not read again")
def test_pd_5_a_static_pod_runs_on_when_its_mirror_is_deleted() -> None:
    mirror = bare_pod("static-node-a", spec=pod_spec(nodeName="node-a"))
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    world = opened(mirror)

    after = world.do(kwake.KillPod("shop/static-node-a"))

    assert after.settle().cluster.pod("shop", "static-node-a") is not None
    assert next(e.basis for e in after.events if e.kind == "mirror-recreated") is Basis.INFERRED


@pytest.mark.rule("PD-6")
def test_pd_6_a_stateful_pods_name_answers_its_new_address_once_it_is_ready() -> None:
    headless = service("web", clusterIP="None", target=8080)
    world = opened(owned("StatefulSet", "web", serviceName="web"), headless)

    after = world.do(kwake.KillPod("shop/web-0")).settle()

    new = pod(after, "web-0").ip
    assert new != pod(world, "web-0").ip
    path = after.trace("shop/client", "web-0.web.shop.svc", 8080)
    assert [branch.ip for branch in path.branches] == [new]


@pytest.mark.rule("PD-7", holds="inferred", why="the replacement is inferred from the controllers' adoption rules")
def test_pd_7_a_relabelled_pod_serves_on_leaves_the_endpoints_and_is_replaced() -> None:
    world = opened(owned("Deployment", "web"), service("web"))
    held = world.do(kwake.OpenConnection("held", "shop/client", "svc/shop/web", 80))
    (old,) = pods(world, "web")

    after = held.do(kwake.Relabel(str(old.key), {"app": "debug"})).settle()

    assert after.connections["held"].fate is Fate.OPEN
    (new,) = pods(after, "web")
    assert endpoints(after, "web") == {new.ip: (True, True, False)}
    assert next(e.basis for e in after.events if e.kind == "pod-orphaned") is Basis.INFERRED


# -- termination --------------------------------------------------------------------------------------------------


@pytest.mark.rule("PD-10")
@pytest.mark.parametrize(("exits_after", "gone_at"), [("0s", 10), ("5s", 15), ("99s", 30)])
def test_pd_10_sigterm_comes_after_the_pre_stop_sleep_and_sigkill_at_the_end_of_the_grace(
    exits_after: str, gone_at: int
) -> None:
    world = opened(bare_pod("p", spec=slow(30, 10)), clock__sigterm_exit=exits_after)

    assert at(world.do(kwake.KillPod("shop/p")).settle(), "pod-gone") == gone_at


@pytest.mark.rule("PD-11")
def test_pd_11_a_terminating_pod_accepts_and_makes_connections() -> None:
    world = opened(bare_pod("p", spec=slow(30, 25))).do(kwake.KillPod("shop/p")).advance(15)

    assert pod(world, "p").is_terminating
    assert world.trace("shop/client", "shop/p", 8080).outcome is Outcome.DELIVERED
    assert world.trace("shop/p", "shop/client", 8080).outcome is Outcome.DELIVERED


@pytest.mark.rule("PD-12")
def test_pd_12_a_terminating_pod_that_stops_to_be_ready_is_no_fallback() -> None:
    spec = slow(120, 100)
    spec["containers"][0]["readinessProbe"] = {"periodSeconds": 10, "failureThreshold": 3}
    going = opened(bare_pod("p", spec=spec), service("p")).do(kwake.KillPod("shop/p")).advance(5)

    failing = going.do(kwake.FailReadiness("shop/p"))

    assert going.trace("shop/client", "svc/shop/p", 80).outcome is Outcome.DELIVERED
    assert list(endpoints(failing.advance(29), "p").values()) == [(False, True, True)]
    after = failing.advance(34)
    assert list(endpoints(after, "p").values()) == [(False, False, True)]
    assert after.trace("shop/client", "svc/shop/p", 80).outcome is Outcome.REFUSED


@pytest.mark.rule("PD-13")
def test_pd_13_a_force_delete_on_a_dead_node_frees_the_name_and_nobody_knows_of_the_old_process() -> None:
    world = opened(owned("StatefulSet", "web", serviceName="web", pod=pod_spec(nodeSelector={"here": "yes"})),
                   labelled(node("node-b", 2), here="yes"))  # fmt: skip
    world = world.do(kwake.Patch("node/node-a", {"metadata": {"labels": {"here": "yes"}}})).settle()
    held = world.do(kwake.OpenConnection("held", "shop/client", "shop/web-0", 8080))
    dead = held.do(kwake.SilenceNode("node/node-b")).advance(60)

    after = dead.do(kwake.KillPod("shop/web-0", force=True)).settle()

    assert pod(after, "web-0").metadata.uid != pod(world, "web-0").metadata.uid
    assert pod(after, "web-0").spec.node_name == "node-a"
    assert (after.connections["held"].fate, after.connections["held"].basis) == (Fate.OPEN, Basis.UNKNOWN)


def labelled(manifest: Manifest, **labels: str) -> Manifest:
    manifest["metadata"]["labels"] |= labels
    return manifest


@pytest.mark.rule("PD-14")
@pytest.mark.rule("SU-43")
def test_pd_14_the_address_of_a_finished_pod_is_free_while_its_object_shows_it() -> None:
    done = bare_pod("j", spec=pod_spec(nodeName="node-b", restartPolicy="Never"))
    world = opened(tiny(), done, service("j")).do(kwake.RestartContainer("shop/j")).settle()
    for number in range(5):
        world = world.do(kwake.Apply(bare_pod(f"q-{number}", spec=pod_spec(nodeName="node-b")))).settle()

    holders = [found.metadata.name for found in world.cluster.all(Pod) if found.ip == pod(world, "j").ip]

    assert holders == ["j", "q-4"]
    assert endpoints(world, "j") == {}


# -- addresses ----------------------------------------------------------------------------------------------------


def tiny() -> Manifest:
    """node-b with five addresses: .2 to .6."""
    return {**node("node-b", 2), "spec": {"podCIDR": "10.244.2.0/29"}}


@pytest.mark.rule("PD-20")
def test_pd_20_a_pod_has_an_address_of_each_family_and_the_first_is_its_own() -> None:
    both = {**node("node-b", 2), "spec": {"podCIDRs": ["10.244.2.0/24", "fd00:2::/64"]}}

    status = pod(opened(both, bare_pod("p", spec=pod_spec(nodeName="node-b"))), "p").status

    assert [address.ip for address in status.pod_ips] == ["10.244.2.2", "fd00:2::2"]
    assert status.pod_ip == "10.244.2.2"


@pytest.mark.rule("PD-21", why="that undeclared listeners collide when they run (inferred there) is not modelled")
def test_pd_21_a_second_host_network_pod_of_one_port_goes_elsewhere() -> None:
    spec = pod_spec(8080, hostNetwork=True)

    world = opened(bare_pod("p1", spec=spec), bare_pod("p2", spec=spec), bare_pod("p3", spec=spec))

    assert {pod(world, "p1").spec.node_name, pod(world, "p2").spec.node_name} == {"node-a", "node-b"}
    assert pod(world, "p3").spec.node_name == ""
    assert pod(world, "p1").ip in {"192.168.0.11", "192.168.0.12"}


@pytest.mark.rule("PD-22")
def test_pd_22_a_node_without_a_range_left_gives_no_addresses() -> None:
    bare = [{**node(f"node-{name}", number), "spec": {}} for number, name in enumerate("abc")]
    pinned = [bare_pod(f"p-{name}", spec=pod_spec(nodeName=f"node-{name}")) for name in "abc"]

    world = opened(*bare, *pinned, cluster_cidr="10.9.0.0/23")

    assert [pod(world, f"p-{name}").ip != "" for name in "abc"] == [True, True, False]
    restarted = world.do(kwake.Apply(bare_pod("q", spec=pod_spec(nodeName="node-c")))).settle()
    assert "CIDRNotAvailable" in next(e.text for e in restarted.events if e.kind == "ip-exhausted")


@pytest.mark.rule("PD-23")
def test_pd_23_host_local_goes_on_behind_the_last_address_and_wraps() -> None:
    world = opened(tiny(), *(bare_pod(f"p-{n}", spec=pod_spec(nodeName="node-b")) for n in range(4)),
                   profile="flannel")  # fmt: skip
    world = world.do(kwake.KillPod("shop/p-0")).settle()

    given = []
    for number in range(2):
        world = world.do(kwake.Apply(bare_pod(f"q-{number}", spec=pod_spec(nodeName="node-b")))).settle()
        given.append(pod(world, f"q-{number}").ip)

    assert given == ["10.244.2.6", "10.244.2.2"], "the freed .2 only after the range has wrapped"


@pytest.mark.rule("PD-24", holds="inferred", why="that the kubelet retries is inferred there")
def test_pd_24_without_an_address_a_pod_does_not_run_until_one_is_freed() -> None:
    world = opened(tiny(), *(bare_pod(f"p-{n}", spec=pod_spec(nodeName="node-b")) for n in range(5)),
                   profile="flannel")  # fmt: skip

    full = world.do(kwake.Apply(bare_pod("late", spec=pod_spec(nodeName="node-b")))).settle()
    after = full.do(kwake.KillPod("shop/p-3")).settle()

    refused = next(e for e in full.events if e.kind == "ip-exhausted")
    assert "no IP addresses available in range set: 10.244.2.1-10.244.2.6" in refused.text
    assert (pod(full, "late").ip, pod(full, "late").status.phase) == ("", "Pending")
    assert pod(after, "late").ip == pod(world, "p-3").ip
    assert next(e for e in after.events if e.kind == "ip-assigned").basis is not Basis.SOURCED


def running(name: str, ip: str, *, terminating: bool = False) -> Manifest:
    """A pod of a dump on node-b."""
    made = bare_pod(name, spec=pod_spec(nodeName="node-b"))
    made["metadata"]["uid"] = f"u-{name}"
    if terminating:
        made["metadata"]["deletionTimestamp"] = "2000-01-01T00:00:30Z"
    made["status"] = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
                      "conditions": [{"type": "Ready", "status": "True"}]}  # fmt: skip
    return made


@pytest.mark.rule("PD-25")
def test_pd_25_the_clients_of_a_terminating_pod_may_reach_who_has_its_address() -> None:
    world = opened(running("old", "10.244.2.5", terminating=True), running("new", "10.244.2.5"), service("old"),
                   service("new"))  # fmt: skip

    path = world.trace("shop/client", "svc/shop/old", 80)

    assert endpoints(world, "old") == {"10.244.2.5": (False, True, True)}
    assert endpoints(world, "new") == {"10.244.2.5": (True, True, False)}
    assert [(branch.pod, branch.reason.partition(":")[0]) for branch in path.branches] == [
        ("Pod/shop/new", "misdelivered")
    ]


@pytest.mark.rule("PD-26")
def test_pd_26_calico_gives_a_freed_address_last() -> None:
    world = opened(tiny(), *(bare_pod(f"p-{n}", spec=pod_spec(nodeName="node-b")) for n in range(3)))
    world = world.do(kwake.KillPod("shop/p-1")).settle()

    given = []
    for number in range(3):
        world = world.do(kwake.Apply(bare_pod(f"q-{number}", spec=pod_spec(nodeName="node-b")))).settle()
        given.append(pod(world, f"q-{number}").ip)

    assert given == ["10.244.2.5", "10.244.2.6", "10.244.2.3"]


@pytest.mark.rule("PD-26")
def test_pd_26_the_vpc_cni_keeps_a_released_address_for_thirty_seconds() -> None:
    world = opened(tiny(), *(bare_pod(f"p-{n}", spec=pod_spec(nodeName="node-b")) for n in range(5)),
                   profile="aws-vpc-cni")  # fmt: skip
    freed = pod(world, "p-1").ip
    killed = world.do(kwake.KillPod("shop/p-1")).settle()

    soon = killed.advance(20).do(kwake.Apply(bare_pod("q", spec=pod_spec(nodeName="node-b")))).settle()
    late = killed.advance(40).do(kwake.Apply(bare_pod("q", spec=pod_spec(nodeName="node-b")))).settle()

    assert (pod(soon, "q").ip, pod(late, "q").ip) == ("", freed)


@pytest.mark.rule("PD-27", holds="inferred", why="that TCP normally gets a reset is inferred there")
def test_pd_27_datagrams_reach_whoever_has_the_address_next() -> None:
    statsd = bare_pod("statsd", spec=pod_spec(8125, "stats", "UDP", nodeName="node-b"))
    world = opened(tiny(), statsd, service("statsd", 8125, 8125, protocol="UDP"), policy="none")
    flow = world.do(kwake.OpenConnection("flow", "shop/client", "shop/statsd", 8125, "UDP"))

    after = flow.do(kwake.KillPod("shop/statsd")).settle()
    for number in range(5):
        after = after.do(kwake.Apply(bare_pod(f"q-{number}", spec=pod_spec(nodeName="node-b")))).settle()

    assert pod(after, "q-4").ip == pod(world, "statsd").ip
    found = after.connections["flow"]
    assert (found.misdelivered, found.backends[-1].backend) == (True, "Pod/shop/q-4")
