"""A pair of workloads under the cursor of reach: what decided before and after, connections, Services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from kwake.dataplane.connection import PodEnd
from kwake.dataplane.path import Decider, Flow, Missed, Outcome, Path
from kwake.dials import dial_of
from kwake.errors import KwakeError
from kwake.objects.kinds import Service
from kwake.policy.connections import ALL, ConnectionSet
from kwake.policy.partly import Partly
from kwake.policy.table import Cell, CellTurn
from kwake.policy.workloads import workload_name
from kwake.world import World
from kwake_tui.glyphs import GAINED, LOST, OTHER_PORTS, OUTCOMES, Mark, connection_mark
from kwake_tui.lines import Line, Span
from kwake_tui.names import brief_place, parts, short
from kwake_tui.panes.near_miss import detail_rows
from kwake_tui.wake_rows import end_name, ports_mark, ports_text

LABEL = 14
ROOMY = 96
"""Cells from which on what decides stands beside the verdict; else below it."""

FOLDERS = 1
"""Of a file's folders are told at most so many."""

MOST = 2
"""Details and near misses that are shown."""

_ALLOWED = (OUTCOMES[Outcome.DELIVERED].glyph, OUTCOMES[Outcome.MIXED].glyph)
_FAILED = (Outcome.DROPPED, Outcome.REFUSED, Outcome.UNRESOLVED)

TURNS = {CellTurn.LOST: LOST, CellTurn.GAINED: GAINED, CellTurn.CHANGED: OTHER_PORTS}


def pair_flow(world: World, src: str, dst: str, cell: Cell) -> Flow | None:
    """The dial that enter looks at: on a port that may be used now, or might be before; else on any."""
    wanted = cell.after or cell.before or ALL
    return dial_of(world.cluster, src, dst, wanted)


def _mark(allowed: ConnectionSet, found: Sequence[Partly]) -> Mark:
    """Whether a pair may talk, and on which ports."""
    return ports_mark(allowed, found[0].always if found else allowed)


def pair_title(sources: tuple[str, ...], destinations: tuple[str, ...]) -> str:
    """`shop/web → shop/cart`, `kube-system, 3 workloads → outside`."""
    return f"{_ends(sources)} → {_ends(destinations)}"


def _ends(names: tuple[str, ...]) -> str:
    return end_name(names[0]) if len(names) == 1 else f"{end_name(names[0]).partition('/')[0]}, {len(names)} workloads"


def pair_lines(before: World | None, after: World, src: str, dst: str, cell: Cell, width: int) -> tuple[Line, ...]:
    """The rows for one pair in `width` cells; `before` is None where nothing was done yet."""
    if src == dst and "/" not in src:
        return (Line((Span("outside and itself: what passes there is no matter of the cluster", "muted"),)),)
    if src == dst:
        return (Line((Span("a workload and itself: t in the main screen traces among its pods", "muted"),)),)
    flow = pair_flow(after, src, dst, cell)
    rows: list[Line] = []
    if before is not None:
        rows += moment_rows("before", before, _mark(cell.before, cell.partly_before), flow, width)
    now = "after" if before else "now"
    if cell.doubts:
        rows += _doubted_rows(now, after, cell, flow)
    else:
        rows += moment_rows(now, after, _mark(cell.after, cell.partly), flow, width)
    for moment, found in (("before", cell.partly_before if before is not None else ()), ("some pods", cell.partly)):
        rows += [_row(moment, Span(str(one)), Span(f"  {one.reason}", "muted")) for one in found]
    rows += _open_between(after, src, dst)
    rows += _services(after, dst)
    return tuple(rows)


def block_lines(cell: Cell, changes: Sequence[tuple[str, str, CellTurn]]) -> tuple[Line, ...]:
    """The rows for a cell of folded namespaces: how many pairs may talk, and which differ."""
    ports = "every port" if cell.after == ALL else ports_text(cell.after)
    some = f", together on {ports}" if cell.allowed else ""
    part = f"; of {len(cell.partly)} not all pods" if cell.partly else ""
    rows = [_row("now", Span(f"{cell.allowed} of {cell.pairs} pairs of workloads may talk{some}{part}"))]
    for at, (src, dst, turn) in enumerate(changes):
        mark = TURNS[turn]
        names = f"{end_name(src)} → {end_name(dst)}"
        rows.append(_row("differ" if at == 0 else "", Span(f"{mark} ", mark.role, bold=True), Span(names)))
    rows += [_row("unknown" if at == 0 else "", Span(doubt, "doubt")) for at, doubt in enumerate(cell.doubts)]
    return (*rows, Line(), Line((Span("enter", "you", bold=True), Span(" unfolds both", "muted"))))


def _row(label: str, *spans: Span, right: tuple[Span, ...] = ()) -> Line:
    return Line((Span(f"{label:<{LABEL}}", "muted"), *spans), right, shrink=len(spans))


