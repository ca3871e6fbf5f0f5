"""The console under a storm of watch events: none lost, keys answered, memory flat.

    python -m benchmarks.live_watch [PODS EVENTS_A_SECOND SECONDS]      default 1000 1000 60

The server is a process of its own, over TLS; the console runs headless, but renders every frame. Keys are timed from
the key to the frame that shows its effect.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.frames import SIZE, FrameDriver, frames

KEYS_EVERY_S = 0.1


def serve(folder: Path, pods: int) -> None:
    """Serve a cluster; change pods of it as standard input says."""
    from tests.live.certificates import kubeconfig, make_certificates
    from tests.live.fake_api import FakeApi
    from tests.live.large import large_cluster, pod

    certificates = make_certificates(folder)
    api = FakeApi(certificates.server_context())
    for manifest in large_cluster(pods, pods // 5, pods // 20):
        manifest["metadata"].pop("managedFields", None)
        api.store.put(manifest)
    api.start()
    kubeconfig(folder / "config", api.url, certificates.ca, {"token": "let-me-in"})
    print("ready", flush=True)
    resource = api.store.find("", "pods")
    assert resource is not None
    for line in sys.stdin:
        rate, seconds = map(int, line.split())
        began, late = time.perf_counter(), 0.0
        for number in range(rate * seconds):
            changed = pod(number * 7 % pods, max(1, pods // 100), ready=number % 3 != 0)
            del changed["metadata"]["managedFields"]
            changed["metadata"]["labels"]["storm"] = str(number)
            api.store.put(changed)
            wait = began + number / rate - time.perf_counter()
            late = max(late, -wait)
            if wait > 0.002:
                time.sleep(wait)
        took = time.perf_counter() - began
        print(
            json.dumps(
                {"sent": rate * seconds, "seconds": took, "late": late, "digest": _digest(api.store.all(resource))}
            ),
            flush=True,
        )


def _digest(pods: list[dict[str, object]]) -> str:
    """One word for the names and versions of all pods."""
    said = sorted(f"{p['metadata']['name']} {p['metadata']['resourceVersion']}" for p in pods)  # type: ignore[index]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def resident_mib() -> float:
    """What this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def console(server: subprocess.Popen[str], rate: int, seconds: int) -> dict[str, object]:
    """Run the console through the storm and tell how it fared."""
    from kwake.objects.kinds import Pod
    from kwake.profiles import load_profile
    from kwake_live.following import Follower
    from kwake_live.opening import connect, read_cluster, world_of
    from kwake_live.reading import Reader
    from kwake_tui.app import Begun, KwakeApp
    from kwake_tui.live import Live
    from kwake_tui.opened import Opened
    from kwake_tui.panes.cluster import ClusterPane
    from kwake_tui.screens.main import MainScreen
    from kwake_tui.session import Session

    stop, access = threading.Event(), connect("prod")
    began = time.perf_counter()
    loaded = read_cluster(access, "", lambda words: None)
    read_s = time.perf_counter() - began
    profile = load_profile("calico", {})
    world = world_of(loaded.snapshot, profile, 0)
    opened_s = time.perf_counter() - began
    follower = Follower(Reader(access, lambda words: None, stop), loaded)
    session = Session.start(world, "prod", "cilium", Opened(live="prod"))
    del world
    follower.start()
    app = KwakeApp(Begun(session, live=Live(follower, profile, 0, stop.set)))
    app.driver_class = FrameDriver
    app.animation_level = "none"
    running = asyncio.create_task(app.run_async(size=SIZE))
    while not frames:
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    pane = app.screen.query_one(ClusterPane)
    assert isinstance(app.screen, MainScreen)
    desk = app.screen

    async def timed(key: str) -> float:
        """Seconds to the first frame after the cursor has moved."""
        before, start = pane.target, time.perf_counter()
        app.simulate_key(key)
        while pane.target == before and time.perf_counter() - start < 5:
            await asyncio.sleep(0.001)
        seen = len(frames)
        while len(frames) == seen and time.perf_counter() - start < 5:
            await asyncio.sleep(0.001)
        return time.perf_counter() - start

    calm = [await timed("jk"[n % 2]) for n in range(50)]
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(f"{rate} {seconds}\n")
    server.stdin.flush()
    done = asyncio.create_task(asyncio.to_thread(server.stdout.readline))
    times: list[float] = []
    held: list[float] = []
    worlds = {id(desk.session.timeline.entries[0].world)}
    looked = time.perf_counter()
    while not done.done():
        times.append(await timed("jk"[len(times) % 2]))
        worlds.add(id(desk.session.timeline.entries[0].world))
        if time.perf_counter() - looked > 2:
            looked = time.perf_counter()
            held.append(resident_mib())
        await asyncio.sleep(KEYS_EVERY_S)
    sent = json.loads(await done)

    def digest() -> str:
        pods = [e.document.manifest for e in follower.snapshot().entries if isinstance(e.value, Pod)]
        return _digest(pods)

    ended = time.perf_counter()
    while digest() != sent["digest"] and time.perf_counter() - ended < 30:
        await asyncio.sleep(0.2)
    caught_up = time.perf_counter() - ended
    same = digest() == sent["digest"]
    count = follower.changes().count
    stop.set()
    app.exit(0)
    await running
    quarter = max(1, len(held) // 4)
    return {
        "read s": read_s, "opened s": opened_s, "sent": sent["sent"], "sent in s": sent["seconds"],
        "server late s": sent["late"],
        "told": count, "same at the end": same, "caught up after s": caught_up, "baselines": len(worlds),
        "keys": len(times), "calm p95 ms": 1000 * _p95(calm), "key median ms": 1000 * statistics.median(times),
        "key p95 ms": 1000 * _p95(times), "key worst ms": 1000 * max(times),
        "MiB first quarter": statistics.median(held[:quarter]), "MiB last quarter": statistics.median(held[-quarter:]),
        "MiB, in time": " ".join(f"{mib:.0f}" for mib in held),
    }  # fmt: skip


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


def storm(pods: int, rate: int, seconds: int) -> dict[str, object]:
    """Everything, with a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "benchmarks.live_watch", "serve", folder, str(pods)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            os.environ["KUBECONFIG"] = f"{folder}/config"
            return asyncio.run(console(server, rate, seconds))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", folder, pods]:
            serve(Path(folder), int(pods))
        case sizes:
            for name, value in storm(*(int(size) for size in sizes or ("1000", "1000", "60"))).items():
                print(f"{name:<20}{value:>12.1f}" if isinstance(value, float) else f"{name:<20}{value!s:>12}")
