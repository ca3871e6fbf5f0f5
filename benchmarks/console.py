"""How the console answers keys on a large cluster, against the small sample, in one run. Judges nothing: prints ratios.

python benchmarks/console.py [PODS]      default 10000

Headless, but every frame is rendered to the bytes that a terminal would get. Times are from the key to the frame that
shows its effect, with Textual's own limit of 60 frames a second lifted, which would hide what we look for.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TEXTUAL_FPS", "1000")

from benchmarks.clusters import cluster, write
from benchmarks.frames import SIZE, FrameDriver, frames

import kwake
from kwake.objects.kinds import NetworkPolicy, Node, Pod, Service
from kwake.samples import sample_path
from kwake.world import World
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.panes.cluster import ClusterPane
from kwake_tui.screens.main import MainScreen
from kwake_tui.session import Session, second_profile
from kwake_tui.widgets.prompt import Prompt

ROUNDS = 100
STARTS = 15


class Console:
    """A console that runs, with a clock."""

    def __init__(self, app: KwakeApp) -> None:
        self.app = app

    @property
    def desk(self) -> MainScreen:
        """The main screen."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    async def idle(self) -> None:
        """Until no frame comes any more."""
        seen = -1
        while seen != len(frames):
            seen = len(frames)
            await asyncio.sleep(0.12)

    async def timed(self, key: str, shown: Callable[[], bool] | None = None) -> float:
        """Seconds from a key to the first frame after it, or after its effect is there."""
        await asyncio.sleep(0.01)
        frames.clear()
        start = time.perf_counter()
        self.app.simulate_key(key)
        while shown is not None and not shown():
            await asyncio.sleep(0)
        before = len(frames)
        while len(frames) == before:
            await asyncio.sleep(0)
        return frames[before] - start

    async def median(self, *keys: str, shown: Callable[[int], bool] | None = None) -> float:
        """The median of as many rounds of these keys, one after the other."""
        times = []
        for number in range(ROUNDS):
            at = number % len(keys)
            times.append(await self.timed(keys[at], partial(shown, at) if shown else None))
        return statistics.median(times)


def _session(world: World) -> Session:
    return Session.start(world, "benchmark", second_profile(world.profile.name))


async def measured(world: World) -> dict[str, float]:
    """All figures for one world, seconds."""
    app = KwakeApp(Begun(_session(world)))
    app.driver_class = FrameDriver
    app.animation_level = "none"
    found: dict[str, float] = {}
    running = asyncio.create_task(app.run_async(size=SIZE))
    while not frames:
        await asyncio.sleep(0.01)
    console = Console(app)
    await console.idle()
    pane = console.desk.query_one(ClusterPane)
    found["j, k"] = await console.median("j", "k")
    await console.idle()
    found["page"] = await console.median("pagedown", "pageup")
    await console.idle()
    app.simulate_key("slash")
    await console.idle()
    assert console.desk.query_one(Prompt).has_focus
    app.simulate_key("p")
    await console.idle()

    def filtered(at: int) -> bool:
        return pane.filter is not None and pane.filter.text == ("pa", "p")[at]

    found["filter key"] = await console.median("a", "backspace", shown=filtered)
    app.simulate_key("escape")
    await console.idle()
    pod = max(world.cluster.all(Pod), key=lambda pod: pod.metadata.namespace.startswith("team"))
    pane.reveal(str(pod.key))
    pane.focus()
    await console.idle()
    path = len(console.desk.session.timeline.path)
    found["kill"] = await console.timed("ctrl+k", lambda: len(console.desk.session.timeline.path) > path)
    await console.idle()
    app.exit(0)
    await running
    frames.clear()
    return found


def starts() -> dict[tuple[str, int], float]:
    """Seconds from a process's start to a frame, the first or the one with the cluster in it, as medians.

    The programs take turns, so that what else the machine does meets all of them alike.
    """
    times: dict[tuple[str, int], list[float]] = {("empty", 0): [], ("sample", 0): [], ("sample", 1): []}
    for _ in range(STARTS):
        for (which, frame), found in times.items():
            found.append(_start(which, frame))
    return {program: statistics.median(found) for program, found in times.items()}


def _start(which: str, frame: int) -> float:
    program = str(Path(__file__).with_name("frames.py"))
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, program, which], stdout=subprocess.PIPE, env=os.environ | _path()
    ) as process:
        assert process.stdout is not None
        for _ in range(frame + 1):
            process.stdout.readline()
        taken = time.perf_counter() - start
        process.kill()
    return taken


def _path() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), *sys.path])}


def _print(name: str, one: float, other: float) -> None:
    print(f"{name:<14}{1000 * one:>9.1f} ms{1000 * other:>9.1f} ms  {other / one:.2f}")


def main() -> None:
    """Print all figures."""
    pods = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cluster.json"
        write(file, cluster(pods))
        start = time.perf_counter()
        large = kwake.open(file, seed=7)
        opened = time.perf_counter() - start
        counts = (f"{len(large.cluster.all(kind))} {kind.__name__}" for kind in (Pod, Service, NetworkPolicy, Node))
        print(f"{', '.join(counts)}: opened in {opened:.1f} s")
    small = asyncio.run(measured(kwake.open(sample_path(), seed=7)))
    big = asyncio.run(measured(large))
    print(f"{'':<14}{'sample':>12}{'large':>12}  ratio")
    for name in small:
        _print(name, small[name], big[name])
    print(f"{'':<14}{'empty app':>12}{'sample':>12}  ratio")
    taken = starts()
    _print("first frame", taken["empty", 0], taken["sample", 0])
    _print("cluster shown", taken["empty", 0], taken["sample", 1])
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
