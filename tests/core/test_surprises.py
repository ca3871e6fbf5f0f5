"""What people do not expect of Kubernetes networking, from the action to the dial: SU rules and those behind them."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Basis, Fate, Outcome
from kwake.errors import Rejected
from kwake.objects.kinds import Pod, Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, default_deny, pod_spec, service, shop

CLIENT, WEB = "deploy/shop/client", "svc/shop/web"


def opened(*more: Manifest, replicas: int = 2, **how: Any) -> World:
    """The shop; a Service or workload among `more` takes the place of its own."""
    named = {(m["kind"], m["metadata"]["name"]) for m in more}
    own = [m for m in shop(replicas=replicas) if (m["kind"], m["metadata"]["name"]) not in named]
    return kwake.open([*own, *more], seed=7, **how)


def held(world: World, target: str = WEB, **more: Any) -> World:
    return world.do(kwake.OpenConnection("held", CLIENT, target, **more))


def web(world: World) -> Service:
    found = world.cluster.service("shop", "web")
    assert found is not None
    return found


def pods(world: World, app: str) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == app]


def outcome(world: World, target: str = WEB, port: int | None = None, source: str = CLIENT, **more: Any) -> Outcome:
    return world.trace(source, target, port, **more).outcome


def policy(name: str, app: str, **spec: Any) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, **spec},
    }


# -- Services under open connections ------------------------------------------------------------------------------


@pytest.mark.rule("SU-1")
@pytest.mark.rule("CX-14")
def test_su_1_a_backend_that_leaves_the_selector_keeps_its_connection() -> None:
    before = held(opened())
    server = before.connections["held"].server
    assert server is not None

    after = before.do(kwake.Relabel(str(server.pod), {"app": "debug"})).settle()

    assert after.connections["held"].fate is Fate.OPEN
    assert str(server.pod) not in {branch.pod for branch in after.trace(CLIENT, WEB).branches}


@pytest.mark.rule("SU-2")
@pytest.mark.rule("CX-24")
def test_su_2_a_node_port_outlives_its_service_type_for_who_is_connected() -> None:
    start = opened(service("web", type="LoadBalancer"))
    (port,) = web(start).spec.ports
    before = start.do(kwake.OpenConnection("held", "internet", "node/node-a", port.node_port))

    after = before.do(kwake.SetServiceType("shop/web", "ClusterIP")).settle()

    assert after.connections["held"].fate is Fate.OPEN
    assert outcome(after, "node/node-a", port.node_port, source="internet") is Outcome.REFUSED
    taken = after.do(kwake.Patch("svc/shop/lone", {"spec": {"type": "NodePort", "ports": [
        {"name": "main", "port": 80, "targetPort": "http", "nodePort": port.node_port}]}}))  # fmt: skip
    assert taken.cluster.services_by_node_port[port.node_port][0].metadata.name == "lone"


@pytest.mark.rule("SU-3")
@pytest.mark.rule("DN-22")
def test_su_3_a_service_made_again_loses_those_who_found_it_by_their_environment() -> None:
    after = opened().do(kwake.ReplaceService("shop/web")).settle()

    assert outcome(after) is Outcome.DELIVERED
    assert outcome(after, via="env") is not Outcome.DELIVERED
    (client,) = pods(after, "client")
    again = after.do(kwake.RestartContainer(str(client.key))).settle()
    assert outcome(again, via="env") is Outcome.DELIVERED


@pytest.mark.rule("SU-5")
def test_su_5_a_headless_service_silently_stays_headless() -> None:
    after = opened(service("web", clusterIP="None")).do(kwake.Patch(WEB, {"spec": {"type": "ClusterIP"}})).settle()
    assert web(after).is_headless


@pytest.mark.rule("SU-6")
def test_su_6_a_cluster_ip_cannot_become_headless() -> None:
    with pytest.raises(Rejected, match="may not change once set"):
        opened().do(kwake.SetServiceType("shop/web", "Headless"))


@pytest.mark.rule("SU-8")
def test_su_8_local_stays_local_when_a_balancer_becomes_a_node_port() -> None:
    on_a = {**pod_spec(), "nodeName": "node-a"}
    local = service("web", type="LoadBalancer", externalTrafficPolicy="Local")
    start = opened(local, bare_pod("one", spec=on_a, app="web"), replicas=0)

    patched = start.do(kwake.SetServiceType("shop/web", "NodePort")).settle()
    put = start.do(kwake.Apply(service("web", type="NodePort"))).settle()

    for world, there in ((patched, Outcome.DROPPED), (put, Outcome.DELIVERED)):
        (port,) = web(world).spec.ports
        assert outcome(world, "node/node-a", port.node_port, source="internet") is Outcome.DELIVERED
        assert outcome(world, "node/node-b", port.node_port, source="internet") is there


@pytest.mark.rule("SU-11")
def test_su_11_an_alias_without_ports_cannot_become_a_cluster_ip() -> None:
    alias = service("web", type="ExternalName", externalName="db.example.com", ports=[])
    with pytest.raises(Rejected, match="Required value"):
        opened(alias).do(kwake.SetServiceType("shop/web", "ClusterIP"))


@pytest.mark.rule("SU-12")
@pytest.mark.rule("EP-12")
def test_su_12_without_a_selector_a_service_keeps_addresses_that_nobody_has() -> None:
    frozen = opened(replicas=1).do(kwake.Patch(WEB, {"spec": {"selector": None}})).settle()
    (old,) = pods(frozen, "web")

    after = frozen.do(kwake.KillPod(str(old.key))).settle()

    assert [branch.ip for branch in after.trace(CLIENT, WEB).branches] == [old.ip]
    assert outcome(after) is not Outcome.DELIVERED


@pytest.mark.rule("CX-15")
def test_cx_15_a_selector_that_goes_leaves_what_is_open() -> None:
    after = held(opened()).do(kwake.Patch(WEB, {"spec": {"selector": None}})).settle()
    assert after.connections["held"].fate is Fate.OPEN
    assert outcome(after) is Outcome.DELIVERED


@pytest.mark.rule("SU-26")
@pytest.mark.rule("CX-22")
def test_su_26_a_deleted_udp_service_leaves_its_flows_running() -> None:
    udp = service("web", protocol="UDP", target=8080)
    before = held(opened(udp), protocol="UDP")
    after = before.do(kwake.Delete(WEB)).settle()
    assert after.connections["held"].fate is Fate.OPEN


@pytest.mark.rule("SU-44")
@pytest.mark.rule("CX-3")
def test_su_44_new_replicas_get_nothing_of_an_open_connection() -> None:
    before = held(opened(replicas=1))
    after = before.do(kwake.Scale("deploy/shop/web", 4)).settle()
    assert after.connections["held"].backends == before.connections["held"].backends
    assert len(after.trace(CLIENT, WEB).branches) == 4


@pytest.mark.rule("SU-52")
@pytest.mark.rule("CX-25")
@pytest.mark.rule("CX-26", holds="inferred")
@pytest.mark.parametrize(
    ("proxy", "fate"),
    [("iptables", Fate.OPEN), ("nftables", Fate.OPEN), ("ipvs", Fate.STALLED), ("ovn-k", Fate.STALLED)],
)
def test_su_52_a_deleted_service_and_what_is_open_by_proxy(proxy: str, fate: Fate) -> None:
    after = held(opened(overrides={"proxy": proxy})).do(kwake.Delete(WEB)).settle()
    assert after.connections["held"].fate is fate


@pytest.mark.rule("SU-53")
@pytest.mark.rule("CX-41")
@pytest.mark.rule("CX-42")
def test_su_53_three_seconds_after_a_kill_only_pinned_addresses_are_lost() -> None:
    """A client of the virtual address is fine again; one that keeps a pod's address, as DNS lets it, is not."""
    start = opened(service("twin", selector={"app": "web"}, clusterIP="None"))
    old, _ = pods(start, "web")

    killed = start.do(kwake.KillPod(str(old.key), force=True))
    after = killed.advance(3)

    assert outcome(killed) is not Outcome.DELIVERED
    assert outcome(after) is Outcome.DELIVERED
    assert outcome(after, old.ip, 8080) is not Outcome.DELIVERED
    assert old.ip in {branch.ip for branch in start.trace(CLIENT, "svc/shop/twin", 8080).branches}
    assert old.ip not in {branch.ip for branch in after.trace(CLIENT, "svc/shop/twin", 8080).branches}


