"""A readiness probe that fails and succeeds again (EP-3)."""

from __future__ import annotations

import pytest

import kwake
from kwake import Basis
from kwake.errors import UsageError
from kwake.world import World
from tests.core.manifests import bare_pod, namespace, node


def start() -> World:
    """`probed` is probed each 2 s, three failures and two successes count; `plain` is not probed."""
    probed = bare_pod("probed")
    probe = {"periodSeconds": 2, "failureThreshold": 3, "successThreshold": 2}
    probed["spec"]["containers"][0]["readinessProbe"] = probe
    return kwake.open([node("node-a", 1), namespace("shop"), probed, bare_pod("plain")])


def is_ready(world: World) -> bool:
    pod = world.cluster.pod("shop", "probed")
    assert pod is not None
    return pod.is_ready


def test_a_pod_is_unready_when_its_probe_has_failed_often_enough() -> None:
    failing = start().do(kwake.FailReadiness("shop/probed"))

    assert (is_ready(failing.advance(5.9)), is_ready(failing.advance(6))) == (True, False)
    (clock,) = next(event.clocks for event in failing.settle().events if event.kind == "pod-unready")
    assert (clock.name, clock.basis) == ("readiness-failure", Basis.SOURCED)


def test_a_pod_is_ready_again_when_its_probe_has_succeeded_often_enough() -> None:
    passing = start().do(kwake.FailReadiness("shop/probed")).settle().do(kwake.PassReadiness("shop/probed"))

    assert (is_ready(passing.advance(3.9)), is_ready(passing.advance(4))) == (False, True)


def test_a_probe_that_succeeds_in_time_changes_nothing() -> None:
    failing = start().do(kwake.FailReadiness("shop/probed")).advance(4)

    after = failing.do(kwake.PassReadiness("shop/probed"))

    assert after.is_settled
    assert is_ready(after)


def test_a_restart_begins_the_count_anew() -> None:
    failing = start().do(kwake.FailReadiness("shop/probed")).advance(4)

    assert is_ready(failing.do(kwake.RestartContainer("shop/probed")).settle())


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (kwake.FailReadiness("shop/plain"), "has no readinessProbe"),
        (kwake.PassReadiness("shop/probed"), "is ready already"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(action: kwake.Action, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        start().do(action)


def test_a_pod_that_is_not_ready_cannot_fail_again() -> None:
    with pytest.raises(UsageError, match="is not ready already"):
        start().do(kwake.FailReadiness("shop/probed")).settle().do(kwake.FailReadiness("shop/probed"))
