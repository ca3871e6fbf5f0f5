"""What people get wrong in NetworkPolicies: a lint finds it, its fix mends it, and what is right is quiet."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import Cluster, record
from kwake.errors import UsageError
from kwake.linting.lint import lint
from kwake.objects.document import Manifest
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Fix
from kwake.objects.slips import is_misspelt
from kwake.profiles.load import load_profile
from tests.core.linting.shop import (
    ASK_DNS,
    DNS,
    DNS_SERVICE,
    SHOP,
    egress,
    in_namespace,
    ingress,
    labels,
    of,
    service,
)
from tests.core.policy.clusters import namespace, pod, policy

DNS_CACHE = pod("kube-system/cache", ip="192.168.0.1", host_network=True)
DNS_CACHE["spec"]["containers"][0]["image"] = "registry.k8s.io/dns/k8s-dns-node-cache:1.23.0"

MISTAKES: dict[str, tuple[list[Manifest], str]] = {
    "a policy that selects nothing": ([ingress(app="wbe-frontend")], "selects 0 pods: app=wbe-frontend"),
    "a policy whose selector is misspelt": (
        [ingress(app="prometehus"), pod("shop/p", ip="10.0.1.9", app="prometheus")],
        "selects 0 pods: app=prometehus; nearest label app=prometheus",
    ),
    "rules that policyTypes leaves out": (
        [ingress({}, policyTypes=["Egress"], egress=[{}])],
        "its ingress rules count for nothing: policyTypes does not list Ingress",
    ),
    "an empty egress without policyTypes": (
        [policy("shop/p", {"podSelector": {}, "egress": []})],
        "an empty egress without policyTypes isolates nothing",
    ),
    "egress rules that isolate ingress, too": (
        [policy("shop/p", {"podSelector": {}, "egress": [{}]})],
        "without policyTypes it isolates ingress, too",
    ),
    "a rule beside one that admits everything": (
        [ingress({"from": [labels(app="db")]}, {"ports": []})],
        "ingress rule 2 admits everything from everywhere",
    ),
    "a dash before ports": (
        [egress({"to": [labels(app="db")]}, {"ports": [{"port": 5432}]}, ASK_DNS)],
        "egress rule 2 admits TCP 5432 to everywhere, and the pods of rule 1 declare no other port",
    ),
    "a peer that is misspelt": (
        [ingress({"from": [labels(app="checkot")]}), pod("shop/c", ip="10.0.1.8", app="checkout")],
        "ingress rule 1 admits app=checkot in namespace shop, where no pod is so; nearest label app=checkout",
    ),
    "a peer by another key": (
        [ingress({"from": [labels(**{"app.kubernetes.io/name": "db"})]})],
        "nearest label app=db",
    ),
    "a peer of another namespace": (
        [ingress({"from": [labels(app="prometheus")]})],
        "there are some in monitoring: a podSelector alone means the policy's own namespace",
    ),
    "a namespace by a label that it lacks": (
        [ingress({"from": [in_namespace(name="monitoring")]})],
        "ingress rule 1 admits namespaces with name=monitoring: namespace monitoring has no label name",
    ),
    "a namespace in a list by a label that it lacks": (
        [ingress({"from": [{"namespaceSelector": {"matchExpressions": [
            {"key": "name", "operator": "In", "values": ["elsewhere", "monitoring"]}]}}]})],
        "ingress rule 1 admits namespaces with name in (elsewhere,monitoring): namespace monitoring has no label name",
    ),
    "a namespace's label that is misspelt": (
        [ingress({"from": [in_namespace(team="platfrom")]}), namespace("plat", team="platform")],
        "nearest label team=platform",
    ),
    "a dash too many": (
        [egress({"to": [in_namespace(team="ops"), labels(app="prometheus")]}, ASK_DNS)],
        "a dash too many makes two peers of one",
    ),
    "a dash too few": (
        [ingress({"from": [{**in_namespace(team="ops"), **labels(app="db")}]})],
        "a dash before each makes two peers",
    ),
    "a port's name that no pod has": (
        [ingress({"ports": [{"port": "htttp"}]})],
        "ingress rule 1 admits TCP port htttp, and none of the pods it is about has one; there is http",
    ),
    "a port's name of another protocol": (
        [ingress({"ports": [{"port": "http", "protocol": "UDP"}]})],
        "none of the pods it is about has one: theirs is TCP",
    ),
    "a port's name of the Service": (
        [ingress({"ports": [{"port": "web"}]}), service("shop/web", 80, "http")],
        "it is a name of port 80 of Service shop/web",
    ),
    "a port's name of an address": (
        [egress({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": "http"}]}, ASK_DNS)],
        "an address has no port names",
    ),
    "the Service's port": (
        [ingress({"ports": [{"port": 80}]}), service("shop/web", 80, "http")],
        "ingress rule 1 admits TCP 80, which is port 80 of Service shop/web; policies see the pod's own port: 8080",
    ),
    "the Service's port towards a peer": (
        [egress({"to": [labels(app="web")], "ports": [{"port": 80}]}, ASK_DNS, app="db"),
         service("shop/web", 80, 8080)],
        "policies see the pod's own port: 8080",
    ),
    "no DNS": (
        [egress({"to": [labels(app="db")]})],
        "egress rule 1 lets pods talk, but no rule lets them ask the cluster's DNS over UDP",
    ),
    "no DNS where its pods are known": (
        [egress({"to": [labels(app="db")]}), DNS_SERVICE],
        "egress rule 1 lets pods talk, but no rule lets them ask the cluster's DNS over UDP",
    ),
    "no DNS beside a port of every address": (
        [egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]})],
        "egress rule 1 lets pods talk, but no rule lets them ask the cluster's DNS over UDP",
    ),
    "no DNS beside all addresses but those of pods": (
        [egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}), DNS_SERVICE],
        "egress rule 1 lets pods talk, but no rule lets them ask the cluster's DNS over UDP",
    ),
    "DNS over TCP only": (
        [egress({"to": [labels(app="db")]}, {"ports": [{"port": 53}]})],
        "egress rule 2 admits DNS over TCP only",
    ),
    "the address of a Service": (
        [egress({"to": [{"ipBlock": {"cidr": "10.96.0.20/32"}}]}, ASK_DNS, app="db"), service("shop/web", 80, 8080)],
        "egress rule 1 admits 10.96.0.20, the address of Service shop/web: policies see the addresses of its pods",
    ),
    "a block that is written as one of its addresses": (
        [ingress({"from": [{"ipBlock": {"cidr": "192.0.2.17/24"}}]})],
        "ingress rule 1 admits 192.0.2.17/24, which is all of 192.0.2.0/24; one address is 192.0.2.17/32",
    ),
    "the address of a pod": (
        [egress({"to": [{"ipBlock": {"cidr": "10.0.1.2/32"}}]}, ASK_DNS)],
        "egress rule 1 admits 10.0.1.2, the address that pod shop/db has now",
    ),
    "clients that a Service hides": (
        [ingress({"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}),
         service("shop/web", 80, 8080, type="LoadBalancer"),
         {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"},
          "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}]}}],
        "come with a node's address where its endpoint is on another node",
    ),
}  # fmt: skip

UNFIXED = {
    "a policy that selects nothing",
    "a rule beside one that admits everything",
    "a port's name of an address",
    "a block that is written as one of its addresses",
}
"""Mistakes that have no one fix."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str) -> None:
    manifests, said = MISTAKES[mistake]

    assert any(said in finding.text for finding in of(*manifests)), [f.text for f in of(*manifests)]


