"""How the beginning of a session was opened: what is needed, with its world, to open it again."""

from __future__ import annotations

import msgspec

from kwake.objects.document import Source
from kwake.world import World

STDIN = "-"


class Opened(msgspec.Struct, frozen=True):
    """Profile, seed and chosen fields are the world's own; this is the rest."""

    snapshot: tuple[str, ...] = ()
    """Paths as the user gave them, `-` for standard input; none where the world came from elsewhere."""
    lenient: bool = False
    live: str = ""
    """The context of the live cluster that it is, if it is one: what is written of it is written without secrets."""
    layered: bool = False
    """Whether later paths override earlier ones, as those of a scenario do."""


def sources_of(beginning: World) -> dict[str, Source]:
    """The files, and standard input, that the objects of a cluster were read from, by name."""
    origins = (record.origin for record in beginning.cluster)
    return {origin.source.name: origin.source for origin in origins if origin is not None}
