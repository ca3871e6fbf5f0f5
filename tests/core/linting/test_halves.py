"""Rules for connections that nobody can have: the other end, or a tier, stops them all."""

from __future__ import annotations

from kwake.objects.document import Manifest
from tests.core.linting.shop import egress, ingress, labels, of
from tests.core.policy.clusters import pod, policy
from tests.core.policy.tier_objects import anp, rule

FROM_WEB = ingress({"from": [labels(app="web")]}, app="db")


def texts(*manifests: Manifest) -> list[str]:
    return [f.text for f in of(*manifests) if "lets connections pass" in f.text]


def test_a_rule_whose_connections_a_tier_denies_is_told_with_the_rule_that_does() -> None:
    guard = anp("guard", 1, ingress=[rule("Deny")])

    assert texts(FROM_WEB, guard) == [
        "ingress rule 1 lets connections pass from app=web, and AdminNetworkPolicy/guard ingress rule 1 denies them all"
    ]


def test_a_rule_is_of_use_where_the_tier_leaves_it_a_port() -> None:
    first = rule("Pass", ports=[{"portNumber": {"port": 5432, "protocol": "TCP"}}])

    assert texts(FROM_WEB, anp("guard", 1, ingress=[first, rule("Deny")])) == []


def test_a_pod_with_addresses_of_both_families_is_asked_at_each() -> None:
    both = pod("shop/both", ip="10.0.3.1", app="both")
    both["status"]["podIPs"] = [{"ip": "10.0.3.1"}, {"ip": "fd00::1"}]
    of_one = anp("six", 1, egress=[rule("Deny", {"networks": ["::/0"]}, to=True)])

    assert texts(both, ingress({"from": [labels(app="web")]}, app="both"), of_one) == []


def test_beside_a_tier_the_other_end_counts_as_ever() -> None:
    shut = egress(app="web")
    passes = anp("passes", 1, ingress=[rule("Pass")])
    renamed = {**shut, "metadata": {**shut["metadata"], "name": "shut"}}

    assert texts(FROM_WEB, renamed, passes) == texts(FROM_WEB, renamed) != []


def test_a_policy_that_is_not_read_leaves_open_what_becomes_of_the_pods_it_selects() -> None:
    shut = policy("shop/shut", {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]})

    def cilium(app: str) -> Manifest:
        chosen = {"endpointSelector": {"matchLabels": {"app": app}}, "egress": [{}]}
        metadata = {"name": "c", "namespace": "shop"}
        return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": chosen}

    assert texts(FROM_WEB, shut, cilium("other")) != []
    assert texts(FROM_WEB, shut, cilium("web")) == []
