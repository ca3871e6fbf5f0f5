"""Pictures of a live cluster at the console. Update with `pytest tests/tui/test_pictures_live.py --snapshot-update`."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Awaitable, Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from kwake.actions import KillPod, Scale
from kwake.objects.decode import decode
from kwake.objects.document import Manifest, document
from kwake.objects.kinds import Pod
from kwake.objects.unread_kind import UnreadKind
from kwake.profiles import load_profile
from kwake.sources import Entry, Snapshot
from kwake_live.following import Changes, Moment, moment_of
from kwake_live.loading import Loaded, Progress, snapshot_of
from kwake_live.opening import world_of
from kwake_live.watching import Link
from kwake_tui import live as live_module
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.live import Live
from kwake_tui.live_pages import Reading
from kwake_tui.opened import Opened
from kwake_tui.screens import opening
from kwake_tui.session import Session
from tests.tui.looks import LOOKS, put_on
from tests.tui.player import Player, shop
from tests.tui.test_pictures import at_rest, settled

FORBIDDEN = (
    UnreadKind("NetworkPolicy", "networking.k8s.io", (), "forbidden", "whether a dial is admitted", True),
    UnreadKind("Node", "", (), "forbidden", "addresses, ranges and zones of nodes; nodes are inferred from pods"),
)


def _entry(manifest: Manifest) -> Entry:
    doc = document(manifest)
    return Entry(doc, decode(doc))


ENTRIES = tuple(_entry(record.manifest) for record in shop().cluster)


class Told:
    """A cluster that says what a test tells it to say."""

    def __init__(self, unread: tuple[UnreadKind, ...] = ()) -> None:
        kinds = {kind.kind for kind in unread}
        kept = tuple(entry for entry in ENTRIES if entry.key.kind not in kinds)
        self.loaded = Loaded("prod", "", "v1.33.1", kept, (), unread, ())
        self.entries = kept
        self.links: tuple[Link, ...] = tuple(Link(name, "following") for name in ("pods", "services", "nodes"))
        self.moments: tuple[Moment, ...] = ()
        self.has_changes = False

    def changes(self) -> Changes:
        self.has_changes = False
        return Changes(frozenset(), 0)

    def snapshot(self) -> Snapshot:
        return snapshot_of(self.loaded, self.entries)

    def tell(self, *told: tuple[float, str, Entry]) -> None:
        """What happened, each at its time."""
        held = {entry.key: entry for entry in self.entries}
        for _, kind, entry in told:
            if kind == "DELETED":
                held.pop(entry.key)
            else:
                held[entry.key] = entry
        self.entries, self.has_changes = tuple(held.values()), True
        self.moments = tuple(found for one in told if (found := moment_of(*one)) is not None)


Story = Callable[[Player, Told], Awaitable[None]]


async def forbidden(player: Player, told: Told) -> None:
    """Policies may not be read: a dial is unknown, and the page says why."""
    await player.press("colon")
    await player.type("trace deploy/shop/web svc/shop/checkout:443")
    await player.press("enter")


async def forbidden_page(player: Player, told: Told) -> None:
    """What may not be read, and what hangs on it."""
    told.links = (*told.links, Link("endpointslices.discovery.k8s.io", "reconnecting", "no connection; again in 4 s"))
    await player.press("colon")
    await player.type("live")
    await player.press("enter")


def _pod(app: str) -> Entry:
    return next(e for e in ENTRIES if isinstance(e.value, Pod) and e.value.metadata.labels.get("app") == app)


async def drift(player: Player, told: Told) -> None:
    """Two actions; under one of them the cluster has moved on."""
    gone, other = _pod("cart"), copy.deepcopy(_pod("search").document.manifest)
    other["metadata"]["labels"]["track"] = "canary"
    player.desk.attempt(Scale("deploy/shop/web", 4))
    player.desk.attempt(KillPod(f"shop/{gone.key.name}"))
    told.tell((3.0, "DELETED", gone), (4.0, "MODIFIED", _entry(other)))
    await player.until(lambda: any("▲ 1 stale" in row for row in player.rows("#status")))


async def drift_page(player: Player, told: Told) -> None:
    """The same as a list."""
    await drift(player, told)
    await player.press("colon")
    await player.type("live")
    await player.press("enter")


async def seen(player: Player, told: Told) -> None:
    """A simulated kill that somebody carried out: predicted and seen."""
    old = _pod("checkout")
    assert isinstance(old.value, Pod)
    player.desk.attempt(KillPod(f"shop/{old.key.name}"))
    dying, new, ready = (copy.deepcopy(old.document.manifest) for _ in range(3))
    dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    for manifest in (new, ready):
        manifest["metadata"] |= {"name": f"{old.key.name[:-5]}x2v9k", "uid": "another"}
        manifest["spec"]["nodeName"] = "node-b"
        manifest["status"] |= {"podIP": "10.244.2.31", "podIPs": [{"ip": "10.244.2.31"}]}
    new["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    slices = [e for e in ENTRIES if e.key.kind == "EndpointSlice" and old.value.ip.encode() in e.document.raw]
    before, after = (copy.deepcopy(slices[0].document.manifest) for _ in range(2))
    for manifest in (before, after):
        manifest["endpoints"] = [e for e in manifest["endpoints"] if e["addresses"] != [old.value.ip]]
    after["endpoints"].append({"addresses": ["10.244.2.31"], "conditions": {"ready": True}})
    told.tell(
        (10.0, "MODIFIED", _entry(dying)),
        (10.1, "ADDED", _entry(new)),
        (10.9, "MODIFIED", _entry(before)),
        (12.4, "DELETED", old),
        (15.2, "MODIFIED", _entry(ready)),
        (15.9, "MODIFIED", _entry(after)),
    )
    await player.until(lambda: any("it really happened" in row for row in player.rows("#keys")))
    await player.press("colon")
    await player.type("seen")
    await player.press("enter")


PICTURES: dict[str, tuple[Story, tuple[int, int]]] = {
    "live-forbidden": (forbidden, (120, 36)),
    "live-forbidden-page": (forbidden_page, (120, 36)),
    "live-drift": (drift, (120, 36)),
    "live-drift-page": (drift_page, (120, 36)),
    "live-seen": (seen, (120, 36)),
    "live-forbidden-80x24": (forbidden, (80, 24)),
    "live-forbidden-200x60": (forbidden, (200, 60)),
    "live-drift-80x24": (drift, (80, 24)),
    "live-drift-200x60": (drift, (200, 60)),
}
"""By name: how to get there, and the size of the terminal."""


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("looks", [(None,), pytest.param(LOOKS, marks=pytest.mark.slow)], ids=["dark", "every-look"])
def test_it_looks_as_approved(
    name: str, looks: tuple[str | None, ...], picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "LOOK_S", 0.05)
    story, size = PICTURES[name]
    told, profile = Told(FORBIDDEN if "forbidden" in name else ()), load_profile("calico", {})
    session = Session.start(world_of(told.snapshot(), profile, 7), "prod", "cilium", Opened(live="prod"))
    app = KwakeApp(Begun(session, live=Live(told, profile, 7, lambda: None)))
    app.animation_level = "none"

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            player = Player(app, pilot)
            await pilot.pause()
            await player.until(lambda: any("● live" in row for row in player.rows("#status")))
            await story(player, told)
            await settled(player)
            for look in looks:
                if look is not None:
                    put_on(app, look)
                    await at_rest(player)
                assert player.svg() == picture(name=f"every-{name}-{look}" if look is not None else name)

    asyncio.run(run())


def test_loading_looks_as_approved(picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds as they come, and what there is by namespace, before the whole of it is read."""
    monkeypatch.setattr(opening, "SHOWN_S", 3600)
    release = threading.Event()
    reading = Reading(release.set)
    pods = tuple(entry for entry in ENTRIES if entry.key.kind == "Pod")
    services = tuple(entry for entry in ENTRIES if entry.key.kind == "Service")
    for name in ("namespaces", "nodes", "services", "pods", "endpointslices.discovery.k8s.io"):
        reading.tell(Progress(name, "waiting"))
    reading.tell(Progress("namespaces", "done", 4, 4))
    reading.tell(Progress("nodes", "forbidden"))
    reading.tell(Progress("services", "done", len(services), len(services), services))
    reading.tell(Progress("pods", "reading", 8500, 10017, pods))
    reading.say("prod: endpointslices: the API server answered 429: too many requests; again in 1 s")

    def begin() -> Begun:
        release.wait()
        return Begun(Session.start(shop(), "prod", None))

    name, size = ("live-loading", (120, 36))

    async def run() -> None:
        app = KwakeApp(begin, "prod", progress=reading)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            player = Player(app, pilot)
            await player.until(lambda: "10,017" in player.svg() and "6&#160;svc" in player.svg())
            await at_rest(player)
            shot = player.svg()
            release.set()
            await app.workers.wait_for_complete()
        assert shot == picture(name=name)

    asyncio.run(run())
