"""The rules about endpoints, EP-1 to EP-20: each builds the rule's example and asserts what then holds."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Basis, Outcome
from kwake.errors import Rejected
from kwake.objects.kinds import EndpointSlice, Pod
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, namespace, node, pod_spec, service

LISTENS = "kwake.dev/listens"


def opened(*manifests: Manifest) -> World:
    """Nodes a and b in zones a and b, a client on each, and these."""
    mine = {manifest["metadata"]["name"] for manifest in manifests}
    base = [node("node-a", 1), node("node-b", 2)]
    for made in base:
        made["metadata"]["labels"]["topology.kubernetes.io/zone"] = made["metadata"]["name"][-1]
    clients = [bare_pod(f"from-{name}", spec=pod_spec(nodeName=f"node-{name}")) for name in "ab"]
    kept = [made for made in (*base, *clients) if made["metadata"]["name"] not in mine]
    return kwake.open([*kept, namespace("shop"), *manifests], seed=7)


def web(name: str, on: str = "a", *, spec: Manifest | None = None, listens: str = "", **labels: str) -> Manifest:
    """A pod app=web on node `on`, with a readiness probe that fails after a second."""
    body = spec or pod_spec(nodeName=f"node-{on}")
    body["nodeName"] = f"node-{on}"
    body["containers"][0]["readinessProbe"] = {"periodSeconds": 1, "failureThreshold": 1}
    made = bare_pod(name, spec=body, **({"app": "web"} | labels))
    if listens:
        made["metadata"]["annotations"] = {LISTENS: listens}
    return made


def svc(target: int | str = 8080, **spec: Any) -> Manifest:
    return service("web", target=target, **spec)


def slow(name: str, on: str = "a") -> Manifest:
    """A pod that takes thirty seconds to go."""
    made = web(name, on)
    made["spec"]["terminationGracePeriodSeconds"] = 60
    made["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 30}}}
    return made


def slices(world: World) -> tuple[EndpointSlice, ...]:
    return world.cluster.slices_by_service.get(world.cluster.resolve("svc/shop/web"), ())


def states(world: World) -> dict[str, str]:
    """By pod: the conditions that hold, as letters r, s, t."""
    return {
        e.target_ref.name if e.target_ref is not None else e.addresses[0]: "".join(
            letter for letter, holds in zip("rst", (e.ready, e.serving, e.terminating), strict=True) if holds
        )
        for item in slices(world)
        for e in item.endpoints
    }


def ip(world: World, name: str) -> str:
    found = world.cluster.pod("shop", name)
    assert found is not None
    return found.ip


def reached(world: World, source: str = "a", port: int = 80) -> set[str]:
    """The pods that a dial from the client on a node may reach, with their ports."""
    path = world.trace(f"shop/from-{source}", "svc/shop/web", port)
    return {
        f"{(b.pod or b.ip or '-').rpartition('/')[2]}:{b.port}" for b in path.branches if b.outcome is Outcome.DELIVERED
    }


def outcome(world: World, source: str = "a") -> Outcome:
    return world.trace(f"shop/from-{source}", "svc/shop/web", 80).outcome


# -- which pods, which conditions ---------------------------------------------------------------------------------


@pytest.mark.rule("EP-1")
def test_ep_1_pods_come_and_go_with_their_labels() -> None:
    world = opened(svc(), web("a"), web("b", v="2"), bare_pod("c", spec=pod_spec(), app="db"))

    after = world.do(kwake.Relabel("shop/a", {"app": "debug"})).settle()

    assert (set(states(world)), set(states(after))) == ({"a", "b"}, {"b"})


@pytest.mark.rule("EP-2")
def test_ep_2_a_pod_whose_node_is_gone_is_in_no_slice() -> None:
    world = opened(svc(), web("a", "b"))
    published = opened(svc(publishNotReadyAddresses=True), web("a", "b"))

    assert states(world.do(kwake.Delete("node/node-b")).advance(3)) == {}
    assert set(states(published.do(kwake.Delete("node/node-b")).advance(3))) == {"a"}


@pytest.mark.rule("EP-3")
@pytest.mark.parametrize(("publish", "expected"), [(False, ["rs", "", "st", "t"]), (True, ["rs", "r", "rst", "rt"])])
def test_ep_3_conditions_follow_readiness_and_deletion(publish: bool, expected: list[str]) -> None:
    ready = opened(svc(publishNotReadyAddresses=publish), slow("a"))
    unready = ready.do(kwake.FailReadiness("shop/a")).settle()
    going = ready.do(kwake.KillPod("shop/a")).advance(3)
    both = unready.do(kwake.KillPod("shop/a")).advance(3)

    assert [states(world)["a"] for world in (ready, unready, going, both)] == expected


@pytest.mark.rule("EP-4")
def test_ep_4_a_deleted_pod_stays_listed_until_it_is_gone() -> None:
    going = opened(svc(), slow("a")).do(kwake.KillPod("shop/a"))

    assert states(going.advance(29)) == {"a": "st"}
    assert states(going.settle()) == {}


@pytest.mark.rule("EP-5")
@pytest.mark.rule("SU-23")
def test_ep_5_published_endpoints_are_picked_until_they_are_gone() -> None:
    world = opened(svc(publishNotReadyAddresses=True), slow("a"), web("b", "b"))

    going = world.do(kwake.KillPod("shop/a"))

    assert reached(going.advance(20)) == {"a:8080", "b:8080"}
    assert reached(going.settle()) == {"b:8080"}


@pytest.mark.rule("EP-6")
@pytest.mark.parametrize(
    ("policy", "from_a", "from_b"), [("Cluster", {"b:8080"}, {"b:8080"}), ("Local", {"a:8080"}, {"b:8080"})]
)
def test_ep_6_terminating_endpoints_are_the_fallback_of_a_node_or_of_all(
    policy: str, from_a: set[str], from_b: set[str]
) -> None:
    world = opened(svc(internalTrafficPolicy=policy), slow("a"), web("b", "b"))

    going = world.do(kwake.KillPod("shop/a")).advance(5)

    assert (reached(going, "a"), reached(going, "b")) == (from_a, from_b)


@pytest.mark.rule("EP-6")
def test_ep_6_when_nothing_is_ready_the_whole_cluster_falls_back() -> None:
    going = opened(svc(), slow("a"), web("b", "b")).do(kwake.KillPod("shop/a")).advance(5)

    after = going.do(kwake.FailReadiness("shop/b")).advance(5)

    assert (reached(after, "a"), reached(after, "b")) == ({"a:8080"}, {"a:8080"})


@pytest.mark.rule("EP-7")
def test_ep_7_of_two_endpoints_of_one_address_the_one_that_stays_counts() -> None:
    old, new = running("old", terminating=True), running("new")

    assert reached(opened(svc(), old, new)) == {"new:8080"}


def running(name: str, *, terminating: bool = False) -> Manifest:
    """A pod of a dump with the address 10.244.1.50."""
    made = web(name)
    made["metadata"]["uid"] = f"u-{name}"
    if terminating:
        made["metadata"]["deletionTimestamp"] = "2000-01-01T00:00:30Z"
    made["status"] = {"phase": "Running", "podIP": "10.244.1.50", "podIPs": [{"ip": "10.244.1.50"}],
                      "conditions": [{"type": "Ready", "status": "True"}]}  # fmt: skip
    return made


# -- ports --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("EP-8", holds="inferred", why="that the dial is refused is inferred there")
@pytest.mark.rule("SU-21")
def test_ep_8_a_number_is_copied_though_nobody_listens() -> None:
    world = opened(svc(8081), web("a", listens="8080"))

    path = world.trace("shop/from-a", "svc/shop/web", 80)

    assert states(world) == {"a": "rs"}
    assert [port.port for item in slices(world) for port in item.ports] == [8081]
    assert (path.outcome, path.basis) == (Outcome.REFUSED, Basis.INFERRED)


@pytest.mark.rule("EP-9")
def test_ep_9_a_name_means_on_each_pod_what_that_pod_says() -> None:
    world = opened(svc("http"), web("a", spec=pod_spec(8080)), web("b", "b", spec=pod_spec(9090)))

    assert reached(world) == {"a:8080", "b:9090"}
    assert len(slices(world)) == 2


@pytest.mark.rule("EP-10")
@pytest.mark.rule("SU-20")
def test_ep_10_a_pod_without_the_name_is_selected_and_ready_and_gets_nothing() -> None:
    world = opened(svc("http"), web("a"), web("b", "b", spec=pod_spec(8080, "web")))

    assert states(world) == {"a": "rs", "b": "rs"}
    assert reached(world) == {"a:8080"}
    assert any(
        finding.subject == "Service/shop/web"
        and "only 1 of the 2 pods it selects has a TCP port named http" in finding.text
        for finding in world.findings
    )


@pytest.mark.rule("EP-11", why="how slices are packed may differ; the truncation of Endpoints objects is not made")
def test_ep_11_slices_hold_a_hundred_and_a_second_family_doubles_them() -> None:
    manifests = []
    for number in range(250):
        made = running(f"p-{number}")
        made["status"] |= {"podIP": f"10.244.1.{number + 2}",
                           "podIPs": [{"ip": f"10.244.1.{number + 2}"}, {"ip": f"fd00::{number + 2:x}"}]}  # fmt: skip
        manifests.append(made)
    two = svc(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack", clusterIP="None")

    one = opened(svc(), *manifests)
    both = kwake.open([node("node-a", 1), namespace("shop"), two, *manifests],
                      overrides={"service-cidr": "10.96.0.0/12,fd00:96::/108"})  # fmt: skip

    assert sorted(len(item.endpoints) for item in slices(one)) == [50, 100, 100]
    assert sorted(len(item.endpoints) for item in slices(both)) == [50, 50, 100, 100, 100, 100]


# -- who owns the slices ------------------------------------------------------------------------------------------


@pytest.mark.rule("EP-12", why="whether traffic to the old address stalls or is refused depends on the CNI: unknown")
def test_ep_12_without_a_selector_the_slices_stay_as_they_were() -> None:
    world = opened(svc(), web("a"), web("b", "b"))

    frozen = world.do(kwake.Patch("svc/shop/web", {"spec": {"selector": None}})).settle()
    after = frozen.do(kwake.KillPod("shop/a")).settle()

    assert set(states(after)) == {"a", "b"}
    path = after.trace("shop/from-a", "svc/shop/web", 80)
    assert {b.outcome for b in path.branches if b.ip == ip(world, "a")} == {Outcome.UNKNOWN}


@pytest.mark.rule("EP-13")
def test_ep_13_another_selector_changes_all_in_one_step() -> None:
    world = opened(svc(selector={"v": "blue"}), web("a", v="blue"), web("b", "b", v="green"))

    changed = world.do(kwake.Patch("svc/shop/web", {"spec": {"selector": {"v": "green"}}}))

    seen = []
    while not changed.is_settled:
        if states(changed) not in seen:
            seen.append(states(changed))
        changed = changed.step()
    assert seen == [{"a": "rs"}, {"b": "rs"}]


@pytest.mark.rule("EP-14")
def test_ep_14_a_service_made_again_has_slices_of_other_names() -> None:
    world = opened(svc(), web("a"))

    after = world.do(kwake.ReplaceService("shop/web")).settle()

    assert {item.metadata.name for item in slices(after)}.isdisjoint(item.metadata.name for item in slices(world))
    assert states(after) == {"a": "rs"}


MANUAL: Manifest = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "db", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "ports": [{"name": "main", "port": 9376, "protocol": "TCP"}],
    "endpoints": [{"addresses": ["192.0.2.42"]}],
}


@pytest.mark.rule("EP-15", why="ClusterIPs of other Services as targets are not refused")
def test_ep_15_a_manual_slice_is_trusted() -> None:
    world = opened(svc(selector={}), MANUAL)

    (branch,) = world.trace("shop/from-a", "svc/shop/web", 80).branches

    assert (branch.ip, branch.port) == ("192.0.2.42", 9376)
    assert states(world.settle()) == {"192.0.2.42": "rs"}


@pytest.mark.rule("EP-15")
@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.1.1"])
def test_ep_15_loopback_and_link_local_addresses_are_refused(address: str) -> None:
    world = opened(svc(selector={}))

    with pytest.raises(Rejected, match="may not be"):
        world.do(kwake.Apply({**MANUAL, "endpoints": [{"addresses": [address]}]}))


@pytest.mark.rule("EP-16")
def test_ep_16_the_label_of_another_proxy_takes_the_cluster_ip_away_and_gives_it_back() -> None:
    world = opened(svc(), web("a"))

    off = world.do(kwake.Relabel("svc/shop/web", {"service.kubernetes.io/service-proxy-name": "mine"})).settle()
    on = off.do(kwake.Relabel("svc/shop/web", {"service.kubernetes.io/service-proxy-name": None})).settle()

    assert outcome(off) is not Outcome.DELIVERED
    assert outcome(on) is Outcome.DELIVERED


@pytest.mark.rule("EP-17", holds="inferred", why="derived from code there, not reproduced live")
@pytest.mark.rule("SU-10", holds="inferred")
def test_ep_17_slices_that_were_headless_hide_from_proxies_until_an_endpoint_changes() -> None:
    world = opened(svc(clusterIP="None"), web("a"), web("b", "b"))
    external = world.do(kwake.SetServiceType("shop/web", "ExternalName", "x.example")).settle()

    back = external.do(kwake.SetServiceType("shop/web", "ClusterIP")).settle()
    restarted = back.do(kwake.FailReadiness("shop/b")).settle()

    path = back.trace("shop/from-a", "svc/shop/web", 80)
    assert (path.outcome, path.basis) == (Outcome.REFUSED, Basis.INFERRED)
    assert reached(restarted) == {"a:8080"}


# -- topology -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("EP-18")
def test_ep_18_one_pod_takes_all_of_its_zone_until_it_is_not_ready() -> None:
    world = opened(svc(trafficDistribution="PreferSameZone"), web("a"), web("b", "b"), web("c", "b"))

    after = world.do(kwake.FailReadiness("shop/a")).settle()

    assert (reached(world, "a"), reached(world, "b")) == ({"a:8080"}, {"b:8080", "c:8080"})
    assert reached(after, "a") == {"b:8080", "c:8080"}


@pytest.mark.rule("EP-19")
def test_ep_19_with_fewer_endpoints_than_zones_traffic_goes_everywhere() -> None:
    auto = svc(trafficDistribution="PreferSameZone")
    auto["metadata"]["annotations"] = {"service.kubernetes.io/topology-mode": "Auto"}
    nodes = []
    for number, zone in enumerate("abc", 1):
        made = node(f"node-{zone}", number)
        made["metadata"]["labels"]["topology.kubernetes.io/zone"] = zone
        made["status"]["allocatable"] = {"cpu": "4"}
        nodes.append(made)

    world = opened(auto, *nodes, web("a"), web("b", "b"))

    assert (reached(world, "a"), reached(world, "b")) == ({"a:8080", "b:8080"}, {"a:8080", "b:8080"})


@pytest.mark.rule("EP-20")
@pytest.mark.rule("SU-46")
def test_ep_20_one_endpoint_without_a_hint_turns_the_preference_off() -> None:
    mixed = {
        **MANUAL,
        "endpoints": [
            {"addresses": ["10.244.1.50"], "zone": "a", "hints": {"forZones": [{"name": "a"}]}},
            {"addresses": ["10.244.1.51"], "zone": "b"},
        ],
    }
    world = opened(svc(selector={}), mixed)

    found = {branch.ip for branch in world.trace("shop/from-a", "svc/shop/web", 80).branches}

    assert found == {"10.244.1.50", "10.244.1.51"}
    assert not [pod for pod in world.cluster.all(Pod) if pod.ip in found]
