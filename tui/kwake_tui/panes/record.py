"""A connection on the path that is shown, where there is room: its NAT record, how it stands, and why."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.dataplane.connection import Connection, Tuple5
from kwake.objects.basis import Basis
from kwake.objects.time import clock
from kwake.world import World
from kwake_tui.lines import BLANK, Line, Span, section, wrap
from kwake_tui.names import brief
from kwake_tui.panes.connection_rows import stands_words
from kwake_tui.panes.path_rows import LABEL


def record_lines(connection: Connection, world: World, width: int) -> tuple[Line, ...]:
    """The rows under a path: what node's table carries the connection, and what it was decided by."""
    words, role = stands_words(connection, world.now_ms)
    sure = "" if connection.basis is Basis.SOURCED else connection.basis.value
    rows = [
        BLANK,
        section(f"connection {connection.name}"),
        Line((Span(words, role, bold=True),), (Span(sure, "muted"),) if sure else ()),
    ]
    rows += _row("opened", f"{clock(connection.opened_ms)}  {brief(connection.flow.source)} dialled "
                 f"{brief(connection.flow.target, connection.flow.source)}", width)  # fmt: skip
    rows += _row("entry", _entry(connection), width)
    for reached in connection.backends[1:]:
        wrong = "  never meant for it" if reached.misdelivered else ""
        rows += _row("moved", f"{clock(reached.time_ms)}  to {brief(reached.backend)} {reached.ip}{wrong}", width)
    rows += _row("why", connection.reason, width, connection.turns[-1].cite)
    return tuple(rows)


def _entry(connection: Connection) -> str:
    original, translated = connection.original, connection.translated
    if original is None:
        return "none: the dial failed before there was one"
    if translated is None:
        return f"{original}, no NAT"
    source = "" if _source(original) == _source(translated) else f", from {_source(translated)}"
    where = f", kept on {connection.nat_node}" if connection.nat_node else ""
    return f"{original}, answered by {translated.dst}:{translated.dst_port}{source}{where}"


def _source(ends: Tuple5) -> str:
    return f"{ends.src}:{ends.src_port}"


def _row(label: str, text: str, width: int, cite: str = "") -> Iterator[Line]:
    fact = (Span(cite, "faint"),) if cite else ()
    for row in wrap(text, width - LABEL - (len(cite) + 1 if cite else 0)):
        yield Line((Span(label.ljust(LABEL), "muted"), Span(row)), fact, cite=cite)
        label, fact, cite = "", (), ""
