"""An open connection: its NAT record, its fate, and the backends that it reached (CX-1, spec 0.3)."""

from __future__ import annotations

from enum import Enum

import msgspec

from kwake.dataplane.path import Decider, Flow
from kwake.objects.basis import Basis, weakest

STAYS_OPEN = "stays open: "
"""How the reason begins of a turn that leaves a connection open."""

KEEPS = " keeps it"
"""After the name of a CNI that does not judge open connections again."""


class Fate(Enum):
    """What became of a connection."""

    OPEN = "open"
    STALLED = "stalled"
    CLOSED = "closed"
    RESET = "reset"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether nothing can bring it back. A stalled one may resume."""
        return self in (Fate.CLOSED, Fate.RESET, Fate.FAILED)


class Tuple5(msgspec.Struct, frozen=True):
    """Addresses and ports of one direction."""

    src: str
    src_port: int
    dst: str
    dst_port: int

    def __str__(self) -> str:
        return f"{self.src}:{self.src_port} → {self.dst}:{self.dst_port}"


class PodEnd(msgspec.Struct, frozen=True):
    """A pod as an end of a connection: the very pod (uid), with the address that it had."""

    pod: str
    """Its reference, `Pod/shop/web-1`."""
    uid: str
    ip: str
    node: str


class Reached(msgspec.Struct, frozen=True):
    """One entry of a connection's history of backends."""

    time_ms: int
    backend: str
    """A pod's reference or an address."""
    ip: str
    port: int
    misdelivered: bool = False
    """Whether the address belongs to a pod that was never meant (PD-27)."""


class Turn(msgspec.Struct, frozen=True):
    """One entry of a connection's history of fates."""

    time_ms: int
    fate: Fate
    reason: str
    basis: Basis
    cite: str = ""
    decided_by: tuple[Decider, ...] = ()
    cause: str = ""
    """What set it off, in the words of the action or event."""
    time_basis: Basis = Basis.SOURCED
    """How sure the time is: as the weakest of the clocks that led to it."""

    @property
    def sureness(self) -> Basis:
        """How sure it is that this happened then."""
        return weakest((self.basis, self.time_basis))


class Connection(msgspec.Struct, frozen=True):
    """A flow that was opened."""

    name: str
    flow: Flow
    client: PodEnd | None
    """None for a client outside the cluster."""
    server: PodEnd | None
    """The backend now; None for one outside the cluster, or where the dial failed."""
    original: Tuple5 | None
    """As the client sees it; None where the dial failed before there was one."""
    translated: Tuple5 | None
    """After DNAT and SNAT; None without NAT."""
    nat_node: str | None
    """Whose conntrack (or socket) holds the mapping (CX-2)."""
    proxy: str
    """The proxy mode at set-up."""
    service: str | None
    """`Service/ns/name` where one was dialled."""
    frontend: str
    """`cluster-ip`, `node-port`, `load-balancer`, `external-ip`, `headless` or `pod-ip`."""
    opened_ms: int
    backends: tuple[Reached, ...]
    turns: tuple[Turn, ...]
    """At least one. The last is how it stands."""

    @property
    def fate(self) -> Fate:
        """How it stands now."""
        return self.turns[-1].fate

    @property
    def basis(self) -> Basis:
        """How sure that is."""
        return self.turns[-1].basis

    @property
    def sureness(self) -> Basis:
        """How sure it is that it stands so since then."""
        return self.turns[-1].sureness

    @property
    def reason(self) -> str:
        """Why."""
        return self.turns[-1].reason

    @property
    def migrated(self) -> bool:
        """Whether it moved to another backend (UDP)."""
        return sum(not reached.misdelivered for reached in self.backends) > 1

    @property
    def misdelivered(self) -> bool:
        """Whether it reaches a pod that was never meant, because that has the address now (PD-27)."""
        return bool(self.backends) and self.backends[-1].misdelivered
