"""Each corner of NetworkPolicy v1, one test."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import compile_policies
from kwake.profiles import load_profile
from tests.core.policy.clusters import ask, cluster, end, namespace, pod, policy

WEB = pod("shop/web", ip="10.0.1.1", node="a", app="web", uid="1")
DB = pod("shop/db", ip="10.0.2.1", node="b", app="db", ports=[
    {"name": "pg", "containerPort": 5432}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}])  # fmt: skip
OTHER = pod("mail/web", ip="10.0.3.1", node="a", app="web")
AGENT = pod("infra/agent", ip="192.168.0.1", node="a", host_network=True, app="agent")
NODES: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
     "status": {"addresses": [{"type": "InternalIP", "address": ip}]}}
    for name, ip in (("a", "192.168.0.1"), ("b", "192.168.0.2"))
]  # fmt: skip
ALL = [WEB, DB, OTHER, AGENT, namespace("shop"), namespace("mail", team="post"), namespace("infra"), *NODES]
TO_DB = {"podSelector": {"matchLabels": {"app": "db"}}}
FROM_WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


def allowed(spec: dict[str, Any], source: str = "shop/web", destination: str = "shop/db", port: int = 5432,
            protocol: str = "TCP", **overrides: str) -> bool | None:  # fmt: skip
    """Whether a connection passes under one policy in `shop`."""
    return ask(cluster(*ALL, policy("shop/p", spec)), source, destination, port, protocol, **overrides).allowed


def ingress(*peers: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A policy on the database with one ingress rule."""
    return {**TO_DB, "ingress": [{"from": list(peers), "ports": ports or []}]}


