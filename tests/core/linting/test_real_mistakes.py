"""Mistakes that people asked about in public, each in our own words: found, mended by its fix, and then it works."""

from __future__ import annotations

import pytest

from kwake.cluster import Cluster
from kwake.linting.lint import lint
from kwake.objects.document import Manifest
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Fix
from kwake.policy.change import applied
from kwake.profiles.load import load_profile
from tests.core.linting.shop import ASK_DNS, DNS_SERVICE, SHOP, egress, in_namespace, ingress, labels, service
from tests.core.linting.threads import (
    ALL_NAMESPACES,
    ANNOTATED,
    BOTH,
    CONTROLLER,
    DENY_ALL,
    EDGE,
    FRONT,
    HOOK,
    LOCAL_DNS,
    MISTAKES,
    SYSLOG,
    TO_DNS_PODS,
    WEBHOOK,
    Asked,
    Mistake,
    block,
    in_group,
    kubernetes,
    named,
    node,
)
from tests.core.policy.clusters import ask, cluster, namespace, pod, policy


def found(of: Cluster, mistake: Mistake) -> list[Finding]:
    return list(lint(of, load_profile(mistake.profile)))


def passes(of: Cluster, asked: Asked, profile: str) -> bool | None:
    source, destination, protocol, port = asked
    return ask(of, source, destination, port, protocol, profile=profile).allowed


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_a_thread_is_found(name: str) -> None:
    mistake = MISTAKES[name]
    texts = [finding.text for finding in found(cluster(*SHOP, *mistake.manifests), mistake)]

    assert sum(mistake.said in text for text in texts) == 1, texts


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.fixed])
def test_its_fix_does_what_was_meant_and_nothing_is_left_to_find(name: str) -> None:
    mistake = MISTAKES[name]
    before = cluster(*SHOP, *mistake.manifests)
    finding = next(finding for finding in found(before, mistake) if mistake.said in finding.text)

    after = applied(before, (finding.fixes[0],))

    assert found(after, mistake) == [other for other in found(before, mistake) if other != finding]
    assert mistake.opens or mistake.closes
    for asked in mistake.opens:
        assert [passes(of, asked, mistake.profile) for of in (before, after)] == [False, True], asked
    for asked in mistake.stays:
        assert [passes(of, asked, mistake.profile) for of in (before, after)] == [False, False], asked
    for asked in mistake.closes:
        assert [passes(of, asked, mistake.profile) for of in (before, after)] == [True, False], asked