@pytest.mark.parametrize("mistake", sorted(MISTAKES.keys() - UNFIXED))
def test_its_fix_mends_it(mistake: str) -> None:
    manifests, said = MISTAKES[mistake]
    finding = next(finding for finding in of(*manifests) if said in finding.text)

    (fix,) = finding.fixes
    assert isinstance(fix, Fix)
    mended = [fix.of(manifest) if record(manifest).key == fix.key else manifest for manifest in manifests]

    assert mended != manifests
    assert of(*mended) == [other for other in of(*manifests) if other.text != finding.text]


@pytest.mark.parametrize(
    "right",
    [
        [ingress({"from": [labels(app="db")], "ports": [{"port": "http"}]})],
        [ingress({"from": [labels(**{"web-client": "true"})]})],
        [ingress({"from": [in_namespace(**{"kubernetes.io/metadata.name": "monitoring"})]})],
        [ingress({"from": [{**in_namespace(team="ops"), **labels(app="prometheus")}]})],
        [ingress({"ports": [{"port": 80}, {"port": 8080}]}), service("shop/web", 80, 8080)],
        [ingress({"ports": [{"port": 9999}]})],
        [ingress({"from": [labels(app="db")]}, {"ports": [{"port": 8080}]})],
        [egress({"to": [labels(app="db")], "ports": [{"port": 9999}]}, {"ports": [{"port": 5432}]}, ASK_DNS)],
        [egress({"to": [labels(app="db")]}, ASK_DNS)],
        [egress({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}, {"ports": [{"port": 443}]}, ASK_DNS)],
        [ingress({"from": [labels(app="web-2")]}), pod("shop/w1", ip="10.0.1.7", app="web-1")],
        [egress(), egress({"to": [labels(app="db")]}, ASK_DNS)],
        [egress({"to": [labels(app="db")]}, {"to": [in_namespace(**{"kubernetes.io/metadata.name": "kube-system"})],
                                             "ports": [{"port": 53, "protocol": "UDP"}]}), DNS_SERVICE],
        [egress({"to": [labels(app="db")]}, {"to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}],
                                             "ports": [{"port": 53, "protocol": "UDP"}]}), DNS_SERVICE],
        [egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]})],
        [egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}), DNS_SERVICE],
        [egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}, {"port": 6443}]}), DNS_SERVICE],
        [egress({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}]}), DNS_SERVICE],
        [egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}), DNS_SERVICE,
         DNS_CACHE],
        [egress({"to": [{"ipBlock": {"cidr": "10.96.0.0/12"}}]}, app="db"), service("shop/web", 80, 8080),
         pod("shop/one", ip="10.97.0.1")],
        [policy("shop/deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})],
        [policy("empty/deny", {"podSelector": {}}), namespace("empty")],
    ],
)  # fmt: skip
def test_what_is_right_is_quiet(right: list[Manifest]) -> None:
    assert [finding.text for finding in of(*right)] == []


