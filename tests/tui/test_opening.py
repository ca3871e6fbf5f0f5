"""The first frame stands before the model is there; keys wait for it, and a snapshot that cannot be read ends it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from kwake.errors import SnapshotUnreadable
from kwake.findings import Finding
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.screens.findings import grave_words
from kwake_tui.screens.main import MainScreen
from kwake_tui.screens.opening import OpeningScreen
from kwake_tui.screens.panes import PANES
from kwake_tui.session import Session
from tests.tui.player import Player, play, shop


def held_back() -> tuple[threading.Event, Callable[[], Begun]]:
    """What lets the shop be opened, and what waits for that."""
    may_open = threading.Event()

    def begin() -> Begun:
        may_open.wait()
        return Begun(Session.start(shop(), "shop", None))

    return may_open, begin


def test_keys_that_come_while_it_opens_are_kept_in_order() -> None:
    may_open, begin = held_back()

    async def run() -> None:
        app = KwakeApp(begin, "shop")
        async with app.run_test(size=(120, 36)) as pilot:
            player = Player(app, pilot)
            assert isinstance(app.screen, OpeningScreen)
            assert "opening shop" in player.rows("#keys")[0]
            await pilot.press("j", "j")
            may_open.set()
            await player.until(lambda: isinstance(app.screen, MainScreen))
            await player.until(lambda: player.desk.chosen.startswith("Pod/shop/cart"))

    asyncio.run(run())


def test_what_cannot_be_read_ends_the_console_with_its_error() -> None:
    def begin() -> Begun:
        raise SnapshotUnreadable("gone.yaml: there is no such file or folder")

    async def run() -> KwakeApp:
        app = KwakeApp(begin, "gone.yaml")
        async with app.run_test() as pilot:
            async with asyncio.timeout(10):
                while app.failure is None:
                    await pilot.pause()
        return app

    app = asyncio.run(run())
    assert "gone.yaml" in str(app.failure)
    assert app.return_code == 3


def test_ctrl_c_stops_what_takes_too_long() -> None:
    may_open, begin = held_back()

    async def run() -> int | None:
        app = KwakeApp(begin, "shop")
        async with app.run_test() as pilot:
            await pilot.press("ctrl+c")
            may_open.set()
        return app.return_code

    assert asyncio.run(run()) == 130


def test_the_panes_stand_where_they_will_stand_while_it_opens() -> None:
    may_open, begin = held_back()

    async def run() -> None:
        app = KwakeApp(begin, "shop")
        async with app.run_test(size=(120, 36)) as pilot:
            player = Player(app, pilot)
            places = [app.screen.query_one(f"#{name}").region for name in PANES]
            may_open.set()
            await player.until(lambda: isinstance(app.screen, MainScreen))
            await pilot.pause()

            assert places == [player.desk.query_one(f"#{name}").region for name in PANES]

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_what_was_found_is_told_beside_the_keys_until_the_next_one(size: tuple[int, int]) -> None:
    found = (Finding("warning", "Service/shop/web", "one"), Finding("skipped", "Job/shop/one", "another"))

    async def story(player: Player) -> None:
        player.desk.greet(grave_words(found))
        (row,) = player.rows("#keys")
        assert row.startswith("▲ 1 warning, 1 skipped; :check lists them   t trace ")
        assert row.endswith(": command   ? help")
        await player.press("j")
        assert "check lists them" not in player.rows("#keys")[0]

    play(shop(), story, size=size)
