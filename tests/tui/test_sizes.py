"""Terminals that shrink and grow, also in the middle of something."""

from __future__ import annotations

import asyncio

import pytest

from kwake_tui.app import Begun, KwakeApp
from kwake_tui.panes.editor import EditorPane
from kwake_tui.screens.leave import LeaveScreen
from kwake_tui.screens.main import MainScreen
from kwake_tui.screens.tiny import TinyScreen
from kwake_tui.session import Session
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout

TINY = [
    (20, 5),
    (1, 1),
    *(pytest.param(size, marks=pytest.mark.slow) for size in ((59, 40), (120, 14), (3, 3))),
]


async def resize(player: Player, size: tuple[int, int]) -> None:
    """The terminal is of another size now."""
    await player.pilot.resize_terminal(*size)
    await player.pilot.pause()


@pytest.mark.parametrize("size", TINY)
def test_a_kill_while_the_terminal_shrinks_to_nothing_and_grows(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        cluster = player.session.world.cluster
        await player.go_to(str(cluster.pods_of(cluster.resolve("deploy/shop/search"))[0].key))
        player.app.simulate_key("ctrl+k")
        await resize(player, size)
        assert isinstance(player.app.screen, TinyScreen)
        assert len(player.session.timeline.path) == 3

        await player.press("z", "j", "enter", "q")
        await resize(player, (120, 36))
        assert isinstance(player.app.screen, MainScreen)
        assert len(player.session.timeline.path) == 3
        assert player.desk.pane == "cluster"
        await player.press("z", "z")
        assert player.session.world == shop()

    play(shop(), story)


def test_what_is_typed_in_the_editor_and_a_dialog_outlast_it() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await resize(player, (20, 5))
        await resize(player, (80, 24))
        assert player.desk.query_one(EditorPane).is_edited
        assert player.desk.pane == "editor"

        await player.press("escape", "q")
        await resize(player, (20, 5))
        await resize(player, (120, 36))
        assert isinstance(player.app.screen, LeaveScreen)

    play(shop(), story)


def test_it_says_what_it_needs() -> None:
    async def story(player: Player) -> None:
        assert player.rows("#status")[0].startswith("needs 60x15")
        await resize(player, (59, 15))
        assert player.rows("#status")[0] == "needs 60x15, here 59x15"

    play(shop(), story, size=(20, 5))


def test_the_palette_over_it_does_not_keep_it() -> None:
    async def story(player: Player) -> None:
        await player.press("ctrl+p")
        await resize(player, (120, 36))
        await player.press("escape")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))

    play(shop(), story, size=(20, 5))


def test_it_may_be_so_from_the_first_frame_on() -> None:
    async def run() -> None:
        app = KwakeApp(lambda: Begun(Session.start(shop(), "shop", None)), "shop")
        async with app.run_test(size=(20, 5)) as pilot:
            player = Player(app, pilot)
            await player.until(lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack))
            await player.until(lambda: isinstance(app.screen, TinyScreen))
            await resize(player, (120, 36))
            await player.until(lambda: isinstance(app.screen, MainScreen))
            assert any("ns shop" in row for row in player.rows("#cluster"))

    asyncio.run(run())


def test_below_80x24_the_pane_has_the_rows_of_the_timeline() -> None:
    async def story(player: Player) -> None:
        assert player.desk.query_one("#timeline").display
        await resize(player, (79, 24))
        assert not player.desk.query_one("#timeline").display
        assert player.desk.query_one("#cluster").display

    play(shop(), story, size=(80, 24))


def test_a_pane_is_shown_alone_and_all_again() -> None:
    async def story(player: Player) -> None:
        def shown() -> list[str | None]:
            return [pane.id for pane in player.desk.query(".pane") if pane.region.area]

        await player.press("f3")
        width = player.desk.query_one("#editor").size.width
        await player.press("plus")
        await player.until(lambda: shown() == ["editor"])
        assert player.desk.query_one("#editor").size.width > 2 * width
        await player.press("tab")
        await player.until(lambda: shown() == ["connections"])
        await player.press("plus")
        await player.until(lambda: len(shown()) == 5)
        await player.until(lambda: str(player.desk.query_one("#editor").border_title) == "Namespace  shop")
        assert str(player.desk.query_one("#cluster").border_title) == "Cluster  shop"

    play(shop(), story)


def test_where_one_pane_fits_the_key_says_so() -> None:
    async def story(player: Player) -> None:
        await player.press("plus")
        assert "one pane is shown alone here anyway" in player.rows("#keys")[0]

    play(shop(), story, size=(80, 24))
