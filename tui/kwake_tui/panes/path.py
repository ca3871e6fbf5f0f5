"""The Path pane: where the traffic goes."""

from __future__ import annotations

from kwake.errors import KwakeError
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.names import flow_title
from kwake_tui.panes.key_line import with_keys
from kwake_tui.panes.path_rows import ROOMY, Known, path_lines
from kwake_tui.panes.record import record_lines
from kwake_tui.session import Session, path_in
from kwake_tui.widgets.line_list import LineList, content

EMPTY = "no path yet: put the cursor on a pod and press {trace}"


class PathPane(LineList):
    """The answer to the flow that is looked at."""

    def __init__(self) -> None:
        super().__init__(id="path", classes="pane")

    def show_session(self, session: Session) -> None:
        """Answer the session's flow where it is."""
        flow = session.shown_flow
        if flow is None:
            self.border_title = content((Span("Path"),))
            empty = with_keys(EMPTY, keymap_of(self.app))
            self.show(lambda width: (empty,))
            return
        self.border_title = content((Span(f"Path  {flow_title(flow)}"),))
        try:
            path = path_in(session.world, flow)
        except KwakeError as error:
            words = str(error)
            self.show(lambda width: (Line((Span("? unknown", "doubt", bold=True),)), Line((Span(words, "muted"),))))
            return
        before = session.before
        try:
            previous = path_in(before, flow) if before else None
        except KwakeError:
            previous = None  # An end of the flow has only just come to be: nothing to compare with.
        outage = session.outage(flow)
        known = Known(session.world.cluster, before.cluster if before else None, previous, session.world.events, outage)
        opened = [c for c in session.world.connections.values() if flow in (c.flow, session.followed(c.flow))]

        def rows(width: int) -> tuple[Line, ...]:
            lines = path_lines(path, known, width)
            for connection in opened if width >= ROOMY else ():
                lines += record_lines(connection, session.world, width)
            return lines

        self.show(rows)