# -- policies -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("SU-27")
@pytest.mark.rule("CX-29")
@pytest.mark.parametrize(
    ("profile", "fate"),
    [
        ("calico", Fate.OPEN),
        ("antrea", Fate.OPEN),
        ("kube-router", Fate.OPEN),
        ("azure-npm", Fate.OPEN),
        ("weave", Fate.OPEN),
        ("cilium", Fate.STALLED),
        ("ovn-kubernetes", Fate.STALLED),
        ("kube-network-policies", Fate.STALLED),
    ],
)
def test_su_27_deny_all_and_what_is_open_by_cni(profile: str, fate: Fate) -> None:
    after = held(opened(profile=profile)).do(kwake.Apply(default_deny())).settle()
    assert after.connections["held"].fate is fate
    assert outcome(after) is Outcome.DROPPED


@pytest.mark.rule("SU-29", holds="inferred")
@pytest.mark.rule("CX-31", holds="inferred")
def test_su_29_a_frozen_connection_goes_on_when_the_policy_is_taken_back() -> None:
    frozen = held(opened(profile="cilium")).do(kwake.Apply(default_deny())).advance(20)
    assert frozen.connections["held"].fate is Fate.STALLED
    after = frozen.do(kwake.Delete("netpol/shop/default-deny")).settle()
    assert (after.connections["held"].fate, after.connections["held"].basis) == (Fate.OPEN, Basis.INFERRED)


