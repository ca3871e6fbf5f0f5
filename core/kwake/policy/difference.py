"""Two tables of pairs, and what one allows that the other does not."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from kwake.policy.connections import NONE, ConnectionSet
from kwake.policy.reach import Pair, Reach, UnknownPair

T = TypeVar("T")
Pairs = dict[tuple[str, str], T]
_Allowed = tuple[ConnectionSet, ConnectionSet]
"""What passes between some pods of a pair, and between all."""
_NOTHING: _Allowed = NONE, NONE


class PairChange(msgspec.Struct, frozen=True):
    """A pair whose connections are not what they were; none on one side where it is lost or gained."""

    src: str
    dst: str
    before: ConnectionSet
    after: ConnectionSet
    always_before: ConnectionSet
    """What passed between all their pods; less than `before` where only some might."""
    always_after: ConnectionSet

    def lost(self) -> ConnectionSet:
        """What passes no more; else what passes between fewer pods than before."""
        return (self.before - self.after) or (self.always_before - self.always_after)

    def gained(self) -> ConnectionSet:
        """What passes that did not; else what passes between more pods."""
        return (self.after - self.before) or (self.always_after - self.always_before)

    def as_form(self) -> dict[str, str]:
        """How JSON writes it; what passes between all pods only where that is less."""
        form = {"src": self.src, "dst": self.dst, "before": str(self.before), "after": str(self.after)}
        if (self.before, self.after) != (self.always_before, self.always_after):
            form |= {"always_before": str(self.always_before), "always_after": str(self.always_after)}
        return form


class Difference(msgspec.Struct, frozen=True):
    """All changes between two tables, by source and destination."""

    changes: tuple[PairChange, ...]
    unknown: tuple[UnknownPair, ...]
    """Pairs of which it is not known whether they changed: unknown in one table, and not alike in both."""


def difference(before: Reach, after: Reach) -> Difference:
    """What changed. Address ranges are cut where either table cuts them, and joined again where all is alike."""
    borders = _Borders(before, after)
    old, new = (borders.cut({(p.src, p.dst): (p.connections, p.always) for p in t.pairs}) for t in (before, after))
    was, is_ = (borders.cut({(u.src, u.dst): (u.reason, u.possible) for u in t.unknown}) for t in (before, after))
    doubtful: Pairs[tuple[str, ConnectionSet]] = {}
    changes: Pairs[tuple[_Allowed, _Allowed]] = {}
    for pair in sorted({*old, *new, *was, *is_}):
        known = old.get(pair, _NOTHING), new.get(pair, _NOTHING)
        if pair in was or pair in is_:
            if known[0] != known[1] or was.get(pair) != is_.get(pair):
                doubtful[pair] = is_.get(pair) or (f"before: {was[pair][0]}", was[pair][1])
        elif known[0] != known[1]:
            changes[pair] = known
    return Difference(
        tuple(
            PairChange(*pair, was_[0], now[0], was_[1], now[1])
            for pair, (was_, now) in sorted(_joined(changes), key=lambda item: item[0])
        ),
        tuple(UnknownPair(*pair, *doubt) for pair, doubt in sorted(_joined(doubtful))),
    )


def cut_alike(*tables: Reach) -> tuple[Reach, ...]:
    """The tables with their address ranges cut where any of them cuts one: then ends of one name are the same."""
    borders = _Borders(*tables)
    if not borders.cuts:
        return tables
    found = []
    for table in tables:
        pairs = borders.cut({(pair.src, pair.dst): (pair.connections, pair.partly) for pair in table.pairs})
        unknown = borders.cut({(pair.src, pair.dst): (pair.reason, pair.possible) for pair in table.unknown})
        found.append(Reach(tuple(Pair(*ends, *allowed) for ends, allowed in pairs.items()),
                           tuple(UnknownPair(*ends, *doubt) for ends, doubt in unknown.items())))  # fmt: skip
    return tuple(found)


class _Borders:
    """Where the address ranges of some tables begin and end."""

    def __init__(self, *tables: Reach) -> None:
        names = {name for t in tables for pair in t.pairs for name in (pair.src, pair.dst)}
        names |= {name for t in tables for pair in t.unknown for name in (pair.src, pair.dst)}
        self._pieces: dict[str, list[str]] = {}
        ranges = {name: found for name in names if (found := _range(name)) is not None}
        for version in (4, 6):
            here = {name: (low, high) for name, (v, low, high) in ranges.items() if v == version}
            starts = sorted({at for low, high in here.values() for at in (low, high + 1)})
            for name, (low, high) in here.items():
                own = starts[bisect_left(starts, low) : bisect_right(starts, high)]
                lasts = [*(start - 1 for start in own[1:]), high]
                self._pieces[name] = [_name(version, *piece) for piece in zip(own, lasts, strict=True)]

    @property
    def cuts(self) -> bool:
        """Whether any range is in more pieces than one."""
        return any(len(pieces) > 1 for pieces in self._pieces.values())

    def cut(self, pairs: Pairs[T]) -> Pairs[T]:
        """The pairs with their ranges in pieces."""
        return {
            (source, target): value
            for (src, dst), value in pairs.items()
            for source in self._pieces.get(src, (src,))
            for target in self._pieces.get(dst, (dst,))
        }


def _joined(pairs: Pairs[T]) -> Iterator[tuple[tuple[str, str], T]]:
    """The pairs with neighbouring ranges of one value made one."""
    outside: dict[tuple[int, str], dict[tuple[int, int, int], T]] = {}
    for pair, value in pairs.items():
        for place in (0, 1):
            span = _range(pair[place])
            if span is not None:
                outside.setdefault((place, pair[1 - place]), {})[span] = value
                break
        else:
            yield pair, value
    for (place, other), spans in outside.items():
        for name, value in _runs(spans):
            yield ((name, other) if place == 0 else (other, name)), value


def _runs(spans: dict[tuple[int, int, int], T]) -> Iterator[tuple[str, T]]:
    joined: list[tuple[int, int, int, T]] = []
    for version, low, high in sorted(spans):
        value = spans[version, low, high]
        if joined and (joined[-1][0], joined[-1][2] + 1, joined[-1][3]) == (version, low, value):
            joined[-1] = version, joined[-1][1], high, value
        else:
            joined.append((version, low, high, value))
    for version, low, high, value in joined:
        yield _name(version, low, high), value


def _range(name: str) -> tuple[int, int, int] | None:
    """IP version, first and last address of a range; None for a workload."""
    if "[" in name:
        return None
    first, last = map(ipaddress.ip_address, name.split("-"))
    return first.version, int(first), int(last)


def _name(version: int, low: int, high: int) -> str:
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    return f"{kind(low)}-{kind(high)}"
