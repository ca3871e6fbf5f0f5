"""Services as time passes: balancers that come and go, choices that stay, policies by node (SV-16 to SV-53)."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Basis, Fate, Outcome
from kwake.control.balancer import CLEANUP_FINALIZER
from kwake.errors import Rejected
from kwake.objects.kinds import Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, node, pod_spec, service, shop


def balanced(**spec: Any) -> Manifest:
    return service("web", type="LoadBalancer", **spec)


def opened(web: Manifest, *more: Manifest, replicas: int = 2, **how: Any) -> World:
    """The shop with this Service in place of its own."""
    own = [m for m in shop(*more, replicas=replicas) if (m["kind"], m["metadata"]["name"]) != ("Service", "web")]
    return kwake.open([*own, web], seed=7, **how)


def web(world: World) -> Service:
    found = world.cluster.service("shop", "web")
    assert found is not None
    return found


def address(world: World) -> str:
    return web(world).status.load_balancer.ingress[0].ip


# -- the balancer -------------------------------------------------------------------------------------------------


@pytest.mark.rule("SV-18")
def test_sv_18_a_cloud_takes_its_time_to_give_an_address() -> None:
    start = opened(service("web", type="NodePort"))
    asked = start.do(kwake.SetServiceType("shop/web", "LoadBalancer"))
    assert web(asked).status.load_balancer.ingress == ()
    assert asked.trace("internet", "svc/shop/web").outcome is Outcome.UNRESOLVED
    given = asked.settle()
    assert given.trace("internet", "svc/shop/web").outcome is Outcome.DELIVERED
    event = next(event for event in given.events if event.kind == "balancer-ready")
    assert (event.time_ms, event.basis) == (given.profile.clock("load-balancer").ms, Basis.ASSUMED)
    assert CLEANUP_FINALIZER in web(given).metadata.finalizers


@pytest.mark.rule("SV-18")
def test_sv_18_a_class_leaves_the_service_to_another_controller() -> None:
    world = opened(balanced(loadBalancerClass="example.com/other"))
    assert web(world).status.load_balancer.ingress == ()
    assert CLEANUP_FINALIZER not in web(world).metadata.finalizers
    assert world.trace("internet", "svc/shop/web").outcome is Outcome.UNRESOLVED


@pytest.mark.rule("SV-16")
def test_sv_16_the_address_leaves_the_status_at_once_and_the_balancer_later() -> None:
    world = opened(balanced())
    ip = address(world)
    switched = world.do(kwake.SetServiceType("shop/web", "ClusterIP"))
    assert web(switched).status.load_balancer.ingress == ()
    assert CLEANUP_FINALIZER in web(switched).metadata.finalizers, "the cloud's balancer is still there"
    after = switched.settle()
    assert CLEANUP_FINALIZER not in web(after).metadata.finalizers
    assert after.trace("internet", ip, 80).outcome is not Outcome.DELIVERED


@pytest.mark.rule("SV-17")
def test_sv_17_a_deleted_service_works_inside_until_its_balancer_is_gone() -> None:
    world = opened(balanced())
    dying = world.do(kwake.Delete("svc/shop/web"))
    assert web(dying).metadata.deletion_timestamp is not None
    half = dying.advance(seconds=3)
    assert half.trace("deploy/shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED
    gone = half.settle()
    assert gone.cluster.service("shop", "web") is None
    assert not gone.cluster.slices_by_service.get(web(world).key), "its slices go with it (EP-14)"


@pytest.mark.rule("SV-13")
@pytest.mark.rule("SU-13")
def test_su_13_node_ports_stay_open_when_a_balancer_no_longer_asks_for_them() -> None:
    world = opened(balanced())
    (port,) = web(world).spec.ports
    patch = {"spec": {"allocateLoadBalancerNodePorts": False}}
    after = world.do(kwake.Patch("svc/shop/web", patch)).settle()
    assert after.trace("internet", "node/node-a", port.node_port).outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-6")
@pytest.mark.rule("SU-7")
def test_su_7_source_ranges_must_go_with_the_type() -> None:
    world = opened(balanced(loadBalancerSourceRanges=["203.0.113.0/24"]))
    before = world.to_bytes()
    with pytest.raises(Rejected, match="may only be used when `type` is 'LoadBalancer'"):
        world.do(kwake.SetServiceType("shop/web", "NodePort"))
    assert world.to_bytes() == before, "a refusal leaves the world as it was"
    both = {"spec": {"type": "NodePort", "loadBalancerSourceRanges": None}}
    assert web(world.do(kwake.Patch("svc/shop/web", both))).spec.type == "NodePort"


@pytest.mark.rule("CX-24")
@pytest.mark.rule("SU-15")
def test_su_15_ranges_that_are_narrowed_leave_what_is_open() -> None:
    world = opened(balanced()).do(kwake.OpenConnection("pay", "internet", "svc/shop/web", 80))
    assert world.connections["pay"].fate is Fate.OPEN
    patch = {"spec": {"loadBalancerSourceRanges": ["203.0.113.0/24"]}}
    after = world.do(kwake.Patch("svc/shop/web", patch)).settle()
    assert after.connections["pay"].fate is Fate.OPEN
    assert after.again("pay").outcome is Outcome.DROPPED


@pytest.mark.rule("SV-47")
@pytest.mark.rule("SU-14")
def test_su_14_source_ranges_do_not_guard_node_ports() -> None:
    world = opened(balanced(loadBalancerSourceRanges=["203.0.113.0/24"]))
    (port,) = web(world).spec.ports
    assert world.trace("internet", "svc/shop/web", 80).outcome is Outcome.DROPPED
    assert world.trace("internet", "node/node-a", port.node_port).outcome is Outcome.DELIVERED


# -- choices ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SV-40")
@pytest.mark.rule("CX-3")
@pytest.mark.rule("SU-44")
def test_sv_40_the_choice_is_made_once_for_a_connection() -> None:
    world = opened(service("web"), replicas=1).do(kwake.OpenConnection("pay", "deploy/shop/client", "svc/shop/web"))
    first = world.connections["pay"].backends
    after = world.do(kwake.Scale("deploy/shop/web", 4)).settle()
    assert len(after.trace("deploy/shop/client", "svc/shop/web").branches) == 4
    assert after.connections["pay"].backends == first, "new replicas get nothing of what is open"


@pytest.mark.rule("SV-42")
@pytest.mark.rule("DN-1")
@pytest.mark.rule("SU-54")
def test_su_54_scaled_to_zero_a_name_still_resolves_and_the_dial_is_refused() -> None:
    world = opened(service("web")).do(kwake.Scale("deploy/shop/web", 0)).settle()
    path = world.trace("deploy/shop/client", "svc/shop/web")
    assert [hop.kind for hop in path.hops][:2] == ["client", "dns"]
    assert path.outcome is Outcome.REFUSED
    headless = opened(service("web", clusterIP="None")).do(kwake.Scale("deploy/shop/web", 0)).settle()
    assert headless.trace("deploy/shop/client", "svc/shop/web").outcome is Outcome.UNRESOLVED


# -- policies by node ---------------------------------------------------------------------------------------------


def on_node_b(**spec: Any) -> World:
    """`web` on node-b alone; `near` there too, `far` on node-a."""
    pinned = {name: pod_spec(nodeName=where) for name, where in (("near", "node-b"), ("far", "node-a"))}
    return kwake.open(
        [
            node("node-a", 1),
            node("node-b", 2),
            bare_pod("web", spec=pod_spec(nodeName="node-b")),
            *(bare_pod(name, spec=spec) for name, spec in pinned.items()),
            service("web", **spec),
        ],
        seed=7,
    )


@pytest.mark.rule("SV-43")
@pytest.mark.rule("SU-18")
def test_su_18_local_without_an_endpoint_here_hangs_and_without_any_is_refused() -> None:
    world = on_node_b(internalTrafficPolicy="Local")
    assert world.trace("shop/near", "svc/shop/web").outcome is Outcome.DELIVERED
    assert world.trace("shop/far", "svc/shop/web").outcome is Outcome.DROPPED
    empty = world.do(kwake.KillPod("shop/web", force=True)).settle()
    assert empty.trace("shop/far", "svc/shop/web").outcome is Outcome.REFUSED


@pytest.mark.rule("SV-45")
@pytest.mark.rule("SU-17")
def test_su_17_tests_from_inside_do_not_show_what_local_does_outside() -> None:
    world = on_node_b(type="NodePort", externalTrafficPolicy="Local")
    (port,) = web(world).spec.ports
    assert world.trace("internet", "node/node-a", port.node_port).outcome is Outcome.DROPPED
    assert world.trace("shop/far", "node/node-a", port.node_port).outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-53")
def test_sv_53_local_has_no_way_back_to_other_nodes_and_prefer_same_node_has() -> None:
    local, preferred = on_node_b(internalTrafficPolicy="Local"), on_node_b(trafficDistribution="PreferSameNode")
    assert local.trace("shop/far", "svc/shop/web").outcome is Outcome.DROPPED
    assert preferred.trace("shop/far", "svc/shop/web").outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-49")
@pytest.mark.rule("SU-50")
@pytest.mark.parametrize(("proxy", "answers"), [("iptables", True), ("nftables", False), ("ipvs", False)])
def test_su_50_localhost_answers_for_node_ports_under_iptables_alone(proxy: str, answers: bool) -> None:
    world = opened(service("web", type="NodePort"), overrides={"proxy": proxy})
    (port,) = web(world).spec.ports
    path = world.trace("node/node-a", "127.0.0.1", port.node_port)
    assert (path.outcome is Outcome.DELIVERED) is answers


@pytest.mark.rule("SV-50", holds="inferred")
@pytest.mark.rule("SU-50", holds="inferred")
def test_su_50_a_port_that_is_not_defined_hangs_under_iptables_and_refuses_under_nftables() -> None:
    iptables, nftables = (opened(service("web"), overrides={"proxy": mode}) for mode in ("iptables", "nftables"))
    hangs = iptables.trace("deploy/shop/client", web(iptables).spec.cluster_ip, 81)
    assert (hangs.outcome, hangs.basis) == (Outcome.DROPPED, Basis.INFERRED)
    assert nftables.trace("deploy/shop/client", web(nftables).spec.cluster_ip, 81).outcome is Outcome.REFUSED


@pytest.mark.rule("SV-44")
@pytest.mark.rule("SV-60")
def test_sv_44_the_address_is_rewritten_hop_by_hop_on_the_way_in() -> None:
    world = opened(balanced(), replicas=1)
    server = world.cluster.pods_of(world.cluster.resolve("deploy/shop/web"))[0]
    other = next(name for name in ("node-a", "node-b", "node-c") if name != server.spec.node_name)
    path = world.trace("internet", "svc/shop/web", 80, at=other)
    (branch,) = path.branches
    texts = {hop.kind: hop.text for hop in branch.hops}
    assert texts["nat"] == f"→ {server.ip}:8080"
    there = next(n.ip for n in map(world.cluster.node, [other]) if n is not None)
    assert texts["snat"] == f"source becomes {there} ({other})"
    assert branch.node == server.spec.node_name
    local = opened(balanced(externalTrafficPolicy="Local"), replicas=1)
    kept = local.trace("internet", "svc/shop/web", 80)
    assert {b.translation.src for b in kept.branches if b.translation is not None} == {"198.51.100.7"}


@pytest.mark.rule("SV-48")
@pytest.mark.rule("SU-19")
def test_sv_48_affinity_is_by_port_so_every_port_is_a_choice_of_its_own() -> None:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "https", "port": 443, "targetPort": "http"}]
    world = opened(service("web", sessionAffinity="ClientIP", ports=ports))
    for port in (80, 443):
        path = world.trace("deploy/shop/client", "svc/shop/web", port)
        assert len({branch.pod for branch in path.branches}) == 2, "a first dial may reach any"
        assert any("keeps a client on its endpoint for 10800 s" in note for note in path.notes)


@pytest.mark.rule("SV-52")
@pytest.mark.rule("SU-22")
def test_su_22_a_terminating_pod_is_served_while_the_balancer_looks_away() -> None:
    world = opened(balanced(externalTrafficPolicy="Local"), replicas=1)
    server = world.cluster.pods_of(world.cluster.resolve("deploy/shop/web"))[0]
    leaving = world.do(kwake.Scale("deploy/shop/web", 0))
    assert web(leaving).spec.health_check_node_port
    at_once = leaving.trace("internet", "svc/shop/web", 80, at=server.spec.node_name)
    assert at_once.outcome is Outcome.DELIVERED, "it is not gone yet, and there is no other"


@pytest.mark.rule("EP-12")
@pytest.mark.rule("SU-9")
def test_ep_12_slices_freeze_while_a_service_is_an_alias() -> None:
    world = opened(service("web"))
    before = listed(world)
    alias = world.do(kwake.SetServiceType("shop/web", "ExternalName", "web.example.com")).settle()
    victim = alias.cluster.pods_of(alias.cluster.resolve("deploy/shop/web"))[0]
    after = alias.do(kwake.KillPod(f"shop/{victim.metadata.name}", force=True)).settle()
    assert listed(after) == before, "nobody takes the dead pod's address out"
    home = after.do(kwake.SetServiceType("shop/web", "ClusterIP")).settle()
    assert listed(home) == {p.ip for p in home.cluster.pods_of(home.cluster.resolve("deploy/shop/web"))} != before
    assert web(home).spec.cluster_ip not in ("", web(world).spec.cluster_ip)


def listed(world: World) -> set[str]:
    """Every address in the Service's slices."""
    slices = world.cluster.slices_by_service[web(world).key]
    return {address for item in slices for endpoint in item.endpoints for address in endpoint.addresses}


