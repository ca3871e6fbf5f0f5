"""Commands on a live cluster: what `--context` stands for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from kwake.profiles import load_profile
from kwake.world import World
from kwake_live.opening import connect, profile_told, read_cluster, world_of


def live_worlds(
    context: str,
    namespace: str,
    profiles: list[str],
    seed: int,
    overrides: Mapping[str, str],
    say: Callable[[str], None],
) -> list[World]:
    """The cluster, read once, as a world for each profile; without any under the one that it tells of.

    Raises LiveError, and what `kwake.open` raises.
    """
    named = [load_profile(profile, overrides) for profile in profiles]
    with contextlib.closing(connect(context, interactive=True)) as access:
        loaded = read_cluster(access, namespace, say)
    chosen = named or [profile_told(loaded, overrides, say)]
    return [world_of(loaded.snapshot, profile, seed) for profile in chosen]
