"""A driver that renders every frame to the bytes that a terminal would get, and tells when.

Run as a program it starts an application and writes a line with its first frame, and for the console another with the
first one that shows the cluster: python benchmarks/frames.py empty|sample
"""

from __future__ import annotations

import asyncio
import sys
import time

from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Static

SIZE = (120, 36)

frames: list[float] = []
"""When each part of a frame was written."""


class FrameDriver(HeadlessDriver):
    """Takes the time of each frame."""

    @property
    def is_headless(self) -> bool:
        """Not quite: frames are rendered."""
        return False

    def write(self, data: str) -> None:
        """A frame, or part of one."""
        if data:
            frames.append(time.perf_counter())

    def flush(self) -> None:
        """Nothing to flush."""


class Empty(App[int]):
    """What Textual itself costs."""

    def compose(self) -> ComposeResult:
        """One word."""
        yield Static("hello")


def sample() -> App[int]:
    """The console as `kwake` starts it."""
    from kwake_tui.app import Begun, KwakeApp, session_on

    def begin() -> Begun:
        import kwake
        from kwake.samples import sample_path
        from kwake_tui.opened import Opened

        path = str(sample_path())
        return Begun(session_on(kwake.open(path), "shop", Opened((path,))))

    return KwakeApp(begin, "shop")


async def started(app: App[int]) -> None:
    """Run an application and tell its first frames; whoever started it ends it."""
    app.driver_class = FrameDriver
    running = asyncio.create_task(app.run_async(size=SIZE))
    told = sys.__stdout__  # Textual has its own in the place of the other
    assert told is not None
    while not frames:
        await asyncio.sleep(0)
    told.write("frame\n")
    told.flush()
    while not isinstance(app, Empty) and not any(type(screen).__name__ == "MainScreen" for screen in app.screen_stack):
        await asyncio.sleep(0.001)
    seen = len(frames)
    while not isinstance(app, Empty) and len(frames) == seen:
        await asyncio.sleep(0.001)
    told.write("cluster\n")
    told.flush()
    await running


if __name__ == "__main__":
    asyncio.run(started(Empty() if sys.argv[1] == "empty" else sample()))
