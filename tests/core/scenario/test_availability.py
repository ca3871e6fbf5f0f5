"""Windows of a disturbed flow, and the clocks that their lengths are the sum of."""

from __future__ import annotations

import kwake
from kwake import Flow, Outcome
from kwake.objects.basis import Basis
from kwake.samples import sample_path
from kwake.scenario.availability import availability
from kwake.scenario.moments import at, moments

PAY = Flow("deploy/demo/web", "svc/demo/checkout", 443)
WINDOW = Flow("pod/demo/client", "svc/demo/web", 80)


def shop() -> kwake.World:
    return kwake.open(sample_path("shop"), seed=7)


def killed() -> kwake.World:
    world = kwake.open(str(sample_path("small")), seed=7)
    return world.do(kwake.KillPod("deploy/demo/checkout#0"))


def test_a_kill_of_the_only_pod_leaves_a_gap_and_then_all_is_well() -> None:
    spans = availability(killed(), PAY)

    assert [span.outcome for span in spans] == [
        Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.DELIVERED
    ]  # fmt: skip
    assert spans[-1].to_ms is None
    assert [a.to_ms for a in spans[:-1]] == [b.from_ms for b in spans[1:]]


def test_every_length_is_the_signed_sum_of_its_clocks() -> None:
    spans = availability(killed(), PAY)

    for span in spans[:-1]:
        assert sum(term.sign * term.clock.ms for term in span.terms) == span.length_ms


def test_a_length_is_as_sure_as_its_weakest_clock_and_says_which() -> None:
    refused = availability(killed(), PAY)[2]

    assert refused.length_basis is Basis.ASSUMED
    assert refused.sum_text.startswith("1.1 s = ")
    assert "(assumed)" in refused.sum_text


def test_a_flow_that_nothing_disturbs_has_one_span() -> None:
    (span,) = availability(killed(), WINDOW)

    assert (span.outcome, span.from_ms, span.to_ms, span.sum_text) == (Outcome.DELIVERED, 0, None, "")


def test_moments_are_distinct_and_end_settled() -> None:
    seen = tuple(moments(killed()))

    times = [world.now_ms for world in seen]
    assert times == sorted(set(times))
    assert seen[-1].is_settled


def test_between_two_moments_the_world_is_that_of_the_earlier_one() -> None:
    seen = tuple(moments(killed()))

    earlier, later = seen[1], seen[2]
    between = at(seen, earlier.now_ms + 1)

    assert between.now_ms == earlier.now_ms + 1 < later.now_ms
    assert between.cluster is earlier.cluster


def test_a_flow_that_a_policy_stops_throughout_is_dropped_throughout() -> None:
    """While the address of a killed pod is still dialled nobody is there: that dial arrives no more than the others."""
    found = availability(
        shop().do(kwake.KillPod("deploy/shop/checkout#0")), Flow("Deployment/shop/cart", "Service/shop/checkout", 443)
    )

    assert [span.outcome for span in found] == [Outcome.DROPPED]


def test_a_dial_of_an_address_that_nobody_has_any_more_fails_for_sure() -> None:
    found = availability(
        shop().do(kwake.KillPod("deploy/shop/checkout#0")), Flow("Deployment/shop/web", "Service/shop/checkout", 443)
    )

    assert [span.fails for span in found] == ["", "1 of 3 dials fail", ""]
