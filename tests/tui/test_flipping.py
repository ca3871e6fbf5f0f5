"""What would turn a path, offered and made at the console."""

from __future__ import annotations

from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.main import MainScreen
from kwake_tui.text.page import described
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout


async def flips_of_a_drop(player: Player) -> None:
    """The policy admits web no longer; what would let it through again."""
    await open_checkout(player)
    await edit_policy(player, "app: web", "app: webshop")
    await player.press("ctrl+s")
    player.desk.go_to_pane("path")
    await player.press("F")
    await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))


def test_enter_makes_the_edit_and_the_path_arrives() -> None:
    async def story(player: Player) -> None:
        await flips_of_a_drop(player)
        assert any("add shop/web to the peers of" in row for row in player.rows("#choice"))
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert any("delivered" in row for row in player.rows("#path"))
        await player.press("z")
        assert any("dropped" in row for row in player.rows("#path"))

    play(shop(), story)


def test_esc_changes_nothing() -> None:
    async def story(player: Player) -> None:
        await flips_of_a_drop(player)
        entries = len(player.session.timeline.path)
        await player.press("escape")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert len(player.session.timeline.path) == entries

    play(shop(), story)


def test_a_pods_page_tells_the_policies_that_select_it() -> None:
    rows = described(shop(), "deploy/shop/checkout#0")

    at = rows.index(next(row for row in rows if row.startswith("── policies")))
    told = rows[at + 1 : at + 3]
    assert any(row.startswith("ingress       isolated by") and "1 rule" in row for row in told)
    assert any(row == "egress        not isolated" for row in told)
