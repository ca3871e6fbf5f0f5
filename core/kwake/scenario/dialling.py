"""A flow dialled at a moment, asked for once however many expectations and reports look at it."""

from __future__ import annotations

from functools import lru_cache

from kwake.dataplane.path import Flow, Path
from kwake.world import World

_KEPT = 256
"""Paths that are kept while a replay runs."""


@lru_cache(_KEPT)
def dialled(world: World, flow: Flow) -> Path:
    """Where a dial of this flow goes at this moment. Worlds never change, so that an answer stays true.

    Raises ReferenceNotFound for ends that are not there.
    """
    return world.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via, flow.at)


def forget() -> None:
    """Keep nothing: a replay is over."""
    dialled.cache_clear()
