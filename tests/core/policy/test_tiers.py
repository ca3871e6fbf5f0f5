"""NP-16: the Admin tier, NetworkPolicies, the Baseline tier, in this order; and what is not defined or not known."""

from __future__ import annotations

import pytest

from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import reach
from kwake.profiles import load_profile
from tests.core.policy.clusters import ask, cluster, end, namespace, pod, policy
from tests.core.policy.tier_objects import anp, banp, cnp, labelled, rule

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"role": "edge"}},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}]}}  # fmt: skip
PODS = (
    pod("shop/web", ip="10.0.0.1", node="n2", app="web"),
    pod("shop/db", ip="10.0.0.2", node="n2", app="db", ports=[{"name": "pg", "containerPort": 5432}]),
    pod("shop/agent", ip="192.168.0.1", node="n1", host_network=True, app="agent"),
    namespace("shop", team="a"),
    NODE,
)
DENY_ALL = policy("shop/deny", {"podSelector": {}, "policyTypes": ["Ingress"]})
ADMIT_ALL = policy("shop/admit", {"podSelector": {}, "ingress": [{}]})


def allowed(*policies: Manifest, port: int = 80, protocol: str = "TCP", **overrides: str) -> bool | None:
    return ask(cluster(*PODS, *policies), "shop/web", "shop/db", port, protocol, **overrides).allowed


@pytest.mark.rule("NP-16")
def test_accept_and_deny_of_the_admin_tier_are_final() -> None:
    assert allowed(DENY_ALL, anp("a", 1, ingress=[rule("Allow")])) is True
    assert allowed(ADMIT_ALL, anp("a", 1, ingress=[rule("Deny")])) is False
    assert allowed(ADMIT_ALL, cnp("a", 1, ingress=[rule("Deny")])) is False


@pytest.mark.rule("NP-16")
def test_the_lowest_priority_comes_first_and_the_first_rule_that_matches_decides() -> None:
    assert allowed(anp("z", 1, ingress=[rule("Allow")]), anp("a", 2, ingress=[rule("Deny")])) is True
    assert allowed(cnp("a", 1, ingress=[rule("Deny", labelled(app="db")), rule("Accept"), rule("Deny")])) is True


@pytest.mark.rule("NP-16")
def test_pass_leaves_its_tier_only() -> None:
    passing = anp("p", 1, ingress=[rule("Pass"), rule("Deny")])
    assert allowed(passing, anp("d", 2, ingress=[rule("Deny")])) is True
    assert allowed(passing, DENY_ALL) is False
    assert allowed(passing, banp(ingress=[rule("Deny")])) is False
    assert allowed(cnp("b", 1, "Baseline", ingress=[rule("Pass"), rule("Deny")])) is True


@pytest.mark.rule("NP-16")
def test_the_baseline_counts_only_for_pods_that_no_network_policy_isolates() -> None:
    denied = banp(ingress=[rule("Deny")])
    assert allowed(denied) is False
    assert allowed(denied, ADMIT_ALL) is True
    assert allowed(denied, policy("shop/e", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]})) is False


def test_selecting_a_pod_isolates_nothing_and_egress_opens_no_ingress() -> None:
    assert allowed(anp("a", 1, ingress=[rule("Allow", labelled(app="db"))])) is True
    assert allowed(DENY_ALL, anp("a", 1, egress=[rule("Allow", to=True)])) is False


def test_both_sides_name_the_rule_that_decides_and_those_that_passed() -> None:
    of = cluster(*PODS, anp("p", 1, ingress=[rule("Pass", name="hand-on")]), banp(ingress=[rule("Deny", name="no")]))
    side = ask(of, "shop/web", "shop/db").ingress
    assert [(str(r.policy), str(r)) for r in side.denied_by] == [
        ("BaselineAdminNetworkPolicy/default", "ingress rule 1 (no)")
    ]
    assert [(str(r.policy), str(r)) for r in side.passed_by] == [("AdminNetworkPolicy/p", "ingress rule 1 (hand-on)")]
    assert (side.allowed, side.basis, side.isolated_by) == (False, Basis.SOURCED, ())


# -- ports and peers ----------------------------------------------------------------------------------------------


def test_a_port_name_is_the_dialled_pods_in_its_protocol() -> None:
    named = cnp("a", 1, ingress=[rule("Deny", protocols=[{"destinationNamedPort": "pg"}])])
    assert allowed(named, port=5432) is False
    assert allowed(named, port=5432, protocol="UDP") is True
    assert allowed(named) is True
    outward = anp("a", 1, egress=[rule("Deny", to=True, ports=[{"namedPort": "pg"}])])
    assert allowed(outward, port=5432) is False


def test_a_protocol_without_a_port_is_all_of_its_ports() -> None:
    udp = cnp("a", 1, ingress=[rule("Deny", protocols=[{"udp": {}}])])
    assert (allowed(udp, protocol="UDP"), allowed(udp)) == (False, True)


def test_networks_mean_pods_too_unless_the_cni_reads_them_otherwise() -> None:
    networks = anp("a", 1, egress=[rule("Deny", {"networks": ["10.0.0.0/24"]}, to=True)])
    assert allowed(networks) is False
    assert allowed(networks, ipblock_matches_pods="no") is True


