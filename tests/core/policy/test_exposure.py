"""What pods that do not exist yet could do."""

from __future__ import annotations

from typing import Any

from kwake.policy.exposure import Exposure, exposure
from kwake.profiles.load import load_profile
from tests.core.policy.clusters import cluster, namespace, pod, policy

DB = pod("shop/db", ip="10.0.1.2", app="db")


def of(*manifests: dict[str, Any]) -> Exposure:
    return exposure(cluster(namespace("shop"), DB, *manifests), load_profile("calico"))


def ingress(*rules: dict[str, Any]) -> dict[str, Any]:
    return policy("shop/db", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": list(rules)})


def reaching(found: Exposure) -> dict[str, str]:
    return {pair.src: str(pair.connections) for pair in found.ingress}


def test_a_pod_that_no_policy_selects_is_open_to_all() -> None:
    assert reaching(of()) == {"entire-cluster": "All Connections"}


def test_a_pod_that_is_isolated_is_open_to_whom_rules_mean() -> None:
    rule = {"from": [{"podSelector": {"matchLabels": {"role": "client"}}}], "ports": [{"port": 5432}]}

    assert reaching(of(ingress(rule))) == {"shop/[pod with {role=client}]": "TCP 5432"}


def test_a_namespace_that_is_named_counts_by_its_name() -> None:
    rule = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "new"}}}]}

    assert reaching(of(ingress(rule))) == {"new/[all pods]": "All Connections"}


def test_pods_that_may_or_may_not_be_meant_are_not() -> None:
    rule = {"from": [{"namespaceSelector": {}, "podSelector": {"matchExpressions": [
        {"key": "role", "operator": "NotIn", "values": ["test"]}]}}]}  # fmt: skip

    assert "entire-cluster" not in reaching(of(ingress(rule)))


def test_pods_like_those_that_exist_are_left_to_reach() -> None:
    web = pod("shop/web", ip="10.0.1.1", app="web")

    assert reaching(of(web, ingress({"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}))) == {
        "entire-cluster": "All Connections"  # web itself is open
    }


def test_what_a_policy_of_another_kind_may_decide_is_unknown() -> None:
    unread = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
              "metadata": {"name": "c", "namespace": "shop"},
              "spec": {"endpointSelector": {}, "ingress": [{}]}}  # fmt: skip
    found = of(unread)

    assert found.ingress == () and "CiliumNetworkPolicy/shop/c" in found.unknown[0].reason