def backends_of_dials(world: World, source: str, count: int, port: int = 80) -> set[str]:
    """Which pods the dials of one client reach, each kept open."""
    reached = set()
    for number in range(count):
        name = f"{source}-{port}-{number}"
        world = world.do(kwake.OpenConnection(name, source, "svc/shop/web", port))
        reached.add(world.connections[name].backends[0].backend)
    return reached


@pytest.mark.rule("SV-48")
def test_sv_48_a_client_comes_back_to_its_endpoint_for_a_time() -> None:
    sticky = opened(service("web", sessionAffinity="ClientIP"), replicas=5)
    free = opened(service("web"), replicas=5)
    assert len(backends_of_dials(sticky, "deploy/shop/client", 12)) == 1
    assert len(backends_of_dials(free, "deploy/shop/client", 12)) > 1
    config = {"clientIP": {"timeoutSeconds": 60}}
    short = opened(service("web", sessionAffinity="ClientIP", sessionAffinityConfig=config), replicas=5)
    reached = set()
    for number in range(12):
        short = short.do(kwake.OpenConnection(f"c{number}", "deploy/shop/client", "svc/shop/web")).advance(seconds=61)
        reached.add(short.connections[f"c{number}"].backends[0].backend)
    assert len(reached) > 1, "a minute after its last dial the client is forgotten"


