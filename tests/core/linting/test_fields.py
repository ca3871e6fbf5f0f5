"""Misspelt fields: dropped they often mean the opposite, so the field that was meant is offered."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake.control.admission import record_violations
from kwake.linting.fields import meant_field, respelt_field
from kwake.objects.document import Manifest
from kwake.policy.change import applied
from tests.core.linting.shop import SHOP, service
from tests.core.policy.clusters import ask, cluster, policy


def shop_policy(**spec: Any) -> Manifest:
    return policy("shop/p", {"podSelector": {}, **spec})


ONLY_DB = {"from": [{"podSelector": {"matchLabels": {"app": "db"}}}]}
MISSPELT: dict[str, tuple[Manifest, Manifest]] = {
    "matchLabel": (
        policy("shop/p", {"podSelector": {"matchLabel": {"app": "web"}}, "ingress": [ONLY_DB]}),
        policy("shop/p", {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [ONLY_DB]}),
    ),
    "a peer without from": (
        shop_policy(ingress=[{"podSelector": {"matchLabels": {"app": "db"}}}]),
        shop_policy(ingress=[ONLY_DB]),
    ),
    "a peer beside to": (
        shop_policy(egress=[{"to": [{"podSelector": {}}], "ipBlock": {"cidr": "10.0.0.0/8"}}]),
        shop_policy(egress=[{"to": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
    ),
    "a port without ports": (
        shop_policy(ingress=[{**ONLY_DB, "port": 8080}]),
        shop_policy(ingress=[{**ONLY_DB, "ports": [{"port": 8080}]}]),
    ),
    "policyType": (
        shop_policy(policyType=["Egress"], egress=[{}]),
        shop_policy(policyTypes=["Egress"], egress=[{}]),
    ),
    "a Service's targetport": (
        service("shop/front", 80, 80, ports=[{"port": 80, "targetPort": 80, "targetport": 8080}]),
        service("shop/front", 80, 80, ports=[{"port": 80, "targetPort": 8080}]),
    ),
    "a Service's selectors": (
        service("shop/front", 80, 8080, selectors={"app": "db"}),
        service("shop/front", 80, 8080, selector={"app": "db"}),
    ),
}
# `selector` stands there already in the last one, so it cannot have been meant.
UNFIXED = {"a Service's selectors"}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_field_that_there_is_not_gets_the_name_or_the_place_that_was_meant(name: str) -> None:
    wrong, right = MISSPELT[name]
    before = cluster(*SHOP, wrong)
    (item,) = (item for item in before if any(violation.is_unknown for violation in record_violations(item)))
    (violation,) = (violation for violation in record_violations(item) if violation.is_unknown)

    fixes = respelt_field(item, violation.field)

    if name in UNFIXED:
        assert fixes == ()
    else:
        assert applied(before, fixes).record(item.key).manifest == right


def test_a_field_that_looks_like_no_other_is_left_alone() -> None:
    before = cluster(*SHOP, shop_policy(ingress=[{**ONLY_DB, "whatever": 1}]))
    (item,) = (item for item in before if list(record_violations(item)))

    assert respelt_field(item, ("spec", "ingress", 0, "whatever")) == ()


def test_dropped_it_opens_what_was_meant_to_be_closed() -> None:
    wrong, right = MISSPELT["a peer without from"]

    assert ask(cluster(*SHOP, wrong), "monitoring/prometheus", "shop/web", 8080).allowed is True
    assert ask(cluster(*SHOP, right), "monitoring/prometheus", "shop/web", 8080).allowed is False


def test_a_misspelt_namespace_is_named_and_not_patched() -> None:
    manifest = shop_policy()
    manifest["metadata"] = {"name": "p", "namspace": "shop"}
    (item,) = cluster(manifest)
    (violation,) = record_violations(item)
    assert meant_field(item, violation.field) == "namespace"
    assert respelt_field(item, violation.field) == ()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"podSelector": {}, "ingress": [{"form": [{"podSelector": {}}]}]}, "the rule admits everybody"),
        ({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "prots": []}]}, "the rule admits every port"),
        ({"podSelectors": {"matchLabels": {"app": "a"}}}, "the policy selects every pod of its namespace"),
        ({"podSelector": {"matchlabel": {"app": "a"}}}, "the selector means every pod"),
        (
            {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"labels": {}}}]}]},
            "the selector means every namespace",
        ),
    ],
)
def test_a_dropped_field_is_told_with_what_is_meant_without_it(spec: dict[str, Any], words: str) -> None:
    world = kwake.open([policy("shop/p", spec)])

    [text] = [finding.text for finding in world.findings if finding.text.startswith("unknown field")]

    assert f"; dropped, and {words}" in text


@pytest.mark.parametrize(
    "rule",
    [
        {"description": "all may", "ports": [{"port": 80}]},
        {"from": [{"podSelector": {}}], "form": []},
        {"from": [{"podSelector": {}}], "ports": [{"port": 80}], "Ports": []},
    ],
)
def test_a_dropped_field_that_widens_nothing_is_told_without_more(rule: dict[str, Any]) -> None:
    world = kwake.open([policy("shop/p", {"podSelector": {}, "ingress": [rule]})])

    [text] = [finding.text for finding in world.findings if finding.text.startswith("unknown field")]

    assert "; dropped" not in text