@pytest.mark.rule("NP-22")
def test_np_22_where_an_ip_block_holds_no_pod_all_addresses_are_not_the_clusters_dns() -> None:
    manifests = egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}), DNS_SERVICE

    assert of(*manifests) == []
    (finding,) = of(*manifests, profile="cilium")
    assert "no rule lets them ask the cluster's DNS over UDP" in finding.text


def test_a_rule_that_is_written_to_admit_everything_is_no_slip() -> None:
    (finding,) = of(ingress({"from": [labels(app="db")]}, {}))
    assert finding.text == "ingress rule 2 admits everything from everywhere, so its other rules make no difference"


def from_block(cidr: str, *peers: Manifest) -> Manifest:
    return ingress({"from": [{"ipBlock": {"cidr": cidr}}, *peers]})


@pytest.mark.rule("NP-22")
def test_np_22_where_an_ip_block_holds_no_pod_one_for_pods_admits_none() -> None:
    node: Manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"},
                      "status": {"addresses": [{"type": "InternalIP", "address": "10.200.0.1"}]}}  # fmt: skip

    def said(*manifests: Manifest, profile: str = "cilium") -> list[str]:
        return [finding.text for finding in of(node, *manifests, profile=profile)]

    holds = "an ipBlock holds no pod under cilium (sourced)"
    assert said(from_block("10.0.0.0/16")) == [
        f"ingress rule 1 admits 10.0.0.0/16, which holds addresses of pods, and {holds}; select pods by label"
    ]
    assert said(from_block("10.0.1.2/32")) == [
        f"ingress rule 1 admits 10.0.1.2, the address that pod shop/db has now: {holds}"
    ]
    assert said(from_block("10.0.0.0/16"), profile="calico") == []
    assert said(from_block("10.0.0.0/8")) == [], "nodes are meant, too"
    assert said(from_block("10.0.0.0/16", {"namespaceSelector": {}})) == []
    assert said(from_block("10.9.0.0/16")) == []


def test_what_admits_an_address_that_kwake_made_up_is_not_told() -> None:
    policy = egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]})
    records = [record(m, made="made" if m is DNS else "") for m in (*SHOP, DNS_SERVICE, policy)]
    assert list(lint(Cluster({r.key: r for r in records}), load_profile("calico"))) == []


