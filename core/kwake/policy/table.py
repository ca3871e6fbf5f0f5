"""All pairs of two moments as one table: rows and columns by namespace, cells that may stand for many pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from ipaddress import ip_address

import msgspec

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod
from kwake.policy.connections import NONE, ConnectionSet
from kwake.policy.difference import cut_alike
from kwake.policy.partly import Partly
from kwake.policy.reach import Reach
from kwake.policy.workloads import workload_name

OUTSIDE = ""
"""The group of addresses outside the cluster."""


class CellTurn(Enum):
    """What became of a cell's pairs."""

    NOTHING = "nothing"
    """They may not talk, before and after."""
    SAME = "the same"
    LOST = "lost"
    GAINED = "gained"
    CHANGED = "other ports"
    """They may talk on other ports, or between fewer or more of their pods; of several pairs some lost what others
    gained."""
    UNKNOWN = "unknown"


class Cell(msgspec.Struct, frozen=True):
    """What some sources may open to some destinations, before and after."""

    pairs: int
    """How many pairs of different ends it stands for."""
    before: ConnectionSet
    """The connections that at least one pair might open."""
    after: ConnectionSet
    """Those that at least one may open now."""
    allowed_before: int
    """How many pairs might talk."""
    allowed: int
    """How many may talk now."""
    lost: int
    gained: int
    changed: int
    unknown: int
    """Pairs of which it is not known now what may pass."""
    doubts: tuple[str, ...]
    """Why not."""
    partly_before: tuple[Partly, ...] = ()
    """Pairs of which not all pods might talk alike."""
    partly: tuple[Partly, ...] = ()
    """Those of which not all may now."""
    routed: bool = True
    """Whether a way leads between the ends of any pair: from outside none leads to an address of the pod network."""

    @property
    def turn(self) -> CellTurn:
        """What became of its pairs, in one word."""
        turned = [word for count, word in ((self.lost, CellTurn.LOST), (self.gained, CellTurn.GAINED),
                                           (self.changed, CellTurn.CHANGED)) if count]  # fmt: skip
        if turned:
            return turned[0] if len(turned) == 1 else CellTurn.CHANGED
        if self.unknown:
            return CellTurn.UNKNOWN
        return CellTurn.SAME if self.allowed else CellTurn.NOTHING


class Group(msgspec.Struct, frozen=True):
    """The ends of one namespace, by name; of the group `OUTSIDE` address ranges."""

    name: str
    ends: tuple[str, ...]


