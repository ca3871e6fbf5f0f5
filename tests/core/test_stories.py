"""The three stories: kill, edit in the middle, switch type; each with what the rules say of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

import kwake
from kwake import Basis, Fate, Outcome
from kwake.objects.kinds import Pod, Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, default_deny, namespace, node, service, shop


def _open(*more: Manifest, replicas: int = 2, profile: str = "calico") -> World:
    return kwake.open(shop(*more, replicas=replicas), profile=profile, seed=7)


def _pods(world: World, app: str) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == app]


def _service(world: World, name: str) -> Service:
    found = world.cluster.service("shop", name)
    assert found is not None
    return found


def _backend(world: World, name: str = "held") -> Pod:
    server = world.connections[name].server
    assert server is not None
    value = world.cluster.get(server.pod).value
    assert isinstance(value, Pod)
    return value


@pytest.mark.rule("PD-5")
def test_pd_5_a_killed_pod_of_a_deployment_is_replaced_at_once_by_another() -> None:
    before = _open()
    victim = _pods(before, "web")[0]

    killed = before.do(kwake.KillPod(f"shop/{victim.metadata.name}"))
    soon_after = killed.advance(0.5)
    after = killed.settle()

    assert len(_pods(soon_after, "web")) == 3, "both run: the old one terminating, the new one starting"
    new = [pod for pod in _pods(after, "web") if pod.metadata.uid not in {p.metadata.uid for p in _pods(before, "web")}]
    assert len(new) == 1
    assert new[0].metadata.name != victim.metadata.name
    assert new[0].ip
    assert new[0].ip not in {pod.ip for pod in _pods(before, "web")}
    addresses = {
        a for s in after.cluster.slices_by_service[_service(after, "web").key] for e in s.endpoints for a in e.addresses
    }
    assert addresses == {pod.ip for pod in _pods(after, "web")}
    assert after.is_settled


@pytest.mark.rule("PD-5")
def test_pd_5_nothing_replaces_a_bare_pod() -> None:
    before = _open()

    after = before.do(kwake.KillPod("shop/lone")).settle()

    assert _pods(after, "lone") == []
    assert any(event.kind == "pod-not-replaced" for event in before.do(kwake.KillPod("shop/lone")).events)
    path = after.trace("deploy/shop/client", "svc/shop/lone", 80)
    assert path.outcome is Outcome.REFUSED
    assert path.decided_by[0].cite == "SV-42"


@pytest.mark.rule("PD-5")
def test_pd_5_a_force_killed_pod_is_gone_at_once() -> None:
    before = _open()
    victim = _pods(before, "web")[0]

    killed = before.do(kwake.KillPod(f"shop/{victim.metadata.name}", force=True))

    assert killed.cluster.pod("shop", victim.metadata.name) is None
    assert killed.now_ms == before.now_ms


@pytest.mark.parametrize(("profile", "rule"), [("flannel", "PD-23"), ("calico", "PD-26")])
@pytest.mark.rule("PD-23")
@pytest.mark.rule("PD-26")
@pytest.mark.rule("SU-42")
def test_pd_23_pd_26_the_freed_address_is_not_the_next_one(profile: str, rule: str) -> None:
    before = _open(profile=profile)
    victim = _pods(before, "web")[0]

    after = before.do(kwake.KillPod(f"shop/{victim.metadata.name}", force=True)).settle()

    assigned = [event for event in after.events if event.kind == "ip-assigned"]
    assert [event.rule for event in assigned] == [rule]
    assert victim.ip not in {pod.ip for pod in after.cluster.all(Pod)}


@pytest.mark.rule("CX-11")
def test_cx_11_the_held_connection_ends_in_order_when_its_backend_exits() -> None:
    held = _open().do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))
    assert held.connections["held"].fate is Fate.OPEN
    backend = _backend(held)

    killed = held.do(kwake.KillPod(f"shop/{backend.metadata.name}"))
    after = killed.settle()

    assert killed.connections["held"].fate is Fate.OPEN, "a terminating pod serves on (PD-11)"
    assert after.connections["held"].fate is Fate.CLOSED
    assert after.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED


@pytest.mark.rule("CX-12", holds="inferred")
def test_cx_12_the_held_connection_is_reset_when_its_backend_is_killed_by_force() -> None:
    held = _open().do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))
    backend = _backend(held)

    after = held.do(kwake.KillPod(f"shop/{backend.metadata.name}", force=True))

    assert after.connections["held"].fate is Fate.RESET
    assert after.connections["held"].basis is Basis.INFERRED
    others = {branch.ip for branch in after.settle().trace("deploy/shop/client", "svc/shop/web", 80).branches}
    assert backend.ip not in others


@pytest.mark.rule("CX-11")
def test_cx_11_with_one_replica_new_dials_are_refused_for_a_while() -> None:
    before = _open(replicas=1)
    victim = _pods(before, "web")[0]

    world = before.do(kwake.KillPod(f"shop/{victim.metadata.name}", force=True))
    outcomes = []
    while not world.is_settled:
        world = world.step()
        outcomes.append(world.trace("deploy/shop/client", "svc/shop/web", 80).outcome)

    assert Outcome.REFUSED in outcomes, "a window in which the Service has no endpoint"
    assert outcomes[-1] is Outcome.DELIVERED
    ready = [event for event in world.events if event.kind == "proxy-synced"][-1]
    assert sum(clock.ms for clock in ready.clocks) == ready.time_ms - before.now_ms
    assert {clock.basis for clock in ready.clocks} >= {Basis.ASSUMED, Basis.SOURCED}


@pytest.mark.rule("CX-30")
@pytest.mark.parametrize(
    ("profile", "open_one", "new_one"),
    [
        ("calico", Fate.OPEN, Outcome.DROPPED),
        ("cilium", Fate.STALLED, Outcome.DROPPED),
        ("flannel", Fate.OPEN, Outcome.DELIVERED),
    ],
)
def test_cx_30_a_default_deny_lands_on_an_open_connection(profile: str, open_one: Fate, new_one: Outcome) -> None:
    held = _open(profile=profile).do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))

    after = held.do(kwake.Apply(default_deny())).settle()

    assert after.connections["held"].fate is open_one
    path = after.trace("deploy/shop/client", "svc/shop/web", 80)
    assert path.outcome is new_one
    if new_one is Outcome.DROPPED:
        assert [d.object for d in path.decided_by] == ["NetworkPolicy/shop/default-deny"]


@pytest.mark.rule("CX-31", holds="inferred")
def test_cx_31_a_stalled_connection_resumes_when_the_policy_goes() -> None:
    held = _open(profile="cilium").do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))
    stalled = held.do(kwake.Apply(default_deny())).settle()

    after = stalled.do(kwake.Delete("netpol/shop/default-deny")).settle()

    assert after.connections["held"].fate is Fate.OPEN
    assert after.connections["held"].basis is Basis.INFERRED


@pytest.mark.rule("CX-37")
def test_cx_37_a_policy_does_not_decide_before_it_is_enforced() -> None:
    before = _open()

    applied = before.do(kwake.Apply(default_deny()))

    assert applied.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED
    assert applied.settle().trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.DROPPED


@pytest.mark.rule("SV-10")
def test_sv_10_cluster_ip_to_node_port_to_load_balancer_and_back() -> None:
    start = _open()
    ip = _service(start, "web").spec.cluster_ip

    node_port = start.do(kwake.SetServiceType("shop/web", "NodePort")).settle()
    balancer = node_port.do(kwake.SetServiceType("shop/web", "LoadBalancer")).settle()
    back = balancer.do(kwake.SetServiceType("shop/web", "ClusterIP")).settle()

    number = _service(node_port, "web").spec.ports[0].node_port
    assert 30086 <= number <= 32767, "from the dynamic band (SV-30)"
    assert _service(node_port, "web").spec.cluster_ip == ip
    assert _service(balancer, "web").spec.ports[0].node_port == number, "kept"
    assert _service(balancer, "web").status.load_balancer.ingress
    assert _service(back, "web").spec.cluster_ip == ip
    assert _service(back, "web").spec.ports[0].node_port == 0, "released"
    assert not _service(back, "web").status.load_balancer.ingress


@pytest.mark.rule("SV-10")
def test_sv_10_to_headless_is_refused_in_the_words_of_the_api_server() -> None:
    start = _open()
    before = start.to_bytes()

    with pytest.raises(kwake.Rejected, match="may not change once set"):
        start.do(kwake.SetServiceType("shop/web", "Headless"))

    assert start.to_bytes() == before


@pytest.mark.rule("CX-24")
def test_cx_24_a_node_port_connection_outlives_its_node_port() -> None:
    start = _open(service("pay", type="LoadBalancer", selector={"app": "web"}))
    number = _service(start, "pay").spec.ports[0].node_port
    held = start.do(kwake.OpenConnection("held", "internet", "node/node-a", number))
    assert held.connections["held"].fate is Fate.OPEN, held.connections["held"].reason

    after = held.do(kwake.SetServiceType("shop/pay", "ClusterIP")).settle()

    assert after.connections["held"].fate is Fate.OPEN
    assert after.trace("internet", "node/node-a", number).outcome is not Outcome.DELIVERED


@pytest.mark.rule("PD-2")
@pytest.mark.rule("SU-42")
def test_pd_2_a_container_restart_keeps_name_uid_and_address() -> None:
    held = _open().do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))
    backend = _backend(held)

    restarted = held.do(kwake.RestartContainer(f"shop/{backend.metadata.name}"))
    after = restarted.settle()

    assert restarted.connections["held"].fate is Fate.RESET
    same = after.cluster.pod("shop", backend.metadata.name)
    assert same is not None
    assert (same.metadata.uid, same.ip, same.is_ready) == (backend.metadata.uid, backend.ip, True)


@pytest.mark.rule("PD-3")
def test_pd_3_a_new_sandbox_keeps_name_and_uid_but_not_the_address() -> None:
    start = _open()
    pod = _pods(start, "web")[0]

    after = start.do(kwake.RecreateSandbox(f"shop/{pod.metadata.name}")).settle()

    same = after.cluster.pod("shop", pod.metadata.name)
    assert same is not None
    assert same.metadata.uid == pod.metadata.uid
    assert same.ip
    assert same.ip != pod.ip
    addresses = {
        a for s in after.cluster.slices_by_service[_service(after, "web").key] for e in s.endpoints for a in e.addresses
    }
    assert same.ip in addresses
    assert pod.ip not in addresses


@pytest.mark.rule("PD-7", holds="inferred")
def test_pd_7_a_relabelled_pod_is_orphaned_and_replaced() -> None:
    start = _open()
    pod = _pods(start, "web")[0]

    after = start.do(kwake.Relabel(f"pod/shop/{pod.metadata.name}", {"app": "debug"})).settle()

    assert [p.metadata.uid for p in _pods(after, "debug")] == [pod.metadata.uid]
    assert len(_pods(after, "web")) == 2


def test_scaling_to_zero_refuses_and_back_delivers() -> None:
    start = _open()

    empty = start.do(kwake.Scale("deploy/shop/web", 0)).settle()
    full = empty.do(kwake.Scale("deploy/shop/web", 3)).settle()

    assert empty.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.REFUSED
    assert len(full.trace("deploy/shop/client", "svc/shop/web", 80).branches) == 3


@pytest.mark.rule("CX-19f")
def test_cx_19f_a_service_created_again_has_another_uid_and_address() -> None:
    start = _open()
    old = _service(start, "web")

    after = start.do(kwake.ReplaceService("shop/web")).settle()

    new = _service(after, "web")
    assert new.metadata.uid != old.metadata.uid
    assert new.spec.cluster_ip != old.spec.cluster_ip
    assert after.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED


def test_a_replacement_may_be_headless_where_a_switch_may_not() -> None:
    after = _open().do(kwake.ReplaceService("shop/web", "Headless")).settle()

    assert _service(after, "web").is_headless


def test_a_service_that_the_api_server_would_refuse_is_unknown_and_listed() -> None:
    two_unnamed = service("odd", ports=[{"port": 80}, {"port": 81}])

    world = _open(two_unnamed)

    assert any("Service/shop/odd" in finding.subject for finding in world.findings)
    for via in ("dns", "ip"):
        assert world.trace("deploy/shop/client", "svc/shop/odd", 80, via=via).outcome is Outcome.UNKNOWN
    assert world.trace("internet", "svc/shop/odd", 80).outcome is Outcome.UNKNOWN
    assert world.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED


def test_a_refused_policy_refuses_the_snapshot_and_leniently_makes_its_namespace_unknown() -> None:
    bad = default_deny()
    bad["spec"]["ingress"] = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/64"}}]}]

    with pytest.raises(kwake.InvalidSnapshot, match="default-deny"):
        _open(bad)
    lenient = kwake.open(shop(bad), lenient=True)

    path = lenient.trace("deploy/shop/client", "svc/shop/web", 80)
    assert path.outcome is Outcome.UNKNOWN
    assert any("default-deny" in finding.subject for finding in lenient.findings)


def test_a_policy_of_the_wrong_type_leniently_makes_its_namespace_unknown_and_no_other() -> None:
    bad = default_deny()
    bad["metadata"]["labels"] = {"version": 1}
    world = kwake.open(shop(bad, namespace("ops"), bare_pod("cron", "ops"), bare_pod("other", "ops")), lenient=True)

    path = world.trace("deploy/shop/client", "svc/shop/web", 80)
    assert path.outcome is Outcome.UNKNOWN
    assert world.trace("ops/cron", "ops/other", 8080).outcome is Outcome.DELIVERED


def test_an_object_of_the_wrong_type_that_may_have_endpoints_or_be_a_service_makes_those_unknown() -> None:
    for kind, version in (("Service", "v1"), ("Pod", "v1"), ("StatefulSet", "apps/v1")):
        bad = {"apiVersion": version, "kind": kind, "metadata": {"name": "odd", "namespace": "shop"}, "spec": []}
        world = kwake.open(shop(bad), lenient=True)
        target = "svc/shop/odd" if kind == "Service" else "svc/shop/web"
        assert world.trace("deploy/shop/client", target, 80).outcome is Outcome.UNKNOWN, kind


@pytest.mark.rule("PD-24")
def test_pd_24_a_pod_without_a_free_address_waits_and_takes_the_one_that_is_freed() -> None:
    small = {**node("node-a", 0), "spec": {"podCIDR": "10.244.0.0/30"}}
    world = kwake.open([small, namespace("shop"), bare_pod("first")], profile="flannel")
    first = world.cluster.pod("shop", "first")
    assert first is not None

    waiting = world.do(kwake.Apply(bare_pod("second"))).settle()
    second = waiting.cluster.pod("shop", "second")
    assert second is not None
    assert not second.ip
    assert any(event.rule == "PD-24" for event in waiting.events)

    after = waiting.do(kwake.KillPod("shop/first", force=True)).settle()
    second = after.cluster.pod("shop", "second")
    assert second is not None
    assert second.ip == first.ip


@pytest.mark.rule("PD-5")
def test_pd_5_killing_a_static_pods_mirror_stops_nothing() -> None:
    mirror = bare_pod("static")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    world = kwake.open(shop(mirror))

    after = world.do(kwake.KillPod("shop/static", force=True)).settle()

    assert after.cluster == world.cluster
    [event] = [event for event in after.events if event.kind == "mirror-recreated"]
    assert event.basis is Basis.INFERRED


@pytest.mark.rule("NP-2")
def test_np_2_a_delivered_path_names_the_rule_that_admitted_it() -> None:
    allow = default_deny(name="allow-client")
    allow["spec"]["ingress"] = [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]

    path = _open(allow).trace("deploy/shop/client", "svc/shop/web", 80)

    assert path.outcome is Outcome.DELIVERED
    [decider] = path.decided_by
    assert (decider.object, decider.rule) == ("NetworkPolicy/shop/allow-client", "ingress rule 1")


def test_shares_of_a_mixed_path_are_parts_of_the_dials_not_of_the_branches() -> None:
    number = 30100
    ports = [{"port": 80, "targetPort": "http", "nodePort": number}]
    world = _open(service("door", selector={"app": "web"}, type="NodePort", ports=ports, externalTrafficPolicy="Local"))

    path = world.trace("internet", "svc/shop/door", 80)

    assert path.outcome is Outcome.MIXED
    on = {pod.spec.node_name for pod in _pods(world, "web")}
    assert path.shares[Outcome.DELIVERED] == Fraction(len(on), 3)
    assert sum(path.shares.values()) == 1


@pytest.mark.rule("CX-30")
@pytest.mark.parametrize(("profile", "basis_is_unknown"), [("calico", False), ("cilium", True)])
def test_cx_30_a_policy_that_nobody_reads_makes_an_open_connection_doubtful_only_where_it_could_be_cut(
    profile: str, basis_is_unknown: bool
) -> None:
    unread = {
        "apiVersion": "networking.k8s.aws/v1alpha1",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "tier"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "ingress": [{"action": "Deny"}]},
    }
    held = _open(profile=profile).do(kwake.OpenConnection("held", "deploy/shop/client", "svc/shop/web", 80))

    after = held.do(kwake.Apply(unread)).settle()

    assert after.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.UNKNOWN
    assert after.connections["held"].fate is Fate.OPEN
    assert (after.connections["held"].basis is Basis.UNKNOWN) is basis_is_unknown


def test_a_merge_patch_takes_out_what_is_null_and_leaves_the_rest() -> None:
    start = _open(service("noted", selector={"app": "web", "tier": "front"}))

    after = start.do(kwake.Patch("svc/shop/noted", {"spec": {"selector": {"tier": None}}}))

    assert after.cluster.get("svc/shop/noted").manifest["spec"]["selector"] == {"app": "web"}
    assert after.cluster.get("svc/shop/noted").manifest["spec"]["clusterIP"]
