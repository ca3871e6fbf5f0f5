"""The world in which a scenario begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kwake.opening import open_world
from kwake.scenario.pinned import confirm
from kwake.scenario.scenario import Scenario
from kwake.world import World


def begin(
    scenario: Scenario,
    profile: str | None = None,
    seed: int | None = None,
    *,
    overrides: Mapping[str, str] | None = None,
    lenient: bool = False,
    stdin: Callable[[], bytes] | None = None,
) -> World:
    """Open a scenario's snapshot as it asks for: under its first profile unless another is named, with its seed.

    `overrides` and `lenient` come on top of its own. Raises what `kwake.open` raises, and
    SnapshotUnreadable where the snapshot is not what was pinned.
    """
    confirm(scenario, stdin)
    return open_world(
        list(scenario.snapshot),
        profile or scenario.profiles[0],
        scenario.seed if seed is None else seed,
        overrides={**scenario.overrides, **(overrides or {})},
        lenient=lenient or scenario.lenient,
        layered=True,
        stdin=stdin,
    )
