"""The Connections pane: what is open, and what a dial made now would meet."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from kwake.dataplane.path import Flow, Path
from kwake.errors import KwakeError, ReferenceNotFound
from kwake.world import World
from kwake_tui.keys import keymap_of
from kwake_tui.lines import BLANK, Line, section
from kwake_tui.panes.connection_rows import Column, Table, connection_lines, disagree
from kwake_tui.panes.history import Step, connection_step, dial_step
from kwake_tui.panes.key_line import with_keys
from kwake_tui.panes.lanes import flow_lines, lanes_of
from kwake_tui.session import Session, path_in
from kwake_tui.widgets.line_list import LineList

EMPTY = "no connection yet: trace a path with {trace}, then open one with {open}"


TALL = 14
"""Rows from which on the pane also shows how flows fared through the last action."""


class ConnectionsPane(LineList):
    """Open connections and pinned flows, under the profile and against the second one."""

    def __init__(self) -> None:
        super().__init__(id="connections", classes="pane")
        self.entitle("Connections")

    def show_session(self, session: Session) -> None:
        """Show the session's connections and pins."""
        before = session.before
        now = session.world.connections
        then = before.connections if before else now
        table = connection_table(session)
        new = [f"connection:{name}" for name in now if name not in then]
        empty = with_keys(EMPTY, keymap_of(self.app))

        def rows(width: int) -> tuple[Line, ...]:
            lines = connection_lines(table, width) or (empty,)
            if self.size.height < TALL or session.before is None:
                return lines
            lanes = session.once(("lanes", session.shown_pins, session.shown_flow), lambda: lanes_of(session))
            fared = [msgspec.structs.replace(line, target="") for line in flow_lines(session, lanes, width)]
            return (*lines, BLANK, section("through the last action"), *fared) if lanes else lines

        self.show(rows, new[-1] if new else None)
        self.entitle("Connections", alone=_counted(table))


def _counted(table: Table) -> str:
    """`4 connections, 1 differs between calico and cilium`; empty without any."""
    names = list(table.columns[0].open)
    if not names:
        return ""
    count = f"{len(names)} connection{'s' * (len(names) > 1)}"
    if len(table.columns) < 2:
        return count
    first, other = table.columns
    differing = sum(disagree(first, other, name) for name in names)
    what = f"{differing} differ{'s' * (differing == 1)}" if differing else "none differs"
    return f"{count}, {what} between {first.profile} and {other.profile}"


def connection_table(session: Session) -> Table:
    """What the pane shows of a session."""
    worlds = [world for world in (session.world, session.second) if world is not None]
    pins = session.shown_pins
    before = session.before
    now = session.world.connections
    then = before.connections if before else now
    changed = {f"connection:{name}" for name in now if name in then and now[name].turns != then[name].turns}
    histories = {f"connection:{name}": _history(session, name) for name in now}
    for number in range(len(pins)):
        outcomes = session.pin_history(number)
        histories[f"pin:{number}"] = tuple(dial_step(outcome) for outcome in outcomes)
        if before is not None and len(outcomes) > 1 and outcomes[-1] is not outcomes[-2]:
            changed.add(f"pin:{number}")
    return Table(tuple(_column(world, pins) for world in worlds), frozenset(changed), pins, histories)


def _history(session: Session, name: str) -> tuple[Step, ...]:
    steps = [world.connections.get(name) for world in session.worlds]
    return tuple(connection_step(now, steps[n - 1] if n else None) for n, now in enumerate(steps))


def _column(world: World, pins: tuple[Flow, ...]) -> Column:
    again: dict[str, Path] = {}
    for name in world.connections:
        # A client that is no more dials nothing: that cell says so.
        with suppress(ReferenceNotFound):
            again[name] = world.again(name)
    return Column(world.profile.name, world.now_ms, world.connections, again, tuple(dialled(world, p) for p in pins))


def dialled(world: World, flow: Flow) -> Path | None:
    """Where a dial made now would go; None where an end of the flow is not there."""
    try:
        return path_in(world, flow)
    except KwakeError:
        return None
