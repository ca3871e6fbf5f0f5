"""Open connections as rows: how each stands, and what a dial made now would meet, under each profile."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.path import Outcome, Path
from kwake.objects.time import clock
from kwake_tui.glyphs import OUTCOMES, connection_mark
from kwake_tui.lines import Line, Span
from kwake_tui.names import brief, short


class Column(msgspec.Struct, frozen=True):
    """A profile's answers: by connection, how it stands and where a dial made now would go."""

    profile: str
    now_ms: int
    open: dict[str, Connection]
    again: dict[str, Path]


class Table(msgspec.Struct, frozen=True):
    """What the pane shows."""

    columns: tuple[Column, ...]
    changed: frozenset[str] = frozenset()
    """Connections whose fate or backend the last action changed."""


PAIR = 28
"""Cells of a profile's two columns."""


def connection_lines(table: Table, width: int) -> tuple[Line, ...]:
    """The rows for a width in cells; none without connections."""
    names = list(table.columns[0].open) if table.columns else []
    if not names:
        return ()
    columns = [column for number, column in enumerate(table.columns) if 60 + PAIR * (number + 1) <= width or not number]
    name_cells = min(max(len(name) for name in [*names, "name"]), 16) + 1
    room = width - PAIR * len(columns) - name_cells
    way_cells = min(20, max(room // 3, 8))
    ends_cells = room - way_cells
    heads = [Span(" " * (name_cells + ends_cells + way_cells))]
    heads += [_cell(f"  {column.profile}", "text1", PAIR, bold=True) for column in columns]
    labels = [_cell("name", "muted", name_cells), _cell("from → to", "muted", ends_cells)]
    labels.append(_cell("by way of", "muted", way_cells))
    labels += [_cell("  already open  dialled now", "muted", PAIR) for _ in columns]
    rows = [Line(tuple(heads)), Line(tuple(labels))]
    for name in names:
        connection = table.columns[0].open[name]
        spans = [
            _cell(name, "text1", name_cells, bold=True),
            _cell(_ends(connection), "text1", ends_cells),
            _cell(_way(connection), "muted", way_cells),
        ]
        for column in columns:
            spans += _answers(table.columns[0], column, name)
        rows.append(Line(tuple(spans), tint="youbg" if name in table.changed else "", target=f"connection:{name}"))
    return tuple(rows)


def _cell(text: str, role: str, cells: int, *, bold: bool = False) -> Span:
    cut = Span(text, role, bold=bold).cut(cells - 1)
    return msgspec.structs.replace(cut, text=cut.text + " " * (cells - cut.cells))


def _ends(connection: Connection) -> str:
    source = brief(connection.client.pod) if connection.client else short(connection.flow.source)
    if connection.server:
        reached = connection.backends[-1]
        target = f"{brief(connection.server.pod, connection.flow.source)}:{reached.port}"
    elif connection.backends:
        target = f"{connection.backends[-1].ip}:{connection.backends[-1].port}"
    else:
        target = short(connection.flow.target, connection.flow.source)
    protocol = "" if connection.flow.protocol == "TCP" else f" {connection.flow.protocol.lower()}"
    return f"{source} → {target}{protocol}"


def _way(connection: Connection) -> str:
    return short(connection.service, connection.flow.source) if connection.service else "pod address"


def dial_words(path: Path) -> tuple[str, str]:
    """What a dial meets, in one cell: `✓ delivered`, `± 2 of 3`; and its colour role."""
    mark = OUTCOMES[path.outcome]
    if path.outcome is Outcome.MIXED:
        delivered = path.shares.get(Outcome.DELIVERED, Fraction(0))
        return f"{mark.glyph} {delivered.numerator} of {delivered.denominator}", mark.role
    return str(mark), mark.role


def stands_words(connection: Connection, now_ms: int) -> tuple[str, str]:
    """How a connection stands, in one cell; open ones with their age."""
    mark = connection_mark(connection)
    age = ""
    if mark.word == "open":
        age = f" {clock(now_ms - connection.opened_ms).partition('.')[0]}"
    return f"{mark}{age}", mark.role


def _answers(first: Column, column: Column, name: str) -> list[Span]:
    connection = column.open.get(name)
    path = column.again.get(name)
    stands, stands_role = stands_words(connection, column.now_ms) if connection else ("? unknown", "doubt")
    dial, dial_role = dial_words(path) if path else ("client gone", "muted")
    differs = column is not first and _verdicts(column, name) != _verdicts(first, name)
    return [
        Span("≠ " if differs else "  ", "warn"),
        _cell(stands, stands_role, 14),
        _cell(dial, dial_role, PAIR - 16),
    ]


def _verdicts(column: Column, name: str) -> tuple[Fate | None, Outcome | None]:
    """What two profiles are compared by."""
    connection, path = column.open.get(name), column.again.get(name)
    return connection.fate if connection else None, path.outcome if path else None
