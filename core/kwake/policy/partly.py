"""What passes between some pods of two workloads and not between all: counted, so that no row claims too much."""

from __future__ import annotations

import msgspec

from kwake.policy.connections import NONE, ConnectionSet

SAME_NODE = "pods on one node: what comes from a pod's own node is always allowed (NP-14)"
UNLIKE = "its pods differ in labels, named ports or addresses"
SHOWN = 3
"""Shares that a sentence names."""


class Share(msgspec.Struct, frozen=True):
    """What passes for sure between this many."""

    connections: ConnectionSet
    pairs: int


class Partly(msgspec.Struct, frozen=True):
    """A pair of ends of which not all pods fare alike."""

    always: ConnectionSet
    """What passes between all of them for sure."""
    shares: tuple[Share, ...]
    """Those between which something passes, the most common first."""
    of: int
    """How many there are."""
    unit: str
    """What is counted: `pods`, `pairs of pods`, or `pairs of addresses` where a pod has several."""
    reason: str

    def __str__(self) -> str:
        """`All Connections for 3 of 9 pairs of pods, TCP 80 for 6`."""
        shown = [f"{share.connections} for {share.pairs}" for share in self.shares[:SHOWN]]
        shown[0] += f" of {self.of} {self.unit}"
        more = len(self.shares) - SHOWN
        return ", ".join(shown) + (f", and {more} more" if more > 0 else "")

    def within(self, asked: ConnectionSet) -> Partly | None:
        """The same of these connections alone; None where they pass between all alike, or between none."""
        counts: dict[ConnectionSet, int] = {}
        for share in self.shares:
            counts[share.connections & asked] = counts.get(share.connections & asked, 0) + share.pairs
        return partly(counts, self.of, self.unit, self.reason)


def partly(counts: dict[ConnectionSet, int], of: int, unit: str, reason: str) -> Partly | None:
    """What was counted; None where all are alike."""
    shares = [Share(connections, pairs) for connections, pairs in counts.items() if connections and pairs]
    if not shares or (len(shares) == 1 and shares[0].pairs == of):
        return None
    always = shares[0].connections
    for share in shares[1:]:
        always &= share.connections
    if sum(share.pairs for share in shares) < of:
        always = NONE
    ordered = sorted(shares, key=lambda share: (-share.pairs, str(share.connections)))
    return Partly(always, tuple(ordered), of, unit, reason)
