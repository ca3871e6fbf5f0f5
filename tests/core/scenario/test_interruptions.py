"""Dials that do not arrive for a time."""

from __future__ import annotations

from functools import cache

import kwake
from kwake import Outcome
from kwake.actions import Action
from kwake.samples import sample_path
from kwake.scenario.interruptions import Interruption, interruptions
from kwake.scenario.moments import moments


@cache
def shop() -> kwake.World:
    return kwake.open(sample_path("shop"), seed=7)


def interrupted(action: Action) -> dict[tuple[str, str], Interruption]:
    found = interruptions(shop(), tuple(moments(shop().do(action))))
    return {(one.flow.source, one.flow.target): one for one in found.dials}


def test_a_kill_of_one_of_three_interrupts_a_third_of_the_dials_until_proxies_know() -> None:
    found = interrupted(kwake.KillPod("deploy/shop/checkout#0"))
    web = found["Deployment/shop/web", "Service/shop/checkout"]

    assert [span.fails for span in web.spans] == ["1 of 3 dials fail"]
    assert web.length_ms == 1000


def test_a_kill_of_the_only_pod_leaves_nobody_until_its_successor_is_known() -> None:
    web = interrupted(kwake.KillPod("deploy/shop/search#0"))["Deployment/shop/web", "Service/shop/search"]

    assert [span.outcome for span in web.spans] == [Outcome.UNKNOWN, Outcome.REFUSED]
    assert web.length_ms == sum(sign.sign * sign.clock.ms for span in web.spans for sign in span.terms) == 2100


def test_containers_that_start_again_interrupt_though_no_endpoint_changes() -> None:
    found = interrupted(kwake.RestartContainer("shop/sessions-0"))

    assert found["Deployment/shop/cart", "Service/shop/sessions"].length_ms == 1000


def test_whom_a_policy_stops_all_the_time_nothing_interrupts() -> None:
    found = interrupted(kwake.KillPod("deploy/shop/checkout#0"))

    assert ("Deployment/shop/cart", "Service/shop/checkout") not in found


def test_who_is_killed_does_not_notice_that_his_service_is_away() -> None:
    found = interrupted(kwake.KillPod("deploy/shop/search#0"))

    assert ("Deployment/shop/search", "Service/shop/search") not in found


def test_a_dial_that_is_lost_for_good_is_not_interrupted() -> None:
    assert interrupted(kwake.Delete("svc/shop/search")) == {}
    assert interrupted(kwake.Scale("deploy/shop/search", 0)) == {}


def test_no_more_are_followed_than_asked_for() -> None:
    seen = tuple(moments(shop().do(kwake.KillPod("deploy/shop/search#0"))))

    few, every = interruptions(shop(), seen, most=2), interruptions(shop(), seen)

    assert (len(few.dials), few.unfollowed > 0) == (2, True)
    assert (len(every.dials) > 2, every.unfollowed) == (True, 0)
