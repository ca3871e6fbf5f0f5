"""What applying an edited text would change, before it is applied."""

from __future__ import annotations

from kwake.actions import Action, Apply
from kwake.cluster import record
from kwake.dataplane.path import Flow
from kwake.errors import InvalidSnapshot, KwakeError, Rejected
from kwake.findings import about
from kwake.objects.document import Manifest
from kwake.world import World
from kwake_tui.lines import Line, Span, section
from kwake_tui.names import flow_title
from kwake_tui.panes.path_rows import wrapped
from kwake_tui.preview_answers import Words, again, dial, stands
from kwake_tui.preview_reach import count_rows, pair_rows, pairs_changed
from kwake_tui.preview_table import WIDE, selection_rows, table_rows
from kwake_tui.session import Session
from kwake_tui.yaml_text import read_manifest

ROWS = 6
"""Rows of a preview under its heading."""

_PROFILE, _OPEN = 9, 13
"""Cells of the columns: the profile's name, and how the connection stands."""

_SAME = "= same"

LEAST_HINT = 2
"""Rows that a hint has at least, where it needs them."""

_SELECTION = 8
"""Rows that must be left for the pods that the text selects to be listed."""


def preview_lines(session: Session, text: str, width: int, most: int = ROWS) -> tuple[Line, ...]:
    """At most `most` rows that say what would change for pairs, the shown path and the open connections, or why it
    would be refused."""
    if not text:
        return ()
    try:
        manifest = read_manifest(text)
        action = Apply(manifest)
        after = session.world.do(action).settle()
    except KwakeError as error:
        return refusal_lines("if you apply this", error, width)
    worlds = [(session.world, after)]
    if session.second is not None:
        worlds += _second(session.second, action)
    head = section("if you apply this")
    wide = width >= WIDE
    blocks = [] if wide else [_connection(name, worlds) for name in session.world.connections]
    shown = session.shown_flow
    flows = [*session.shown_pins, *([shown] if shown and shown not in session.shown_pins else [])]
    flows = [flow for flow in flows if not _is_open(session, flow)]
    blocks += [] if wide else [_dialled(flow, worlds) for flow in flows]
    found = pairs_changed(session, after)
    rows = list(count_rows(found, width)) if found is not None else []
    if wide and (flows or session.world.connections):
        rows += table_rows(tuple(session.world.connections), flows, worlds, width)
    rows += [row for block in sorted(blocks, key=_is_unchanged) for row in block]
    rows = rows or [Line((Span("= nothing that is shown here changes", "muted"),))]
    hint = _hint(session.world, after, manifest, width)[: max(most - len(rows), LEAST_HINT)]
    rows = [*rows[: most - len(hint)], *hint]
    if wide and len(rows) + _SELECTION <= most:
        rows += selection_rows(session.world.cluster, manifest, (most - len(rows)) // 2)
    if found is not None and len(rows) + 2 < most:
        pairs = list(pair_rows(found))
        rows += [section("who may talk"), *pairs] if pairs else []
    return (head, *rows[:most])


def _hint(now: World, after: World, manifest: Manifest, width: int) -> list[Line]:
    """What `kwake check` would call a mistake in the object as it is edited: one such thing, rather one that is new."""
    key = record(manifest).key
    found = about(after.cluster, after.profile, key)
    if len(found) > 1 and now.cluster.find(key) is not None:
        known = {finding.text for finding in about(now.cluster, now.profile, key)}
        found = tuple(sorted(found, key=lambda finding: finding.text in known))
    return list(wrapped(("▲ ", "warn"), found[0].text, width)) if found else []


def refused_lines(error: KwakeError, width: int) -> tuple[Line, ...]:
    """The words of who did not take a text: the API server's, or the reader's whom it must get by first."""
    by_server = isinstance(error, Rejected | InvalidSnapshot)
    return refusal_lines("the API server says" if by_server else "it cannot be read", error, width)


def refusal_lines(title: str, error: KwakeError, width: int) -> tuple[Line, ...]:
    """The words of a refusal, as far as they fit."""
    return (section(title), *tuple(wrapped(("× ", "bad"), str(error), width))[:ROWS])


def _second(world: World, action: Action) -> list[tuple[World, World]]:
    try:
        return [(world, world.do(action).settle())]
    except KwakeError:
        return []


def _is_unchanged(block: list[Line]) -> bool:
    """Whether all that a block says is `same`: what changes stands first."""
    return all(line.left[-1].text == _SAME for line in block[1:])


def _row(profile: str, stands: Words, dial: Words) -> Line:
    cells = [Span(profile[: _PROFILE - 1].ljust(_PROFILE), "muted"), Span(*stands), Span(*dial)]
    return Line((cells[0], cells[1], Span(" " * max(_OPEN - cells[1].cells, 1)), cells[2]))


def _or_same(before: Words, after: Words) -> Words:
    return (_SAME, "muted") if before == after else after


def _connection(name: str, worlds: list[tuple[World, World]]) -> list[Line]:
    rows = [_row(name, ("already open", "muted"), ("dialled now", "muted"))]
    for now, after in worlds:
        was, then = stands(now, name), stands(after, name)
        if was is None or then is None:
            continue
        rows.append(_row(now.profile.name, _or_same(was, then), _or_same(again(now, name), again(after, name))))
    return rows


def _is_open(session: Session, flow: Flow) -> bool:
    """Whether a connection of the same flow says what becomes of its dial."""
    return any(connection.flow == flow for connection in session.world.connections.values())


def _dialled(flow: Flow, worlds: list[tuple[World, World]]) -> list[Line]:
    """A pinned flow or the path that is shown."""
    rows = [Line((Span(flow_title(flow), "muted"),), shrink=0)]
    for now, after in worlds:
        rows.append(_row(now.profile.name, ("", "muted"), _or_same(dial(now, flow), dial(after, flow))))
    return rows