def egress(*peers: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A policy on the web pod with one egress rule."""
    rule = {"to": list(peers), "ports": ports or []}
    return {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": [rule]}


@pytest.mark.rule("NP-1")
def test_np_1_a_pod_that_no_policy_selects_is_not_isolated() -> None:
    verdict = ask(cluster(*ALL), "shop/web", "shop/db")
    assert verdict.allowed is True
    assert verdict.ingress.reason == "not isolated"


@pytest.mark.rule("NP-1")
def test_np_1_a_policy_selects_only_in_its_own_namespace() -> None:
    of = cluster(*ALL, policy("mail/p", {"podSelector": {}}))
    assert ask(of, "shop/web", "shop/db").allowed is True
    assert ask(of, "shop/web", "mail/web").allowed is False


@pytest.mark.rule("NP-1")
def test_np_1_an_absent_namespace_is_default() -> None:
    of = cluster(pod("default/a", ip="10.0.0.1"), pod("default/b", ip="10.0.0.2"), {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"},
        "spec": {"podSelector": {}}})  # fmt: skip
    assert ask(of, "default/a", "default/b").allowed is False


@pytest.mark.rule("NP-2")
def test_np_2_both_sides_must_allow() -> None:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]}
    verdict = ask(cluster(*ALL, policy("shop/p", spec)), "shop/web", "shop/db")
    assert (verdict.egress.allowed, verdict.ingress.allowed, verdict.allowed) == (False, True, False)


@pytest.mark.rule("NP-2")
def test_np_2_policies_add_up_whatever_their_order() -> None:
    deny, allow = policy("shop/a-deny", {"podSelector": {}}), policy("shop/b-allow", ingress(FROM_WEB))
    for order in ([deny, allow], [allow, deny]):
        verdict = ask(cluster(*ALL, *order), "shop/web", "shop/db")
        assert verdict.allowed is True
        assert [key.name for key in verdict.ingress.isolated_by] == ["a-deny", "b-allow"]
        assert [(rule.policy.name, str(rule)) for rule in verdict.ingress.admitted_by] == [
            ("b-allow", "ingress rule 1")
        ]


@pytest.mark.rule("NP-4")
def test_np_4_egress_rules_without_policy_types_isolate_ingress_too() -> None:
    spec: dict[str, Any] = {"podSelector": {}, "egress": [{}]}
    verdict = ask(cluster(*ALL, policy("shop/p", spec)), "shop/web", "shop/db")
    assert (verdict.egress.allowed, verdict.ingress.allowed) == (True, False)


@pytest.mark.rule("NP-4")
def test_np_4_an_empty_egress_without_policy_types_leaves_egress_open() -> None:
    spec: dict[str, Any] = {"podSelector": {}, "egress": []}
    verdict = ask(cluster(*ALL, policy("shop/p", spec)), "shop/web", "shop/db")
    assert (verdict.egress.allowed, verdict.ingress.allowed) == (True, False)


@pytest.mark.rule("NP-4")
def test_np_4_rules_of_a_direction_that_is_not_listed_do_not_count() -> None:
    spec = {**TO_DB, "policyTypes": ["Egress"], "ingress": []}
    assert allowed(spec) is True


@pytest.mark.rule("NP-5")
@pytest.mark.parametrize("rules", [[], None])
def test_np_5_no_ingress_rules_admit_nothing(rules: list[Any] | None) -> None:
    assert allowed({**TO_DB, "policyTypes": ["Ingress"], "ingress": rules}) is False


@pytest.mark.rule("NP-5")
@pytest.mark.parametrize("rule", [{}, {"from": []}, {"ports": []}, {"from": None}])
@pytest.mark.parametrize("source", ["shop/web", "mail/web", "203.0.113.9"])
def test_np_5_an_empty_rule_admits_everybody_everywhere(rule: dict[str, Any], source: str) -> None:
    assert allowed({**TO_DB, "ingress": [rule]}, source, protocol="SCTP", port=9) is True


@pytest.mark.rule("NP-6")
def test_np_6_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    assert allowed(ingress(FROM_WEB)) is True
    assert allowed(ingress(FROM_WEB), "mail/web") is False


@pytest.mark.rule("NP-6")
@pytest.mark.parametrize(("source", "expected"), [("shop/web", True), ("mail/web", False), ("203.0.113.9", False)])
def test_np_6_an_empty_pod_selector_means_all_pods_of_the_namespace(source: str, expected: bool) -> None:
    assert allowed(ingress({"podSelector": {}}), source) is expected


@pytest.mark.rule("NP-6")
@pytest.mark.parametrize(("source", "expected"), [("shop/web", True), ("mail/web", True), ("203.0.113.9", False)])
def test_np_6_an_empty_namespace_selector_means_all_namespaces_but_no_address(source: str, expected: bool) -> None:
    assert allowed(ingress({"namespaceSelector": {}}), source) is expected


@pytest.mark.rule("NP-6")
def test_np_6_both_selectors_in_one_peer_are_an_and() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"team": "post"}}, "podSelector": {"matchLabels": {"app": "web"}}}
    assert allowed(ingress(peer), "mail/web") is True
    assert allowed(ingress(peer), "shop/web") is False


@pytest.mark.rule("NP-6")
def test_np_6_two_peers_are_an_or() -> None:
    peers = ({"namespaceSelector": {"matchLabels": {"team": "post"}}}, FROM_WEB)
    assert allowed(ingress(*peers), "mail/web") is True
    assert allowed(ingress(*peers), "shop/web") is True


@pytest.mark.rule("NP-5")
def test_np_5_a_port_without_protocol_is_tcp() -> None:
    spec = ingress(ports=[{"port": 53}])
    assert allowed(spec, port=53) is True
    assert allowed(spec, port=53, protocol="UDP") is False


@pytest.mark.rule("NP-5")
def test_np_5_a_protocol_without_port_is_every_port_of_it_only() -> None:
    spec = ingress(ports=[{"protocol": "UDP"}])
    assert allowed(spec, port=9, protocol="UDP") is True
    assert allowed(spec, port=9, protocol="TCP") is False


@pytest.mark.rule("NP-5")
@pytest.mark.parametrize(("port", "expected"), [(79, False), (80, True), (85, True), (90, True), (91, False)])
def test_np_5_end_port_is_inclusive(port: int, expected: bool) -> None:
    assert allowed(ingress(ports=[{"port": 80, "endPort": 90}]), port=port) is expected


@pytest.mark.rule("NP-7")
def test_np_7_a_named_port_in_ingress_is_the_policys_own_pods() -> None:
    spec = ingress(ports=[{"port": "pg"}])
    assert allowed(spec, port=5432) is True
    assert allowed(spec, port=5433) is False


@pytest.mark.rule("NP-7")
def test_np_7_a_named_port_in_egress_is_each_destinations_own() -> None:
    other = pod("shop/db2", ip="10.0.2.2", app="db", ports=[{"name": "pg", "containerPort": 6432}])
    of = cluster(*ALL, other, policy("shop/p", egress({"podSelector": {}}, ports=[{"port": "pg"}])))
    assert [ask(of, "shop/web", "shop/db", p).allowed for p in (5432, 6432)] == [True, False]
    assert [ask(of, "shop/web", "shop/db2", p).allowed for p in (5432, 6432)] == [False, True]


@pytest.mark.rule("NP-7")
def test_np_7_a_named_port_must_have_the_protocol_too() -> None:
    assert allowed(ingress(ports=[{"port": "dns"}]), port=53, protocol="UDP") is False
    assert allowed(ingress(ports=[{"port": "dns", "protocol": "UDP"}]), port=53, protocol="UDP") is True


@pytest.mark.rule("NP-7")
def test_np_7_a_named_port_of_an_address_matches_nothing() -> None:
    spec = egress({"ipBlock": {"cidr": "203.0.113.0/24"}}, ports=[{"port": "pg"}])
    assert allowed(spec, "shop/web", "203.0.113.9", 5432) is False


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "app", "operator": "In", "values": ["web", "x"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["web"]}, False),
        ({"key": "absent", "operator": "NotIn", "values": ["web"]}, True),
        ({"key": "absent", "operator": "DoesNotExist"}, True),
        ({"key": "absent", "operator": "Exists"}, False),
        ({"key": "absent", "operator": "In", "values": ["web"]}, False),
    ],
)
def test_match_expressions_as_apimachinery_reads_them(expression: dict[str, Any], expected: bool) -> None:
    assert allowed(ingress({"podSelector": {"matchExpressions": [expression]}})) is expected


def test_match_labels_and_expressions_are_all_required() -> None:
    both = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "track", "operator": "Exists"}]}
    assert allowed(ingress({"podSelector": both})) is False


def test_every_namespace_carries_its_name_as_a_label_even_an_implied_one() -> None:
    of = cluster(WEB, DB, policy("shop/p", ingress(
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}})))  # fmt: skip
    assert ask(of, "shop/web", "shop/db").allowed is True


def test_labels_of_an_implied_namespace_are_unknown() -> None:
    selector = {"namespaceSelector": {"matchLabels": {"team": "post"}}}
    of = cluster(WEB, DB, policy("shop/p", ingress(selector)))
    verdict = ask(of, "shop/web", "shop/db")
    assert (verdict.allowed, verdict.ingress.basis) == (None, Basis.UNKNOWN)
    assert verdict.ingress.reason == (
        "p ingress rule 1 asks for labels of namespace shop, which the snapshot does not hold"
    )


def test_labels_of_an_implied_namespace_do_not_matter_where_another_rule_admits() -> None:
    spec = ingress({"namespaceSelector": {"matchLabels": {"team": "post"}}}, FROM_WEB)
    assert ask(cluster(WEB, DB, policy("shop/p", spec)), "shop/web", "shop/db").allowed is True


@pytest.mark.rule("NP-6")
@pytest.mark.parametrize(("address", "expected"), [("203.0.113.9", True), ("203.0.113.129", False), ("8.8.8.8", False)])
def test_np_6_an_ip_block_holds_what_is_in_it_and_in_no_exception(address: str, expected: bool) -> None:
    block = {"ipBlock": {"cidr": "203.0.113.77/24", "except": ["203.0.113.128/25"]}}
    assert allowed(ingress(block), address) is expected
    assert allowed(egress(block), "shop/web", address) is expected


@pytest.mark.rule("NP-6")
def test_np_6_octets_that_begin_with_zeros_are_decimal() -> None:
    """As the API server reads them: a block that it takes must not hold nothing here."""
    assert allowed(ingress({"ipBlock": {"cidr": "203.000.0113.0/024"}}), "203.0.113.9") is True
    assert allowed(ingress({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["203.0.0113.0/24"]}}), "203.0.113.9") is False


@pytest.mark.rule("NP-6")
def test_np_6_an_exception_narrows_only_its_own_block() -> None:
    narrowed = {"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25"]}}
    assert allowed(ingress(narrowed, {"ipBlock": {"cidr": "203.0.113.129/32"}}), "203.0.113.129") is True


@pytest.mark.rule("NP-22")
def test_np_22_an_ip_block_holds_pods_unless_the_cni_says_otherwise() -> None:
    spec = ingress({"ipBlock": {"cidr": "10.0.1.1/32"}})
    assert allowed(spec) is True
    assert allowed(spec, ipblock_matches_pods="no") is False
    assert ask(cluster(*ALL, policy("shop/p", spec)), "shop/web", "shop/db", profile="cilium").allowed is False


@pytest.mark.rule("NP-15")
def test_np_15_an_ip_block_holds_nodes_unless_the_cni_says_otherwise() -> None:
    node: Manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far"},
                      "status": {"addresses": [{"type": "InternalIP", "address": "192.168.7.7"}]}}  # fmt: skip
    agent = pod("shop/agent", ip="192.168.7.7", node="far", host_network=True)
    of = cluster(*ALL, node, agent, policy("shop/p", ingress({"ipBlock": {"cidr": "192.168.0.0/16"}})))

    for source in ("shop/agent", "192.168.7.7"):
        assert ask(of, source, "shop/db").allowed is True
        unheld = ask(of, source, "shop/db", profile="cilium")
        assert unheld.allowed is False
        assert any(
            "an ipBlock never matches a node in this CNI" in str(miss.found) for miss in unheld.ingress.near_misses
        )
    assert ask(of, "192.168.7.8", "shop/db", profile="cilium").allowed is True
    assert ask(of, "192.168.7.7", "shop/db", profile="cilium").basis is Basis.INFERRED


def test_ip_blocks_of_the_other_ip_version_hold_nothing() -> None:
    assert allowed(ingress({"ipBlock": {"cidr": "::/0"}}), "203.0.113.9") is False
    assert allowed(ingress({"ipBlock": {"cidr": "::/0"}}), "2001:db8::1") is True


@pytest.mark.rule("NP-11")
def test_np_11_an_sctp_rule_isolates_tcp_and_is_not_read_as_tcp() -> None:
    spec = ingress(ports=[{"protocol": "SCTP", "port": 5432}])
    assert allowed(spec, protocol="SCTP") is True
    assert allowed(spec, protocol="TCP") is False


@pytest.mark.rule("NP-13")
def test_np_13_a_pod_cannot_block_itself() -> None:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    verdict = ask(cluster(*ALL, policy("shop/p", spec)), "shop/web", "shop/web")
    assert (verdict.allowed, verdict.egress.cite) == (True, "NP-13")


@pytest.mark.rule("NP-14")
def test_np_14_a_node_always_reaches_its_own_pods() -> None:
    deny: dict[str, Any] = {"podSelector": {}}
    assert allowed(deny, "192.168.0.2") is True
    assert allowed(deny, "192.168.0.1") is False
    assert allowed(deny, "infra/agent", "shop/web") is True


@pytest.mark.rule("NP-14")
def test_np_14_egress_to_the_own_node_depends_on_the_cni() -> None:
    deny = {"podSelector": {}, "policyTypes": ["Egress"]}
    assert allowed(deny, "shop/web", "192.168.0.1") is None
    assert allowed(deny, "shop/web", "192.168.0.2") is False
    assert allowed(deny, "shop/web", "192.168.0.1", egress_to_own_node="allowed") is True
    assert allowed(deny, "shop/web", "192.168.0.1", egress_to_own_node="judged") is False


@pytest.mark.rule("NP-15")
def test_np_15_selectors_ignore_host_network_pods() -> None:
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "agent"}}}
    assert allowed(ingress(peer), "infra/agent") is False
    assert allowed(ingress(peer), "infra/agent", host_network_pods="selected") is True
    assert allowed(ingress({"ipBlock": {"cidr": "192.168.0.1/32"}}), "infra/agent") is True
    of = cluster(*ALL, policy("infra/p", {"podSelector": {}}))
    verdict = ask(of, "shop/db", "infra/agent")
    assert (verdict.allowed, verdict.ingress.cite, verdict.basis) == (True, "NP-15", Basis.SOURCED)
    assert ask(of, "shop/db", "infra/agent", host_network_pods="selected").allowed is False


@pytest.mark.rule("NP-12")
def test_np_12_a_cni_without_policies_enforces_none() -> None:
    verdict = ask(cluster(*ALL, policy("shop/p", {"podSelector": {}})), "shop/web", "shop/db", profile="flannel")
    assert verdict.allowed is True
    assert verdict.ingress.reason == "flannel enforces no NetworkPolicy"
    assert verdict.ingress.cite == "NP-12"


@pytest.mark.rule("NP-10")
def test_np_10_a_pod_that_the_agents_do_not_know_yet_is_judged_by_its_labels() -> None:
    of = cluster(DB, namespace("shop"), policy("shop/p", ingress(FROM_WEB)))
    stranger = end(cluster(WEB), "shop/web")
    verdict = compile_policies(of, load_profile()).verdict(stranger, end(of, "shop/db"), "TCP", 5432)
    assert verdict.allowed is True


@pytest.mark.rule("NP-23")
def test_np_23_a_masqueraded_client_is_the_node() -> None:
    of = cluster(*ALL, policy("shop/p", ingress({"ipBlock": {"cidr": "192.168.0.1/32"}})))
    policies = compile_policies(of, load_profile())
    node = PolicyEnd(None, "192.168.0.1", "a")
    assert policies.verdict(node, end(of, "shop/db"), "TCP", 5432).allowed is True


def test_policies_are_compiled_once_for_a_cluster_and_profile() -> None:
    of = cluster(*ALL)
    assert compile_policies(of, load_profile()) is compile_policies(of, load_profile())
    assert compile_policies(of, load_profile()) is not compile_policies(of, load_profile("flannel"))
