"""Hops that hold for all endpoints of a path, to be told once where rows are few."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kwake.dataplane.path import Branch, Hop, Outcome
from kwake.objects.basis import Basis


def _is_plain(hop: Hop) -> bool:
    """Whether a hop says no more than the row of its endpoint does: its address, port and node."""
    says_more = hop.decider is not None or hop.details or hop.basis is Basis.UNKNOWN
    return not says_more and hop.kind in ("nat", "route", "socket") and hop.outcome in (None, Outcome.DELIVERED)


def shared_hops(branches: Sequence[Branch]) -> list[Hop]:
    """What all branches say alike, and where they differ in nothing but address and node, that in one hop each; of a
    single branch what is not its endpoint's."""
    if len(branches) == 1:
        return [hop for hop in branches[0].hops if hop.kind not in ("ingress", "socket")]
    told: list[Hop] = []
    for hop in branches[0].hops:
        if all(_is_said(hop, branch.hops) for branch in branches):
            told.append(hop)
        elif words := _words(hop.kind, branches):
            told.append(msgspec.structs.replace(hop, text=words))
    return told


def _is_said(hop: Hop, hops: Sequence[Hop]) -> bool:
    """Whether one of some hops says the same, wherever and of whichever pod it is."""
    return any(msgspec.structs.replace(hop, at=other.at, object=other.object) == other for other in hops)


def is_told(hop: Hop, told: Sequence[Hop]) -> bool:
    """Whether what was told for all branches says it, alike or summed up."""
    return _is_said(hop, told) or (_is_plain(hop) and any(other.kind == hop.kind for other in told))


def _words(kind: str, branches: Sequence[Branch]) -> str:
    """One hop of this kind for all branches; empty where they differ in more."""
    each = [[hop for hop in branch.hops if hop.kind == kind] for branch in branches]
    if any(len(hops) != 1 or not _is_plain(hops[0]) for hops in each):
        return ""
    ports = " or ".join(dict.fromkeys(str(branch.port) for branch in branches))
    starts = {hop.text.partition(" → ")[0] for (hop,) in each} - {_SAME}
    match kind:
        case "nat":
            return f"→ 1 of {len(branches)}, port {ports}"
        case "route" if len(starts) == 1:
            return f"{starts.pop()} → {', '.join(dict.fromkeys(branch.node or '?' for branch in branches))}"
        case "socket":
            return f"each listens on {ports}"
        case _:
            return ""


_SAME = "same node"
"""How a route within a node is written."""
