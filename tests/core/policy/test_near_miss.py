"""What a denial says nearly matched."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.policy.ends import Half
from kwake.policy.policy_set import compile_policies
from kwake.profiles import load_profile
from tests.core.policy.clusters import ask, cluster, end, namespace, pod, policy

WEB = pod("shop/web", ip="10.0.1.1", node="a", app="web", track="canary")
DB = pod("shop/db", ip="10.0.2.1", node="b", app="db", ports=[{"name": "pg", "containerPort": 5432}])
DENY = policy("shop/deny", {"podSelector": {}})


def misses(*policies: Any, source: str = "shop/web", port: int = 5432, extra: tuple[Any, ...] = ()) -> tuple[str, ...]:
    of = cluster(WEB, DB, namespace("shop"), *extra, DENY, *policies)
    verdict = ask(of, source, "shop/db", port)
    assert verdict.ingress.allowed is False
    return tuple(str(half) for miss in verdict.ingress.near_misses for half in (miss.wanted, miss.found))


def admit(peer: dict[str, Any], ports: list[dict[str, Any]] | None = None, **select: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": select}, "ingress": [{"from": [peer], "ports": ports or []}]}


def labels(**wanted: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": wanted}}


def test_a_label_of_the_peer_differs() -> None:
    assert misses(policy("shop/allow", admit(labels(track="stable"), app="db"))) == (
        "allow ingress rule 1 admits track=stable",
        "shop/web has track=canary",
    )


def test_the_port_differs() -> None:
    assert misses(policy("shop/allow", admit(labels(app="web"), [{"port": 443}], app="db"))) == (
        "allow ingress rule 1 admits TCP 443",
        "dialled TCP 5432",
    )


def test_the_pod_lacks_the_port_name() -> None:
    assert misses(policy("shop/allow", admit(labels(app="web"), [{"port": "postgres"}], app="db"))) == (
        "allow ingress rule 1 admits TCP postgres",
        "shop/db has no TCP port named postgres",
    )


def test_one_who_shows_no_near_miss_is_told_all_the_rest() -> None:
    of = cluster(WEB, DB, namespace("shop"), DENY, policy("shop/allow", admit(labels(track="stable"), app="db")))
    policies = compile_policies(of, load_profile("calico"))
    ends = (end(of, "shop/web"), end(of, "shop/db"), "TCP", 5432)
    told, rest = policies.verdict(*ends), policies.without_near_misses.verdict(*ends)
    assert told.ingress.near_misses
    assert rest == msgspec.structs.replace(told, ingress=msgspec.structs.replace(told.ingress, near_misses=()))
    assert policies.verdict(*ends) == told


def test_a_policy_of_other_pods_is_no_near_miss() -> None:
    db2 = pod("shop/db2", ip="10.0.2.2", app="db2")
    assert misses(policy("shop/allow", admit(labels(app="web"), app="db2")), extra=(db2,)) == ()


def test_the_policy_selects_by_another_key() -> None:
    name = {"app.kubernetes.io/name": "db"}
    other = pod("shop/other", ip="10.0.2.2")
    other["metadata"]["labels"] = name
    found = misses(policy("shop/allow", {**admit(labels(app="web")), "podSelector": {"matchLabels": name}}),
                   extra=(other,))  # fmt: skip

    assert found == ("allow selects app.kubernetes.io/name=db", "this pod has no label app.kubernetes.io/name")


def test_an_address_outside_is_no_pod() -> None:
    assert misses(policy("shop/allow", admit(labels(app="web"), app="db")), source="203.0.113.9") == (
        "allow ingress rule 1 admits app=web",
        "203.0.113.9 is no pod: selectors mean pods only",
    )


def test_every_pod_of_every_namespace_is_no_address_outside() -> None:
    assert misses(policy("shop/allow", admit({"namespaceSelector": {}}, app="db")), source="203.0.113.9") == (
        "allow ingress rule 1 admits every pod in every namespace",
        "203.0.113.9 is no pod: selectors mean pods only",
    )


def test_the_policy_selects_no_pod_at_all() -> None:
    assert misses(policy("shop/allow", admit(labels(app="web"), app="d-b"))) == (
        "allow selects 0 pods: app=d-b",
        "nearest label app=db",
    )


def test_the_namespace_has_another_label() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    assert misses(policy("shop/allow", admit(peer, app="db"))) == (
        "allow ingress rule 1 admits namespaces with team=a",
        "namespace shop has no label team",
    )


def test_the_peer_is_in_another_namespace() -> None:
    extra = pod("mail/web", ip="10.0.3.1", app="web"), namespace("mail")
    assert misses(policy("shop/allow", admit(labels(app="web"), app="db")), source="mail/web", extra=extra) == (
        "allow ingress rule 1 admits pods of namespace shop",
        "mail/web is in namespace mail",
    )


def test_the_address_is_in_an_exception() -> None:
    block = {"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.8/29"]}}
    assert misses(policy("shop/allow", admit(block, app="db")), source="203.0.113.9") == (
        "allow ingress rule 1 admits 203.0.113.0/24 except 203.0.113.8/29",
        "the address is 203.0.113.9",
    )


def test_the_peer_is_on_the_hosts_network() -> None:
    agent = pod("shop/agent", ip="192.168.0.9", node="c", host_network=True, app="agent")
    assert misses(policy("shop/allow", admit(labels(app="agent"), app="db")), source="shop/agent", extra=(agent,)) == (
        "allow ingress rule 1 admits app=agent",
        "shop/agent is on the host's network: no selector sees it",
    )


def test_the_nearest_two_are_shown_the_nearest_first() -> None:
    found = misses(
        policy("shop/far", admit(labels(app="zzzz", track="qqqq"), app="db")),
        policy("shop/mid", admit(labels(app="zzzz"), app="db")),
        policy("shop/near", admit(labels(app="wep"), app="db")),
    )
    assert [line.split()[0] for line in found[::2]] == ["near", "mid"]


def test_a_denial_by_a_lone_default_deny_has_nothing_near() -> None:
    assert misses() == ()


def test_every_label_that_is_wrong_is_named_the_pods_and_the_namespaces() -> None:
    peer = {**labels(app="checkout"), "namespaceSelector": {"matchLabels": {"team": "shop"}}}
    ops = namespace("ops", team="ops")
    statsd = pod("ops/statsd", ip="10.0.3.1", node="a", app="statsd")

    found = misses(policy("shop/allow", admit(peer, app="db")), source="ops/statsd", extra=(ops, statsd))

    assert found == (
        "allow ingress rule 1 admits app=checkout in namespaces with team=shop",
        "ops/statsd has app=statsd, its namespace team=ops",
    )


def test_a_near_miss_is_apart_where_it_differs() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    of = cluster(WEB, DB, namespace("shop"), DENY, policy("shop/allow", admit(peer, app="db")))

    (miss,) = ask(of, "shop/web", "shop/db", 5432).ingress.near_misses
    assert miss.wanted == Half("allow ingress rule 1 admits namespaces with", "team=a")
    assert miss.found == Half("namespace shop has", "no label team")


def test_a_near_miss_says_where_the_rule_or_the_selector_stands() -> None:
    rules = policy("shop/allow", {**admit(labels(app="x"), app="db"), "egress": [{}]})
    selects = policy("shop/other", admit(labels(app="web"), app="bd"))

    for wanted, place in (
        (rules, ("shop/allow", "ingress rule 1", ("spec", "ingress", 0))),
        (selects, ("shop/other", "selects", ("spec", "podSelector"))),
    ):
        of = cluster(WEB, DB, namespace("shop"), DENY, wanted)
        (miss,) = ask(of, "shop/web", "shop/db", 5432).ingress.near_misses
        assert (str(miss.policy).removeprefix("NetworkPolicy/"), miss.rule, miss.path) == place


def test_a_peer_of_a_namespace_that_matches_is_named_with_it() -> None:
    peer = {**labels(app="checkout"), "namespaceSelector": {"matchLabels": {"team": "shop"}}}
    home = namespace("shop", team="shop")

    assert misses(policy("shop/allow", admit(peer, app="db")), extra=(home,)) == (
        "allow ingress rule 1 admits app=checkout of team=shop",
        "shop/web has app=web",
    )
