"""Edits that turn a verdict: each is true, and a person would make it."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import pytest

from kwake.objects.json_patch import Change, Fix
from kwake.policy.flip import Flip, Question, flips, spelled
from kwake.policy.policy_set import compile_policies
from kwake.profiles import load_profile
from tests.core.policy.brute_force import End, Object, Reading, World
from tests.core.policy.clusters import cluster, end, namespace, pod, policy
from tests.core.policy.random_clusters import PORTS, Maker
from tests.core.policy.test_brute_force import as_policies_see

PROFILE = load_profile("calico", {"egress-to-own-node": "judged"})
CLUSTERS, MANY = 120, 1020

WEB = pod("shop/web", ip="10.0.1.1", node="a", app="web")
DB = pod("shop/db", ip="10.0.1.2", node="b", app="db", ports=[{"name": "pg", "containerPort": 5432}])
PROM = pod("ops/prom", ip="10.0.2.1", node="a", app="prom")
SHOP = (namespace("shop"), namespace("ops", team="ops"), WEB, DB, PROM)
ENTRY = {"port": 5432, "protocol": "TCP"}


def found(*policies: Object, source: str = "shop/web", port: int = 5432, extra: tuple[Object, ...] = ()) -> list[Flip]:
    of = cluster(*SHOP, *extra, *policies)
    return list(flips(of, PROFILE, Question(end(of, source), end(of, "shop/db"), "TCP", port), most=9))


def admit(*peers: Any, ports: list[Any] | None = None, app: str = "db") -> Object:
    rule = {"from": list(peers), "ports": ports or []}
    return policy("shop/db", {"podSelector": {"matchLabels": {"app": app}}, "ingress": [rule]})


def labels(**wanted: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": wanted}}


def patch(flip: Flip) -> list[dict[str, Any]]:
    (change,) = flip.changes
    assert isinstance(change, Fix)
    return change.patch


def test_a_misspelt_peer_is_spelt_right_first() -> None:
    other = pod("shop/front", ip="10.0.1.5", app="frontend")
    first, *_ = found(admit(labels(app="frontned")), source="shop/front", extra=(other,))

    assert first.words == "spell the label that db ingress rule 1 admits app=frontend"
    assert patch(first) == [
        {"op": "replace", "path": "/spec/ingress/0/from/0/podSelector/matchLabels/app", "value": "frontend"}
    ]


def test_a_peer_is_added_to_the_rule_with_the_port() -> None:
    first, *_ = found(admit(labels(app="other"), ports=[ENTRY]))

    assert patch(first) == [
        {"op": "add", "path": "/spec/ingress/0/from/-", "value": {"podSelector": {"matchLabels": {"app": "web"}}}}
    ]


def test_a_port_is_added_to_the_rule_with_the_peer() -> None:
    first, *_ = found(admit(labels(app="web"), ports=[{"port": 443}]))

    assert patch(first) == [{"op": "add", "path": "/spec/ingress/0/ports/-", "value": ENTRY}]


def test_the_services_port_gives_way_to_the_pods() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "shop"},
               "spec": {"selector": {"app": "db"}, "ports": [{"port": 80, "targetPort": "pg"}]}}  # fmt: skip
    first, *_ = found(admit(labels(app="web"), ports=[{"port": 80}]), extra=(service,))

    assert patch(first) == [{"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": 5432}]


def test_a_peer_of_another_namespace_names_it() -> None:
    first, *_ = found(admit(labels(app="prom"), ports=[ENTRY]), source="ops/prom")

    added = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}, **labels(app="prom")}
    assert patch(first) == [{"op": "add", "path": "/spec/ingress/0/from/-", "value": added}]


def test_beside_a_default_deny_a_policy_of_its_own_is_better_than_a_hole_in_it() -> None:
    (first,) = found(policy("shop/deny", {"podSelector": {}}))

    assert first.words == "add NetworkPolicy shop/db-from-web: ingress from shop/web on TCP 5432"
    assert first.also.changes == ()


def test_a_proposed_policy_is_called_by_the_deployments_that_replica_sets_imply() -> None:
    def made_by(name: str, owner: str, ip: str) -> Object:
        made = pod(name, ip=ip, node="a", app=owner.partition("-")[0])
        owned = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
        return made | {"metadata": made["metadata"] | {"ownerReferences": [owned]}}

    web, db = made_by("shop/w", "cart.v1-74f56fd4b", "10.0.1.8"), made_by("shop/db", "redis-78746d49dc", "10.0.1.9")
    of = cluster(namespace("shop"), web, db, policy("shop/default-deny", {"podSelector": {}}))
    question = Question(end(of, "shop/w"), end(of, "shop/db"), "TCP", 5432)

    first = next(iter(flips(of, PROFILE, question, most=9)))
    assert first.words.startswith("add NetworkPolicy shop/redis-from-cart-v1: ingress from shop/cart.v1-74f56fd4b on")

    of = cluster(namespace("shop"), web, db)
    (first, *_) = flips(of, PROFILE, Question(end(of, "shop/w"), end(of, "shop/db"), "TCP", 5432), most=9)
    assert " shop/redis-deny-ingress, " in first.words or " shop/cart.v1-deny-egress, " in first.words


def test_where_both_sides_deny_both_are_mended() -> None:
    first, *_ = found(policy("shop/deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))

    assert len(first.changes) == 2 and first.allowed


def test_where_several_policies_select_a_pod_one_of_its_own_comes_before_a_rule_in_any() -> None:
    segments = [
        policy(
            f"shop/segment-{n}",
            {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"segment": str(n)}}}]}]},
        )
        for n in range(3)
    ]
    first = found(*segments)[0]
    assert first.words.startswith("add NetworkPolicy shop/db-from-web: ingress from shop/web on TCP 5432")


def test_an_edit_that_opens_other_ports_comes_after_one_that_does_not() -> None:
    guard = policy(
        "shop/guard",
        {
            "podSelector": {"matchLabels": {"app": "db"}},
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "cron"}}}]}],
        },
    )
    offered = [flip.words for flip in found(guard, port=5432)]
    assert offered[0].startswith("add a rule to guard: ingress from shop/web on TCP 5432")
    assert "add shop/web to the peers of guard ingress rule 1" in offered[1:]


def test_of_a_pod_on_the_hosts_network_the_edit_says_that_it_means_the_node() -> None:
    agent = pod("ops/agent", ip="192.168.0.1", node="n1", host_network=True)
    words = [flip.words for flip in found(policy("shop/deny", {"podSelector": {}}), source="ops/agent", extra=(agent,))]
    assert "ingress from 192.168.0.1 (the node's address: ops/agent is on its network) on TCP 5432" in words[0]


def test_what_else_an_edit_opens_is_told() -> None:
    twin = pod("shop/db2", ip="10.0.1.3", node="a", app="db")
    first, *_ = found(admit(labels(app="other"), ports=[ENTRY]), extra=(twin,))

    assert [spelled(change) for change in first.also.changes] == ["opens shop/web[Pod] → shop/db2[Pod] TCP 5432"]


def test_a_label_that_a_pod_has_with_another_value_is_left_alone() -> None:
    assert not any(flip.words.startswith("label") for flip in found(admit(labels(app="other"))))


def test_what_passes_is_stopped_by_taking_out_what_admits_it() -> None:
    first, *_ = found(admit(labels(app="web"), labels(app="other"), ports=[ENTRY]))

    assert not first.allowed
    assert patch(first) == [{"op": "remove", "path": "/spec/ingress/0/from/0"}]


def test_an_unknown_verdict_is_not_turned() -> None:
    unread = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
              "metadata": {"name": "c", "namespace": "shop"},
              "spec": {"endpointSelector": {}, "ingress": [{}]}}  # fmt: skip
    assert found(policy("shop/deny", {"podSelector": {}}), extra=(unread,)) == []


# -- the law: every offered edit is true --------------------------------------------------------------------------


def edited(objects: list[Object], changes: tuple[Change, ...]) -> list[Object]:
    """The objects after the patches, made without the engine."""
    after = list(objects)
    for change in changes:
        if not isinstance(change, Fix):
            after.append(change.manifest)
            continue
        named = change.key.kind, change.key.namespace, change.key.name
        after = [change.of(thing) if _named(thing) == named else thing for thing in after]
    return after


def _named(thing: Object) -> tuple[str, str, str]:
    home = "" if thing["kind"] in CLUSTER_WIDE else thing["metadata"].get("namespace") or "default"
    return thing["kind"], home, thing["metadata"]["name"]


CLUSTER_WIDE = {"Namespace", "Node", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}


@pytest.mark.parametrize("seed", [*range(CLUSTERS), 758])
def test_every_offered_edit_is_true(seed: int) -> None:
    objects = Maker(seed).cluster()
    built = cluster(*objects)
    reading = Reading(host_network_pods=False, blocks_hold_pods=True)
    plain, policies, chance = World(objects, reading), compile_policies(built, PROFILE), Random(seed)
    pods = [one for one in plain.ends() if one.pod is not None]
    asked = [(a, b, p) for a in pods for b in pods if a != b and (":" in a.ip) == (":" in b.ip) for p in PORTS]
    chance.shuffle(asked)
    for source, destination, port in islice(asked, 4):
        question = Question(as_policies_see(built, source), as_policies_see(built, destination), "TCP", port)
        before = question.verdict(policies).allowed
        for flip in flips(built, PROFILE, question, most=9):
            assert flip.allowed is not before
            after = edited(objects, flip.changes)
            again = World(after, reading)
            ends = {(one.ip, pod_name(one.pod)): one for one in again.ends() if one.pod is not None}
            from_, to = (ends[one.ip, pod_name(one.pod)] for one in (source, destination))
            assert again.allowed(from_, to, "TCP", port) is flip.allowed, flip.words
            _tells_all(plain, again, flip, (_listed(source), _listed(destination)), port)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(CLUSTERS, MANY, 100))
def test_every_offered_edit_is_true_at_length(first: int) -> None:
    for seed in range(first, first + 100):
        test_every_offered_edit_is_true(seed)


def pod_name(thing: Object | None) -> str:
    return "" if thing is None else f"{thing['metadata'].get('namespace')}/{thing['metadata']['name']}"


def _listed(one: End) -> str:
    """The pod's name as tables write it."""
    return f"{pod_name(one.pod)}[Pod]"


def _tells_all(plain: World, again: World, flip: Flip, asked: tuple[str, str], port: int) -> None:
    """Whatever else comes out otherwise between pods is among the other effects."""
    told = {(change.src, change.dst) for change in flip.also.changes}
    told |= {(pair.src, pair.dst) for pair in flip.also.unknown}
    later = {(one.ip, pod_name(one.pod)): one for one in again.ends() if one.pod is not None}
    pods = [one for one in plain.ends() if one.pod is not None]
    for a in pods:
        for b in pods:
            names = _listed(a), _listed(b)
            if a == b or (":" in a.ip) != (":" in b.ip) or names == asked or names[0] == names[1]:
                continue
            was = plain.allowed(a, b, "TCP", port)
            is_ = again.allowed(later[a.ip, pod_name(a.pod)], later[b.ip, pod_name(b.pod)], "TCP", port)
            assert was is is_ or names in told, (flip.words, names, was, is_)
