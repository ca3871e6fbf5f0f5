"""Clicks and the wheel."""

from __future__ import annotations

from textual.events import MouseScrollDown

from kwake_tui.widgets.line_list import LineList
from tests.tui.player import Player, play, shop


def line_of(player: Player, target: str) -> int:
    """The row of the Cluster pane that stands for an object, as it is on the screen, border included."""
    pane = player.desk.query_one("#cluster", LineList)
    index = next(number for number, line in enumerate(pane.lines) if line.target == target)
    return index - int(pane.scroll_offset.y) + 1


def test_a_click_puts_the_cursor_there() -> None:
    async def story(player: Player) -> None:
        await player.pilot.click("#cluster", offset=(6, line_of(player, "Deployment/shop/cart")))

        assert player.desk.chosen == "Deployment/shop/cart"

    play(shop(), story)


def test_a_second_click_folds() -> None:
    async def story(player: Player) -> None:
        before = len(player.rows("#cluster"))
        await player.pilot.click("#cluster", offset=(6, line_of(player, "Deployment/shop/cart")), times=2)

        assert len(player.rows("#cluster")) == before - 2

    play(shop(), story)


def test_a_click_on_another_pane_gives_it_the_focus() -> None:
    async def story(player: Player) -> None:
        await player.pilot.click("#events", offset=(6, 1))
        assert player.desk.pane == "events"

        await player.pilot.click("#yaml", offset=(12, 2))
        assert player.desk.pane == "editor"

    play(shop(), story)


def test_the_wheel_scrolls_and_the_cursor_stays() -> None:
    async def story(player: Player) -> None:
        pane = player.desk.query_one("#cluster", LineList)
        target, offset = pane.target, pane.scroll_offset.y
        assert await player.pilot._post_mouse_events(  # the pilot has no public wheel
            [MouseScrollDown], "#cluster", (6, 6), button=0
        )
        await player.until(lambda: pane.scroll_offset.y > offset)

        assert pane.target == target

    play(shop(), story)


def test_a_click_on_a_tab_goes_to_its_pane() -> None:
    async def story(player: Player) -> None:
        row = next(strip.text for strip in player.app.screen._compositor.render_strips() if "Connections" in strip.text)
        for word, pane in (
            ("Connections", "connections"),
            ("Path", "path"),
            ("Events", "events"),
            ("Cluster", "cluster"),
        ):
            await player.pilot.click("#tabs", offset=(row.index(word) + 1, 0))
            assert player.desk.pane == pane

    play(shop(), story, size=(80, 24))
