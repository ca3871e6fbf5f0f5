"""What applying an edited text would change, before it is applied."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.actions import Action, Apply
from kwake.cluster import record
from kwake.dataplane.path import Flow
from kwake.errors import InvalidSnapshot, KwakeError, Rejected
from kwake.findings import about
from kwake.objects.document import Manifest
from kwake.waking import Wake
from kwake.world import World
from kwake_tui.lines import Line, Span, section
from kwake_tui.names import fitting, flow_title
from kwake_tui.panes.path_rows import wrapped
from kwake_tui.preview_answers import Block, Words, again, dial, stands
from kwake_tui.preview_reach import pair_rows, pairs_changed
from kwake_tui.preview_table import WIDE, selection_rows, table_blocks, table_head
from kwake_tui.session import Session
from kwake_tui.yaml_text import read_manifest

ROWS = 6
"""Rows of a preview under its heading."""

_LABEL, _OPEN, _DIALLED = 9, 13, 11
"""Cells of the columns: the profile's name at least, how the connection stands, what a dial meets."""

_SAME = "= same"

LEAST_HINT = 2
"""Rows that a hint has at least, where it needs them."""

WHOLE = 10_000
"""Rows of a preview that leaves nothing out."""

_SELECTION = 8
"""Rows of the pods that the text selects, where a preview has room for twice as many."""


def preview_lines(session: Session, text: str, width: int, most: int = ROWS, whole: str = "") -> tuple[Line, ...]:
    """At most `most` rows that say what would change for pairs, the shown path and the open connections, or why it
    would be refused; what would stay as it is last, and in one row where there is no room. Where something is left
    out the heading names the key `whole` that shows all."""
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
    found, hint = pairs_changed(session, after), _hint(session.world, after, manifest, width)
    selects: tuple[Line, ...] = ()
    if width >= WIDE and most >= 2 * _SELECTION:
        pods = WHOLE if most >= WHOLE else _SELECTION
        selects = tuple(selection_rows(session.world.cluster, manifest, pods - 1))
    told, count = _told(session, worlds, width), _count(found) if found is not None else 0
    changed = [row for block in told if block.is_changed for row in block.rows]
    same = [row for block in told if not block.is_changed for row in block.rows]
    head = [table_head(worlds, width)] if width >= WIDE else []
    is_short = count + len(head) + len(changed) + len(same) + len(hint) + len(selects) > most
    if is_short and same:
        same = [_stay([name for block in told if not block.is_changed for name in block.names], width)]
    stands = [*(head if changed or (same and not is_short) else []), *changed, *same]
    room = most - len(stands) - len(selects) - min(len(hint), LEAST_HINT)
    pairs = pair_rows(found, record(manifest).key.namespace, width, room) if found is not None else ()
    rows = [*pairs, *stands] or list(wrapped(("= ", "muted"), "nothing that is shown here changes", width))
    hint = hint[: max(most - len(rows), LEAST_HINT)]
    rows = [*rows[: most - len(hint)], *hint]
    if len(rows) + len(selects) <= most:
        rows += selects
    heading = section("if you apply this")
    if is_short and whole:
        heading = msgspec.structs.replace(heading, right=(Span(f" {whole}", "you", bold=True), Span(" all", "muted")))
    return (heading, *rows)


def _count(found: Wake) -> int:
    """Pairs that change, and those of which it is not known."""
    return len(found.lost) + len(found.gained) + len(found.changed) + len(found.unknown)


def _stay(names: list[str], width: int) -> Line:
    """One row for all that stays as it is."""
    return Line((Span(f"{_SAME}  ", "muted"), Span(fitting(names, width - len(_SAME) - 2), "muted")))


def _told(session: Session, worlds: list[tuple[World, World]], width: int) -> list[Block]:
    """The open connections, the pinned flows and the shown path."""
    shown = session.shown_flow
    flows = [*session.shown_pins, *([shown] if shown and shown not in session.shown_pins else [])]
    flows = [flow for flow in flows if not _is_open(session, flow)]
    names = tuple(session.world.connections)
    if width >= WIDE:
        return list(table_blocks(names, flows, worlds, width))
    return [*_connections(names, worlds, width), *(_dialled(flow, worlds, width) for flow in flows)]


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


def _block(names: list[str], heads: list[Line], rows: list[Line]) -> Block:
    """Names over a row for each profile; unchanged where all that the rows say is `same`."""
    said = {span.text.strip() for line in rows for span in line.left[1:]}
    return Block(names, [*heads, *rows], not said <= {"", _SAME})


def _row(label: Span, stands: Words, dial: Words, width: int) -> Line:
    room = max(width - _OPEN - _DIALLED, _LABEL)
    label, open_cell = label.cut(room - 1), Span(*stands)
    gaps = [Span(" " * max(cells, 1)) for cells in (room - label.cells, _OPEN - open_cell.cells)]
    return Line((label, gaps[0], open_cell, gaps[1], Span(*dial)))


def _or_same(before: Words, after: Words) -> Words:
    return (_SAME, "muted") if before == after else after


def _connections(names: tuple[str, ...], worlds: list[tuple[World, World]], width: int) -> list[Block]:
    """A block for the connections that fare alike: their names, then a row for each profile."""
    alike: dict[tuple[Line, ...], list[str]] = {}
    for name in names:
        alike.setdefault(tuple(_fares(name, worlds, width)), []).append(name)
    return [_block(together, _heads(together, width), list(rows)) for rows, together in alike.items()]


def _heads(names: list[str], width: int) -> list[Line]:
    """The names, and over which column what stands; in one row where there is room."""
    title = ", ".join(names)
    heads = ("already open", "muted"), ("dialled now", "muted")
    if Span(title).cells < max(width - _OPEN - _DIALLED, _LABEL):
        return [_row(Span(title, bold=True), *heads, width)]
    return [Line((Span(fitting(names, width), bold=True),)), _row(Span(""), *heads, width)]


def _fares(name: str, worlds: list[tuple[World, World]], width: int) -> Iterator[Line]:
    for now, after in worlds:
        was, then = stands(now, name), stands(after, name)
        if was is not None and then is not None:
            profile = Span(now.profile.name, "muted")
            yield _row(profile, _or_same(was, then), _or_same(again(now, name), again(after, name)), width)


def _is_open(session: Session, flow: Flow) -> bool:
    """Whether a connection of the same flow says what becomes of its dial."""
    return any(connection.flow == flow for connection in session.world.connections.values())


def _dialled(flow: Flow, worlds: list[tuple[World, World]], width: int) -> Block:
    """A pinned flow or the path that is shown."""
    rows = []
    for now, after in worlds:
        profile = Span(now.profile.name, "muted")
        rows.append(_row(profile, ("", "muted"), _or_same(dial(now, flow), dial(after, flow)), width))
    return _block([flow_title(flow)], [Line((Span(flow_title(flow), bold=True),), shrink=0)], rows)