RIGHT: dict[str, list[Manifest]] = {
    "a webhook whose port is open": [WEBHOOK, HOOK, DENY_ALL, ingress({"ports": [{"port": 8080}]})],
    "a webhook that addresses may call": [WEBHOOK, HOOK, ingress({"from": [block("192.168.0.0/16")]})],
    "a webhook called through pods": [
        WEBHOOK, HOOK, ingress({"from": [named("kube-system")]}),
        pod("kube-system/agent", ip="10.0.9.9", app="konnectivity-agent"),
    ],
    "a webhook by URL": [
        in_group("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "far",
                 webhooks=[{"name": "far.shop", "clientConfig": {"url": "https://hook.example"}}]), DENY_ALL,
    ],
    "a Service for pods": [service("shop/front", 80, 8080), DENY_ALL],
    "a load balancer of which one port is open": [
        service("shop/front", 80, 8080, type="LoadBalancer", ports=[
            {"name": "web", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": 8081}]),
        ingress({"ports": [{"port": 8080}]}),
    ],
    "an ingress controller on the host's network by its node's address": [
        *EDGE, ingress({"from": [named("edge"), block("192.168.0.0/24")]})],
    "the API server by its address": [
        *kubernetes("192.168.0.1"), egress({"to": [block("192.168.0.1/32")], "ports": [{"port": 6443}]}, ASK_DNS)],
    "the API server by its address beside its namespace": [
        *kubernetes("192.168.0.1"), egress(
            {"to": [named("default")], "ports": [{"port": 443}]},
            {"to": [block("192.168.0.0/16")], "ports": [{"port": 6443}]}, ASK_DNS)],
    "HTTPS of pods in namespace default": [
        *kubernetes("192.168.0.1"), pod("default/tls", ip="10.0.7.1", app="tls", ports=[{"containerPort": 443}]),
        egress({"to": [named("default")], "ports": [{"port": 443}]},
               ASK_DNS)],
    "HTTPS of pods in namespace default that declare nothing": [
        *kubernetes("192.168.0.1"), pod("default/tls", ip="10.0.7.1", app="tls"),
        egress({"to": [named("default")], "ports": [{"port": 443}]}, ASK_DNS)],
    "the cluster's DNS by its ClusterIP, where each node has a cache": [
        DNS_SERVICE, LOCAL_DNS, egress({"to": [labels(app="db")]}, {"to": [block("10.96.0.10/32")], **ASK_DNS})],
    "everybody's DNS, where each node has a cache": [
        DNS_SERVICE, LOCAL_DNS, egress({"to": [labels(app="db")]}, ASK_DNS)],
    "an exception that is opened again for itself": [
        egress({"to": [block("0.0.0.0/0", "10.0.0.0/8")]}, {"to": [block("10.1.0.0/16")]},
               {"to": [block("10.0.0.0/8")]})],
    "an exception that is open on other ports": [
        egress({"to": [block("0.0.0.0/0", "10.0.0.0/8")], "ports": [{"port": 443}]},
               {"to": [block("0.0.0.0/0")], "ports": [{"port": 53, "protocol": "UDP"}]})],
    "an exception that other pods do not have": [
        egress({"to": [block("0.0.0.0/0", "10.0.0.0/8")]}),
        policy("shop/db", {**labels(app="db"), "policyTypes": ["Egress"], "egress": [{"to": [block("0.0.0.0/0")]}]})],
    "all namespaces and its own": [ingress({"from": [ALL_NAMESPACES, {"podSelector": {}}]})],
    "a rule for pods of which some answer": [
        egress({"to": [labels(app="db")]}, ASK_DNS), pod("shop/db2", ip="10.0.1.9", app="db", tier="open"),
        policy("shop/db", {"podSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
                           "policyTypes": ["Ingress"]})],
    "a rule that the other end matches on one of its ports": [
        egress({"to": [labels(app="db")], "ports": [{"port": 5432}, {"port": 9187}]}, ASK_DNS),
        ingress({"from": [labels(app="web")], "ports": [{"port": "pg"}]}, app="db")],
    "a rule for everybody in a closed namespace": [egress({"to": [{"podSelector": {}}]}, ASK_DNS), DENY_ALL],
    "an ingress controller that may come": [
        CONTROLLER, namespace("edge"), service("shop/front", 80, 8080), FRONT, ingress({"from": [named("edge")]})],
    "an ingress that a balancer serves by its addresses": [
        CONTROLLER, namespace("edge"), service("shop/front", 80, 8080), FRONT,
        ingress({"from": [block("192.168.0.0/16")], "ports": [{"port": 8080}]})],
    "an ingress where no controller is known": [service("shop/front", 80, 8080), FRONT, DENY_ALL],
    "pods that Prometheus may scrape": [
        ANNOTATED, ingress({"from": [named("monitoring")], "ports": [{"port": 9102}]}, app="shop-api")],
    "a port over UDP and TCP": [BOTH, ingress({"ports": [{"port": 5514}]}, app="both")],
    "a port of some pods over UDP, of others over TCP": [
        egress({"to": [{"podSelector": {}}], "ports": [{"port": 5514}]}, ASK_DNS), SYSLOG],
    "two peers that overlap": [ingress({"from": [in_namespace(team="ops"), labels(app="db")]})],
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_looks_alike_and_is_right_is_quiet(name: str) -> None:
    assert [finding.text for finding in lint(cluster(*SHOP, *RIGHT[name]), load_profile("calico"))] == []


def test_a_selector_by_the_hash_of_one_revision_is_nobodys_after_the_next() -> None:
    hashed = {"app": "web", "pod-template-hash": "5d9c"}
    web = pod("shop/web-5d9c-x", ip="10.0.1.4", app="web")
    web["metadata"]["labels"] = hashed
    own = policy("shop/p", {"podSelector": {"matchLabels": hashed}, "ingress": [{"from": [labels(app="db")]}]})

    (finding,) = lint(cluster(*SHOP, web, own), load_profile("calico"))

    assert finding.text.startswith("selects by pod-template-hash, which changes with the next rollout")
    (fix,) = finding.fixes
    assert isinstance(fix, Fix)
    assert fix.of(own)["spec"]["podSelector"] == {"matchLabels": {"app": "web"}}


def test_a_policy_of_a_namespace_that_is_nearly_there_is_told() -> None:
    own = policy("monitorring/p", {"podSelector": {}, "ingress": []})

    (finding,) = lint(cluster(*SHOP, own), load_profile("calico"))

    assert finding.text == "is of namespace monitorring, where nothing is; there is monitoring"


def test_where_the_cni_lets_pods_reach_their_node_its_dns_cache_is_reached() -> None:
    manifests = DNS_SERVICE, LOCAL_DNS, egress({"to": [labels(app="db")]}, TO_DNS_PODS)
    profile = load_profile("calico", {"egress-to-own-node": "allowed"})

    assert list(lint(cluster(*SHOP, *manifests), profile)) == []


def test_where_an_ip_block_holds_no_node_none_is_offered_for_one() -> None:
    """github.com/cilium/cilium/issues/20550 and 46571: a node's address in an ipBlock admits nobody there."""
    to_server = egress({"to": [named("default")], "ports": [{"port": 443}]}, ASK_DNS)
    by_address = egress({"to": [block("192.168.0.1/32")], "ports": [{"port": 6443}]}, ASK_DNS)
    from_edge = ingress({"from": [named("edge"), block("192.168.0.0/16")]})
    first = node("a", "192.168.0.1")
    for manifests, said in (
        (
            (first, *kubernetes("192.168.0.1"), to_server),
            "and no rule admits that; an ipBlock holds no node under cilium",
        ),
        (
            (first, *kubernetes("192.168.0.1"), by_address),
            "egress rule 1 admits 192.168.0.1, of node a: an ipBlock holds",
        ),
        (
            (*EDGE, from_edge),
            "it admits none of them under cilium (inferred), and an ipBlock holds no node under cilium",
        ),
    ):
        found_there = list(lint(cluster(*SHOP, *manifests), load_profile("cilium")))
        assert [(said in finding.text, finding.fixes) for finding in found_there] == [(True, ())], found_there


def test_where_selectors_see_pods_on_the_hosts_network_they_are_named_rightly() -> None:
    manifests = *EDGE, ingress({"from": [named("edge")]})
    profile = load_profile("calico", {"host-network-pods": "selected"})

    assert list(lint(cluster(*SHOP, *manifests), profile)) == []


def test_where_no_address_of_the_api_server_is_known_no_fix_is_guessed() -> None:
    rule = {"to": [named("default")], "ports": [{"port": 443}]}

    (finding,) = lint(cluster(*SHOP, namespace("default"), egress(rule, ASK_DNS)), load_profile("calico"))

    assert finding.text == ("egress rule 1 seems to mean the API server, which is no pod: only an ipBlock admits it")
    assert finding.fixes == ()
