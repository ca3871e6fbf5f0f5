"""The Path pane lays a path out so that all of it is in sight, where that can be."""

from __future__ import annotations

import pytest

import kwake
from kwake.samples import sample_path
from tests.tui.player import Player, play, shop

HOPS = ("dns", "service", "nat", "egress", "route", "ingress")
NOTE = "▲ port 443 is the Service's, policies see 8443"


async def trace(player: Player, words: str) -> tuple[list[str], int]:
    """The rows of a path, and how many the pane has."""
    await player.press("colon")
    await player.type(f"trace {words}")
    await player.press("enter")
    await player.until(lambda: len(player.rows("#path")) > 1)
    return player.rows("#path"), player.desk.query_one("#path").size.height


def labels(rows: list[str]) -> list[str]:
    """The first words of rows under their stems."""
    return [row.lstrip("│├└─ ").partition(" ")[0] for row in rows]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
@pytest.mark.parametrize(
    ("sample", "words", "note"),
    [
        ("shop", "deploy/shop/search svc/shop/checkout 443", True),
        ("shop", "deploy/shop/web svc/shop/checkout 443", False),
        ("small", "pod/demo/client svc/demo/checkout 443", True),
    ],
)
def test_all_hops_of_a_dial_of_a_service_and_its_note_are_in_sight(
    sample: str, words: str, note: bool, size: tuple[int, int]
) -> None:
    async def story(player: Player) -> None:
        rows, height = await trace(player, words)
        assert len(rows) <= height
        assert set(HOPS) <= set(labels(rows))
        assert (NOTE in rows) is note

    play(kwake.open(sample_path(sample), seed=7), story, size=size)


def test_where_rows_are_few_what_endpoints_share_is_told_once_and_the_note_comes_first() -> None:
    async def story(player: Player) -> None:
        rows, _ = await trace(player, "deploy/shop/search svc/shop/checkout 443")
        assert rows[2] == NOTE
        assert sum("dropped by allow-web" in row for row in rows) == 1
        assert "│ nat       → 1 of 3, port 8443  SV-41" in rows
        assert "│ route     node-a → node-a, node-b, node-c" in rows
        assert [row[:3] for row in rows[-3:]] == ["├─∅", "├─∅", "└─∅"]

    play(shop(), story)


def test_where_there_are_rows_enough_each_endpoint_has_its_own_hops() -> None:
    async def story(player: Player) -> None:
        rows, _ = await trace(player, "deploy/shop/search svc/shop/checkout 443")
        assert [labels(rows).count(label) for label in ("nat", "route", "ingress")] == [3, 3, 3]
        assert rows[-1] == NOTE

    play(shop(), story, size=(200, 60))


def test_endpoints_that_fare_otherwise_keep_what_decided_each() -> None:
    async def story(player: Player) -> None:
        rows, _ = await trace(player, "ds/ops/node-agent#0 svc/shop/checkout 443")
        assert rows[0].startswith("± mixed")
        ingress = [row.partition("ingress")[2] for row in rows if "ingress " in row.partition("rule")[0]]
        assert len(ingress) == 3
        assert len(set(ingress)) == 2

    play(shop(), story)
