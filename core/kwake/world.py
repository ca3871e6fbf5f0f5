"""The world: a cluster and everything that evolves around it. Immutable; `do` and `advance` give another one."""

from __future__ import annotations

import msgspec

from kwake.actions import Action
from kwake.cluster import Cluster
from kwake.dataplane.connection import Connection
from kwake.dataplane.path import Path
from kwake.dataplane.view import View
from kwake.objects.event import Event
from kwake.profiles.profile import Profile


class World(msgspec.Struct, frozen=True, eq=False):
    """A moment of a what-if."""

    cluster: Cluster
    profile: Profile
    now_ms: int
    events: tuple[Event, ...]
    """What the last action set off so far, oldest first."""
    connections: dict[str, Connection]

    @property
    def view(self) -> View:
        """What traffic meets now."""
        raise NotImplementedError

    def do(self, action: Action) -> World:
        """The world after an action, at the same moment. Raises Rejected where the API server would refuse it."""
        raise NotImplementedError

    def advance(self, seconds: float) -> World:
        """The world after this much simulated time."""
        raise NotImplementedError

    def settle(self) -> World:
        """The world when nothing is pending any more."""
        raise NotImplementedError

    def trace(
        self, source: str, target: str, port: int | str | None = None, protocol: str = "TCP", via: str = "dns"
    ) -> Path:
        """Where a dial made now would go."""
        raise NotImplementedError