def _doubted_rows(label: str, world: World, cell: Cell, flow: Flow | None) -> Iterator[Line]:
    """What is not known of a pair and why, what passes for sure all the same, and how a dial fares in parts."""
    unknown = OUTCOMES[Outcome.UNKNOWN]
    for at, doubt in enumerate(cell.doubts):
        lead = Span(f"{unknown}  " if at == 0 else " " * len(f"{unknown}  "), unknown.role, bold=True)
        yield _row(label if at == 0 else "", lead, Span(doubt, "doubt"))
    if cell.after:
        yield _row("for sure", Span(str(_mark(cell.after, cell.partly)), OUTCOMES[Outcome.DELIVERED].role))
    try:
        path = world.trace(flow.source, flow.target, flow.port, flow.protocol) if flow is not None else None
    except KwakeError as error:
        yield _row("", Span(str(error), "muted"))
        return
    if flow is None or path is None or path.outcome is Outcome.UNKNOWN:
        return
    parts = [(OUTCOMES[outcome], share) for outcome, share in path.shares.items()]
    words = [Span(f"{mark} {share.numerator} of {share.denominator} dials  ", mark.role) for mark, share in parts]
    protocol = "" if flow.protocol == "TCP" else f" {flow.protocol.lower()}"
    yield _row(f"on {flow.port}{protocol}", *(words if len(words) > 1 else [Span(f"{parts[0][0]}", parts[0][0].role)]))


def moment_rows(label: str, world: World, mark: Mark, flow: Flow | None, width: int) -> Iterator[Line]:
    """How a dial ends in a world, and what decides it, in `width` cells; a trace."""
    verdict = Span(f"{mark.glyph} {mark.word:<14} ", mark.role, bold=True)
    if flow is None:
        yield _row(label, verdict)
        return
    try:
        path = world.trace(flow.source, flow.target, flow.port, flow.protocol)
    except KwakeError as error:
        yield _row(label, verdict, Span(str(error), "muted"))
        return
    outcome, deciders = OUTCOMES[path.outcome], _deciders(path)
    protocol = "" if flow.protocol == "TCP" else f" {flow.protocol.lower()}"
    dialled = Span(f"{outcome} on {flow.port}{protocol}  ", outcome.role)
    if mark.word == outcome.word:
        verdict, dialled = Span(""), msgspec.structs.replace(dialled, bold=True)
    elif mark.glyph in _ALLOWED and path.outcome in _FAILED:  # that it does not arrive all the same comes first
        verdict = msgspec.structs.replace(dialled, bold=True)
        dialled = Span(f"policies allow {mark.word}  ", "muted")
    if width < ROOMY:
        yield _row(label, verdict, dialled)
        yield from (_row("", Span(_by(decider)), right=_place(decider)) for decider in deciders)
        if (unasked := _unasked(path)) and not deciders:
            yield _row("", Span(unasked, "muted"))
    else:
        first = deciders[0] if deciders else None
        by = Span(_by(first)) if first else Span(_unasked(path), "muted")
        yield _row(label, verdict, dialled, by, right=_place(first))
        for decider in deciders[1:]:
            yield _row("", Span(" " * verdict.cells), Span(_by(decider)), right=_place(decider))
    lead = 0 if width < ROOMY else verdict.cells
    for row in detail_rows(*_ending(path), width - LABEL - lead, folders=FOLDERS):
        yield _row(row.label, Span(" " * lead), *row.words, right=row.place)


def _deciders(path: Path) -> tuple[Decider, ...]:
    """What decided, of the dials that do not arrive if there are some."""
    failing = [branch for branch in path.branches if branch.outcome is not Outcome.DELIVERED]
    return failing[0].decided_by if failing else path.decided_by


def _by(decider: Decider | None) -> str:
    return f"{short(decider.object)}: {decider.rule}" if decider is not None else ""


def _unasked(path: Path) -> str:
    """What policies say of a dial that arrives where no rule of theirs decided."""
    if path.outcome is not Outcome.DELIVERED:
        return ""
    sides = path.branches[0].egress, path.branches[0].ingress
    reasons = list(dict.fromkeys(side.reason for side in sides if side is not None))
    return "no policy isolates either" if "not isolated" in reasons else "; ".join(reasons)


def _place(decider: Decider | None) -> tuple[Span, ...]:
    place = brief_place(decider, FOLDERS)
    return (Span(place, "faint"),) if place else ()


def _ending(path: Path) -> tuple[list[str], list[Missed]]:
    """Why the first branch that does not arrive ends: the details of its deciding hops, and the nearest misses."""
    failing = [branch for branch in path.branches if branch.outcome is not Outcome.DELIVERED]
    hops = [hop for hop in failing[0].hops if hop.decider is not None] if failing else []
    details, misses = [d for hop in hops for d in hop.detail], [m for hop in hops for m in hop.near_misses]
    return details[:MOST], misses[:MOST]


def _open_between(world: World, src: str, dst: str) -> list[Line]:
    """Connections that a pod of one holds to a pod of the other."""
    rows: list[Line] = []
    for connection in world.connections.values():
        if (_workload(world, connection.client), _workload(world, connection.server)) == (src, dst):
            mark = connection_mark(connection)
            label = "" if rows else "already open"
            rows.append(_row(label, Span(f"{connection.name} ", bold=True), Span(str(mark), mark.role)))
    return rows


def _workload(world: World, end: PodEnd | None) -> str:
    _, namespace, name = parts(end.pod) if end is not None else ("", "", "")
    pod = world.cluster.pod(namespace, name)
    return workload_name(world.cluster, pod) if pod is not None else ""


def _services(world: World, dst: str) -> list[Line]:
    """Services that lead to a workload."""
    cluster = world.cluster
    names = []
    for service in cluster.all(Service):
        ends = [end.target_ref for item in cluster.slices_by_service.get(service.key, ()) for end in item.endpoints]
        pods = [cluster.pod(service.metadata.namespace, end.name) for end in ends if end is not None]
        behind = {workload_name(cluster, pod) for pod in pods if pod is not None}
        if dst in behind:
            ports = ",".join(f"{port.port}" for port in service.spec.ports)
            names.append(f"svc/{service.metadata.name}:{ports}")
    return [_row("services", Span(", ".join(names)))] if names else []
