"""A Service's page."""

from __future__ import annotations

import pytest

import kwake
from kwake.samples import sample_path
from kwake_tui.screens.main import MainScreen
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.text.page import described
from tests.tui.player import Player, play, shop


@pytest.mark.parametrize("key", ["d", "enter"])
def test_the_page_opens_with_d_and_enter_and_esc_leaves_it(key: str) -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/web")
        await player.press(key)
        await player.until(lambda: isinstance(player.app.screen, ReaderScreen))
        assert "LoadBalancer" in player.row("#page", "type")
        assert "web.shop.svc.cluster.local:80" in player.row("#page", "DNS name")
        await player.press("escape")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))

    play(shop(), story)


def test_alike_node_ports_are_one_row_with_every_node() -> None:
    rows = described(shop(), "svc/shop/catalog")

    (row,) = [row for row in rows if row.startswith("node port")]
    assert row.count(":30080") == 3


def test_endpoints_tell_their_conditions_ports_and_nodes() -> None:
    slow = kwake.open(sample_path("shop"), seed=7, overrides={"clock.sigterm-exit": "10s"})
    world = slow.do(kwake.KillPod("deploy/shop/web#0")).advance(2)

    rows = described(world, "svc/shop/web")
    (going,) = [row for row in rows if "terminating " in row and "10.244" in row]
    assert "http:8080" in going and "node-" in going


def test_settings_are_told_with_their_rules() -> None:
    affine = shop().do(kwake.Patch("svc/shop/web", {"spec": {"sessionAffinity": "ClientIP",
                                                             "externalTrafficPolicy": "Local"}}))  # fmt: skip

    rows = described(affine.settle(), "svc/shop/web")
    assert any(row.startswith("affinity") and "10800 s" in row and "SV-48" in row for row in rows)
    assert any(row.startswith("from outside") and "Local" in row and "SV-43" in row for row in rows)
    assert any(row.startswith("health check") for row in rows)


def test_a_service_without_endpoints_says_so() -> None:
    empty = shop().do(kwake.Patch("svc/shop/search", {"spec": {"selector": {"app": "nobody"}}})).settle()

    assert any(row.startswith("none: no pod has the labels") for row in described(empty, "svc/shop/search"))


def test_the_policies_of_its_pods_are_told_with_how_many_they_select() -> None:
    rows = described(shop(), "svc/shop/checkout")

    (row,) = [row for row in rows if row.startswith("ingress")]
    assert "isolated by np/allow-web: 1 rule" in row and row.endswith("3 of 3 pods")


def test_nodes_that_reach_some_endpoints_are_not_counted_as_shut_out() -> None:
    (row,) = [row for row in described(shop(), "svc/shop/checkout") if "from nodes" in row]

    assert "3 of 3 nodes reach some endpoints only" in row


def test_what_the_annotations_of_a_vendor_do_is_told() -> None:
    aws = "service.beta.kubernetes.io/aws-load-balancer-"
    internal = {"metadata": {"annotations": {f"{aws}internal": "true", f"{aws}cross-zone-load-balancing": "true"}}}
    rows = described(shop().do(kwake.Patch("svc/shop/web", internal)).settle(), "svc/shop/web")

    assert any(row.startswith("reached from") and "internal" in row for row in rows)
    assert any(row.startswith("no effect") and "cross-zone" in row for row in rows)
