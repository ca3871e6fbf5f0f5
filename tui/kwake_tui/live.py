"""A live cluster under the console: the baseline follows it, the what-if stays on top."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from kwake.cluster import Cluster
from kwake.errors import KwakeError, UsageError
from kwake.profiles.profile import Profile
from kwake.sources import Snapshot
from kwake.timeline import Timeline
from kwake.world import World
from kwake_live.drift import Replayed, Stale, changed_keys, difference, replay_on, stale
from kwake_live.opening import world_of
from kwake_tui.beside import beside
from kwake_tui.session import LiveState, Session, action_title

if TYPE_CHECKING:
    from kwake_live.following import Changes, Moment
    from kwake_live.loading import Loaded
    from kwake_live.watching import Link
    from kwake_tui.desk import Desk

LOOK_S = 0.5
"""Seconds between two looks at what the cluster told."""

SHARE = 3
"""A new baseline is made at most so often that making it takes one part of this many of the time: keys come first."""


class Feed(Protocol):
    """What tells of the cluster: `kwake_live.following.Follower`."""

    @property
    def loaded(self) -> Loaded:
        """What it began with."""
        ...

    @property
    def has_changes(self) -> bool:
        """Whether something changed since `changes` was asked."""
        ...

    def changes(self) -> Changes:
        """What changed since this was asked before."""
        ...

    def snapshot(self) -> Snapshot:
        """The cluster as it is now."""
        ...

    @property
    def links(self) -> tuple[Link, ...]:
        """How each kind is followed."""
        ...

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The latest changes of pods and slices."""
        ...


class Live:
    """Follows a cluster for one console. All but the making of worlds is done in the console's own thread."""

    def __init__(self, feed: Feed, profile: Profile, seed: int, stop: Callable[[], None]) -> None:
        self.feed = feed
        self._profile = profile
        self._seed = seed
        self._stop = stop
        self._desk: Desk | None = None
        self._baseline: World | None = None
        self._building = False
        self._next_s = 0.0
        self._stale: tuple[Stale, ...] = ()
        self._told: tuple[Stale, ...] = ()

    @property
    def now(self) -> Cluster | None:
        """The cluster as it is now; None while it is as the session began."""
        return self._baseline.cluster if self._baseline is not None else None

    def stale(self, session: Session) -> tuple[Stale, ...]:
        """The actions of a session that build on what has changed underneath."""
        return stale(session.timeline, self.now) if self.now is not None else ()

    def begin(self, desk: Desk) -> None:
        """Follow, as long as the console stands."""
        self._desk = desk
        desk.app.set_interval(LOOK_S, self.look)
        self.look()

    def end(self) -> None:
        """Follow no more."""
        self._stop()

    def look(self) -> None:
        """Take in what changed, and say how the cluster is followed."""
        desk = self._desk
        if desk is None:
            return
        if self.feed.has_changes and not self._building and time.monotonic() >= self._next_s:
            self.feed.changes()
            self._building = True
            desk.app.run_worker(self._take_in(desk), name="live")
        self._say(desk)

    async def _take_in(self, desk: Desk) -> None:
        """Make the world anew, in another thread; then the session follows, if nothing was done in it."""
        began = time.monotonic()
        try:
            world = await asyncio.to_thread(self._made)
            if len(desk.session.timeline.entries) == 1:
                fresh = await asyncio.to_thread(moved, desk.session, Timeline.start(world))
                if len(desk.session.timeline.entries) == 1:
                    now = desk.session
                    self._baseline = None
                    desk.show(msgspec.structs.replace(fresh, flow=now.flow, pins=now.pins, live=now.live))
                    return
            self._baseline = world
            self._stale = self.stale(desk.session)
            self._warn(desk)
        except KwakeError as error:
            desk.say(f"the cluster as it is now cannot be taken in: {error}", "bad")
        finally:
            self._building = False
            self._next_s = time.monotonic() + (time.monotonic() - began) * SHARE
            self._say(desk)

    def _made(self) -> World:
        return world_of(self.feed.snapshot(), self._profile, self._seed).settle()

    def _warn(self, desk: Desk) -> None:
        """Say once which actions no longer stand on what they stood on."""
        new = [item for item in self._stale if item not in self._told]
        self._told = self._stale
        if new:
            first, more = new[0], f", {len(new) - 1} more" if len(new) > 1 else ""
            words = "it really happened, :seen compares" if first.happened else first.words
            desk.say(f"stale: {action_title(first.action)}{more}: {words}; :follow replays")

    def _say(self, desk: Desk) -> None:
        state = state_of(self.feed.links, self._stale, self._baseline is not None)
        if desk.session.live != state:
            desk.show_live(state)

    def follow(self, desk: Desk) -> Replayed:
        """The what-if of the session on top of the cluster as it is now. Raises UsageError where it is that already."""
        if self._baseline is None:
            raise UsageError("the session is on the cluster as it is: nothing changed underneath")
        replayed = replay_on(desk.session.timeline, self._baseline)
        self._baseline, self._stale, self._told = None, (), ()
        desk.show(moved(desk.session, replayed.timeline))
        self._say(desk)
        return replayed


def state_of(links: Sequence[Link], stale_actions: Sequence[Stale], differs: bool) -> LiveState:
    """What the status line says."""
    broken = [link for link in links if link.state == "reconnecting"]
    if broken:
        kinds = broken[0].name if len(broken) == 1 else f"{len(broken)} kinds"
        return LiveState(f"◐ reconnecting {kinds}", "warn")
    if stale_actions:
        return LiveState(f"▲ {len(stale_actions)} stale", "warn")
    return LiveState("◐ moved on", "muted") if differs else LiveState("● live", "ok")


def moved(session: Session, timeline: Timeline) -> Session:
    """The session on another beginning: what is looked at stays, what was worked out goes."""
    second = session.against.get(0)
    against = {}
    if second is not None:
        against = beside(timeline, timeline.entries[0].world.with_profile(second.profile.name))
    fresh = msgspec.structs.replace(session, timeline=timeline, against=against, worked_out={}, script=None)
    return msgspec.structs.replace(fresh, moment=None, follows=False, saved=frozenset())


def drifted(session: Session, now: Cluster) -> tuple[tuple[str, str], ...]:
    """What is otherwise in the cluster than at the beginning of the session: each object, and how."""
    was = session.timeline.entries[0].world.cluster
    return tuple((str(key), difference(was.find(key), now.find(key))) for key in changed_keys(was, now))
