"""Reach as a matrix: which workloads are rows and columns, which namespaces are folded, and what each cell says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address, summarize_address_range

from kwake.dataplane.path import Outcome
from kwake.policy.connections import ALL, EVERY_PORT, ConnectionSet
from kwake.policy.table import OUTSIDE, Cell, CellTurn, Group, ReachTable
from kwake.policy.workloads import implied_deployment
from kwake_tui.glyphs import GAINED, LOST, OTHER_PORTS, OUTCOMES, Mark
from kwake_tui.wake_rows import end_name
from kwake_tui.widgets.matrix import WIDE, Entry, Head

DELIVERED, UNKNOWN, MIXED = (OUTCOMES[o] for o in (Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.MIXED))
Keep = tuple[str, str]
"""What rows and columns are kept, as regular expressions; all where it is empty."""

MODES = ("before", "after", "difference")
NOT_ROUTED = "*"
"""After the sign of what policies allow, where no way leads."""
NOTHING = Entry("·", "", "faint")

_TURNS: dict[CellTurn, tuple[Mark, str]] = {
    CellTurn.LOST: (LOST, "badbg"),
    CellTurn.GAINED: (GAINED, "okbg"),
    CellTurn.CHANGED: (OTHER_PORTS, "youbg"),
    CellTurn.UNKNOWN: (UNKNOWN, ""),
}


class ReachGrid:
    """What the matrix shows: a table, a mode, folded namespaces, and what a filter keeps."""

    def __init__(
        self, table: ReachTable, mode: str, folded: frozenset[str], keep: Keep = ("", ""), gaps: bool = True
    ) -> None:
        self._table = table
        self._mode = mode
        self._ends: dict[str, tuple[str, ...]] = {}
        self._short = short_names([name for group in table.groups for name in group.ends])
        every = [name for group in table.groups for name in group.ends]
        rows, columns = (frozenset(name for name in every if _is_kept(name, wanted)) for wanted in keep)
        nothing: frozenset[str] = frozenset()
        self.rows: Sequence[Head] = self._row_heads(nothing if keep[0] else folded, rows, gaps)
        self.columns: Sequence[Head] = self._column_heads(nothing if keep[1] else folded, columns)
        self.kept = (len(rows), len(columns), len(every))
        """The ends that are kept as rows and as columns, and all."""

    def ends(self, key: str) -> tuple[str, ...]:
        """The ends that a row or column stands for."""
        return self._ends.get(key, ())

    def cell(self, row: str, column: str) -> Cell:
        """The cell of two keys."""
        return self._table.cell(self.ends(row), self.ends(column))

    def entry(self, row: Head, column: Head) -> Entry:
        """What the cell of two heads says."""
        cell = self.cell(row.key, column.key)
        if not cell.pairs:
            return Entry("", "", "faint")
        if self._mode == "before":
            return _allowed(cell, cell.before, cell.allowed_before, bool(cell.partly_before))
        if cell.turn is CellTurn.NOTHING:
            return NOTHING
        if self._mode == "after" or cell.turn is CellTurn.SAME:
            unknown = Entry(UNKNOWN.glyph, ports(cell.after) if cell.after else "", UNKNOWN.role)
            return unknown if cell.unknown else _allowed(cell, cell.after, cell.allowed, bool(cell.partly))
        mark, tint = _TURNS[cell.turn]
        differing = cell.lost + cell.gained + cell.changed
        if cell.pairs > 1 and differing:
            return Entry(mark.glyph, f"{differing} of {cell.pairs}", mark.role, tint, bold=True)
        told = cell.before if cell.turn is CellTurn.LOST else cell.after
        return Entry(mark.glyph, ports(told) if told else "", mark.role, tint, bold=bool(tint))

    def differing(self) -> list[tuple[str, str]]:
        """The cells that differ, by rows."""
        rows, columns = self._places(self.rows), self._places(self.columns)
        found = {
            (rows[source], columns[target])
            for source, target in self._table.changed
            if source in rows and target in columns
        }
        return [(self.rows[row].key, self.columns[column].key) for row, column in sorted(found)]

    def told(self, end: str) -> list[tuple[str, str]]:
        """The cells of an end that say something, what it may reach first."""
        own = [(end, head.key) for head in self.columns] + [(head.key, end) for head in self.rows if head.key]
        said = (cell for cell in own if all(self._ends.get(key) for key in cell))
        return [cell for cell in said if self.cell(*cell).turn is not CellTurn.NOTHING]

    def changes(self, row: str, column: str) -> list[tuple[str, str, CellTurn]]:
        """The pairs of a cell that differ."""
        pairs = ((source, target) for source in self.ends(row) for target in self.ends(column))
        return [(*pair, turn) for pair in pairs if (turn := self._table.changed.get(pair)) is not None]

    def _places(self, heads: Sequence[Head]) -> dict[str, int]:
        """For each end the row or column that stands for it."""
        return {name: number for number, head in enumerate(heads) if head.key for name in self.ends(head.key)}

    def _own_name(self, name: str) -> str:
        """A workload's name, or a range of addresses in few cells."""
        return self._short.get(name) or _range(end_name(name))

    def _groups(self, kept: frozenset[str]) -> list[Group]:
        groups = (Group(group.name, tuple(name for name in group.ends if name in kept)) for group in self._table.groups)
        return [group for group in groups if group.ends]

    def _row_heads(self, folded: frozenset[str], kept: frozenset[str], gaps: bool) -> list[Head]:
        heads: list[Head] = []
        for group in self._groups(kept):
            if heads and gaps:
                heads.append(Head("", ""))
            if group.name in folded:
                key = f"{group.name}/"
                self._ends[key] = group.ends
                heads.append(Head(key, group.name, "▸ ", bold=True))
                continue
            heads.append(Head("", group.name or "outside", "▾ " if group.name else "  ", bold=True))
            for name in group.ends:
                self._ends[name] = (name,)
                heads.append(Head(name, "  " + self._own_name(name)))
        return heads

    def _column_heads(self, folded: frozenset[str], kept: frozenset[str]) -> list[Head]:
        heads: list[Head] = []
        for group in self._groups(kept):
            if group.name in folded:
                key = f"{group.name}/"
                self._ends[key] = group.ends
                count = str(len(group.ends))
                heads.append(Head(key, f"{count} folded", f"▸ {group.name}", short=count))
                continue
            title = f"▾ {group.name}" if group.name else "outside"
            for name in group.ends:
                self._ends[name] = (name,)
                heads.append(Head(name, self._own_name(name), title, short="" if group.name else "any"))
        return heads


