"""Policies of kinds that kwake does not read make unknown whom they may select, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.objects.document import Manifest
from kwake.policy.reach import reach
from kwake.profiles import load_profile
from tests.core.policy.clusters import ask, cluster, namespace, pod, policy

PODS = (pod("shop/web", ip="10.0.0.1", app="web"), pod("shop/db", ip="10.0.0.2", app="db"),
        pod("mail/web", ip="10.0.0.3", app="web"), namespace("shop", team="a"), namespace("mail"))  # fmt: skip


def custom(api: str, kind: str, spec: dict[str, Any], name: str = "shop") -> Manifest:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "p", "namespace": name}, "spec": spec}


APP_DB = {"matchLabels": {"app": "db"}}
INTO_DB = [
    custom("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": APP_DB, "ingress": [{}]}),
    custom("cilium.io/v2", "CiliumNetworkPolicy",
           {"endpointSelector": {"matchLabels": {"k8s:app": "db"}}, "ingressDeny": [{}]}),
    custom("cilium.io/v2", "CiliumClusterwideNetworkPolicy", {"endpointSelector": APP_DB, "ingress": [{}]}, ""),
    custom("crd.projectcalico.org/v1", "NetworkPolicy", {"selector": "app == 'db'", "types": ["Ingress"]}),
    custom("crd.projectcalico.org/v1", "GlobalNetworkPolicy",
           {"selector": "projectcalico.org/orchestrator == 'k8s' && app in {'db', 'x'}", "ingress": [{}]}, ""),
    custom("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy",
           {"subject": {"pods": {"podSelector": APP_DB, "namespaceSelector": {}}}, "ingress": [{}]}),
    custom("crd.antrea.io/v1beta1", "NetworkPolicy", {"appliedTo": [{"podSelector": APP_DB}], "ingress": [{}]}),
]  # fmt: skip


@pytest.mark.parametrize("unread", INTO_DB, ids=lambda manifest: str(manifest["kind"]))
def test_only_the_pods_and_the_direction_that_it_may_judge_are_unknown(unread: Manifest) -> None:
    of = cluster(*PODS, unread)
    verdict = ask(of, "shop/web", "shop/db")
    assert verdict.allowed is None
    assert "kwake does not read this kind" in verdict.ingress.reason
    assert ask(of, "shop/db", "shop/web").allowed is True
    assert ask(of, "shop/web", "mail/web").allowed is True


@pytest.mark.parametrize("selector", ["app == 'db' || has(x)", "!(app == 'web')", "app contains 'd'", None])
def test_a_selector_that_cannot_be_read_may_select_every_pod_of_its_namespace(selector: str | None) -> None:
    of = cluster(*PODS, custom("projectcalico.org/v3", "NetworkPolicy", {"selector": selector, "types": ["Ingress"]}))
    assert ask(of, "mail/web", "shop/web").allowed is None
    assert ask(of, "shop/web", "mail/web").allowed is True


def test_a_subject_of_namespaces_narrows_by_their_labels() -> None:
    spec = {"subject": {"namespaces": {"matchLabels": {"team": "a"}}}, "egress": [{}]}
    of = cluster(*PODS, custom("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", spec))
    assert ask(of, "shop/web", "mail/web").allowed is None
    assert ask(of, "mail/web", "shop/web").allowed is True


def test_a_sure_denial_of_the_other_side_stays_a_denial() -> None:
    of = cluster(*PODS, INTO_DB[0], policy("mail/p", {"podSelector": {}, "policyTypes": ["Egress"]}))
    assert ask(of, "mail/web", "shop/db").allowed is False


def test_staged_policies_and_other_kinds_of_the_group_enforce_nothing() -> None:
    of = cluster(*PODS, custom("projectcalico.org/v3", "StagedNetworkPolicy", {}), custom("cilium.io/v2", "X", {}))
    assert ask(of, "shop/web", "shop/db").allowed is True


def test_np_12_a_cni_without_policies_enforces_no_unread_ones_either() -> None:
    assert ask(cluster(*PODS, INTO_DB[0]), "shop/web", "shop/db", profile="flannel").allowed is True


def test_reach_lists_unknown_pairs_with_their_reason_and_no_others() -> None:
    found = reach(cluster(*PODS, INTO_DB[0]), load_profile())
    reason = "CiliumNetworkPolicy/shop/p may select the pod; kwake does not read this kind"
    assert [(pair.src, pair.dst, pair.reason) for pair in found.unknown] == [
        ("0.0.0.0-255.255.255.255", "shop/db[Pod]", reason),
        ("mail/web[Pod]", "shop/db[Pod]", reason),
        ("shop/web[Pod]", "shop/db[Pod]", reason),
    ]
    assert not {pair.dst for pair in found.pairs} & {"shop/db[Pod]"}
