"""The world: a cluster and everything that evolves around it. Immutable; `do` and `advance` give another one."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kwake.actions import Action
from kwake.cluster import Cluster
from kwake.dataplane.connection import Connection
from kwake.dataplane.connections import again, end_of_connection
from kwake.dataplane.path import Flow, Path
from kwake.dataplane.trace import trace
from kwake.dataplane.view import View, settled_view
from kwake.errors import ReferenceNotFound
from kwake.findings import Finding
from kwake.objects.event import Event
from kwake.policy.reach import Reach, reach
from kwake.profiles import load_profile
from kwake.profiles.profile import Profile
from kwake.simulation.engine import act, advance, settle, step
from kwake.simulation.state import State


class LaterFindings:
    """What is found in a snapshot once somebody asks: half of the time of opening a large one, and few questions ask.

    All worlds that come of it share it.
    """

    __slots__ = ("_make", "_value")

    def __init__(self, make: Callable[[], tuple[Finding, ...]]) -> None:
        self._make: Callable[[], tuple[Finding, ...]] | None = make
        self._value: tuple[Finding, ...] = ()

    @property
    def value(self) -> tuple[Finding, ...]:
        """The findings."""
        make = self._make
        if make is not None:
            self._value = make()
            self._make = None  # with all that it held on to
        return self._value


class World:
    """A moment of a what-if. It never changes: every method that moves it gives a new world."""

    __slots__ = ("_findings", "_state")

    def __init__(self, state: State, findings: tuple[Finding, ...] | LaterFindings = ()) -> None:
        self._state = state
        self._findings = findings

    # -- what it holds ------------------------------------------------------------------------------------------

    @property
    def cluster(self) -> Cluster:
        """The Kubernetes objects: what the API server would answer now."""
        return self._state.cluster

    @property
    def profile(self) -> Profile:
        """How this cluster's CNI, proxy, DNS and IPAM behave."""
        return self._state.profile

    @property
    def seed(self) -> int:
        """What all draws come from."""
        return self._state.draws.seed

    @property
    def now_ms(self) -> int:
        """Simulated time since the snapshot was opened, milliseconds."""
        return self._state.now_ms

    @property
    def next_event_ms(self) -> int | None:
        """When the next thing that waits will happen, or None when all is settled."""
        return self._state.pending[0].due_ms if self._state.pending else None

    @property
    def pending(self) -> int:
        """How many things wait to happen."""
        return len(self._state.pending)

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits: every component works from the cluster as it is."""
        return not self._state.pending

    @property
    def events(self) -> tuple[Event, ...]:
        """What the last action set off so far, oldest first."""
        return self._state.events

    @property
    def connections(self) -> dict[str, Connection]:
        """Connections by name, in the order they were opened."""
        return dict(self._state.connections)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was skipped, inferred, assumed or doubtful when the snapshot was opened."""
        return self._findings.value if isinstance(self._findings, LaterFindings) else self._findings

    @property
    def view(self) -> View:
        """What traffic meets at this moment."""
        return self._state.view

    # -- moving it ----------------------------------------------------------------------------------------------

    def do(self, action: Action) -> World:
        """The world after an action, at the same moment; what follows waits on the clock.

        Raises Rejected where the API server would refuse it, ReferenceNotFound where it names nothing, UsageError
        where it makes no sense (restart a pod that does not run).
        """
        return World(act(self._state, action), self._findings)

    def advance(self, seconds: float) -> World:
        """The world after this much simulated time."""
        return World(advance(self._state, self.now_ms + round(seconds * 1000)), self._findings)

    def step(self) -> World:
        """The world after the next thing that waits; itself when settled."""
        return World(step(self._state), self._findings) if self._state.pending else self

    def settle(self) -> World:
        """The world when nothing is pending any more."""
        return World(settle(self._state), self._findings)

    def with_profile(self, name: str, overrides: dict[str, str] | None = None) -> World:
        """The same moment under another profile. Connections keep the history that they have.

        Fields and clocks that the user set stay so, unless other ones are given.
        """
        profile = load_profile(name, self.profile.chosen if overrides is None else overrides)
        return World(msgspec.structs.replace(self._state, profile=profile), self._findings)

    # -- asking it ----------------------------------------------------------------------------------------------

    def trace(
        self,
        source: str,
        target: str,
        port: int | str | None = None,
        protocol: str = "TCP",
        via: str = "dns",
        at: str = "",
    ) -> Path:
        """Where a dial made now would go, with the evidence; `at` is the node at which one from outside comes in.

        Raises ReferenceNotFound for ends that are not there.
        """
        return trace(self.view, Flow(self.named(source), self.named(target), port, protocol, via, at))

    def named(self, reference: str) -> str:
        """The pod that `source(pay)` or `backend(pay)` means now; any other reference as it is.

        Raises ReferenceNotFound where there is no such connection, or no pod at that end.
        """
        return end_of_connection(self._state.connections, reference) or reference

    def again(self, name: str) -> Path:
        """The flow of an open connection, dialled now."""
        connection = self._state.connections.get(name)
        if connection is None:
            raise ReferenceNotFound(f"{name}: there is no connection of this name")
        return again(self.view, connection)

    def reach(self, by: str = "workload", *, within: bool = False) -> Reach:
        """All pairs that may talk once everything has settled; with `within` those of a workload with itself, too."""
        return reach(self.cluster, self.profile, by, within=within)

    def settled_view(self) -> View:
        """The view as it will be when every component has taken in the cluster as it is."""
        return settled_view(self.cluster, self.profile)

    def to_bytes(self) -> bytes:
        """Everything that makes this world, in a canonical form."""
        return self._state.to_bytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, World) and self.to_bytes() == other.to_bytes()

    __hash__ = object.__hash__
