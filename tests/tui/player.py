"""Plays keys and clicks on a console and looks at what it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache

from textual.events import Key
from textual.pilot import Pilot
from textual.strip import Strip

import kwake
from kwake.samples import sample_path
from kwake.world import World
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.appearance import Look
from kwake_tui.lines import Line
from kwake_tui.opened import Opened
from kwake_tui.screens.main import MainScreen
from kwake_tui.session import Session, second_profile
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList

WAIT_S = 10.0
"""Seconds until a condition that is waited for counts as never met."""


class Player:
    """A console that runs."""

    def __init__(self, app: KwakeApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def desk(self) -> MainScreen:
        """The main screen, below whatever dialog is open."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    @property
    def session(self) -> Session:
        """Where the console is."""
        return self.desk.session

    async def press(self, *keys: str) -> None:
        """Press keys; text goes in as its characters."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text."""
        names = {" ": "space", ":": "colon", "/": "slash", "-": "minus", ".": "full_stop", "=": "equals_sign"}
        for character in text:
            self.app.post_message(Key(names.get(character, character), character))
        await self.pilot.pause()

    async def hold(self, key: str, times: int) -> None:
        """Press a key as often, as fast as it comes; it must not move the focus."""
        for _ in range(times):
            self.app.simulate_key(key)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to come true, not for a time."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await self.pilot.pause()

    def rows(self, selector: str) -> list[str]:
        """The rows of a pane as plain text."""
        found = (
            self.app.screen.query(selector).first()
            if self.app.screen.query(selector)
            else self.desk.query_one(selector)
        )
        assert isinstance(found, (LineList, LineBar))
        return [plain(line) for line in found.lines]

    def row(self, selector: str, part: str) -> str:
        """The one row of a pane with this part."""
        (found,) = [row for row in self.rows(selector) if part in row]
        return found

    async def go_to(self, target: str) -> None:
        """Put the cursor of the Cluster pane on an object, by its reference, with the keys of a hand."""
        pane = self.desk.query_one("#cluster", LineList)
        stops = [line.target for line in pane.lines if line.target]
        steps = stops.index(target) - stops.index(pane.target)
        pane.focus()
        await self.hold("j" if steps > 0 else "k", abs(steps))
        await self.until(lambda: pane.target == target)

    def looks(self) -> list[Strip]:
        """The rows of the screen with their styles: what a picture shows, for a tenth of its price."""
        return self.app.screen._compositor.render_strips()

    def svg(self) -> str:
        """A picture of the screen."""
        return self.app.export_screenshot(title="kwake")


def plain(line: Line) -> str:
    """A line as text, its facts at the right after two spaces."""
    left = "".join(span.text for span in line.left)
    right = "".join(span.text for span in line.right)
    return f"{left}  {right}".strip() if right else left.strip()


Story = Callable[[Player], Awaitable[None]]


def play(
    world: World,
    story: Story,
    *,
    size: tuple[int, int] = (120, 36),
    title: str = "shop",
    opened: Opened | None = None,
    look: Look | None = None,
) -> None:
    """Run a console on a world, headless, and play a story on it."""

    async def run() -> None:
        app = KwakeApp(Begun(Session.start(world, title, second_profile(world.profile.name), opened)), look=look)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await story(Player(app, pilot))

    asyncio.run(run())


@cache
def shop() -> World:
    """The sample cluster, always the same: no test can change a world."""
    return kwake.open(sample_path("shop"), seed=7)
