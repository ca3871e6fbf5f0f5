"""A path as text, verdict first and evidence under it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from typing import Any

from kwake.dataplane.path import Branch, Decider, Hop, Judgement, Missed, Outcome, Path
from kwake_tui.glyphs import OUTCOMES
from kwake_tui.sureness import sure_words
from kwake_tui.text.columns import columns, padded

VERSION = 1
LABEL = 10
"""Cells of a hop's label, its gap included."""


def path_lines(path: Path) -> list[str]:
    """The verdict, then what happens to the packet, hop by hop."""
    lines = columns([[str(OUTCOMES[path.outcome]), str(path.flow), f"basis {path.basis.value}"]])
    if path.outcome is Outcome.MIXED:
        lines += columns([["", ", ".join(_shares(path.branches))]])
    shared = path.hops
    groups = [list(group) for _, group in groupby(_ordered(path.branches), key=_alike)]
    if len(path.branches) == 1:
        return [*lines, *_ending(path.branches[0]), "", *hop_lines(shared)]
    is_one = len(groups) == 1 and len({branch.reason for branch in path.branches}) == 1
    lines += _ending(path.branches[0]) if is_one else []
    lines += ["", *hop_lines(shared)] if shared else []
    by_several = len({branch.entries for branch in path.branches}) > 1
    for group in groups:
        rows = [_branch_row(branch, told_apart=by_several) for branch in group]
        lines += ["", *columns(rows), *([] if is_one else _ending(group[0], indent=0 if len(group) > 1 else 2))]
        lines += hop_lines(group[0].hops[len(shared) :], indent=2)
        others = len(group) - 1
        if others:
            lines.append(f"  and {others} alike, but for address and node")
    return lines


def hop_lines(hops: Iterable[Hop], indent: int = 0) -> list[str]:
    """One hop a row: its kind, its words, where, by which rule; further lines under it."""
    rows: list[list[str]] = []
    for hop in hops:
        mark = sure_words(hop.basis).strip()
        rows.append([padded(hop.kind, LABEL - 2), hop.text, hop.at, hop.cite, _place(hop.decider)[1], mark])
        rows += [[padded("", LABEL - 2), detail] for detail in _details(hop)]
    return [line for line in _in_two_passes(rows, indent) if line.strip()]


def _details(hop: Hop) -> list[str]:
    """Its further lines; of a near miss what differs stands under each other."""
    rows = list(hop.detail)
    for miss in hop.near_misses:
        wanted, found = miss.wanted, miss.found
        column = max(len(wanted.head), len(found.head))
        rows.append(f"{wanted.head:<{column}} {wanted.differs}  {miss.by.place}".rstrip())
        rows.append(f"{found.head:<{column}} {found.differs}")
    return rows


def _in_two_passes(rows: list[list[str]], indent: int) -> list[str]:
    """Columns whose widths only full rows decide: a long detail under a hop must not push the rules away."""
    full = iter(columns([row for row in rows if len(row) > 2], indent))
    return [next(full) if len(row) > 2 else columns([row], indent)[0] for row in rows]


def _ending(branch: Branch, indent: int = 0) -> list[str]:
    """Why it ends so, and what decided, with file, line and rule."""
    lines = []
    if branch.reason and branch.outcome is not Outcome.DELIVERED:
        lines += columns([[padded("because", LABEL - 2), branch.reason]], indent)
    rows = [[padded("by", LABEL - 2), f"{d.object}: {d.rule}", *_place(d)] for d in branch.decided_by]
    return lines + columns(rows, indent)


def _place(decider: Decider | None) -> list[str]:
    """The rule's id, and file and line where the deciding words stand."""
    if decider is None:
        return ["", ""]
    return [decider.cite, decider.place]


def _ordered(branches: Iterable[Branch]) -> list[Branch]:
    """What does not arrive first: that is what one looks for."""
    return sorted(branches, key=lambda b: (b.outcome is Outcome.DELIVERED, _alike(b)))


def _alike(branch: Branch) -> tuple[bool, str, tuple[tuple[str, str], ...]]:
    deciders = tuple((d.object, d.rule) for d in branch.decided_by)
    return branch.outcome is Outcome.DELIVERED, branch.outcome.value, deciders


def _branch_row(branch: Branch, *, told_apart: bool) -> list[str]:
    """Where it ends; `told_apart` by the nodes that are dialled."""
    address = branch.ip or ""
    if branch.ip and branch.port:
        address = f"[{branch.ip}]:{branch.port}" if ":" in branch.ip else f"{branch.ip}:{branch.port}"
    to = branch.pod or ("" if branch.ip is None else "outside the pods")
    by = f"by {', '.join(branch.entries)}" if told_apart and branch.entries else ""
    ends = [f"{branch.source} → {to}", address, branch.node or ""]
    return [str(OUTCOMES[branch.outcome]), share(branch.share), *ends, by]


def share(part: Fraction) -> str:
    """A share as a count: `1 of 3`."""
    return f"{part.numerator} of {part.denominator}"


def _shares(branches: Iterable[Branch]) -> Iterator[str]:
    sums: dict[Outcome, Fraction] = {}
    for branch in branches:
        sums[branch.outcome] = sums.get(branch.outcome, Fraction(0)) + branch.share
    return (f"{share(part)} {outcome.value}" for outcome, part in sorted(sums.items(), key=lambda item: item[0].value))


def path_json(path: Path) -> dict[str, Any]:
    """The stable form of `kwake trace -o json`."""
    return {
        "version": VERSION,
        "outcome": path.outcome.value,
        "basis": path.basis.value,
        "decided_by": [_decider(decider) for decider in path.decided_by],
        "egress": _of_all([branch.egress for branch in path.branches]),
        "ingress": _of_all([branch.ingress for branch in path.branches]),
        "hops": [_hop(hop) for hop in path.hops],
        "branches": [_branch(branch) for branch in path.branches],
    }


def _of_all(sides: list[Judgement | None]) -> dict[str, Any] | None:
    """What all branches have in common, if they do."""
    return judgement_json(sides[0]) if all(side == sides[0] for side in sides) else None


def _decider(decider: Decider) -> dict[str, Any]:
    return {"object": decider.object, "rule": decider.rule, "file": decider.file, "line": decider.line}


def _hop(hop: Hop) -> dict[str, Any]:
    return {"kind": hop.kind, "at": hop.at, "text": hop.text, "object": hop.object, "basis": hop.basis.value,
            "near_misses": [_missed(miss) for miss in hop.near_misses]}  # fmt: skip


def _missed(miss: Missed) -> dict[str, Any]:
    return {"wanted": str(miss.wanted), "found": str(miss.found), **_decider(miss.by)}


def _branch(branch: Branch) -> dict[str, Any]:
    return {
        "source": branch.source,
        "pod": branch.pod,
        "ip": branch.ip,
        "port": branch.port,
        "share": float(branch.share),
        "outcome": branch.outcome.value,
        "basis": branch.basis.value,
        "decided_by": [_decider(decider) for decider in branch.decided_by],
        "egress": judgement_json(branch.egress),
        "ingress": judgement_json(branch.ingress),
        "hops": [_hop(hop) for hop in branch.hops],
        "entries": list(branch.entries),
    }


def judgement_json(side: Judgement | None) -> dict[str, Any] | None:
    """What one end's policies say, as it stands in JSON."""
    if side is None:
        return None
    return {
        "verdict": side.verdict,
        "reason": side.reason,
        "basis": side.basis.value,
        "decided_by": [_decider(decider) for decider in side.decided_by],
        "passed_by": [_decider(decider) for decider in side.passed_by],
    }
