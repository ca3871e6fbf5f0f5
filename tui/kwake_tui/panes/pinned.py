"""The row over the timeline where only one pane fits: the first pinned flows, always in sight."""

from __future__ import annotations

from kwake_tui.glyphs import OUTCOMES
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import Line, Span, middle_cut
from kwake_tui.names import flow_title
from kwake_tui.panes.connections import dialled
from kwake_tui.panes.key_line import with_keys
from kwake_tui.session import Session

MOST = 4
"""Flows in the row."""


def pinned_line(session: Session, width: int, keymap: Keymap = AS_IT_COMES) -> Line:
    """Each flow's outcome and its ends, in equal parts of the width."""
    pins = session.shown_pins
    shown = pins[:MOST]
    if not shown:
        return with_keys("no pinned flow: {pin} pins the path", keymap, "faint")
    more = (Span(f"+{len(pins) - MOST}", "muted"),) if len(pins) > MOST else ()
    cells = max((width - 4 * len(more)) // len(shown) - 4, 6)
    spans: list[Span] = []
    for pin in shown:
        path = dialled(session.world, pin)
        mark = OUTCOMES[path.outcome] if path else None
        spans.append(Span(f"{mark.glyph} " if mark else "? ", mark.role if mark else "doubt", bold=True))
        title = middle_cut(f"{mark.word if mark else 'end is gone'} {flow_title(pin)}", cells)
        spans += [Span(title, "muted"), Span("  ")]
    return Line(tuple(spans), more)