def first_folds(table: ReachTable, room: int) -> frozenset[str]:
    """Which namespaces are folded at first, so that a cell can say its ports.

    Those without a difference go first, the largest of them before others; one stays open always.
    """
    spaces = [group for group in table.groups if group.name != OUTSIDE]
    columns = sum(len(group.ends) for group in table.groups)
    differing = {name.partition("/")[0] for pair in table.changed for name in pair}
    order = sorted(spaces, key=lambda g: (g.name in differing, g.name != "kube-system", -len(g.ends)))
    folded: set[str] = set()
    for group in order[:-1]:
        if columns * WIDE <= room:
            break
        if len(group.ends) > 1:
            columns -= len(group.ends) - 1
            folded.add(group.name)
    return frozenset(folded)


def short_names(ends: Sequence[str]) -> dict[str, str]:
    """Workloads without their namespace, and ReplicaSets without the hash where that names no other of them."""
    bare = {name: end_name(implied_deployment(name) or name) for name in ends if "[" in name}
    known = Counter(bare.values())
    return {name: (own if known[own] == 1 else end_name(name)).partition("/")[2] for name, own in bare.items()}


def _range(name: str) -> str:
    """A range as its CIDR where it is one."""
    if "-" not in name:
        return "any address"
    first, last = map(ip_address, name.split("-"))
    blocks = list(summarize_address_range(first, last))
    return str(blocks[0]) if len(blocks) == 1 else name


def _is_kept(name: str, wanted: str) -> bool:
    return not wanted or re.search(wanted, end_name(name), re.IGNORECASE) is not None


def _allowed(cell: Cell, connections: ConnectionSet, allowed: int, some_pods: bool) -> Entry:
    """What policies allow; where no way leads there, with a sign of that and in no colour of a dial that arrives."""
    if not connections:
        return NOTHING
    mark = DELIVERED if allowed == cell.pairs and not some_pods else MIXED
    if not cell.routed:
        return Entry(mark.glyph + NOT_ROUTED, ports(connections), "muted")
    return Entry(mark.glyph, ports(connections), mark.role)


_LETTERS = {"TCP": "", "UDP": "u", "SCTP": "s"}


def ports(connections: ConnectionSet) -> str:
    """The ports of a set in few cells: `all`, `443`, `53u` for UDP, `80 +2`."""
    if connections == ALL:
        return "all"
    words = []
    for protocol, letter in _LETTERS.items():
        ranges = connections.of(protocol)
        if ranges == EVERY_PORT:
            words.append(protocol.lower())
        else:
            words += [f"{low}{letter}" if low == high else f"{low}-{high}{letter}" for low, high in ranges]
    return f"{words[0]} +{len(words) - 1}" if len(words) > 1 else "".join(words)
