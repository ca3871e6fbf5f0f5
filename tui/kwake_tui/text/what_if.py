"""What actions come to, one after the other: events, connections, watched flows, and the wake of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from kwake.actions import Action, Apply
from kwake.dataplane.connection import Connection
from kwake.dataplane.path import Flow
from kwake.errors import KwakeError, UsageError
from kwake.objects.event import Event
from kwake.objects.time import clock, seconds
from kwake.scenario.availability import Span, spans
from kwake.scenario.interruptions import Interruptions, interruptions
from kwake.scenario.knowing import Knowledge, who_knows
from kwake.scenario.moments import moments
from kwake.sources.snapshot import read
from kwake.world import World
from kwake_tui.action_words import parse_action
from kwake_tui.glyphs import connection_mark
from kwake_tui.names import flow_title, parse_target
from kwake_tui.panes.knowing import knowing_lines
from kwake_tui.sureness import sure_cells
from kwake_tui.text.columns import columns
from kwake_tui.text.flows import clock_json, span_lines, spans_json
from kwake_tui.text.page import page_lines
from kwake_tui.text.wake import wake_json, wake_lines
from kwake_tui.wake_rows import Told, told

VERSION = 1
WIDTH = 120
"""Cells that a table is laid out for."""

MOST_UNCHANGED = 3
"""Objects that are named of those that were applied as they were."""


class Done(msgspec.Struct, frozen=True, eq=False):
    """One action with the moments that it needed."""

    action: Action
    seen: tuple[World, ...]
    flows: dict[str, tuple[Span, ...]]
    """How the watched flows fared; without those whose ends were at none of the moments."""
    knows: tuple[Knowledge, ...]
    """Who knew of it, and since when."""
    interrupted: Interruptions
    """Dials that did not arrive meanwhile."""

    @property
    def is_unchanged(self) -> bool:
        """Whether an object was applied as it was already."""
        return [event.kind for event in self.seen[-1].events] == ["unchanged"]


class WhatIf(msgspec.Struct, frozen=True, eq=False):
    """Actions carried out one after the other, each until all had settled."""

    before: World
    done: tuple[Done, ...]

    @property
    def after(self) -> World:
        """The world at the end."""
        return self.done[-1].seen[-1] if self.done else self.before


def read_actions(texts: Sequence[str]) -> tuple[Action, ...]:
    """The actions of several `--do`; `apply FILE` gives one for each object in the file. Raises KwakeError."""
    found: list[Action] = []
    for text in texts:
        word, _, rest = text.strip().partition(" ")
        if word != "apply":
            found.append(parse_action(text))
            continue
        if not rest.strip():
            raise UsageError("write apply FILE")
        entries = read(rest.strip()).entries
        if not entries:
            raise UsageError(f"apply {rest.strip()}: there is no object in it")
        found += [Apply(entry.document.manifest, entry.document.origin) for entry in entries]
    if not found:
        raise UsageError("nothing to do: write --do ACTION, as --do 'kill shop/web-1'")
    return tuple(found)


def read_flows(texts: Sequence[str]) -> dict[str, Flow]:
    """The flows of several `--flow NAME=FROM,TO:PORT`. Raises UsageError."""
    flows: dict[str, Flow] = {}
    for text in texts:
        name, equals, ends = text.partition("=")
        source, comma, to = ends.partition(",")
        if not (name and equals and source and comma and to):
            raise UsageError(f"--flow {text}: write NAME=FROM,TO:PORT, as pay=deploy/shop/web,svc/shop/cart:80")
        if name in flows:
            raise UsageError(f"--flow {text}: {name} is a flow already")
        target = parse_target(to)
        flows[name] = Flow(source, target.reference, target.port, target.protocol)
    return flows


def what_if(world: World, actions: Sequence[Action], flows: dict[str, Flow]) -> WhatIf:
    """Carry out the actions. Raises what `World.do` raises, and for a flow whose ends are not there at the start."""
    here = before = world.settle()
    for flow in flows.values():
        before.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via)
    done = []
    for action in actions:
        seen = tuple(moments(here.do(action)))
        fared = {name: found for name, flow in flows.items() if (found := _fared(seen, flow))}
        done.append(Done(action, seen, fared, who_knows(here, seen), interruptions(here, seen)))
        here = seen[-1]
    return WhatIf(before, tuple(done))


def _fared(seen: Sequence[World], flow: Flow) -> tuple[Span, ...]:
    try:
        return spans(seen, flow)
    except KwakeError:  # an end of the flow went in an earlier action
        return ()


def what_if_lines(found: WhatIf) -> list[str]:
    """Each action with its events and flows, then how connections stand, then the wake."""
    lines: list[str] = []
    for unchanged, run in groupby(found.done, key=lambda done: done.is_unchanged):
        group = tuple(run)
        lines += _unchanged(group, found) if unchanged else _changed(group)
    rows = [_connection_row(connection) for connection in found.after.connections.values()]
    if rows:
        lines += ["connections", *columns(rows, indent=2), ""]
    return [*lines, *wake_lines(_told(found))]


def _unchanged(group: tuple[Done, ...], found: WhatIf) -> list[str]:
    """Objects that were applied as they were, in one row; flows only where nothing else tells of them."""
    names = [str(done.seen[0].events[0].subject) for done in group]
    more = f", {len(names) - MOST_UNCHANGED} more" if len(names) > MOST_UNCHANGED else ""
    row = f"{len(names)} unchanged: {', '.join(names[:MOST_UNCHANGED])}{more}"
    lines = columns([[clock(group[0].seen[0].now_ms), row]])
    for name, fared in group[0].flows.items() if group == found.done else ():
        lines += span_lines(f"flow {name}", fared)
    return [*lines, ""]


def _changed(group: tuple[Done, ...]) -> list[str]:
    lines: list[str] = []
    for done in group:
        start, end = done.seen[0], done.seen[-1]
        lasted = seconds(end.now_ms - start.now_ms)
        lines += [*columns([[clock(start.now_ms), str(done.action), f"settled after {lasted}"]])]
        lines += columns([_event_row(event) for event in end.events], indent=2)
        for name, fared in done.flows.items():
            lines += span_lines(f"flow {name}", fared)
        if done.knows:
            table = page_lines(knowing_lines(done.knows, start.now_ms, end, WIDTH))
            lines += ["  who knows", *(f"    {row}".rstrip() for row in table)]
        lines.append("")
    return lines


def _told(found: WhatIf) -> Told:
    every = [done.interrupted for done in found.done]
    dials = tuple(dial for one in every for dial in one.dials)
    interrupted = Interruptions(dials, sum(one.unfollowed for one in every))
    return told(found.before, found.after, interrupted=interrupted)


def _event_row(event: Event) -> list[str]:
    return [clock(event.time_ms), event.actor, event.text, *sure_cells(event.sureness, event.rule)]


def _connection_row(connection: Connection) -> list[str]:
    mark = connection_mark(connection)
    sure = sure_cells(connection.sureness, connection.turns[-1].cite)
    return [connection.name, flow_title(connection.flow), str(mark), connection.reason, *sure]


def what_if_json(found: WhatIf) -> dict[str, Any]:
    """The same as plain values; times in milliseconds of simulated time."""
    return {
        "version": VERSION,
        "actions": [
            {
                "action": str(done.action),
                "atMs": done.seen[0].now_ms,
                "settledMs": done.seen[-1].now_ms,
                "events": [_event_json(event) for event in done.seen[-1].events],
                "whoKnows": [_knowledge_json(knowledge) for knowledge in done.knows],
                "flows": {name: spans_json(fared) for name, fared in done.flows.items()},
            }
            for done in found.done
        ],
        "connections": [
            {"name": c.name, "fate": c.fate.value, "basis": c.sureness.value, "reason": c.reason,
             "backends": [reached.backend for reached in c.backends]}
            for c in found.after.connections.values()
        ],
        "wake": wake_json(_told(found)),
    }  # fmt: skip


def _event_json(event: Event) -> dict[str, Any]:
    return {"atMs": event.time_ms, "kind": event.kind, "subject": event.subject, "text": event.text,
            "actor": event.actor, "basis": event.sureness.value, "clocks": list(map(clock_json, event.clocks)),
            "rule": event.rule}  # fmt: skip


def _knowledge_json(knowledge: Knowledge) -> dict[str, Any]:
    return {
        "subject": knowledge.subject,
        "old": list(knowledge.old),
        "new": list(knowledge.new),
        "components": [
            {"component": row.component, "needed": row.needed, "oldOutMs": row.old_out_ms, "newInMs": row.new_in_ms,
             "basis": row.basis.value}
            for row in knowledge.rows
        ],
    }  # fmt: skip
