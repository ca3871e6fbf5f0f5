"""Open connections as rows: how each stands, and what a dial made now would meet, under each profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec

from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.path import Flow, Outcome, Path
from kwake.objects.time import clock
from kwake_tui.glyphs import OUTCOMES, connection_mark
from kwake_tui.lines import Line, Span
from kwake_tui.names import brief, flow_title, short
from kwake_tui.panes.history import STEPS, Step, history_spans


class Column(msgspec.Struct, frozen=True):
    """A profile's answers: by connection, how it stands and where a dial made now would go."""

    profile: str
    now_ms: int
    open: dict[str, Connection]
    again: dict[str, Path]
    dialled: tuple[Path | None, ...] = ()
    """Where a dial of each pinned flow would go; None where an end of it is not there."""


class Table(msgspec.Struct, frozen=True):
    """What the pane shows."""

    columns: tuple[Column, ...]
    changed: frozenset[str] = frozenset()
    """Connections whose fate or backend the last action changed, and pinned flows whose outcome it did."""
    pins: tuple[Flow, ...] = ()
    """The pinned flows, in the order of the columns' `dialled`."""
    histories: dict[str, tuple[Step, ...]] = {}
    """Step by step, by target of the row."""


PAIR = 28
"""Cells of a profile's two columns."""


HISTORY_FROM = 96
"""Cells from which on the history has its column."""


class _Cells(NamedTuple):
    """Widths of the columns."""

    name: int
    ends: int
    way: int
    history: int


class _Stacked(NamedTuple):
    """Widths of the columns where each profile has a row."""

    name: int
    ends: int
    profile: int


