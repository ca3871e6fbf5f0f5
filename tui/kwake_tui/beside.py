"""The moments of a timeline under a second profile."""

from __future__ import annotations

from contextlib import suppress

from kwake.errors import KwakeError
from kwake.scenario.moments import at, moments
from kwake.timeline import Timeline
from kwake.world import World


def beside(timeline: Timeline, second: World) -> dict[int, World]:
    """The counterpart of each entry, by number; `second` is that of the beginning.

    What was refused there, and all that follows on it, has none.
    """
    found = {0: second}
    for number, entry in enumerate(timeline.entries):
        before = found.get(entry.parent) if entry.parent is not None else None
        if before is None or entry.action is None:
            continue
        with suppress(KwakeError):
            after = before.do(entry.action)
            rested = entry.world.is_settled
            found[number] = after.settle() if rested else at(tuple(moments(after)), entry.world.now_ms)
    return found
