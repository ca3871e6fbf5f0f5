"""Dials that end otherwise after a change."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest

import kwake
from kwake.dial_change import DialChange, Turn
from kwake.dials import changed_dials, dial_of
from kwake.objects.kinds import Service
from kwake.policy.connections import ALL, NONE, one
from kwake.samples import sample_path
from tests.core.policy.clusters import policy


@cache
def shop(own_node: str = "") -> kwake.World:
    """The sample, and whom a pod's policies see where its own node's address stands for the client's."""
    overrides = {"masquerade-on-own-node": own_node} if own_node else {}
    return kwake.open(sample_path("shop"), seed=7, overrides=overrides)


def changes(before: kwake.World, after: kwake.World) -> tuple[DialChange, ...]:
    return changed_dials(before, after, kwake.wake(before, after), None).changes


def turns(before: kwake.World, after: kwake.World) -> dict[tuple[str, str], Turn | None]:
    return {(change.flow.source, change.flow.target): change.turn for change in changes(before, after)}


def port_of(world: kwake.World, service: str) -> int:
    found = world.cluster.get(service).value
    assert isinstance(found, Service)
    return found.spec.ports[0].node_port


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

    found = changes(shop(), shop().do(kwake.Apply(deny)))
    assert [c.service for c in found if c.flow.source == "internet"].count("Service/shop/catalog") == 1


def test_a_node_port_is_dialled_at_any_node_by_the_outside() -> None:
    after = shop("node").do(kwake.SetServiceType("svc/shop/checkout", "NodePort"))
    (outside,) = [change for change in changes(shop("node"), after) if change.flow.source == "internet"]

    number = port_of(after, "svc/shop/checkout")
    assert (outside.flow.target, outside.flow.port, outside.service) == ("Node/*", number, "Service/shop/checkout")
    assert outside.before is not None
    assert outside.before.outcome is kwake.Outcome.REFUSED, "no Service has the number yet"
    assert outside.turn is Turn.GAINED


def test_where_policies_see_the_node_whom_they_stop_at_the_service_gets_round_them() -> None:
    after = shop("node").do(kwake.SetServiceType("svc/shop/checkout", "NodePort"))
    found = {c.flow.source: c for c in changes(shop("node"), after) if c.flow.target == "Node/*" and c.direct}

    assert found["Deployment/shop/cart"].turn is Turn.GAINED
    assert "Deployment/shop/web" not in found, "the policy admits it at the Service itself"
    assert "Deployment/payments/api" not in found, "its own egress policy stops it there, too"
    settled = after.settle()
    for change in found.values():
        alone = settled.trace(change.flow.source, change.flow.target, change.flow.port)
        assert change.after is not None
        assert alone.shares == change.after.shares
        assert alone.shares[kwake.Outcome.DELIVERED] == Fraction(1, 3), "each pod from its own node, of three"


@pytest.mark.rule("NP-23")
def test_where_policies_see_the_client_on_its_own_node_nobody_gets_round_them() -> None:
    """As under plugins whose policies stand in the filter table, which masquerading comes after."""
    assert shop().profile["masquerade-on-own-node"] == "client", "calico"
    after = shop().do(kwake.SetServiceType("svc/shop/checkout", "NodePort"))
    found = [change for change in changes(shop(), after) if change.flow.target == "Node/*"]

    assert not [change for change in found if change.direct and change.turn is not None]
    (outside,) = (change for change in found if change.flow.source == "internet")
    assert outside.turn is Turn.OTHERWISE and outside.after is not None
    assert kwake.Outcome.DELIVERED not in outside.after.shares


@pytest.mark.rule("NP-23")
def test_where_the_plugin_leaves_it_open_whom_policies_see_nobody_knows_who_gets_round_them() -> None:
    after = shop("unknown").do(kwake.SetServiceType("svc/shop/checkout", "NodePort"))
    found = {c.flow.source: c for c in changes(shop("unknown"), after) if c.flow.target == "Node/*"}

    assert found["Deployment/shop/cart"].turn is found["internet"].turn is Turn.UNKNOWN
    path = after.settle().trace("deploy/shop/cart", "node/*", port_of(after, "svc/shop/checkout"))
    assert path.shares[kwake.Outcome.UNKNOWN] == Fraction(1, 3), "the pod's own node, of three"
    assert kwake.Outcome.DELIVERED not in path.shares, "other nodes' addresses are let in by no rule"
    assert any("depends on the CNI" in branch.reason for branch in path.branches)


def test_under_a_local_policy_a_pod_keeps_its_address_and_gets_round_nothing() -> None:
    """kube-proxy does not masquerade pods there (SV-44, SV-45), so that the policy judges the pod as at the Service."""
    local = shop("node").do(kwake.SetServiceType("svc/shop/checkout", "NodePort"))
    local = local.do(kwake.Patch("svc/shop/checkout", {"spec": {"externalTrafficPolicy": "Local"}}))
    found = {c.flow.source for c in changes(shop("node"), local) if c.direct and c.turn is Turn.GAINED}

    assert "Deployment/shop/cart" not in found


def test_a_node_port_that_goes_is_lost_to_those_who_had_no_other_way() -> None:
    opened = shop("node").do(kwake.SetServiceType("svc/shop/checkout", "NodePort")).settle()
    found = {c.flow.source: c.turn for c in changes(opened, shop("node")) if c.service == "Service/shop/checkout"}

    assert found["internet"] is Turn.LOST
    assert found["Deployment/shop/cart"] is Turn.LOST
    assert "Deployment/shop/web" not in found