@pytest.mark.rule("CX-33")
def test_cx_33_an_allowed_dial_is_a_new_one() -> None:
    denied = held(opened(default_deny()))
    after = denied.do(kwake.Delete("netpol/shop/default-deny")).settle()
    assert after.connections["held"].fate is Fate.FAILED
    assert outcome(after) is Outcome.DELIVERED


@pytest.mark.rule("CX-19b")
@pytest.mark.rule("NP-9")
def test_cx_19b_a_relabelled_namespace_is_a_matter_of_policies_alone() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    before = opened(policy("only-a", "web", ingress=[{"from": [peer]}]))
    labelled = before.do(kwake.Patch("ns/shop", {"metadata": {"labels": {"team": "a"}}}))

    assert outcome(before) is Outcome.DROPPED
    assert outcome(labelled) is Outcome.DROPPED, "no agent has taken it in yet"
    assert outcome(labelled.settle()) is Outcome.DELIVERED


@pytest.mark.rule("NP-3")
def test_np_3_the_answers_of_an_allowed_connection_need_no_rule() -> None:
    deny_out = policy("quiet", "web", policyTypes=["Egress"])
    assert outcome(opened(deny_out)) is Outcome.DELIVERED


@pytest.mark.rule("NP-8")
def test_np_8_without_its_last_policy_a_pod_is_open_again() -> None:
    denied = opened(default_deny())
    assert outcome(denied) is Outcome.DROPPED
    assert outcome(denied.do(kwake.Delete("netpol/shop/default-deny")).settle()) is Outcome.DELIVERED


@pytest.mark.rule("SU-32")
@pytest.mark.rule("NP-20")
@pytest.mark.parametrize(("port", "passes"), [(80, False), (8080, True)])
def test_su_32_an_egress_rule_must_name_the_target_port(port: int, passes: bool) -> None:
    rule = policy("out", "client", policyTypes=["Egress"], egress=[{"ports": [{"port": port}]}])
    address = web(opened()).spec.cluster_ip
    assert (outcome(opened(rule), address, 80) is Outcome.DELIVERED) is passes


@pytest.mark.rule("SU-33")
@pytest.mark.rule("NP-23")
def test_su_33_an_office_range_does_not_admit_the_office_behind_cluster_policy() -> None:
    office = policy("office", "web", ingress=[{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}])
    on_b = bare_pod("one", spec={**pod_spec(), "nodeName": "node-b"}, app="web")
    results = []
    for external in ("Cluster", "Local"):
        world = opened(service("web", type="NodePort", externalTrafficPolicy=external), on_b, office, replicas=0)
        (port,) = web(world).spec.ports
        target = "node/node-b" if external == "Local" else "node/node-a"
        results.append(outcome(world, target, port.node_port, source="203.0.113.9"))
    assert results == [Outcome.DROPPED, Outcome.DELIVERED]


@pytest.mark.rule("SU-34")
@pytest.mark.rule("NP-14")
def test_su_34_a_denied_pod_stays_ready_and_listed_and_no_client_gets_in() -> None:
    world = opened(default_deny())
    slices = world.cluster.slices_by_service[web(world).key]
    assert [e.ready for item in slices for e in item.endpoints] == [True, True]
    assert outcome(world) is Outcome.DROPPED
    one = pods(world, "web")[0]
    assert outcome(world, str(one.key), 8080, source=f"node/{one.spec.node_name}") is Outcome.DELIVERED


@pytest.mark.rule("SU-35")
@pytest.mark.rule("NP-4")
def test_su_35_an_empty_egress_alone_closes_ingress() -> None:
    world = opened(policy("p", "client", egress=[]))
    assert outcome(world) is Outcome.DELIVERED
    (client,) = pods(world, "client")
    assert outcome(world, str(client.key), 8080, source="deploy/shop/web") is Outcome.DROPPED


@pytest.mark.rule("SU-36")
@pytest.mark.rule("CX-38")
def test_su_36_flannel_takes_a_policy_and_does_nothing() -> None:
    world = opened(profile="flannel").do(kwake.Apply(default_deny())).settle()
    assert outcome(world) is Outcome.DELIVERED
    assert world.cluster.get("netpol/shop/default-deny").manifest["spec"]["policyTypes"] == ["Ingress"]