@pytest.mark.rule("SV-48")
@pytest.mark.rule("SU-19")
def test_su_19_another_port_is_another_choice() -> None:
    ports = [{"name": name, "port": port, "targetPort": "http"} for name, port in (("a", 80), ("b", 443))]
    world = opened(service("web", sessionAffinity="ClientIP", ports=ports), replicas=5)
    for number in range(8):
        dialled = world.do(kwake.OpenConnection(f"a{number}", "deploy/shop/client", "svc/shop/web", 80))
        dialled = dialled.do(kwake.OpenConnection(f"b{number}", "deploy/shop/client", "svc/shop/web", 443))
        first, second = (dialled.connections[f"{port}{number}"].backends[0].backend for port in "ab")
        if first != second:
            return
    pytest.fail("eight clients in a row hit the same pod on both ports")


@pytest.mark.rule("SV-48")
def test_sv_48_affinity_ends_when_the_endpoint_leaves_the_set() -> None:
    world = opened(service("web", sessionAffinity="ClientIP"), replicas=3)
    world = world.do(kwake.OpenConnection("c", "deploy/shop/client", "svc/shop/web"))
    had = world.connections["c"].backends[0].backend
    gone = world.do(kwake.KillPod(had, force=True)).settle()
    again = gone.do(kwake.OpenConnection("d", "deploy/shop/client", "svc/shop/web"))
    assert again.connections["d"].backends[0].backend not in ("", had)


