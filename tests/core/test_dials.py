"""Dials that end otherwise after a change."""

from __future__ import annotations

from functools import cache

import kwake
from kwake.dials import Turn, changed_dials, dial_of
from kwake.policy.connections import ALL, NONE, one
from kwake.samples import sample_path
from tests.core.policy.clusters import policy


@cache
def shop() -> kwake.World:
    return kwake.open(sample_path("shop"), seed=7)


def turns(before: kwake.World, after: kwake.World) -> dict[tuple[str, str], Turn | None]:
    found = changed_dials(before, after, kwake.wake(before, after), None)
    return {(change.flow.source, change.flow.target): change.turn for change in found.changes}


def test_nothing_done_changes_no_dial() -> None:
    assert turns(shop(), shop()) == {}


def test_a_killed_pod_reroutes_the_dials_of_its_service_and_no_other() -> None:
    pods = shop().cluster.pods_of(shop().cluster.resolve("deploy/shop/search"))
    found = turns(shop(), shop().do(kwake.KillPod(str(pods[0].key))))

    assert found["Deployment/shop/web", "Service/shop/search"] is Turn.REROUTED
    assert {target for _, target in found} == {"Service/shop/search"}


def test_a_deleted_service_is_lost_and_what_failed_before_is_not() -> None:
    found = turns(shop(), shop().do(kwake.Delete("svc/shop/search")))

    assert found["Deployment/shop/web", "Service/shop/search"] is Turn.LOST
    before = shop().trace("internet", "svc/shop/search", 80)
    assert before.outcome is not kwake.Outcome.DELIVERED
    assert found.get(("internet", "Service/shop/search")) in (None, Turn.OTHERWISE)


def test_the_way_back_of_a_loss_is_a_gain() -> None:
    gone = shop().do(kwake.Delete("svc/shop/search"))

    assert turns(gone, shop())["Deployment/shop/web", "Service/shop/search"] is Turn.GAINED


def test_a_limit_says_how_many_dials_it_left_out() -> None:
    after = shop().do(kwake.Delete("svc/shop/search"))
    wake = kwake.wake(shop(), after)
    whole, cut = changed_dials(shop(), after, wake, None), changed_dials(shop(), after, wake, 2)

    assert whole.unlooked == 0
    assert cut.unlooked == len(whole.changes) + whole.same - 2


def test_a_pair_stands_for_a_dial_of_a_declared_port() -> None:
    cluster = shop().cluster

    flow = dial_of(cluster, "shop/web[Deployment]", "shop/checkout[Deployment]", ALL)
    assert flow is not None
    assert (flow.source, flow.target, flow.port) == ("Deployment/shop/web", "Deployment/shop/checkout", 8443)
    outside = dial_of(cluster, "shop/web[Deployment]", "0.0.0.0-255.255.255.255", one("UDP", 53, 53))
    assert outside is not None
    assert (outside.target, outside.port, outside.protocol) == ("internet", 53, "UDP")
    assert dial_of(cluster, "shop/web[Deployment]", "shop/checkout[Deployment]", NONE) is None


def test_a_policy_that_shuts_out_nodes_touches_those_who_dial_from_outside() -> None:
    deny = policy("shop/deny", {"podSelector": {}, "policyTypes": ["Ingress"]})

    assert ("internet", "Service/shop/catalog") in turns(shop(), shop().do(kwake.Apply(deny)))