@pytest.mark.rule("NP-24", holds="inferred", why="what plugins other than Antrea and Cilium do is inferred there")
def test_np_24_a_pod_that_denies_all_reaches_itself_by_its_service() -> None:
    path = opened(default_deny(), replicas=1).trace("deploy/shop/web", WEB)
    assert path.outcome is Outcome.DELIVERED
    (ingress,) = [hop for hop in path.hops if hop.kind == "ingress"]
    assert (ingress.basis, [hop.kind for hop in path.hops if hop.kind == "snat"]) == (Basis.INFERRED, ["snat"])


@pytest.mark.rule("NP-26")
def test_np_26_a_service_of_addresses_outside_is_judged_by_those() -> None:
    outside = service("db", port=5432, target=5432)
    del outside["spec"]["selector"]
    listed = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "db-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "db"}},
        "addressType": "IPv4",
        "ports": [{"name": "main", "port": 5432, "protocol": "TCP"}],
        "endpoints": [{"addresses": ["192.0.2.42"]}],
    }
    rule = policy("out", "client", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "192.0.2.42/32"}}]}])
    address = opened(outside, listed).cluster.service("shop", "db")
    assert address is not None
    ip = address.spec.cluster_ip
    admitted, moved = (
        opened(outside, listed, rule),
        opened(outside, {**listed, "endpoints": [{"addresses": ["192.0.2.43"]}]}, rule),
    )
    assert [b.egress.verdict for w in (admitted, moved) for b in w.trace(CLIENT, ip, 5432).branches if b.egress] == [
        "allowed",
        "denied",
    ]


# -- nodes --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CX-19g")
def test_cx_19g_a_drained_node_ends_its_connections_in_order() -> None:
    before = held(opened())
    server = before.connections["held"].server
    assert server is not None
    pod = before.cluster.get(str(server.pod)).value
    assert isinstance(pod, Pod)
    after = before.do(kwake.DrainNode(f"node/{pod.spec.node_name}")).settle()
    assert after.connections["held"].fate in (Fate.CLOSED, Fate.RESET)
    assert outcome(after) is Outcome.DELIVERED


@pytest.mark.rule("SU-45")
@pytest.mark.rule("EP-18")
def test_su_45_the_one_pod_of_a_zone_takes_all_of_it() -> None:
    nodes = [m for m in shop() if m["kind"] == "Node"]
    for zone, item in zip("abb", nodes, strict=True):
        item["metadata"]["labels"]["topology.kubernetes.io/zone"] = zone
    placed = [
        bare_pod(f"w{n}", spec={**pod_spec(), "nodeName": node}, app="web")
        for n, node in enumerate(("node-a", "node-b", "node-b", "node-c"))
    ]
    near = service("web", trafficDistribution="PreferSameZone")
    here = bare_pod("here", spec={**pod_spec(), "nodeName": "node-a"})
    world = opened(*nodes, near, here, *placed, replicas=0)
    assert [b.pod for b in world.trace("shop/here", WEB).branches] == ["Pod/shop/w0"]


@pytest.mark.rule("SU-56", holds="inferred", why="which releases do so is told by issues alone")
@pytest.mark.rule("CX-27")
@pytest.mark.parametrize(("profile", "fate"), [("cilium", Fate.RESET), ("calico", Fate.OPEN)])
def test_su_56_hints_that_come_with_the_last_unhinted_pod_going_cut_under_cilium(profile: str, fate: Fate) -> None:
    nodes = [m for m in shop() if m["kind"] == "Node"]
    for zone, item in zip(("a", "b", ""), nodes, strict=True):
        item["metadata"]["labels"] |= {"topology.kubernetes.io/zone": zone} if zone else {}
    far, unhinted = (bare_pod(n, spec={**pod_spec(), "nodeName": f"node-{n}"}, app="web") for n in "bc")
    near = bare_pod("a", spec={**pod_spec(), "nodeName": "node-a"}, app="web")
    client = bare_pod("here", spec={**pod_spec(), "nodeName": "node-a"})
    prefers = service("web", trafficDistribution="PreferClose")
    world = opened(*nodes, prefers, far, near, unhinted, client, replicas=0, profile=profile)
    for number in range(30):
        world = world.do(kwake.OpenConnection(f"c{number}", "shop/here", WEB))

    after = world.do(kwake.KillPod("shop/c")).settle()

    fates = {c.server.pod: c.fate for c in after.connections.values() if c.server is not None}
    assert (fates["Pod/shop/a"], fates["Pod/shop/b"]) == (Fate.OPEN, fate)
