"""Who could talk and who no longer, if an edited text were applied: as far as it can be said between two keys."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.dataplane.path import Outcome
from kwake.objects.kinds import Pod
from kwake.policy.connections import ConnectionSet
from kwake.policy.pair_difference import Pairs
from kwake.waking import Wake, wake
from kwake.world import World
from kwake_tui.glyphs import GAINED, LOST, OTHER_PORTS, OUTCOMES, Mark
from kwake_tui.lines import Line, Span
from kwake_tui.session import Session

MOST_PODS = 500
"""Pods up to which the table of pairs is worked out while one types, where more than a policy changes."""

UNKNOWN = OUTCOMES[Outcome.UNKNOWN]


def pairs_changed(session: Session, after: World) -> Wake | None:
    """What changes for pairs; None where there are too many pods to tell before it is applied."""
    before = session.world
    pairs = session.once(("pairs",), lambda: Pairs(before.settle().cluster, before.profile))
    if len(before.cluster.all(Pod)) > MOST_PODS and not pairs.is_quick(after.settle().cluster):
        return None
    return wake(before, after, pairs)


def count_rows(found: Wake, width: int) -> tuple[Line, ...]:
    """How many pairs of workloads change, as `kwake diff` counts them: in one row, or where that has no room in one
    for each count; none where none changes."""
    counts = ((LOST, len(found.lost)), (GAINED, len(found.gained)), (OTHER_PORTS, len(found.changed)),
              (UNKNOWN, len(found.unknown)))  # fmt: skip
    told = [(mark, count) for mark, count in counts if count]
    if not told:
        return ()
    spans = [Span("pairs", "muted"), Span(" of workloads", "muted"), Span("  ")]
    counted = [(Span(f"{mark.glyph} {count} ", mark.role, bold=True), Span(f"{mark.word}  ", mark.role))
               for mark, count in told]  # fmt: skip
    row = Line((*spans, *(span for pair in counted for span in pair)), spare=1)
    if sum(span.cells for span in row.left) - spans[1].cells - len("  ") <= width:
        return (row,)
    lead = (spans[0], spans[2])
    first, *others = (Line((*lead, *pair)) for pair in counted)
    under = Span(" " * sum(span.cells for span in lead))
    return (first, *(msgspec.structs.replace(line, left=(under, *line.left[2:])) for line in others))


def pair_rows(found: Wake) -> Iterator[Line]:
    """A row for each pair."""
    for mark, pairs in ((LOST, found.lost), (GAINED, found.gained), (OTHER_PORTS, found.changed)):
        for pair in pairs:
            yield _row(mark, pair.src, pair.dst, _ports(pair.before if mark is LOST else pair.after))
    for doubt in found.unknown:
        yield _row(UNKNOWN, doubt.src, doubt.dst, "")


def _row(mark: Mark, src: str, dst: str, ports: str) -> Line:
    home, end = f"{_end(src).partition('/')[0]}/", _end(dst)
    ends = (Span(_end(src)), Span(" → ", "faint"), Span(end.removeprefix(home) if "[" in src else end))
    return Line((Span(f"{mark.glyph} ", mark.role, bold=True), *ends), (Span(ports, "muted"),), shrink=3)


def _end(name: str) -> str:
    return name.partition("[")[0]


def _ports(allowed: ConnectionSet) -> str:
    return str(allowed)
