"""The wake of a change: what two worlds differ in for traffic, once both have settled."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.dataplane.connection import Connection
from kwake.objects.basis import Basis
from kwake.policy.difference import PairChange, difference
from kwake.policy.pair_difference import Pairs
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import UnknownPair
from kwake.world import World


class ConnectionChange(msgspec.Struct, frozen=True):
    """A connection that does not stand as it did."""

    name: str
    before: Connection | None
    """None: it is not open in the world before."""
    after: Connection | None

    @property
    def rerouted(self) -> bool:
        """Whether it goes on, to another backend."""
        if self.before is None or self.after is None or self.after.fate.is_over:
            return False
        return self.before.backends != self.after.backends

    @property
    def basis(self) -> Basis:
        """How sure the later state is."""
        return self.after.basis if self.after is not None else Basis.SOURCED


class Wake(msgspec.Struct, frozen=True):
    """What changed for traffic. Pairs are workloads and outside addresses, by source and destination."""

    lost: tuple[PairChange, ...]
    """Pairs that may no longer talk at all."""
    gained: tuple[PairChange, ...]
    """Pairs that could not."""
    changed: tuple[PairChange, ...]
    """Pairs that may talk on other ports than before."""
    unknown: tuple[UnknownPair, ...]
    """Pairs of which it is not known whether they changed."""
    connections: tuple[ConnectionChange, ...]
    """Connections with another fate or other backends, by name."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed, for sure."""
        return not (self.lost or self.gained or self.changed or self.unknown or self.connections)


def wake(before: World, after: World, pairs: Pairs | None = None) -> Wake:
    """The difference between two worlds when nothing is pending in either: what a change comes to in the end.

    `pairs` are those of the world before, where they are at hand.
    """
    old, new = before.settle(), after.settle()
    if old.profile is new.profile:
        changed = (pairs or Pairs(old.cluster, old.profile)).difference(new.cluster)
    else:
        changed = difference(old.reach(within=True), new.reach(within=True))
    return Wake(
        lost=tuple(change for change in changed.changes if not change.after),
        gained=tuple(change for change in changed.changes if not change.before),
        changed=tuple(change for change in changed.changes if change.before and change.after),
        unknown=tuple(sorted({*changed.unknown, *_unread_alike(old, new)})),
        connections=_connections(old.connections, new.connections),
    )


def _unread_alike(old: World, new: World) -> Iterator[UnknownPair]:
    """Pairs that are unknown for the same reason as before, where the policy that is not read says something else."""
    changed = [
        policy.key
        for policy in compile_policies(new.cluster, new.profile).unread
        if (before := old.cluster.find(policy.key)) and before.manifest != new.cluster.record(policy.key).manifest
    ]
    unknown = new.reach(within=True).unknown if changed else ()
    return (pair for pair in unknown if any(str(key) in pair.reason for key in changed))


def _connections(old: dict[str, Connection], new: dict[str, Connection]) -> tuple[ConnectionChange, ...]:
    changes = (ConnectionChange(name, old.get(name), new.get(name)) for name in sorted({*old, *new}))
    return tuple(change for change in changes if _standing(change.before) != _standing(change.after))


def _standing(connection: Connection | None) -> object:
    """What counts as a change of a connection."""
    return connection and (connection.fate, tuple((r.backend, r.ip, r.port) for r in connection.backends))
