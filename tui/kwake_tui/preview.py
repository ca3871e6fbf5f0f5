"""What applying an edited text would change, before it is applied."""

from __future__ import annotations

from kwake.actions import Apply
from kwake.errors import KwakeError
from kwake.world import World
from kwake_tui.lines import Line, Span, section
from kwake_tui.panes.connection_rows import dial_words, stands_words
from kwake_tui.panes.path_rows import wrapped
from kwake_tui.session import Session, path_in
from kwake_tui.yaml_text import read_manifest

ROWS = 5
"""Rows of a preview under its heading."""


def preview_lines(session: Session, text: str, width: int) -> tuple[Line, ...]:
    """Rows that say what would change: the shown path and each open connection; or why it would be refused."""
    if not text:
        return ()
    head = section("if you apply this")
    try:
        after = session.world.do(Apply(read_manifest(text))).settle()
    except KwakeError as error:
        return (head, *tuple(wrapped(("× ", "bad"), str(error), width))[:ROWS])
    rows = [*_dialled(session, after), *_open(session.world, after)]
    return (head, *(rows[:ROWS] or [Line((Span("= nothing changes for what is shown", "muted"),))]))


def _change(label: str, before: tuple[str, str], after: tuple[str, str]) -> Line:
    return Line(
        (
            Span(f"{label:<13}", "muted"),
            Span(*before),
            *((Span(" → ", "faint"), Span(*after, bold=True)) if before != after else ()),
        ),
        (Span("same", "faint"),) if before == after else (),
        shrink=0,
    )


def _dialled(session: Session, after: World) -> list[Line]:
    if session.shown_flow is None:
        return []
    try:
        before = path_in(session.world, session.shown_flow)
        then = path_in(after, session.shown_flow)
    except KwakeError as error:
        return [Line((Span(f"? unknown  {error}", "doubt"),))]
    return [_change("dialled now", dial_words(before), dial_words(then))]


def _open(now: World, after: World) -> list[Line]:
    rows = []
    for name, connection in now.connections.items():
        if connection.fate.is_over:
            continue
        then = after.connections[name]
        rows.append(_change(name, stands_words(connection, connection.opened_ms), stands_words(then, then.opened_ms)))
    return [Line((Span("already open", "muted"),)), *rows] if rows else []