@pytest.mark.parametrize("reading", ["selected", "ignored"])
def test_pods_on_the_hosts_network_are_nobodys_subject_and_no_peer_but_as_nodes(reading: str) -> None:
    denied = cnp("a", 1, ingress=[rule("Deny", labelled(app="agent"))], egress=[rule("Deny", to=True)])
    of = cluster(*PODS, denied)
    assert ask(of, "shop/agent", "shop/db", host_network_pods=reading).allowed is True
    assert ask(of, "shop/db", "shop/agent", host_network_pods=reading).allowed is True
    nodes = cnp("a", 1, egress=[rule("Deny", {"nodes": {"matchLabels": {"role": "edge"}}}, to=True)])
    assert ask(cluster(*PODS, nodes), "shop/db", "shop/agent", host_network_pods=reading).allowed is False
    assert ask(cluster(*PODS, nodes), "shop/db", "192.168.0.1", host_network_pods=reading).allowed is False
    assert ask(cluster(*PODS, nodes), "shop/db", "shop/web", host_network_pods=reading).allowed is True


def test_a_peer_that_is_not_understood_fails_closed() -> None:
    future: dict[str, dict[str, str]] = {"workloadsOfTheFuture": {}}
    assert allowed(cnp("a", 1, ingress=[rule("Pass", future)]), ADMIT_ALL) is False
    assert allowed(cnp("a", 1, ingress=[rule("Accept", future)]), DENY_ALL) is False


# -- what is not defined, and what is not known -------------------------------------------------------------------


def test_equal_priorities_are_unknown_only_where_they_disagree() -> None:
    one, other = anp("a", 1, ingress=[rule("Allow")]), anp("b", 1, ingress=[rule("Deny")])
    assert allowed(one, other) is None
    assert allowed(one, anp("b", 1, ingress=[rule("Pass")])) is True
    assert allowed(one, anp("b", 1, ingress=[rule("Pass")]), DENY_ALL) is None
    assert allowed(one, other, anp("first", 0, ingress=[rule("Deny")])) is False
    verdict = ask(cluster(*PODS, one, other), "shop/web", "shop/db")
    tied = "AdminNetworkPolicy/a ingress rule 1 and AdminNetworkPolicy/b ingress rule 1"
    assert verdict.ingress.reason == f"{tied}: which of them comes first is not defined"


def test_the_two_apis_have_no_order() -> None:
    first = anp("a", 1, ingress=[rule("Allow")])
    assert allowed(first, cnp("b", 2, ingress=[rule("Deny")])) is None
    assert allowed(first, cnp("b", 2, ingress=[rule("Accept")])) is True


def test_labels_of_a_namespace_that_the_snapshot_does_not_hold_are_unknown() -> None:
    guest = pod("guests/g", ip="10.9.0.1")
    asks = anp("a", 1, ingress=[rule("Deny", {"namespaces": {"matchLabels": {"team": "b"}}})])
    assert ask(cluster(*PODS, guest, asks), "guests/g", "shop/db").allowed is None
    assert ask(cluster(*PODS, guest, namespace("guests"), asks), "guests/g", "shop/db").allowed is True
    subject = anp("a", 1, subject={"namespaces": {"matchLabels": {"team": "b"}}}, egress=[rule("Deny", to=True)])
    assert ask(cluster(*PODS, guest, subject), "guests/g", "shop/db").allowed is None
    found = reach(cluster(*PODS, guest, subject), load_profile(), "pod")
    assert ("guests/g[Pod]", "shop/db[Pod]") in {(pair.src, pair.dst) for pair in found.unknown}


def test_domain_names_mean_no_pod_and_perhaps_an_address_outside() -> None:
    rules = [
        rule("Accept", {"domainNames": ["example.com"]}, to=True),
        rule("Deny", {"networks": ["0.0.0.0/0"]}, to=True),
    ]
    of = cluster(*PODS, cnp("a", 1, egress=rules))
    assert ask(of, "shop/web", "9.9.9.9").allowed is None
    assert ask(of, "shop/web", "shop/db").allowed is False


@pytest.mark.parametrize(
    ("profile", "v1alpha1", "v1alpha2"),
    [("calico", False, False), ("ovn-kubernetes", False, True), ("kube-network-policies", True, False),
     ("cilium", True, True), ("flannel", True, True), ("kindnet", None, None)],
)  # fmt: skip
def test_a_cni_enforces_only_the_apis_that_it_has(profile: str, v1alpha1: bool | None, v1alpha2: bool | None) -> None:
    old, new = anp("a", 1, ingress=[rule("Deny")]), cnp("a", 1, ingress=[rule("Deny")])
    assert (allowed(old, profile=profile), allowed(new, profile=profile)) == (v1alpha1, v1alpha2)
    assert allowed(anp("a", 1, ingress=[rule("Allow")]), profile=profile) is True


@pytest.mark.rule("NP-16")
def test_a_pod_is_never_blocked_from_its_own_address_but_by_a_service_the_tiers_judge() -> None:
    of = cluster(*PODS, cnp("a", 1, egress=[rule("Deny", labelled(app="web"), to=True)]))
    web = end(of, "shop/web")
    policies = compile_policies(of, load_profile())
    assert policies.verdict(web, web, "TCP", 80).allowed is True
    assert policies.verdict(web, web, "TCP", 80, by_service=True).egress.allowed is False
    baseline = cluster(*PODS, cnp("a", 1, "Baseline", egress=[rule("Deny", to=True)]))
    assert compile_policies(baseline, load_profile()).verdict(web, web, "TCP", 80, by_service=True).allowed is False
