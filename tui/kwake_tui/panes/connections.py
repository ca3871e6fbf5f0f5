"""The Connections pane: what is open, and what a dial made now would meet."""

from __future__ import annotations

from contextlib import suppress

from kwake.dataplane.path import Path
from kwake.errors import ReferenceNotFound
from kwake.world import World
from kwake_tui.lines import Line, Span
from kwake_tui.panes.connection_rows import Column, Table, connection_lines
from kwake_tui.session import Session
from kwake_tui.widgets.line_list import LineList, content

EMPTY = (
    Line(
        (
            Span("no connection yet: trace a path with ", "muted"),
            Span("t", "you", bold=True),
            Span(", then open one with ", "muted"),
            Span("o", "you", bold=True),
        )
    ),
)


class ConnectionsPane(LineList):
    """Open connections, under the profile and against the second one."""

    def __init__(self) -> None:
        super().__init__(id="connections", classes="pane")
        self.border_title = content((Span("Connections"),))

    def show_session(self, session: Session) -> None:
        """Show the session's connections."""
        worlds = [world for world in (session.world, session.second) if world is not None]
        before = session.before
        now = session.world.connections
        then = before.connections if before else now
        changed = frozenset(name for name in now if name in then and now[name].turns != then[name].turns)
        table = Table(tuple(_column(world) for world in worlds), changed)
        new = [f"connection:{name}" for name in now if name not in then]
        self.show(lambda width: connection_lines(table, width) or EMPTY, new[-1] if new else None)


def _column(world: World) -> Column:
    again: dict[str, Path] = {}
    for name in world.connections:
        # A client that is no more dials nothing: that cell says so.
        with suppress(ReferenceNotFound):
            again[name] = world.again(name)
    return Column(world.profile.name, world.now_ms, world.connections, again)
