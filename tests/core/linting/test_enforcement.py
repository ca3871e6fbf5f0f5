"""What `check` says of cluster-wide policies that nobody enforces, or whose order is open."""

from __future__ import annotations

from kwake.linting.lint import lint
from kwake.objects.document import Manifest
from kwake.profiles.load import load_profile
from tests.core.policy.clusters import cluster, namespace, pod
from tests.core.policy.tier_objects import anp, cnp, labelled, rule

PODS = (
    pod("shop/web", ip="10.0.0.1", app="web"),
    pod("shop/db", ip="10.0.0.2", app="db"),
    namespace("shop"),
)


def texts(*policies: Manifest, profile: str = "calico") -> list[str]:
    found = lint(cluster(*PODS, *policies), load_profile(profile))
    return [f"{finding.level}: {finding.subject}: {finding.text}" for finding in found]


def test_a_policy_of_an_api_that_the_cni_lacks_has_no_effect() -> None:
    denied = anp("a", 1, ingress=[rule("Deny")])
    assert texts(denied) == []
    assert texts(denied, profile="cilium") == [
        "warning: AdminNetworkPolicy/a: has no effect: cilium does not enforce AdminNetworkPolicy v1alpha1 (sourced)"
    ]
    assert texts(denied, profile="kindnet") == [
        "unknown: AdminNetworkPolicy/a: whether kindnet enforces AdminNetworkPolicy v1alpha1 is not known"
    ]


def test_policies_of_one_priority_that_judge_the_same_pod_are_named() -> None:
    one, other = anp("a", 1, ingress=[rule("Deny")]), anp("b", 1, ingress=[rule("Allow")])
    assert texts(one, other) == [
        "warning: AdminNetworkPolicy/a: has the same priority as b, and both judge a pod: their order is not defined"
    ]
    of_web = anp("a", 1, subject=labelled(app="web"), ingress=[rule("Deny")])
    assert texts(of_web, anp("b", 1, subject=labelled(app="db"), ingress=[rule("Allow")])) == []
    assert texts(one, anp("b", 1, egress=[rule("Allow", to=True)])) == []
    assert texts(one, cnp("c", 7, ingress=[rule("Accept")])) == [
        "warning: AdminNetworkPolicy/a: is of another API than c, and both judge a pod: their order is not defined"
    ]