def test_a_policy_of_pods_on_the_hosts_network_acts_on_nobody() -> None:
    agent = pod("shop/agent", ip="192.168.0.9", host_network=True, app="agent")

    (finding,) = of(agent, ingress(app="agent"))

    assert finding.text.startswith("selects only pods on the host's network: no policy acts on those under calico")


def test_under_a_cni_that_enforces_none_all_policies_have_no_effect() -> None:
    findings = of(ingress({"from": [labels(app="db")]}), profile="flannel")

    assert [(f.subject, f.text) for f in findings] == [
        ("profile flannel", "1 NetworkPolicies have no effect: flannel enforces none")
    ]


def admin(name: str, priority: int, *rules: dict[str, Any]) -> Manifest:
    return {"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": {"name": name},
            "spec": {"priority": priority, "subject": {"namespaces": {}}, "ingress": list(rules)}}  # fmt: skip


OPS = {"namespaces": {"matchLabels": {"team": "ops"}}}


def lint_tiers(*manifests: Manifest) -> list[Finding]:
    profile = load_profile("calico", {"admin-tiers": "both"})
    return list(lint(Cluster({r.key: r for r in map(record, (*SHOP, *manifests))}), profile))


def test_an_admin_rule_that_another_one_shadows_never_decides() -> None:
    deny = {"action": "Deny", "from": [OPS]}
    (finding,) = lint_tiers(admin("a", 1, {"action": "Allow", "from": [OPS]}, deny))

    assert finding.text == "ingress rule 2 never decides: ingress rule 1 before it accepts all that it means"
    (fix,) = finding.fixes
    assert isinstance(fix, Fix)
    assert fix.patch == [
        {"op": "test", "path": "/spec/ingress/1", "value": deny},
        {"op": "remove", "path": "/spec/ingress/1"},
    ]


def test_patches_of_shadowed_rules_that_are_made_one_after_the_other_take_out_no_other_rule() -> None:
    allow, deny, last = ({"name": action, "action": action, "from": [OPS]} for action in ("Allow", "Deny", "Pass"))
    live = {"name": "live", "action": "Deny", "from": [{"namespaces": {}}]}
    manifest = admin("a", 1, allow, deny, last, live)
    first, second = (fix for finding in lint_tiers(manifest) for fix in finding.fixes if isinstance(fix, Fix))

    after = first.of(manifest)

    assert after["spec"]["ingress"] == [allow, last, live]
    with pytest.raises(UsageError, match="test /spec/ingress/2/name: the object has another value there"):
        second.of(after)


def test_an_admin_rule_is_shadowed_by_a_policy_of_lower_priority_number() -> None:
    deny = {"action": "Deny", "from": [OPS]}
    found = lint_tiers(admin("a", 1, deny), admin("b", 2, {"action": "Allow", "from": [OPS]}))

    assert [(f.subject, f.text) for f in found] == [
        ("AdminNetworkPolicy/b", "ingress rule 1 never decides: a ingress rule 1 before it denies all that it means")
    ]


@pytest.mark.parametrize(
    "policies",
    [
        [admin("a", 1, {"action": "Allow", "from": [OPS], "ports": [{"portNumber": {"port": 80}}]},
               {"action": "Deny", "from": [OPS]})],
        [admin("a", 1, {"action": "Allow", "from": [OPS]}, {"action": "Deny", "from": [{"namespaces": {}}]})],
        [admin("a", 1, {"action": "Allow", "from": [OPS]}), admin("b", 1, {"action": "Deny", "from": [OPS]})],
    ],
)  # fmt: skip
def test_an_admin_rule_that_means_more_is_not_shadowed(policies: list[Manifest]) -> None:
    assert [finding for finding in lint_tiers(*policies) if "never decides" in finding.text] == []


@pytest.mark.parametrize(
    ("word", "other"), [("checkot", "checkout"), ("check-out", "checkout"), ("Frontend", "frontend")]
)
def test_a_slip_of_the_pen_is_one(word: str, other: str) -> None:
    assert is_misspelt(word, other)


@pytest.mark.parametrize(
    ("word", "other"),
    [("web-1", "web-2"), ("web-a", "web-b"), ("frontend", "backend"), ("visa", "mastercard"), ("web", "web"),
     ("app-blue", "app-green"), ("mastercard-processor", "visa-processor")],
)  # fmt: skip
def test_another_name_is_no_slip(word: str, other: str) -> None:
    assert not is_misspelt(word, other)
