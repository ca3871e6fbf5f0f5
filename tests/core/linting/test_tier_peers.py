"""Admin tiers that judge nobody, mean nobody, or are about ports that nobody has."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.linting.lint import lint
from kwake.objects.document import Manifest
from kwake.policy.change import applied
from kwake.profiles.load import load_profile
from tests.core.linting.shop import SHOP, service
from tests.core.policy.clusters import ask, cluster
from tests.core.policy.tier_objects import anp, banp, cnp, labelled, rule

BOTH = load_profile("calico", {"admin-tiers": "both"})
OF_WEB, OF_DB = labelled(app="web"), labelled(app="db")


def numbered(port: int) -> list[dict[str, Any]]:
    return [{"portNumber": {"port": port, "protocol": "TCP"}}]


MISTAKES: dict[str, tuple[list[Manifest], str, bool]] = {
    "a subject that is misspelt": (
        [anp("a", 1, subject=labelled(app="promethues"), ingress=[rule("Deny")])],
        "judges 0 pods: pods with app=promethues of namespaces with everything, and no pod there is so; nearest label "
        "app=prometheus",
        True,
    ),
    "a subject that nothing is like": (
        [anp("a", 1, subject=labelled(app="later"), ingress=[rule("Deny")])],
        "judges 0 pods: pods with app=later of namespaces with everything",
        False,
    ),
    "a namespace by a label that it lacks": (
        [anp("a", 1, ingress=[rule("Deny", {"namespaces": {"matchLabels": {"name": "monitoring"}}})])],
        "ingress rule 1 means pods of namespaces with name=monitoring: namespace monitoring has no label name",
        True,
    ),
    "pods of a namespace by a label that it lacks": (
        [cnp("a", 1, subject=OF_DB, ingress=[rule("Deny", {"pods": {
            "namespaceSelector": {"matchLabels": {"name": "shop"}}, "podSelector": {}}})])],
        "ingress rule 1 means pods with everything of namespaces with name=shop: namespace shop has no label name",
        True,
    ),
    "a port's name that no pod has": (
        [anp("a", 1, subject=OF_WEB, ingress=[rule("Allow", ports=[{"namedPort": "htttp"}])])],
        "ingress rule 1 is about port htttp, and none of the pods that it means has one; there is http",
        True,
    ),
    "a port's name of the new API": (
        [cnp("a", 1, subject=OF_DB, egress=[rule("Accept", OF_WEB, to=True,
                                                 protocols=[{"destinationNamedPort": "web"}])])],
        "egress rule 1 is about port web, and none of the pods that it means has one; there is http",
        False,
    ),
    "the Service's port": (
        [service("shop/web", 80, 8080),
         banp(subject=OF_WEB, ingress=[rule("Deny", OF_DB, ports=numbered(80))])],
        "ingress rule 1 is about TCP 80, which is port 80 of Service shop/web; policies see the pod's own: 8080",
        True,
    ),
    "the Service's port in the new API": (
        [service("shop/web", 80, 8080),
         cnp("a", 1, subject=OF_DB, egress=[rule("Deny", OF_WEB, to=True,
                                                 protocols=[{"tcp": {"destinationPort": {"number": 80}}}])])],
        "egress rule 1 is about TCP 80, which is port 80 of Service shop/web",
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_tier_is_found_and_mended_where_one_meaning_is_likely(name: str) -> None:
    manifests, said, fixed = MISTAKES[name]
    before = cluster(*SHOP, *manifests)
    findings = list(lint(before, BOTH))
    (finding,) = (finding for finding in findings if said in finding.text)

    assert bool(finding.fixes) is fixed
    if fixed:
        after = applied(before, finding.fixes)
        assert list(lint(after, BOTH)) == [other for other in findings if other != finding]


def test_the_port_that_was_meant_is_denied_after_the_fix() -> None:
    manifests, said, _ = MISTAKES["the Service's port"]
    before = cluster(*SHOP, *manifests)
    (finding,) = (finding for finding in lint(before, BOTH) if said in finding.text)
    after = applied(before, finding.fixes)

    allowed = [ask(of, "shop/db", "shop/web", 8080, admin_tiers="both").allowed for of in (before, after)]

    assert allowed == [True, False]


@pytest.mark.parametrize(
    "right",
    [
        [anp("a", 1, subject=OF_WEB, ingress=[rule("Deny", labelled(app="later"))])],
        [anp("a", 1, subject=OF_WEB, ingress=[rule("Allow", ports=[{"namedPort": "http"}])])],
        [service("shop/web", 80, 8080), anp("a", 1, subject=OF_WEB, ingress=[rule("Deny", ports=numbered(8080))])],
        [anp("a", 1, egress=[rule("Allow", {"networks": ["10.0.0.0/8"]}, to=True)])],
    ],
)
def test_what_is_right_in_a_tier_is_quiet(right: list[Manifest]) -> None:
    assert [finding.text for finding in lint(cluster(*SHOP, *right), BOTH)] == []
