"""Who knows: since when each component works from what an action changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.objects.time import clock
from kwake.scenario.knowing import Knowledge, Learned
from kwake.world import World
from kwake_tui.glyphs import connection_mark
from kwake_tui.lines import BLANK, Line, Span
from kwake_tui.names import short
from kwake_tui.sureness import sure_words

COMPONENT = 16
ROOMY = 100
"""Cells of width from which the heads are written out."""


def knowing_lines(found: Sequence[Knowledge], start_ms: int, end: World, width: int) -> tuple[Line, ...]:
    """A table for each change; connections that the action touched stand under their Service as its clients."""
    time = 17 if width >= ROOMY else 12
    if not found:
        return (Line((Span("nothing to know: no endpoints, policy, Service or label is otherwise", "muted"),)),)
    lines: list[Line] = []
    for knowledge in found:
        lines += [BLANK] if lines else []
        lines += _table(knowledge, time)
        lines += _clients(knowledge, start_ms, end, time)
    return tuple(lines)


def _table(knowledge: Knowledge, time: int) -> Iterator[Line]:
    moved = f"{', '.join(knowledge.old) or 'nothing'} → {', '.join(knowledge.new) or 'nothing'}"
    name = Span(short(knowledge.subject), bold=True)
    if knowledge.old or knowledge.new:
        yield Line((name, Span("  "), Span(moved, "muted")), shrink=2)
        heads = ("old address out", "new address in") if time > 15 else ("old out", "new in")
        yield Line((Span(f"{'':<{COMPONENT}}{heads[0]:<{time}}{heads[1]:<{time}}", "muted"),))
    else:
        yield Line((name, Span("  as it is now", "muted")))
        yield Line((Span(f"{'':<{COMPONENT}}{'works from it since':<{2 * time}}", "muted"),))
    for row in knowledge.rows:
        yield _row(knowledge, row, time)


def _row(knowledge: Knowledge, row: Learned, time: int) -> Line:
    sure = sure_words(row.basis) if row.needed else ""
    pair = bool(knowledge.old or knowledge.new)
    times = (
        Span(f"{_time(row, row.old_out_ms, bool(knowledge.old)):<{time}}", "text1" if row.needed else "muted"),
        Span(f"{_time(row, row.new_in_ms, bool(knowledge.new)):<{time}}", "text1" if row.needed else "muted"),
    )
    one = (Span(f"{_time(row, row.new_in_ms, True):<{2 * time}}"),)
    words = Span(f"{row.note}{sure}", "muted")
    return Line((Span(f"{row.component:<{COMPONENT}}", "text1"), *(times if pair else one), words))


def _time(row: Learned, time_ms: int | None, moved: bool) -> str:
    if not row.needed:
        return "not needed"
    if not moved:
        return ""
    return clock(time_ms) if time_ms is not None else "not yet"


def _clients(knowledge: Knowledge, start_ms: int, end: World, time: int) -> Iterator[Line]:
    for connection in end.connections.values():
        turn = connection.turns[-1]
        if connection.service == knowledge.subject:
            mark = connection_mark(connection)
            when = clock(turn.time_ms) if turn.time_ms >= start_ms and len(connection.turns) > 1 else "nothing yet"
            client = Span(f"client {connection.name}").cut(COMPONENT - 1)
            yield Line((client, Span(" " * (COMPONENT - client.cells)), Span(f"{when:<{time}}"),
                        Span(f"{mark!s:<{time}}", mark.role), Span(turn.reason, "muted")))  # fmt: skip
