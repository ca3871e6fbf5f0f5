"""The moments of a timeline under a second profile."""

from __future__ import annotations

from contextlib import suppress

from kwake.errors import KwakeError
from kwake.scenario.moments import at, moments
from kwake.timeline import Timeline
from kwake.world import World


def beside(timeline: Timeline, second: World) -> dict[int, World]:
    """The counterpart of each entry, by number; `second` is the beginning, just opened.

    What was refused there, and all that follows on it, has none.
    """
    found: dict[int, World] = {}
    for number, entry in enumerate(timeline.entries):
        if entry.parent is None or entry.action is None:
            found[number] = counterpart(second, entry.world)
        elif (before := found.get(entry.parent)) is not None:
            with suppress(KwakeError):
                found[number] = counterpart(before.do(entry.action), entry.world)
    return found


def counterpart(second: World, world: World) -> World:
    """The second profile's world at the time of an entry's, from the one right after the same action.

    Where the entry is at rest it is at rest, too, and the time that the entry waited there has gone by.
    """
    seen = tuple(moments(second))
    return at(seen, max(world.now_ms, seen[-1].now_ms) if world.is_settled else world.now_ms)
