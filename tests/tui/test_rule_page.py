"""`:rule`: what the ids stand for that rows cite."""

from __future__ import annotations

import pytest

from kwake.rules import rule
from kwake_tui.lines import Line, Span, spread
from kwake_tui.text.rules import rules_lines
from kwake_tui.widgets.prompt import Prompt
from tests.tui.player import Player, play, shop


async def command(player: Player, text: str) -> None:
    await player.press("colon")
    await player.type(text)
    await player.press("enter")


def page(player: Player) -> list[str]:
    return [row for row in player.rows("#page") if row]


def told(id: str) -> list[str]:
    """What `kwake rule` prints of it."""
    return [line.strip() for line in rules_lines([rule(id)])]


def test_an_id_opens_the_page_of_its_rule() -> None:
    async def story(player: Player) -> None:
        await command(player, "rule np-23")
        assert page(player) == told("NP-23")
        assert "Rule  NP-23" in str(player.app.screen.query_one("#page").border_title)

        await player.press("escape")
        assert player.desk.pane == "cluster"

    play(shop(), story)


def test_without_an_id_it_is_that_of_the_verdict_or_the_hop() -> None:
    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/search svc/shop/checkout:443")
        await player.press("f2", "g")
        for target in ("verdict", "NetworkPolicy/shop/allow-web ingress"):
            assert player.desk.rows is not None
            assert player.desk.rows.target == target
            await command(player, "rule")
            assert page(player) == told("NP-2")
            await player.press("escape", "j")

    play(shop(), story)


def test_without_an_id_it_is_that_of_the_event() -> None:
    async def story(player: Player) -> None:
        await command(player, "scale deploy/shop/cart 3")
        await player.press("f5", "g")
        await command(player, "rule")
        assert "the row under the cursor cites no rule" in player.rows("#keys")[0]

        await player.press("j")
        await command(player, "rule")
        assert page(player) == told("PD-5")

    play(shop(), story)


def test_where_nothing_cites_a_rule_it_says_so() -> None:
    async def story(player: Player) -> None:
        await command(player, "rule")
        assert "the row under the cursor cites no rule" in player.rows("#keys")[0]

        await player.press("f3")
        await command(player, "rule")
        assert "the editor cites no rule" in player.rows("#keys")[0]

        await command(player, "rule NP-99")
        assert "NP-99: no such rule; did you mean NP-9" in player.rows("#keys")[0]

        await command(player, "rule NP-2 NP-3")
        assert "NP-3: not understood" in player.rows("#keys")[0]

    play(shop(), story)


@pytest.mark.parametrize(("typed", "completed"), [("rule np-23", "rule NP-23"), ("rule CX-19e", "rule CX-19e")])
def test_tab_completes_ids(typed: str, completed: str) -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type(typed)
        await player.press("tab")
        assert player.desk.query_one(Prompt).value == completed

    play(shop(), story)


def test_ids_in_sight_are_offered_first() -> None:
    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/web svc/shop/checkout:443")
        assert {"DN-1", "SV-40", "NP-2"} <= set(player.desk.cites)
        await player.press("colon")
        await player.type("rule ")
        await player.press("tab")
        assert player.desk.query_one(Prompt).value == f"rule {player.desk.cites[0]}"

    play(shop(), story)


def test_the_help_tells_of_it() -> None:
    async def story(player: Player) -> None:
        await player.press("question_mark")
        assert any(row.startswith("NP-2 ") and ":rule NP-2" in row for row in player.rows("#page"))

    play(shop(), story)


def test_a_row_that_is_spread_cites_in_its_first() -> None:
    line = Line((Span("label "), Span("word " * 20)), shrink=1, target="there", cite="NP-2")

    assert [row.cite for row in spread(line, 40)] == ["NP-2", *[""] * (len(spread(line, 40)) - 1)]
