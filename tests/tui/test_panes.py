"""Panes in terminals of every size, and going from one to the next."""

from __future__ import annotations

import pytest

from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import open_checkout


def test_tab_goes_through_the_panes_and_back() -> None:
    async def story(player: Player) -> None:
        seen = []
        for _ in range(5):
            seen.append(player.desk.pane)
            await player.press("tab")
        assert seen == ["cluster", "path", "editor", "connections", "events"]
        await player.press("shift+tab")
        assert player.desk.pane == "events"

    play(shop(), story)


@pytest.mark.parametrize("size", [(200, 60), (120, 36), (80, 24), (60, 15)])
def test_no_size_of_a_terminal_breaks_it(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        for key in ("tab", "tab", "tab", "tab", "question_mark", "escape", "colon", "escape", "z"):
            await player.press(key)
        assert player.session.world == shop()

    play(shop(), story, size=size)


def test_at_80x24_one_pane_is_shown_at_a_time() -> None:
    async def story(player: Player) -> None:
        for _ in range(5):
            shown = [pane.id for pane in player.desk.query(".pane") if pane.region.area]
            assert shown == [player.desk.pane]
            await player.press("tab")

    play(shop(), story, size=(80, 24))


def test_enter_folds_and_h_goes_to_the_row_above() -> None:
    async def story(player: Player) -> None:
        rows = len(player.rows("#cluster"))
        await player.go_to("Deployment/shop/cart")
        await player.press("enter")
        assert len(player.rows("#cluster")) == rows - 2
        await player.press("l", "j", "h")
        assert player.desk.chosen == "Deployment/shop/cart"
        await player.press("G", "g")
        assert player.desk.chosen == "Namespace/ops"

    play(shop(), story)


def test_enter_on_a_connection_shows_its_path() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.go_to("Deployment/shop/cart")
        await player.press("t")
        await player.type("catalog:80")
        await player.press("enter")
        assert "svc/catalog" in str(player.desk.query_one("#path").border_title)

        await player.press("tab", "tab", "tab", "enter")
        assert "svc/checkout" in str(player.desk.query_one("#path").border_title)

    play(shop(), story)
