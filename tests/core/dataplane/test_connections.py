"""Open TCP connections through kills, Service changes and policy edits: the rows of CX-10 to CX-31."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.connections import again, conntrack_line, follow, open_connection
from kwake.dataplane.path import Flow, Outcome
from kwake.dataplane.view import View
from kwake.draws import Draws
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from tests.core.dataplane.small_cluster import (
    cluster,
    deny_egress,
    deny_ingress,
    endpoint_slice,
    pod,
    policy,
    service,
    view,
)

WEB = pod("web-1", "10.244.1.7")
ONE = pod("checkout-1", "10.244.2.8", "node-b")
TWO = pod("checkout-2", "10.244.2.9", "node-b")
SERVICE = service("checkout", "10.96.0.23")
ALL = (WEB, ONE, TWO, SERVICE, endpoint_slice("checkout", ONE))
PAY = Flow("shop/web-1", "svc/shop/checkout")


def opened(of: View, flow: Flow = PAY) -> Connection:
    return open_connection(of, "pay", flow, Draws(7))[0]


def then(before: View, *manifests: Manifest, **changes: Any) -> View:
    """The settled view after the cluster became these objects."""
    now = cluster(*manifests)
    return msgspec.structs.replace(
        before, cluster=now, proxy=now, policy=now, dns=now, balancer=now, now_ms=10_000, **changes
    )


def moved(before: View, after: View, flow: Flow = PAY) -> Connection:
    return follow(opened(before, flow), before, after, "a test")


@pytest.mark.rule("CX-1")
def test_cx_1_the_record_holds_the_translation_at_the_clients_node() -> None:
    connection = opened(view(*ALL))
    assert connection.fate is Fate.OPEN
    assert connection.nat_node == "node-a"
    assert connection.original is not None and connection.translated is not None
    assert (connection.original.dst, connection.original.dst_port) == ("10.96.0.23", 80)
    assert (connection.translated.dst, connection.translated.dst_port) == ("10.244.2.8", 8080)
    assert connection.translated.src == "10.244.1.7"
    assert connection.service == "Service/shop/checkout"
    assert connection.frontend == "cluster-ip"


@pytest.mark.rule("CX-2")
def test_cx_2_a_pod_dialled_directly_has_no_nat() -> None:
    connection = opened(view(*ALL), Flow("shop/web-1", "shop/checkout-1"))
    assert (connection.translated, connection.nat_node, connection.frontend) == (None, None, "pod-ip")


@pytest.mark.rule("CX-2")
def test_cx_2_a_node_port_is_translated_at_the_node_that_took_the_packet() -> None:
    ported = service("checkout", "10.96.0.23", type="NodePort", node_port=30100)
    before = view(WEB, ONE, ported, endpoint_slice("checkout", ONE))
    connection = opened(before, Flow("internet", "node/node-c", 30100))
    assert connection.nat_node == "node-c"
    assert connection.translated is not None and connection.translated.src == "192.168.0.3"


def test_nothing_changed_gives_the_same_object() -> None:
    before = view(*ALL)
    connection = opened(before)
    assert follow(connection, before, before, "") is connection


def test_the_same_seed_opens_the_same_way() -> None:
    both = view(WEB, ONE, TWO, SERVICE, endpoint_slice("checkout", ONE, TWO))
    assert opened(both) == opened(both)


def test_the_draw_reaches_every_backend() -> None:
    both = view(WEB, ONE, TWO, SERVICE, endpoint_slice("checkout", ONE, TWO))
    draws, reached = Draws(1), set()
    for _ in range(20):
        connection, draws = open_connection(both, "pay", PAY, draws)
        reached.add(connection.backends[0].backend)
    assert reached == {"Pod/shop/checkout-1", "Pod/shop/checkout-2"}


def test_a_held_flow_opens_from_the_first_ready_pod() -> None:
    unready = pod("web-0", "10.244.1.6", ready=False, owner="web")
    ready = pod("web-1", "10.244.1.7", owner="web")
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    connection = opened(view(owner, unready, ready, *ALL[1:]), Flow("deploy/shop/web", "svc/shop/checkout"))
    assert connection.client is not None and connection.client.pod == "Pod/shop/web-1"


def test_a_dial_that_is_dropped_fails_and_says_why() -> None:
    connection = opened(view(*ALL, deny_ingress({"app": "checkout"})))
    assert connection.fate is Fate.FAILED
    assert connection.reason.startswith("dropped by default-deny")
    assert connection.turns[-1].decided_by[0].object == "NetworkPolicy/shop/default-deny"


@pytest.mark.rule("CX-10", holds="inferred")
def test_cx_10_client_killed() -> None:
    before = view(*ALL)
    after = then(before, *ALL, exits={"uid-shop-web-1": "killed"})
    connection = moved(before, after)
    assert (connection.fate, connection.basis) == (Fate.RESET, Basis.INFERRED)


@pytest.mark.rule("CX-11")
def test_cx_11_backend_deleted_gracefully_goes_on_until_it_exits() -> None:
    before = view(*ALL)
    leaving = pod("checkout-1", "10.244.2.8", "node-b", terminating=True)
    draining = then(before, WEB, leaving, TWO, SERVICE, endpoint_slice("checkout", leaving))
    connection = opened(before)
    assert follow(connection, before, draining, "") is connection
    gone = then(before, WEB, TWO, SERVICE, endpoint_slice("checkout", TWO), exits={"uid-shop-checkout-1": "graceful"})
    closed = follow(connection, draining, gone, "kill pod shop/checkout-1")
    assert (closed.fate, closed.basis, closed.turns[-1].cite) == (Fate.CLOSED, Basis.SOURCED, "CX-11")
    assert closed.turns[-1].cause == "kill pod shop/checkout-1"


@pytest.mark.rule("CX-12", holds="inferred")
def test_cx_12_backend_force_killed() -> None:
    before = view(*ALL)
    connection = moved(before, then(before, WEB, TWO, SERVICE, exits={"uid-shop-checkout-1": "killed"}))
    assert (connection.fate, connection.basis) == (Fate.RESET, Basis.INFERRED)


@pytest.mark.rule("CX-12", holds="inferred")
def test_cx_12_container_crash() -> None:
    before = view(*ALL)
    connection = moved(before, then(before, *ALL, stopped=frozenset({"uid-shop-checkout-1"})))
    assert (connection.fate, connection.turns[-1].cite) == (Fate.RESET, "CX-12")


def test_pd_3_a_new_sandbox_has_none_of_the_old_sockets() -> None:
    before = view(*ALL)
    elsewhere = pod("checkout-1", "10.244.2.44", "node-b")
    connection = moved(before, then(before, WEB, elsewhere, TWO, SERVICE, endpoint_slice("checkout", elsewhere)))
    assert (connection.fate, connection.turns[-1].cite) == (Fate.RESET, "PD-3")


@pytest.mark.rule("CX-19c", holds="inferred")
def test_cx_19c_a_lost_node_stalls() -> None:
    before = view(*ALL)
    connection = moved(before, then(before, *ALL, exits={"uid-shop-checkout-1": "lost"}))
    assert (connection.fate, connection.basis) == (Fate.STALLED, Basis.INFERRED)


def test_a_pod_of_the_same_name_is_not_the_same_end() -> None:
    before = view(*ALL)
    again_there = pod("checkout-1", "10.244.2.8", "node-b", uid="another")
    connection = moved(before, then(before, WEB, again_there, TWO, SERVICE, endpoint_slice("checkout", again_there)))
    assert connection.fate is Fate.RESET


@pytest.mark.rule("CX-13")
@pytest.mark.rule("CX-25")
@pytest.mark.rule("CX-26", holds="inferred")
@pytest.mark.parametrize(
    ("proxy", "fate", "basis", "cite"),
    [
        ("iptables", Fate.OPEN, Basis.SOURCED, "CX-13"),
        ("nftables", Fate.OPEN, Basis.SOURCED, "CX-13"),
        ("ipvs", Fate.STALLED, Basis.SOURCED, "CX-25"),
        ("ovn-k", Fate.STALLED, Basis.INFERRED, "CX-26"),
        ("cilium", Fate.OPEN, Basis.UNKNOWN, "CX-27"),
        ("antrea-proxy", Fate.OPEN, Basis.UNKNOWN, "SV-54"),
    ],
)
def test_cx_13_service_deleted(proxy: str, fate: Fate, basis: Basis, cite: str) -> None:
    before = view(*ALL, proxy=proxy)
    connection = moved(before, then(before, WEB, ONE, TWO))
    assert (connection.fate, connection.basis, connection.turns[-1].cite) == (fate, basis, cite)


@pytest.mark.rule("CX-14")
@pytest.mark.parametrize(
    ("proxy", "fate", "cite"),
    [("iptables", Fate.OPEN, "CX-14"), ("ipvs", Fate.OPEN, "CX-14"), ("cilium", Fate.RESET, "CX-27")],
)
@pytest.mark.rule("SU-55")
def test_cx_14_backend_leaves_the_endpoints_alive(proxy: str, fate: Fate, cite: str) -> None:
    before = view(*ALL, proxy=proxy)
    connection = moved(before, then(before, WEB, ONE, TWO, SERVICE, endpoint_slice("checkout", TWO)))
    assert (connection.fate, connection.turns[-1].cite) == (fate, cite)


@pytest.mark.rule("CX-27")
@pytest.mark.rule("SU-55")
def test_cx_27c_a_backend_that_another_service_keeps_survives_under_cilium() -> None:
    second = service("checkout-too", "10.96.0.24")
    slices = (second, endpoint_slice("checkout-too", ONE))
    before = view(*ALL, *slices, profile="cilium")
    after = then(before, WEB, ONE, TWO, SERVICE, endpoint_slice("checkout", TWO), *slices)
    connection = opened(before)
    assert follow(connection, before, after, "") is connection


@pytest.mark.rule("CX-27")
def test_cx_27a_a_terminating_backend_drains_under_cilium() -> None:
    before = view(*ALL, profile="cilium")
    leaving = pod("checkout-1", "10.244.2.8", "node-b", terminating=True)
    after = then(before, WEB, leaving, TWO, SERVICE, endpoint_slice("checkout", leaving, TWO))
    assert moved(before, after).fate is Fate.OPEN


@pytest.mark.rule("CX-16")
def test_cx_16_backend_unready() -> None:
    before = view(*ALL)
    unready = pod("checkout-1", "10.244.2.8", "node-b", ready=False)
    after = then(before, WEB, unready, TWO, SERVICE, endpoint_slice("checkout", unready))
    connection = opened(before)
    assert follow(connection, before, after, "") is connection
    assert again(after, connection).outcome is Outcome.REFUSED


@pytest.mark.rule("CX-17")
def test_cx_17_scaled_to_zero_closes_as_each_exits_and_refuses_new_dials() -> None:
    before = view(*ALL)
    after = then(before, WEB, SERVICE, exits={"uid-shop-checkout-1": "graceful"})
    connection = moved(before, after)
    assert connection.fate is Fate.CLOSED
    assert again(after, connection).outcome is Outcome.REFUSED


@pytest.mark.rule("CX-19")
def test_cx_19_relabelled_out_of_the_service_stays_open_and_dials_reach_others() -> None:
    before = view(*ALL)
    relabelled = pod("checkout-1", "10.244.2.8", "node-b", labels={"app": "debug"})
    after = then(before, WEB, relabelled, TWO, SERVICE, endpoint_slice("checkout", TWO))
    connection = moved(before, after)
    assert (connection.fate, connection.basis) == (Fate.OPEN, Basis.SOURCED)
    assert [b.pod for b in again(after, connection).branches] == ["Pod/shop/checkout-2"]


@pytest.mark.rule("CX-19f")
def test_cx_19f_service_made_again_with_another_address() -> None:
    before = view(*ALL)
    after = then(before, WEB, ONE, TWO, service("checkout", "10.96.0.99"), endpoint_slice("checkout", ONE))
    connection = moved(before, after)
    assert connection.fate is Fate.OPEN
    assert [b.translation.dst for b in again(after, connection).branches if b.translation] == ["10.96.0.99"]


NODE_PORT = service("checkout", "10.96.0.23", type="NodePort", node_port=30100)


@pytest.mark.rule("CX-24")
def test_cx_24_node_port_to_cluster_ip_leaves_the_open_one_and_refuses_a_new_one() -> None:
    through = Flow("internet", "node/node-c", 30100)
    before = view(WEB, ONE, NODE_PORT, endpoint_slice("checkout", ONE))
    after = then(before, WEB, ONE, SERVICE, endpoint_slice("checkout", ONE))
    connection = moved(before, after, through)
    assert (connection.fate, connection.turns[-1].cite) == (Fate.OPEN, "CX-24")
    dialled_now = again(after, connection)
    assert (dialled_now.outcome, dialled_now.basis) == (Outcome.REFUSED, Basis.INFERRED)


@pytest.mark.rule("CX-24")
def test_cx_24_cluster_ip_to_node_port_changes_nothing() -> None:
    before = view(*ALL)
    after = then(before, WEB, ONE, TWO, NODE_PORT, endpoint_slice("checkout", ONE))
    connection = opened(before)
    assert follow(connection, before, after, "") is connection


@pytest.mark.rule("CX-24")
def test_cx_24_any_to_external_name() -> None:
    before = view(*ALL)
    external = service("checkout", "", type="ExternalName", externalName="db.example.com")
    after = then(before, WEB, ONE, TWO, external, endpoint_slice("checkout", ONE))
    connection = moved(before, after)
    assert (connection.fate, connection.turns[-1].cite) == (Fate.OPEN, "CX-24")
    assert again(after, connection).outcome is Outcome.UNKNOWN


@pytest.mark.rule("CX-24")
def test_cx_24_a_load_balancer_torn_down_may_cut() -> None:
    balanced = service("checkout", "10.96.0.23", type="LoadBalancer", node_port=30100, ingress=[{"ip": "5.6.7.8"}])
    before = view(WEB, ONE, balanced, endpoint_slice("checkout", ONE))
    after = then(before, WEB, ONE, NODE_PORT, endpoint_slice("checkout", ONE))
    still_up = msgspec.structs.replace(after, balancer=before.balancer)
    connection = moved(before, still_up, Flow("internet", "svc/shop/checkout"))
    assert (connection.fate, connection.basis) == (Fate.OPEN, Basis.SOURCED)
    torn = follow(connection, still_up, after, "")
    assert (torn.fate, torn.basis) == (Fate.OPEN, Basis.UNKNOWN)


@pytest.mark.rule("CX-24")
def test_cx_24_external_traffic_policy_local_does_not_touch_what_is_open() -> None:
    before = view(WEB, ONE, NODE_PORT, endpoint_slice("checkout", ONE))
    local = service("checkout", "10.96.0.23", type="NodePort", node_port=30100, externalTrafficPolicy="Local")
    after = then(before, WEB, ONE, local, endpoint_slice("checkout", ONE))
    connection = opened(before, Flow("internet", "node/node-c", 30100))
    assert follow(connection, before, after, "") is connection
    assert again(after, connection).outcome is Outcome.DROPPED


@pytest.mark.rule("CX-40")
def test_cx_40_dns_never_moves_an_open_connection() -> None:
    before = view(*ALL)
    after = msgspec.structs.replace(before, dns=cluster(WEB))
    connection = opened(before)
    assert follow(connection, before, after, "") is connection
    assert again(after, connection).outcome is Outcome.UNRESOLVED


# -- policies -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("CX-30")
@pytest.mark.parametrize("profile", ["calico", "antrea", "kube-router", "azure-npm", "weave"])
def test_cx_30_keep(profile: str) -> None:
    before = view(*ALL, profile=profile)
    after = then(before, *ALL, deny_ingress({"app": "checkout"}))
    connection = moved(before, after)
    assert connection.fate is Fate.OPEN
    assert connection.reason.startswith("stays open")
    assert again(after, connection).outcome is Outcome.DROPPED


@pytest.mark.rule("CX-30")
@pytest.mark.rule("CX-31", holds="inferred")
@pytest.mark.parametrize("profile", ["cilium", "ovn-kubernetes", "kube-network-policies"])
def test_cx_30_cut_stalls_and_cx_31_resumes(profile: str) -> None:
    before = view(*ALL, profile=profile)
    after = then(before, *ALL, deny_ingress({"app": "checkout"}))
    stalled = moved(before, after)
    assert (stalled.fate, stalled.basis) == (Fate.STALLED, Basis.INFERRED)
    assert [d.object for d in stalled.turns[-1].decided_by] == ["NetworkPolicy/shop/default-deny"]
    assert follow(stalled, after, after, "") is stalled
    reverted = then(before, *ALL)
    resumed = follow(stalled, after, reverted, "undo")
    assert (resumed.fate, resumed.basis) == (Fate.OPEN, Basis.INFERRED)


@pytest.mark.rule("CX-30")
@pytest.mark.rule("SU-28")
def test_cx_30_mixed_the_first_policy_may_cut() -> None:
    before = view(*ALL, profile="aws-vpc-cni")
    connection = moved(before, then(before, *ALL, deny_ingress({"app": "checkout"})))
    assert (connection.fate, connection.basis) == (Fate.OPEN, Basis.UNKNOWN)


@pytest.mark.rule("CX-30")
@pytest.mark.rule("SU-28")
def test_cx_30_mixed_an_edit_does_not_cut() -> None:
    allow = policy("rules", {"app": "checkout"}, policyTypes=["Ingress"], ingress=[{}])
    before = view(*ALL, allow, profile="aws-vpc-cni")
    connection = moved(before, then(before, *ALL, deny_ingress({"app": "checkout"}, name="rules")))
    assert (connection.fate, connection.basis) == (Fate.OPEN, Basis.SOURCED)


@pytest.mark.rule("NP-12")
def test_np_12_a_cni_without_policies_changes_nothing() -> None:
    before = view(*ALL, policy="none")
    connection = opened(before)
    assert follow(connection, before, then(before, *ALL, deny_ingress()), "") is connection


@pytest.mark.rule("CX-35")
def test_cx_35_relabelling_the_client_is_the_same_event() -> None:
    allow = policy(
        "allow-web", {"app": "checkout"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]
    )
    before = view(*ALL, allow, profile="cilium")
    relabelled = pod("web-1", "10.244.1.7", labels={"app": "other"})
    connection = moved(before, then(before, relabelled, *ALL[1:], allow))
    assert connection.fate is Fate.STALLED


def test_a_denied_egress_stalls_too() -> None:
    before = view(*ALL, profile="cilium")
    connection = moved(before, then(before, *ALL, deny_egress({"app": "web"})))
    assert (connection.fate, connection.reason.split(":")[0]) == (Fate.STALLED, "dropped by no-egress")


def test_what_is_over_stays_over() -> None:
    before = view(*ALL)
    after = then(before, *ALL, exits={"uid-shop-web-1": "killed"})
    connection = moved(before, after)
    assert follow(connection, after, before, "") is connection


def test_the_conntrack_line_reads_like_a_nat_record() -> None:
    connection = opened(view(*ALL))
    assert connection.original is not None
    port = connection.original.src_port
    assert conntrack_line(connection) == (
        f"tcp ESTABLISHED src=10.244.1.7 dst=10.96.0.23 sport={port} dport=80 "
        f"[nat src=10.244.1.7 dst=10.244.2.8 sport={port} dport=8080] node-a"
    )
