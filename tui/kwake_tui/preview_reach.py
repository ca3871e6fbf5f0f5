"""Who could talk and who no longer, if an edited text were applied: as far as it can be said between two keys."""

from __future__ import annotations

from collections import Counter

import msgspec

from kwake.dataplane.path import Outcome
from kwake.objects.kinds import Pod
from kwake.policy.connections import ConnectionSet
from kwake.policy.difference import PairChange
from kwake.policy.pair_difference import Pairs
from kwake.waking import Wake, wake
from kwake.world import World
from kwake_tui.glyphs import GAINED, LOST, OTHER_PORTS, OUTCOMES, Mark
from kwake_tui.lines import Line, Span
from kwake_tui.session import Session
from kwake_tui.wake_rows import end_name, ports_mark

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


def pair_rows(found: Wake, home: str, width: int, most: int) -> tuple[Line, ...]:
    """Who may talk no more, who now, and who on other ports, in at most so many rows; where that does not do, some of
    each kind, at least one, and how many more; before them all counts where there is room. Workloads of the namespace
    `home` go without it."""
    kinds = [
        (LOST, [_pair(LOST, pair, pair.before, pair.always_before, home) for pair in found.lost]),
        (GAINED, [_pair(GAINED, pair, pair.after, pair.always_after, home) for pair in found.gained]),
        (OTHER_PORTS, [_pair(OTHER_PORTS, pair, pair.after, pair.always_after, home) for pair in found.changed]),
        (UNKNOWN, [_row(UNKNOWN, doubt.src, doubt.dst, home) for doubt in found.unknown]),
    ]
    told = [(mark, rows) for mark, rows in kinds if rows]
    most = max(most, len(told) + 1)
    if sum(len(rows) for _, rows in told) <= most:
        return tuple(row for _, rows in told for row in rows)
    counts = count_rows(found, width)
    if len(counts) + len(told) + 1 > most:
        counts = ()
    ranked = sorted((nth, kind) for kind, (_, rows) in enumerate(told) for nth in range(len(rows)))
    kept = Counter(kind for _, kind in ranked[: most - len(counts) - 1])
    named = [row for kind, (_, rows) in enumerate(told) for row in rows[: kept[kind]]]
    left = [(mark, len(rows) - kept[kind]) for kind, (mark, rows) in enumerate(told) if len(rows) > kept[kind]]
    return (*counts, *named, _more(left, width))


def _more(left: list[tuple[Mark, int]], width: int) -> Line:
    """`and 3 more gained, 1 more lost`; where that has no room only how many."""
    words = Span(f"and {', '.join(f'{count} more {mark.word}' for mark, count in left)}", "muted")
    if words.cells > width:
        words = Span(f"and {sum(count for _, count in left)} more pairs", "muted")
    return Line((words,))


def _pair(mark: Mark, pair: PairChange, allowed: ConnectionSet, always: ConnectionSet, home: str) -> Line:
    was = f"was {ports_mark(pair.before, pair.always_before).word}" if mark is OTHER_PORTS else ""
    return _row(mark, pair.src, pair.dst, home, _ports(allowed, always), was)


def _row(mark: Mark, src: str, dst: str, home: str, ports: str = "", was: str = "") -> Line:
    source, target = (end_name(end).removeprefix(f"{home}/") for end in (src, dst))
    heads = (Span(f"{mark.glyph} ", mark.role, bold=True), Span(f"{mark.word} ", mark.role))
    ends = (Span(source), Span(" → ", "faint"), Span(target), Span(ports))
    return Line((*heads, *ends), (Span(was, "muted"),) if was else (), shrink=4)


def _ports(allowed: ConnectionSet, always: ConnectionSet) -> str:
    """`:8443`, ` UDP 53`, `:80,443, some pods`."""
    words = ports_mark(allowed, always).word
    is_tcp = not (allowed.udp or allowed.sctp)
    return f":{words.removeprefix('TCP ')}" if is_tcp else f" {words}"
