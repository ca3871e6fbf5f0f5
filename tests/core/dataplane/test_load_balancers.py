"""What a load balancer makes of a dial from outside: annotations, nodes, filters (SV-18, SV-60 to SV-64)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.control.balancer_annotations import balancer_of
from kwake.dataplane.connection import Fate
from kwake.dataplane.connections import follow, open_connection
from kwake.dataplane.path import Flow, Outcome, Path
from kwake.dataplane.trace import trace
from kwake.dataplane.view import View, settled_view
from kwake.draws import Draws
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.kinds import Service
from kwake.profiles.load import load_profile
from tests.core.dataplane.small_cluster import cluster, endpoint_slice, node, pod, policy, service, view

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AZURE = "service.beta.kubernetes.io/azure-"
WEB = pod("web-1", "10.244.1.7")
ONE = pod("checkout-1", "10.244.1.8")
TWO = pod("checkout-2", "10.244.2.8", "node-b")
BOTH = endpoint_slice("checkout", ONE, TWO)
OUTSIDER = "198.51.100.7"


def balanced(annotations: dict[str, str] | None = None, **spec: Any) -> Manifest:
    kept: dict[str, Any] = {"type": "LoadBalancer", "node_port": 30100, "ingress": [{"ip": "5.6.7.8"}]}
    made = service("checkout", "10.96.0.23", **{**kept, **spec})
    made["metadata"]["annotations"] = annotations or {}
    return made


def world(annotations: dict[str, str] | None = None, profile: str = "calico", fields: dict[str, str] | None = None,
          **spec: Any) -> View:  # fmt: skip
    return view(WEB, ONE, TWO, balanced(annotations, **spec), BOTH, profile=profile, **(fields or {}))


def dialled(of: View, source: str = "internet", **flow: Any) -> Path:
    return trace(of, Flow(source, "svc/shop/checkout" if source == "internet" else "5.6.7.8", 80, **flow))


def kinds(path: Path) -> list[str]:
    return [hop.kind for hop in path.branches[0].hops]


def source_seen(path: Path) -> set[str]:
    return {b.translation.src for b in path.branches if b.translation is not None}


# -- where the packets go -----------------------------------------------------------------------------------------


def test_one_with_a_name_goes_through_node_ports() -> None:
    path = dialled(world(ingress=[{"hostname": "lb.example.com"}]))
    assert kinds(path)[:4] == ["client", "load-balancer", "route", "node-port"]
    translation = path.branches[0].translation
    assert translation is not None
    assert (translation.dst, translation.dst_port, translation.frontend) == ("lb.example.com", 80, "load-balancer")


@pytest.mark.rule("SV-60")
@pytest.mark.rule("SV-61")
@pytest.mark.parametrize(
    ("annotations", "hops"),
    [
        ({}, ["client", "load-balancer", "route", "service", "nat"]),
        ({f"{AWS}type": "nlb"}, ["client", "load-balancer", "route", "node-port", "nat"]),
        ({f"{AWS}type": "nlb-ip", f"{AWS}scheme": "internet-facing"}, ["client", "load-balancer", "nat", "route"]),
        (
            {f"{AWS}type": "external", f"{AWS}nlb-target-type": "ip", f"{AWS}scheme": "internet-facing"},
            ["client", "load-balancer", "nat", "route"],
        ),
        (
            {f"{AZURE}disable-load-balancer-floating-ip": "true"},
            ["client", "load-balancer", "route", "node-port", "nat"],
        ),
        ({"metallb.io/address-pool": "public"}, ["client", "load-balancer", "route", "service", "nat"]),
    ],
)
def test_sv_61_one_yaml_has_three_ways_by_its_annotations(annotations: dict[str, str], hops: list[str]) -> None:
    path = dialled(world(annotations))
    assert path.outcome is Outcome.DELIVERED
    assert kinds(path)[: len(hops)] == hops
    assert path.basis is not Basis.SOURCED, "whether such a controller runs is assumed"


@pytest.mark.rule("SV-60")
@pytest.mark.rule("SV-44")
def test_sv_60_every_hop_tells_the_addresses_that_it_puts_in() -> None:
    (branch, *_) = dialled(world(fields={"lb": "cloud-proxy"}), at="node-b").branches
    told = {hop.kind: (hop.text, hop.detail) for hop in branch.hops}
    assert told["load-balancer"] == ("load balancer of checkout → 192.168.0.2:30100", ("source becomes 5.6.7.8",))
    assert told["nat"][0].startswith("→ 10.244.1.8:8080")
    assert told["snat"][0] == "source becomes 192.168.0.2 (node-b)"


@pytest.mark.rule("SV-61")
def test_sv_61_instance_targets_need_a_node_port_and_ip_targets_do_not() -> None:
    without: dict[str, Any] = {"node_port": 0, "allocateLoadBalancerNodePorts": False}
    lost = dialled(world({f"{AWS}type": "nlb"}, **without))
    assert (lost.outcome, lost.branches[0].hops[-1].cite) == (Outcome.DROPPED, "SV-61")
    to_pods = {f"{AWS}type": "external", f"{AWS}nlb-target-type": "ip", f"{AWS}scheme": "internet-facing"}
    assert dialled(world(to_pods, **without)).outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-61")
@pytest.mark.parametrize(
    "annotations",
    [
        {f"{AWS}type": "external"},
        {f"{AWS}internal": "true"},
        {f"{AWS}scheme": "internal"},
        {"networking.gke.io/load-balancer-type": "Internal"},
        {"cloud.google.com/load-balancer-type": "internal"},
        {f"{AZURE}load-balancer-internal": "true"},
    ],
)
def test_sv_61_an_internal_balancer_is_not_for_the_internet(annotations: dict[str, str]) -> None:
    of = world(annotations)
    path = dialled(of)
    assert (path.outcome, path.basis) == (Outcome.DROPPED, Basis.INFERRED)
    assert dialled(of, "10.20.0.9").outcome is Outcome.DELIVERED, "a client of the cloud's own network"


@pytest.mark.rule("SV-61")
@pytest.mark.rule("NP-25")
@pytest.mark.parametrize(
    ("attributes", "seen"),
    [("", "5.6.7.8"), ("preserve_client_ip.enabled=true", OUTSIDER), ("preserve_client_ip.enabled=false", "5.6.7.8")],
)
def test_sv_61_what_source_policies_see_behind_ip_targets(attributes: str, seen: str) -> None:
    annotations = {f"{AWS}type": "nlb-ip", f"{AWS}target-group-attributes": attributes}
    office = policy("office", {"app": "checkout"}, ingress=[{"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}])
    of = view(WEB, ONE, TWO, balanced(annotations), BOTH, office)
    path = dialled(of)
    assert source_seen(path) == {seen}
    assert path.outcome is (Outcome.DELIVERED if seen == OUTSIDER else Outcome.DROPPED)


@pytest.mark.rule("SV-61", holds="inferred")
def test_sv_61_azure_without_floating_ip_keeps_the_client_as_the_source() -> None:
    of = world({f"{AZURE}disable-load-balancer-floating-ip": "true"}, externalTrafficPolicy="Local")
    path = dialled(of)
    assert source_seen(path) == {OUTSIDER}
    assert path.basis in (Basis.INFERRED, Basis.ASSUMED)


@pytest.mark.rule("SV-61")
def test_sv_61_other_annotations_are_kept_and_named_as_without_effect() -> None:
    annotations = {f"{AWS}cross-zone-load-balancing-enabled": "true", f"{AWS}type": "nlb", "team": "shop"}
    of = world(annotations)
    (found,) = of.cluster.all(Service)
    assert found.metadata.annotations == annotations
    assert balancer_of(found, of.profile).without_effect == (f"{AWS}cross-zone-load-balancing-enabled",)


@pytest.mark.rule("SV-61")
def test_sv_61_what_else_an_annotation_does_is_told_at_the_balancer() -> None:
    of = world({f"{AWS}proxy-protocol": "*", f"{AWS}type": "nlb"})
    hop = next(hop for hop in dialled(of).branches[0].hops if hop.kind == "load-balancer")
    assert hop.detail[1:] == ("puts a PROXY header before the data: who does not read it breaks",)


# -- which clients ------------------------------------------------------------------------------------------------


@pytest.mark.rule("SV-47")
@pytest.mark.parametrize(("lb", "basis"), [("cloud-vip", Basis.ASSUMED), ("cloud-proxy", Basis.ASSUMED),
                                           ("nlb-ip", Basis.ASSUMED)])  # fmt: skip
def test_sv_47_source_ranges_hold_whoever_filters(lb: str, basis: Basis) -> None:
    of = world(fields={"lb": lb}, loadBalancerSourceRanges=["203.0.113.0/24"])
    path = dialled(of)
    assert path.outcome is Outcome.DROPPED
    if lb != "cloud-vip":
        assert path.basis is basis, "that the cloud filters is the field's meaning where the platform supports it"
    assert dialled(of, "203.0.113.9").outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-47")
def test_sv_47_which_address_a_filter_sees_of_a_pod_is_not_known() -> None:
    proxied = [{"ip": "5.6.7.8", "ipMode": "Proxy"}]
    of = world(fields={"lb": "cloud-proxy"}, loadBalancerSourceRanges=["203.0.113.0/24"], ingress=proxied)
    assert trace(of, Flow("shop/web-1", "5.6.7.8", 80)).outcome is Outcome.UNKNOWN


@pytest.mark.rule("SV-61")
def test_sv_61_azure_allows_ranges_of_its_own() -> None:
    of = world({f"{AZURE}allowed-ip-ranges": "203.0.113.0/24, 192.0.2.0/24"})
    assert dialled(of).outcome is Outcome.DROPPED
    assert dialled(of, "192.0.2.7").outcome is Outcome.DELIVERED


# -- which nodes --------------------------------------------------------------------------------------------------


def entered(path: Path) -> set[str]:
    return {branch.hops[2].at for branch in path.branches}


@pytest.mark.rule("SV-18")
def test_sv_18_an_excluded_node_leaves_the_balancer_and_keeps_its_node_port() -> None:
    label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    local: dict[str, Any] = {"externalTrafficPolicy": "Local"}
    of = view(WEB, ONE, TWO, balanced(**local), BOTH, node("node-a", "192.168.0.1", **label))
    assert entered(dialled(of)) == {"node-b"}
    assert trace(of, Flow("internet", "node/node-a", 30100)).outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-18")
def test_sv_18_a_node_that_is_not_ready_stays_behind_the_balancer() -> None:
    silent = node("node-a", "192.168.0.1")
    silent["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    of = view(WEB, ONE, TWO, balanced(externalTrafficPolicy="Local"), BOTH, silent)
    assert entered(dialled(of)) == {"node-a", "node-b"}


@pytest.mark.rule("SV-43")
@pytest.mark.rule("SV-60")
def test_sv_60_one_node_can_be_asked_about() -> None:
    of = view(WEB, TWO, balanced(externalTrafficPolicy="Local"), endpoint_slice("checkout", TWO))
    assert dialled(of, at="node-b").outcome is Outcome.DELIVERED
    path = dialled(of, at="node-a")
    assert (path.outcome, path.branches[0].hops[-1].cite) == (Outcome.DROPPED, "SV-43")


@pytest.mark.rule("CX-19c", holds="inferred")
def test_a_lost_node_brings_nothing_in() -> None:
    of = msgspec.structs.replace(world(), lost=frozenset({"node-b"}))
    path = trace(of, Flow("internet", "node/node-b", 30100))
    assert (path.outcome, path.basis) == (Outcome.DROPPED, Basis.INFERRED)


# -- what is open -------------------------------------------------------------------------------------------------


def followed(before: View, after: View, flow: Flow | None = None) -> tuple[Fate, Basis, str]:
    opened, _ = open_connection(before, "pay", flow or Flow("internet", "svc/shop/checkout", 80, at="node-a"), Draws(7))
    assert opened.fate is Fate.OPEN
    after = msgspec.structs.replace(after, now_ms=10_000)
    moved = follow(opened, before, after, "a test")
    last = moved.turns[-1]
    return moved.fate, last.basis, last.cite


@pytest.mark.rule("SV-64")
@pytest.mark.rule("CX-24")
def test_sv_64_whether_a_removed_target_is_drained_or_cut_is_not_known() -> None:
    before = world()
    label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    after = view(WEB, ONE, TWO, balanced(), BOTH, node("node-a", "192.168.0.1", **label))
    assert followed(before, after) == (Fate.OPEN, Basis.UNKNOWN, "SV-64")


@pytest.mark.rule("SV-63")
@pytest.mark.parametrize(("lb", "cite"), [("metallb-bgp", "SV-63"), ("cloud-vip", "CX-1")])
@pytest.mark.rule("SU-51")
def test_sv_63_bgp_routers_hash_anew_when_another_node_announces(lb: str, cite: str) -> None:
    local: dict[str, Any] = {"externalTrafficPolicy": "Local"}
    before = view(WEB, ONE, balanced(**local), endpoint_slice("checkout", ONE), lb=lb)
    after = view(WEB, ONE, TWO, balanced(**local), BOTH, lb=lb)
    assert followed(before, after)[2] == cite


@pytest.mark.rule("CX-2", holds="inferred")
@pytest.mark.rule("SU-37", holds="inferred")
@pytest.mark.rule("SV-62", holds="inferred", why="which node leads is not known, so any may")
def test_cx_2_the_node_that_brought_it_in_dies_and_the_flow_with_it() -> None:
    before = view(WEB, TWO, balanced(), endpoint_slice("checkout", TWO), lb="metallb-l2")
    after = msgspec.structs.replace(before, lost=frozenset({"node-a"}))
    assert followed(before, after) == (Fate.STALLED, Basis.INFERRED, "CX-2")
    dns = Flow("internet", "svc/shop/checkout", 80, at="node-c")
    assert followed(before, after, dns)[0] is Fate.OPEN, "it came in elsewhere"


@pytest.mark.rule("SV-62")
def test_sv_62_the_leader_brings_in_to_its_own_pods_under_local() -> None:
    local: dict[str, Any] = {"externalTrafficPolicy": "Local"}
    of = view(WEB, ONE, TWO, balanced(**local), BOTH, lb="metallb-l2")
    for leader, own in (("node-a", "Pod/shop/checkout-1"), ("node-b", "Pod/shop/checkout-2")):
        assert {branch.pod for branch in dialled(of, at=leader).branches} == {own}


@pytest.mark.rule("SV-18")
def test_sv_18_nobody_answers_where_nobody_watches() -> None:
    of = world(fields={"lb": "none"})
    assert dialled(of).outcome is Outcome.UNKNOWN


@pytest.mark.rule("SV-51")
def test_sv_51_kube_proxy_is_iptables_unless_told_otherwise() -> None:
    assert load_profile("calico")["proxy"] == "iptables"
    assert settled_view(cluster(), load_profile("calico+nftables")).profile["proxy"] == "nftables"
