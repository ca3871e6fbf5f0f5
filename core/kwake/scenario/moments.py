"""The moments between an action and rest: nothing changes in between, so a look at each is a look at all times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.errors import KwakeError
from kwake.world import World

LIMIT = 100_000
"""Moments after which a world counts as one that never comes to rest."""


def moments(world: World) -> Iterator[World]:
    """The world, then the world after each time at which something happens, the settled one last."""
    for _ in range(LIMIT):
        due_ms = world.next_event_ms
        if due_ms is None or due_ms > world.now_ms:
            yield world
        if due_ms is None:
            return
        world = world.advance((due_ms - world.now_ms) / 1000)
    raise KwakeError(f"the world does not come to rest: {LIMIT} moments, and more to come")


def at(seen: Sequence[World], time_ms: int) -> World:
    """The world at a time, from the moments around it."""
    before = [world for world in seen if world.now_ms <= time_ms]
    world = before[-1] if before else seen[0]
    return world.advance((time_ms - world.now_ms) / 1000) if world.now_ms < time_ms else world
