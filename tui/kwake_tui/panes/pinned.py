"""The row over the timeline where only one pane fits: pinned flows and connections, always in sight."""

from __future__ import annotations

from rich.cells import cell_len

from kwake_tui.glyphs import OUTCOMES
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import Line, Span, middle_cut
from kwake_tui.names import flow_title
from kwake_tui.panes.connection_rows import stands_words
from kwake_tui.panes.connections import dialled
from kwake_tui.panes.key_line import NEW_HERE, with_keys
from kwake_tui.session import Session

MOST = 4
"""Of them in the row."""


def pinned_line(session: Session, width: int, keymap: Keymap = AS_IT_COMES) -> Line:
    """What is watched in equal parts of the width: pinned flows by their outcome, then connections by their fate."""
    pins, connections = session.shown_pins, session.world.connections
    count = len(pins) + len(connections)
    if not count and session.flow is None and not session.world.events:
        return with_keys(NEW_HERE, keymap)
    if not count:
        return with_keys("nothing is watched: {pin} pins the path, {open} opens it", keymap)
    more = (Span(f"+{count - MOST}", "muted"),) if count > MOST else ()
    cells = max((width - 4 * len(more)) // min(count, MOST) - 4, 6)
    spans: list[Span] = []
    for pin in pins[:MOST]:
        path = dialled(session.world, pin)
        mark = OUTCOMES[path.outcome] if path else None
        spans.append(Span(f"{mark.glyph} " if mark else "? ", mark.role if mark else "doubt", bold=True))
        title = middle_cut(f"{mark.word if mark else 'end is gone'} {flow_title(pin)}", cells)
        spans += [Span(title, "muted"), Span("  ")]
    for name, connection in list(connections.items())[: MOST - len(pins[:MOST])]:
        words, role = stands_words(connection, session.world.now_ms)
        room = max(cells + 2 - cell_len(words) - 1, 4)
        spans += [Span(f"{middle_cut(name, room)} ", bold=True), Span(words, role), Span("  ")]
    return Line(tuple(spans), more)