@pytest.mark.rule("SV-52")
@pytest.mark.parametrize(
    ("node_name", "says"), [("node-a", "200: 2 ready endpoints"), ("node-b", "503: no ready endpoint")]
)
def test_sv_52_a_health_check_counts_the_ready_endpoints_of_its_node(node_name: str, says: str) -> None:
    on_a = {**pod_spec(), "nodeName": "node-a"}
    placed = [bare_pod(name, spec=on_a, app="web") for name in ("one", "two")]
    world = opened(balanced(externalTrafficPolicy="Local"), *placed, replicas=0)
    path = world.trace("internet", f"node/{node_name}", web(world).spec.health_check_node_port)
    assert path.outcome is Outcome.DELIVERED
    assert f"kube-proxy answers {says}" in path.branches[0].reason


@pytest.mark.rule("SV-52")
def test_sv_52_under_nftables_a_nodes_own_firewall_decides_about_health_checks() -> None:
    world = opened(balanced(externalTrafficPolicy="Local"), overrides={"proxy": "nftables"})
    path = world.trace("internet", "node/node-a", web(world).spec.health_check_node_port)
    assert (path.outcome, path.basis) == (Outcome.UNKNOWN, Basis.UNKNOWN)
    assert "kube-proxy answers" in path.branches[0].reason


@pytest.mark.rule("SV-49")
def test_sv_49_a_node_port_that_does_not_answer_here_is_not_called_nobodys() -> None:
    world = opened(service("web", type="NodePort"), overrides={"proxy": "nftables"})
    (port,) = web(world).spec.ports
    path = world.trace("node/node-a", "127.0.0.1", port.node_port)
    assert path.outcome is Outcome.REFUSED
    assert f"nftables does not answer for the node port {port.node_port} of web" in path.branches[0].reason
    assert [hop.cite for hop in path.branches[0].hops][-1] == "SV-49"


@pytest.mark.rule("EP-16")
def test_ep_16_what_another_proxy_answers_is_not_known() -> None:
    labelled = service("web")
    labelled["metadata"]["labels"] = {"service.kubernetes.io/service-proxy-name": "mine"}
    world = opened(labelled)
    path = world.trace("deploy/shop/client", web(world).spec.cluster_ip, 80)
    assert path.outcome is Outcome.UNKNOWN
    assert "left to the proxy mine" in path.branches[0].reason