class ReachTable:
    """Two tables of all pairs, workload by workload. Cells are worked out when they are asked for, and kept."""

    def __init__(self, before: Reach, after: Reach, *clusters: Cluster) -> None:
        old, new = cut_alike(before, after) if before is not after else (after, after)
        self._after = _by_source(new)
        self._before = _by_source(old) if old is not new else self._after
        self._partly_after = _partly_of(new)
        self._partly_before = _partly_of(old)
        self._doubts: dict[str, dict[str, str]] = {}
        for pair in new.unknown:
            self._doubts.setdefault(pair.src, {})[pair.dst] = pair.reason
        self.groups = _groups(self._ends() | {workload_name(c, pod) for c in clusters for pod in c.all(Pod)})
        self.changed: dict[tuple[str, str], CellTurn] = {}
        """What became of the pairs that differ, for sure."""
        self._on_nodes = {workload_name(c, pod) for c in clusters for pod in c.all(Pod) if pod.spec.host_network}
        self._same = 0
        self._cells: dict[tuple[tuple[str, ...], tuple[str, ...]], Cell] = {}
        for source in {**self._before, **self._after}:
            self._compare(source)

    def _ends(self) -> set[str]:
        found: set[str] = set()
        for table in (self._before, self._after, self._doubts):
            for source, row in table.items():
                found.add(source)
                found.update(row)
        return found

    def _compare(self, source: str) -> None:
        """Note the pairs of one source that differ, and count the others."""
        none: dict[str, ConnectionSet] = {}
        old, new = self._before.get(source, none), self._after.get(source, none)
        doubted = self._doubts.get(source, {})
        for destination, after in new.items():
            if destination in doubted:
                continue
            before = old.get(destination, NONE)
            if (before is after or before == after) and not self._shifted((source, destination), after):
                self._same += 1
            else:
                self.changed[source, destination] = CellTurn.CHANGED if before else CellTurn.GAINED
        for destination in old.keys() - new.keys() - doubted.keys():
            self.changed[source, destination] = CellTurn.LOST

    def _shifted(self, pair: tuple[str, str], allowed: ConnectionSet) -> bool:
        """Whether what passes between all pods of a pair is not what it was."""
        if not (self._partly_before or self._partly_after):
            return False
        was, is_ = self._partly_before.get(pair), self._partly_after.get(pair)
        return (was.always if was else allowed) != (is_.always if is_ else allowed)

    def cell(self, sources: Sequence[str], destinations: Sequence[str]) -> Cell:
        """What these may open to those; an end to itself does not count."""
        asked = tuple(sources), tuple(destinations)
        if asked not in self._cells:
            self._cells[asked] = self._worked_out(*asked)
        return self._cells[asked]

    def totals(self) -> dict[CellTurn, int]:
        """How many pairs of ends there are of each kind; those that may not talk and might not are not counted."""
        counted = dict.fromkeys(CellTurn, 0)
        for turn in self.changed.values():
            counted[turn] += 1
        counted[CellTurn.SAME] = self._same
        counted[CellTurn.UNKNOWN] = sum(map(len, self._doubts.values()))
        return counted

    def _worked_out(self, sources: tuple[str, ...], destinations: tuple[str, ...]) -> Cell:
        pairs = allowed_before = allowed = lost = gained = changed = unknown = 0
        was, is_ = NONE, NONE
        doubts: dict[str, None] = {}
        partly: tuple[list[Partly], list[Partly]] = ([], [])
        routed = False
        nothing: dict[str, ConnectionSet] = {}
        for source in sources:
            old, new = self._before.get(source, nothing), self._after.get(source, nothing)
            doubted = self._doubts.get(source, {})
            for destination in destinations:
                if source == destination:
                    continue
                pairs += 1
                routed = routed or "[" in source or "[" not in destination or destination in self._on_nodes
                before, after = old.get(destination, NONE), new.get(destination, NONE)
                doubt = doubted.get(destination)
                if doubt is not None:
                    unknown += 1
                    doubts[doubt] = None
                if before is NONE and after is NONE:
                    continue
                was, is_ = was | before, is_ | after
                for found, counted in zip(partly, (self._partly_before, self._partly_after), strict=True):
                    found += [counted[source, destination]] if (source, destination) in counted else []
                allowed_before += bool(before)
                allowed += bool(after)
                turn = self.changed.get((source, destination)) if self.changed else None
                lost += turn is CellTurn.LOST
                gained += turn is CellTurn.GAINED
                changed += turn is CellTurn.CHANGED
        return Cell(pairs, was, is_, allowed_before, allowed, lost, gained, changed, unknown, tuple(doubts),
                    tuple(partly[0]), tuple(partly[1]), routed)  # fmt: skip


def _groups(ends: set[str]) -> tuple[Group, ...]:
    by_group: defaultdict[str, list[str]] = defaultdict(list)
    for name in ends:
        by_group[name.partition("/")[0] if "[" in name else OUTSIDE].append(name)
    outside = by_group.pop(OUTSIDE, [])
    named = [Group(name, tuple(sorted(by_group[name]))) for name in sorted(by_group)]
    return (*named, Group(OUTSIDE, tuple(sorted(outside, key=_first_address))))


def _partly_of(table: Reach) -> dict[tuple[str, str], Partly]:
    return {(pair.src, pair.dst): pair.partly for pair in table.pairs if pair.partly is not None}


def _by_source(table: Reach) -> dict[str, dict[str, ConnectionSet]]:
    rows: defaultdict[str, dict[str, ConnectionSet]] = defaultdict(dict)
    for pair in table.pairs:
        rows[pair.src][pair.dst] = pair.connections
    return dict(rows)


def _first_address(name: str) -> tuple[int, int]:
    first = ip_address(name.split("-")[0])
    return first.version, int(first)