def connection_lines(table: Table, width: int) -> tuple[Line, ...]:
    """The rows for a width in cells: the connections, then the pinned flows; none without either."""
    names = list(table.columns[0].open) if table.columns else []
    if not names and not table.pins:
        return ()
    columns = table.columns
    labels = [*names, *("pinned" for _ in table.pins[:1]), "name "]
    name = min(max(len(label) for label in labels), 16) + 1
    if width < HISTORY_FROM:
        profile = max(len(text) for text in ("profile", *(column.profile for column in columns))) + 1
        return tuple(_stacked(table, _Stacked(name, width - name - profile - PAIR, profile)))
    longest = max((len(steps) for steps in table.histories.values()), default=0)
    history = max(min(STEPS, longest), len("history")) + 1
    room = width - PAIR * len(columns) - name - history
    ways = [len(_way(connection)) for connection in table.columns[0].open.values()]
    way = min(max([len("by way of "), *ways, *(len(_service(flow)) for flow in table.pins)]) + 1, max(room // 3, 8))
    cells = _Cells(name, room - way, way, history)
    rows = [*_heads(columns, cells)]
    rows += [_connection(table, columns, name_, cells) for name_ in names]
    for number, _ in enumerate(table.pins):
        rows.append(_pin(table, columns, number, cells))
    return tuple(rows)


def _heads(columns: Sequence[Column], cells: _Cells) -> Iterator[Line]:
    if len(columns) > 1:
        heads = [Span(" " * (sum(cells)))]
        profiles = (_cell(f"  {column.profile}", "text1", PAIR, bold=True) for column in columns)
        yield Line((*heads, *profiles), stays=True)
    labels = [_cell("name", "muted", cells.name), _cell("from → to", "muted", cells.ends)]
    labels.append(_cell("by way of", "muted", cells.way))
    labels += [_cell("history", "muted", cells.history)] if cells.history else []
    yield Line((*labels, *(_cell("  already open  dialled now", "muted", PAIR) for _ in columns)), stays=True)


def _stacked(table: Table, cells: _Stacked) -> Iterator[Line]:
    """Where only one profile has room in a row: for each connection and pinned flow a row a profile, what it goes by
    in the second of them."""
    heads = (("name", cells.name), ("from → to", cells.ends), ("  profile", cells.profile + 2))
    labels = [_cell(text, "muted", width) for text, width in heads]
    yield Line((*labels, _cell("already open  dialled now", "muted", PAIR - 2)), stays=True)
    first = table.columns[0]
    for name, connection in first.open.items():
        lead = Span(name, bold=True), _ends(connection), _way(connection)
        yield from _stack(table, f"connection:{name}", lead, [_answers(first, c, name) for c in table.columns], cells)
    for number, flow in enumerate(table.pins):
        lead = Span("pinned", "you"), flow_title(flow), _service(flow)
        yield from _stack(table, f"pin:{number}", lead, [_dial(first, c, number) for c in table.columns], cells)


def _stack(
    table: Table, target: str, lead: tuple[Span, str, str], answers: Sequence[list[Span]], cells: _Stacked
) -> Iterator[Line]:
    name, ends, way = lead
    tint = "youbg" if target in table.changed else ""
    starts = [(_cell(name.text, name.role, cells.name, bold=name.bold), _cell(ends, "text1", cells.ends))]
    starts += [(Span(" " * cells.name), _cell(way, "muted", cells.ends))]
    for number in range(max(len(answers), len(starts))):
        start = starts[number] if number < len(starts) else (Span(" " * (cells.name + cells.ends)),)
        told: list[Span] = []
        if number < len(answers):
            differs, *answer = answers[number]
            told = [differs, _cell(table.columns[number].profile, "muted", cells.profile), *answer]
        yield Line((*start, *told), tint=tint, target="" if number else target)


def _connection(table: Table, columns: Sequence[Column], name: str, cells: _Cells) -> Line:
    connection, target = table.columns[0].open[name], f"connection:{name}"
    spans = [
        _cell(name, "text1", cells.name, bold=True),
        _cell(_ends(connection), "text1", cells.ends),
        _cell(_way(connection), "muted", cells.way),
        *history_spans(table.histories.get(target, ()), cells.history),
    ]
    for column in columns:
        spans += _answers(table.columns[0], column, name)
    return Line(tuple(spans), tint="youbg" if target in table.changed else "", target=target)


def _pin(table: Table, columns: Sequence[Column], number: int, cells: _Cells) -> Line:
    flow, target = table.pins[number], f"pin:{number}"
    spans = [
        _cell("pinned", "you", cells.name),
        _cell(flow_title(flow), "text1", cells.ends),
        _cell(_service(flow), "muted", cells.way),
        *history_spans(table.histories.get(target, ()), cells.history),
    ]
    for column in columns:
        spans += _dial(table.columns[0], column, number)
    return Line(tuple(spans), tint="youbg" if target in table.changed else "", target=target)


def _dial(first: Column, column: Column, number: int) -> list[Span]:
    """What a dial of a pinned flow meets: it has nothing open."""
    word, role = _word(column, number)
    differs = column is not first and word != _word(first, number)[0]
    return [Span("≠ " if differs else "  ", "warn"), _cell("", "muted", 14), _cell(word, role, PAIR - 16)]


def _service(flow: Flow) -> str:
    return short(flow.target, flow.source) if "/" in flow.target else flow.target


def _word(column: Column, number: int) -> tuple[str, str]:
    path = column.dialled[number] if number < len(column.dialled) else None
    return dial_words(path) if path else ("? end is gone", "doubt")


def _cell(text: str, role: str, cells: int, *, bold: bool = False) -> Span:
    cut = Span(text, role, bold=bold).cut(cells - 1)
    return msgspec.structs.replace(cut, text=cut.text + " " * (cells - cut.cells))


def _ends(connection: Connection) -> str:
    source = brief(connection.client.pod) if connection.client else short(connection.flow.source)
    target = reached(connection) or short(connection.flow.target, connection.flow.source) + _protocol(connection)
    return f"{source} → {target}"


def reached(connection: Connection) -> str:
    """The backend of a connection, as `checkout-x2v4k:8443`; empty where it never had one."""
    if not connection.backends:
        return ""
    backend, server = connection.backends[-1], connection.server
    name = brief(server.pod, connection.flow.source) if server else backend.ip
    return f"{name}:{backend.port}{_protocol(connection)}"


def _protocol(connection: Connection) -> str:
    return "" if connection.flow.protocol == "TCP" else f" {connection.flow.protocol.lower()}"


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
    """How a connection stands, in one cell; open ones with their age, from ten minutes on in whole seconds."""
    mark = connection_mark(connection)
    age = ""
    if mark.word == "open":
        text = clock(now_ms - connection.opened_ms)
        age = f" {text if len(text) <= len('9:59.9') else text.partition('.')[0]}"
    return f"{mark}{age}", mark.role


def _answers(first: Column, column: Column, name: str) -> list[Span]:
    connection = column.open.get(name)
    path = column.again.get(name)
    stands, stands_role = stands_words(connection, column.now_ms) if connection else ("? unknown", "doubt")
    dial, dial_role = dial_words(path) if path else ("client gone", "muted")
    return [
        Span("≠ " if disagree(first, column, name) else "  ", "warn"),
        _cell(stands, stands_role, 14),
        _cell(dial, dial_role, PAIR - 16),
    ]


def disagree(first: Column, column: Column, name: str) -> bool:
    """Whether two profiles disagree on how a connection stands or what a dial meets."""
    return _verdicts(column, name) != _verdicts(first, name)


def _verdicts(column: Column, name: str) -> tuple[Fate | None, Outcome | None]:
    """What two profiles are compared by."""
    connection, path = column.open.get(name), column.again.get(name)
    return connection.fate if connection else None, path.outcome if path else None
