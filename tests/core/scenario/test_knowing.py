"""Who knows of a change, and since when."""

from __future__ import annotations

from functools import cache

import kwake
from kwake.actions import Action
from kwake.objects.basis import Basis
from kwake.samples import sample_path
from kwake.scenario.knowing import Knowledge, Learned, who_knows
from kwake.scenario.moments import moments

ONLY_SEARCH = "deploy/shop/search#0"


@cache
def shop() -> kwake.World:
    return kwake.open(sample_path("shop"), seed=7)


def known(action: Action, subject: str) -> Knowledge:
    found = {knowledge.subject: knowledge for knowledge in who_knows(shop(), tuple(moments(shop().do(action))))}
    return found[subject]


def row(knowledge: Knowledge, component: str) -> Learned:
    (found,) = [learned for learned in knowledge.rows if learned.component == component]
    return found


def test_the_proxy_knows_after_the_endpointslice_and_the_new_after_the_old() -> None:
    knowledge = known(kwake.KillPod(ONLY_SEARCH), "Service/shop/search")
    slices, proxy = row(knowledge, "EndpointSlice"), row(knowledge, "kube-proxy")

    assert slices.old_out_ms is not None and slices.new_in_ms is not None
    assert proxy.old_out_ms is not None and proxy.new_in_ms is not None
    assert slices.old_out_ms < proxy.old_out_ms < proxy.new_in_ms
    assert slices.new_in_ms < proxy.new_in_ms
    assert knowledge.old != knowledge.new


def test_times_are_as_sure_as_their_clocks() -> None:
    assert row(known(kwake.KillPod(ONLY_SEARCH), "Service/shop/search"), "EndpointSlice").basis is Basis.ASSUMED
    assert row(known(kwake.Delete("np/shop/allow-web"), "NetworkPolicy/shop/allow-web"), "API server").basis is (
        Basis.SOURCED
    )


def test_dns_need_not_know_the_endpoints_of_a_service_with_an_address() -> None:
    dns = row(known(kwake.KillPod(ONLY_SEARCH), "Service/shop/search"), "DNS")

    assert (dns.needed, dns.old_out_ms, dns.new_in_ms) == (False, None, None)


def test_of_a_headless_service_dns_knows_and_the_proxy_need_not() -> None:
    knowledge = known(kwake.KillPod("sts/shop/sessions#0"), "Service/shop/sessions")

    assert row(knowledge, "DNS").needed
    assert not row(knowledge, "kube-proxy").needed


def test_a_policy_is_known_to_the_agents_when_they_have_programmed_it() -> None:
    knowledge = known(kwake.Delete("np/shop/allow-web"), "NetworkPolicy/shop/allow-web")
    agents = row(knowledge, "policy agents")

    settled = shop().do(kwake.Delete("np/shop/allow-web")).settle().now_ms
    assert row(knowledge, "API server").new_in_ms == 0
    assert agents.new_in_ms is not None and 0 < agents.new_in_ms <= settled


def test_scaling_to_nothing_has_no_new_address() -> None:
    knowledge = known(kwake.Scale("deploy/shop/search", 0), "Service/shop/search")

    assert knowledge.new == ()
    assert all(learned.new_in_ms is None for learned in knowledge.rows)


def test_nothing_done_is_nothing_to_know() -> None:
    assert who_knows(shop(), (shop(),)) == ()


def test_of_a_service_that_is_gone_nobody_has_to_know_endpoints() -> None:
    knowledge = who_knows(shop(), tuple(moments(shop().do(kwake.Delete("svc/shop/checkout")))))

    (one,) = [found for found in knowledge if found.subject == "Service/shop/checkout"]
    assert (one.old, one.new) == ((), ()), "the Service itself"
    assert row(one, "DNS").new_in_ms == 1000


def test_dns_need_not_know_of_a_node_port() -> None:
    action = kwake.SetServiceType("svc/shop/checkout", "NodePort")

    assert not row(known(action, "Service/shop/checkout"), "DNS").needed
    assert [event.kind for event in shop().do(action).settle().events if event.actor == "dns"] == []


def test_dns_knows_of_ports_and_of_the_pods_of_headless_services_and_of_no_others() -> None:
    renamed = kwake.Patch(
        "svc/shop/checkout", {"spec": {"ports": [{"name": "tls", "port": 443, "targetPort": "https"}]}}
    )
    actions = (renamed, kwake.KillPod("sts/shop/sessions#0"), kwake.KillPod(ONLY_SEARCH))

    assert [any(e.actor == "dns" for e in shop().do(a).settle().events) for a in actions] == [True, True, False]


def test_where_another_proxy_takes_its_place_nothing_is_told_of_kube_proxy() -> None:
    world = kwake.open(sample_path("shop"), "cilium", seed=7)

    for action in (kwake.KillPod(ONLY_SEARCH), kwake.SetServiceType("svc/shop/search", "NodePort")):
        told = [r.component for k in who_knows(world, tuple(moments(world.do(action)))) for r in k.rows]
        assert "Service proxy" in told and "kube-proxy" not in told
