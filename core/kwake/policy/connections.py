"""Sets of protocols and ports, as policies allow them."""

from __future__ import annotations

from functools import lru_cache

import msgspec

Ranges = tuple[tuple[int, int], ...]
"""Disjoint inclusive ranges, ascending, with a gap between each two."""

PROTOCOLS = ("SCTP", "TCP", "UDP")
"""The only ones that NetworkPolicy defines (NP-11)."""

EVERY_PORT: Ranges = ((1, 65535),)


class ConnectionSet(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """Destination ports by protocol."""

    sctp: Ranges = ()
    tcp: Ranges = ()
    udp: Ranges = ()

    def __bool__(self) -> bool:
        return bool(self.sctp or self.tcp or self.udp)

    def __or__(self, other: ConnectionSet) -> ConnectionSet:
        return _union(self, other)

    def __and__(self, other: ConnectionSet) -> ConnectionSet:
        return _intersection(self, other)

    def __sub__(self, other: ConnectionSet) -> ConnectionSet:
        return _difference(self, other)

    def of(self, protocol: str) -> Ranges:
        """The ports of a protocol; none for one that NetworkPolicy does not define."""
        match protocol:
            case "TCP":
                return self.tcp
            case "UDP":
                return self.udp
            case "SCTP":
                return self.sctp
            case _:
                return ()

    def holds(self, protocol: str, port: int) -> bool:
        """Whether a port of a protocol is in the set."""
        return any(low <= port <= high for low, high in self.of(protocol))

    def __str__(self) -> str:
        """`All Connections`, `No Connections`, or `SCTP 1-3,TCP 80,443,UDP 53`."""
        if self == ALL:
            return "All Connections"
        parts = (f"{protocol} {_spelled(self.of(protocol))}" for protocol in PROTOCOLS if self.of(protocol))
        return ",".join(parts) or "No Connections"


NONE = ConnectionSet()
ALL = ConnectionSet(EVERY_PORT, EVERY_PORT, EVERY_PORT)


@lru_cache(maxsize=4096)
def one(protocol: str, low: int = 1, high: int = 65535) -> ConnectionSet:
    """A range of ports of one protocol; every port of it without a range."""
    ranges = ((low, high),) if low <= high else ()
    return ConnectionSet(**{protocol.lower(): ranges}) if protocol in PROTOCOLS else NONE


@lru_cache(maxsize=4096)
def _union(a: ConnectionSet, b: ConnectionSet) -> ConnectionSet:
    return ConnectionSet(*(_joined(a.of(p), b.of(p)) for p in PROTOCOLS))


@lru_cache(maxsize=4096)
def _intersection(a: ConnectionSet, b: ConnectionSet) -> ConnectionSet:
    return ConnectionSet(*(_common(a.of(p), b.of(p)) for p in PROTOCOLS))


@lru_cache(maxsize=4096)
def _difference(a: ConnectionSet, b: ConnectionSet) -> ConnectionSet:
    return ConnectionSet(*(_common(a.of(p), _gaps(b.of(p))) for p in PROTOCOLS))


def _gaps(a: Ranges) -> Ranges:
    """The ports that are in none of the ranges."""
    starts = (1, *(high + 1 for _, high in a))
    ends = (*(low - 1 for low, _ in a), EVERY_PORT[0][1])
    return tuple((low, high) for low, high in zip(starts, ends, strict=True) if low <= high)


def _joined(a: Ranges, b: Ranges) -> Ranges:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(a + b):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _common(a: Ranges, b: Ranges) -> Ranges:
    return tuple((max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b if max(x[0], y[0]) <= min(x[1], y[1]))


def _spelled(ranges: Ranges) -> str:
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)
