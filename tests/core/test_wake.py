"""The wake: what a change comes to for traffic."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake.dataplane.connection import Fate
from kwake.samples import sample_path
from tests.core.policy.clusters import namespace, pod, policy

WEB = pod("shop/web", ip="10.244.0.10", node="n1", app="web")
DB = pod("shop/db", ip="10.244.0.11", node="n1", app="db")
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"podCIDR": "10.244.0.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}]}}  # fmt: skip
DENY = policy("shop/deny", {"podSelector": {"matchLabels": {"app": "db"}}})
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.fixture(params=["calico", "cilium"])
def world(request: pytest.FixtureRequest) -> kwake.World:
    pods: list[Any] = [{**p, "status": {**p["status"], **READY}} for p in (WEB, DB)]
    return kwake.open([namespace("shop"), NODE, *pods], profile=request.param)


def test_a_world_has_no_wake_of_its_own(world: kwake.World) -> None:
    assert kwake.wake(world, world).is_empty


def test_a_new_policy_takes_pairs_away_and_its_removal_gives_them_back(world: kwake.World) -> None:
    denied = world.do(kwake.Apply(DENY))
    wake = kwake.wake(world, denied)
    assert ("shop/web[Pod]", "shop/db[Pod]") in {(change.src, change.dst) for change in wake.lost}
    assert (wake.gained, wake.changed, wake.unknown) == ((), (), ())
    assert [(c.src, c.dst) for c in kwake.wake(denied, world).gained] == [(c.src, c.dst) for c in wake.lost]


def test_other_ports_are_a_change_not_a_loss(world: kwake.World) -> None:
    narrowed = policy("shop/p", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"ports": [{"port": 80}]}]})
    wake = kwake.wake(world, world.do(kwake.Apply(narrowed)))
    assert wake.lost == ()
    assert {(c.src, str(c.before), str(c.after)) for c in wake.changed} == {
        ("0.0.0.0-255.255.255.255", "All Connections", "TCP 80"),
        ("shop/web[Pod]", "All Connections", "TCP 80"),
    }


def test_cx_30_an_open_connection_is_in_the_wake_only_where_the_cni_cuts_it(world: kwake.World) -> None:
    open_ = world.do(kwake.OpenConnection("pay", source="shop/web", target="shop/db", port=5432))
    changes = kwake.wake(open_, open_.do(kwake.Apply(DENY))).connections
    if world.profile.name == "calico":
        assert changes == ()
    else:
        assert [(c.name, c.before and c.before.fate, c.after and c.after.fate) for c in changes] == [
            ("pay", Fate.OPEN, Fate.STALLED)
        ]
        assert not changes[0].rerouted


def test_pods_of_one_workload_that_may_talk_since_are_told() -> None:
    """As those of a database that replicates: no other pair changes."""
    shop = kwake.open(sample_path("shop"), seed=7)
    policy = shop.cluster.get("np/shop/sessions-from-backends").manifest
    policy["spec"]["ingress"].append({"from": [{"podSelector": {"matchLabels": {"app": "sessions"}}}]})

    found = kwake.wake(shop, shop.do(kwake.Apply(policy)))

    assert [(change.src, change.dst) for change in found.gained] == [("shop/sessions[StatefulSet]",) * 2]
    assert not (found.lost or found.changed or found.unknown)
    assert kwake.wake(shop.do(kwake.Apply(policy)), shop).lost


def test_a_single_pod_is_no_pair_with_itself() -> None:
    shop = kwake.open(sample_path("shop"), seed=7)
    policy = shop.cluster.get("np/payments/ledger-from-api").manifest
    policy["spec"]["ingress"].append({"from": [{"podSelector": {"matchLabels": {"app": "ledger"}}}]})

    assert kwake.wake(shop, shop.do(kwake.Apply(policy))).is_empty
