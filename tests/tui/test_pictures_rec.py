"""Pictures of scenarios, restoring and learning, each approved by eye."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from kwake_tui.app import Begun, KwakeApp
from kwake_tui.recording import JOURNAL, Recorder
from kwake_tui.recovery import offer
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.recover import RecoverScreen
from kwake_tui.session import Session, second_profile
from tests.tui.looks import LOOKS, put_on
from tests.tui.player import Player, Story, play, shop
from tests.tui.test_pictures import at_rest, settled
from tests.tui.test_recording import left_behind, worked

CRASHED_S = 1_790_000_000
"""When the sessions of these pictures were last written."""


async def command(player: Player, text: str) -> None:
    await player.press("colon")
    await player.type(text)
    await player.press("enter")


async def stepping(player: Player) -> None:
    """In the middle of a sample scenario: all is as expected."""
    await command(player, "replay sample:shop/kill")
    await player.press("n")


async def stepping_failed(player: Player) -> None:
    """A step whose expectation failed, with the path that it is about."""
    await command(player, f"replay {Path(__file__).parent / 'stories' / 'failing.yaml'}")
    await command(player, "run")


async def steps(player: Player) -> None:
    """All steps of it."""
    await stepping_failed(player)
    await command(player, "steps")
    await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))


async def kubectl(player: Player) -> None:
    """A session as commands."""
    await command(player, "scale deploy/shop/cart 3")
    await command(player, "relabel svc/shop/cart team=carts")
    await command(player, "kubectl")
    await player.until(lambda: bool(player.app.screen.query("#page")))


async def lesson(player: Player) -> None:
    """The third lesson asks."""
    await command(player, "learn")
    await player.until(lambda: bool(player.app.screen.query("#lesson-choices")))
    await player.until(lambda: player.app.screen.query_one("#lesson-choices").has_focus)
    for _ in range(2):
        await player.press("enter", "enter", "enter")


async def lesson_told(player: Player) -> None:
    """It tells: the prediction was another one."""
    await lesson(player)
    await player.press("j", "enter", "enter")


PICTURES: dict[str, tuple[Story, tuple[int, int]]] = {
    "rec-stepping": (stepping, (120, 36)),
    "rec-stepping-failed": (stepping_failed, (120, 36)),
    "rec-stepping-80x24": (stepping_failed, (80, 24)),
    "rec-steps": (steps, (120, 36)),
    "rec-kubectl": (kubectl, (120, 36)),
    "rec-lesson": (lesson, (120, 36)),
    "rec-lesson-told": (lesson_told, (120, 36)),
    "rec-lesson-told-80x24": (lesson_told, (80, 24)),
    "rec-lesson-told-200x60": (lesson_told, (200, 60)),
}
"""By name: how to get there, and the size of the terminal."""


@pytest.mark.parametrize("name", PICTURES)
def test_it_looks_as_approved(name: str, picture: SnapshotAssertion) -> None:
    story, size = PICTURES[name]

    async def look(player: Player) -> None:
        await story(player)
        await settled(player)
        assert player.svg() == picture(name=name)

    play(shop(), look, size=size)


@pytest.fixture
def crashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with two sessions that crashed at a known time."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for number in range(2):
        session = worked() if number == 0 else worked().undo()
        name = left_behind(tmp_path, session)
        # Their random names decide nothing that is seen: the later one stands first.
        os.utime(tmp_path / name / JOURNAL, (CRASHED_S + 600 * number,) * 2)
    return tmp_path


OFFERS = {
    "rec-restore": (120, 36),
    "rec-restore-80x24": (80, 24),
    "rec-restore-200x60": (200, 60),
}
"""By name: the size of the terminal."""


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("looks", [(None,), pytest.param(LOOKS, marks=pytest.mark.slow)], ids=["dark", "every-look"])
def test_the_offer_looks_as_approved(
    name: str, looks: tuple[str | None, ...], crashes: Path, picture: SnapshotAssertion
) -> None:
    async def run() -> None:
        world = shop()
        session = Session.start(world, "shop", second_profile(world.profile.name))
        recorder = Recorder(crashes)
        app = KwakeApp(Begun(session, recorder, lambda desk: offer(desk, recorder)))
        app.animation_level = "none"
        async with app.run_test(size=OFFERS[name]) as pilot:
            player = Player(app, pilot)
            await player.until(lambda: isinstance(player.app.screen, RecoverScreen))
            await settled(player)
            for look in looks:
                if look is not None:
                    put_on(app, look)
                    await at_rest(player)
                assert player.svg() == picture(name=f"every-{name}-{look}" if look is not None else name)

    asyncio.run(run())
