"""The path of a dial before and after, beside each other: where the terminal is large."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from kwake.dataplane.path import Flow
from kwake.errors import KwakeError
from kwake.world import World
from kwake_tui.lines import Line, Span, wrap
from kwake_tui.names import flow_title
from kwake_tui.panes.path_rows import Known, path_lines
from kwake_tui.session import path_in
from kwake_tui.widgets.line_list import LineList, content

NARROWEST = 20
"""Cells below which nothing is laid out: the panes are not shown."""

NO_DIAL = "there is no dial to follow here"


class Sides(Horizontal):
    """Two panes of a view; `views.tcss` says from which size of a terminal on there is room for them."""

    def __init__(self) -> None:
        super().__init__(id="sides")

    def compose(self) -> ComposeResult:
        """Before at the left, now at the right."""
        yield LineList(id="side-before", classes="view-pane")
        yield LineList(id="side-after", classes="view-pane")

    def tell(self, before: World | None, after: World, flow: Flow | None) -> None:
        """The path of a flow in two worlds; `before` is None where nothing was done yet."""
        left, right = (self.query_one(name, LineList) for name in ("#side-before", "#side-after"))
        named = f"  {flow_title(flow)}" if flow is not None else ""
        left.display = before is not None
        left.border_title = content((Span(f"Path before{named}"),))
        right.border_title = content((Span(f"Path {'after' if before is not None else 'now'}{named}"),))
        if before is not None:
            left.show(lambda width: _rows(before, None, flow, width), "")
        right.show(lambda width: _rows(after, before, flow, width), "")


def _rows(world: World, before: World | None, flow: Flow | None, width: int) -> tuple[Line, ...]:
    """The rows of a path; what differs from the one before is marked."""
    if width < NARROWEST:
        return ()
    if flow is None:
        return (Line((Span(NO_DIAL, "muted"),)),)
    try:
        path = path_in(world, flow)
    except KwakeError as error:
        unknown = Line((Span("? unknown", "doubt", bold=True),))
        return (unknown, *(Line((Span(row, "muted"),)) for row in wrap(str(error), width)))
    try:
        previous = path_in(before, flow) if before is not None else None
    except KwakeError:
        previous = None  # an end of the flow has only just come to be: nothing to compare with
    known = Known(world.cluster, before.cluster if before is not None else None, previous, world.events)
    return path_lines(path, known, width)
