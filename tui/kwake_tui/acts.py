"""What each key does, and why it cannot where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kwake.actions import Action, CloseConnection, Delete, KillPod, OpenConnection, RestartContainer
from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake_tui.desk import Desk
from kwake_tui.names import parse_target, parts, short
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.screens.help import help_lines
from kwake_tui.screens.moments import MomentsScreen
from kwake_tui.screens.pages import describe_page, yaml_page
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.screens.service_type import ServiceTypeScreen
from kwake_tui.screens.target import TargetScreen

SOURCES = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController", "Node")


class Act(NamedTuple):
    """Something a key does."""

    run: Callable[[Desk], None]
    why_not: Callable[[Desk], str]
    """Why it cannot act now; empty if it can."""


def _always(desk: Desk) -> str:
    del desk
    return ""


def _needs(what: str, *kinds: str) -> Callable[[Desk], str]:
    def why_not(desk: Desk) -> str:
        kind, _, name = parts(desk.chosen)
        if not kind:
            return f"put the cursor on {what} first"
        if kinds and kind not in kinds:
            return f"this needs {what}; the cursor is on {kind} {name}"
        return ""

    return why_not


def _needs_connection(desk: Desk) -> str:
    return "" if desk.chosen.startswith("connection:") else "put the cursor on a connection first"


def _needs_something(desk: Desk) -> str:
    return "" if desk.chosen.startswith("connection:") else _needs("an object or a connection")(desk)


def _needs_flow(desk: Desk) -> str:
    return "" if desk.session.shown_flow else "no path is shown yet: t traces from the pod under the cursor"


def _flow_to_pin(desk: Desk) -> Flow | None:
    kind, _, rest = desk.chosen.partition(":")
    return desk.session.shown_pins[int(rest)] if kind == "pin" else desk.session.shown_flow


def _needs_pin(desk: Desk) -> str:
    return "" if _flow_to_pin(desk) else "no path is shown yet: t traces one, then p pins its flow"


def _needs_earlier(desk: Desk) -> str:
    session = desk.session
    earlier = session.at_moment > 0 or len(session.timeline.path) > 1
    return "" if earlier else "this is the beginning: nothing happened before"


def _needs_later(desk: Desk) -> str:
    session = desk.session
    later = session.at_moment < len(session.moments) - 1 or session.timeline.redo_path or session.before
    return "" if later else "nothing comes after: all is settled"


def _needs_past(desk: Desk) -> str:
    return "" if len(desk.session.timeline.path) > 1 else "nothing to undo: this is the beginning"


def _needs_future(desk: Desk) -> str:
    return "" if desk.session.timeline.redo_path else "nothing was undone"


def kill(desk: Desk) -> None:
    """Kill the pod under the cursor."""
    desk.attempt(KillPod(desk.chosen))


def delete(desk: Desk) -> None:
    """Delete the object under the cursor, after a question."""
    target = desk.chosen

    def answered(yes: bool | None) -> None:
        if yes:
            desk.attempt(Delete(target))

    desk.open(ConfirmScreen("Delete", target, "z undoes it"), answered)


def trace(desk: Desk) -> None:
    """Ask where to, and show the path."""
    source = desk.chosen

    def answered(text: str | None) -> None:
        if not text:
            return
        try:
            target = parse_target(text)
        except UsageError as error:
            desk.say(str(error))
            return
        desk.show(desk.session.looking_at(Flow(source, target.reference, target.port, target.protocol)))

    desk.open(TargetScreen(desk.session.world.cluster, source), answered)


def open_connection(desk: Desk) -> None:
    """Open a connection for the path that is shown, under the target's name."""
    flow = desk.session.shown_flow
    if flow is None:
        return
    taken = desk.session.world.connections
    base = short(flow.target).rpartition("/")[2]
    name = next(n for n in (base, *(f"{base}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
    desk.attempt(OpenConnection(name, flow.source, flow.target, flow.port, flow.protocol, flow.via))


def close(desk: Desk) -> None:
    """Close the connection under the cursor."""
    desk.attempt(CloseConnection(desk.chosen.partition(":")[2]))


def restart(desk: Desk) -> None:
    """Restart the pod's containers."""
    desk.attempt(RestartContainer(desk.chosen))


def switch_type(desk: Desk) -> None:
    """The dialog that says what a type change keeps, allocates, releases, or why it is refused."""

    def answered(action: Action | None) -> None:
        if action is not None:
            desk.attempt(action)

    desk.open(ServiceTypeScreen(desk.session, desk.chosen), answered)


def edit(desk: Desk) -> None:
    """Go to the editor with the object under the cursor."""
    desk.edit(desk.chosen)


def yaml(desk: Desk) -> None:
    """Show the object's YAML."""
    yaml_page(desk, desk.chosen)


def describe(desk: Desk) -> None:
    """Show what is known of the object or connection."""
    describe_page(desk, desk.chosen)


def undo(desk: Desk) -> None:
    """Before the last action; the cursor goes back to a pod that it killed."""
    timeline = desk.session.timeline
    action = timeline.entries[timeline.current].action
    desk.show(desk.session.undo(), action.pod if isinstance(action, KillPod) else None)


def redo(desk: Desk) -> None:
    """Forward again."""
    desk.show(desk.session.redo())


def back(desk: Desk) -> None:
    """One event back."""
    desk.show(desk.session.step_back())


def on(desk: Desk) -> None:
    """One event on."""
    desk.show(desk.session.step_on())


def pin(desk: Desk) -> None:
    """Watch the flow that is shown, or no more."""
    kind, _, rest = desk.chosen.partition(":")
    flow = desk.session.pins[int(rest)] if kind == "pin" else _flow_to_pin(desk)
    if flow is not None:
        desk.show(desk.session.pinned(flow))


def moments(desk: Desk) -> None:
    """The tree of moments, to go to one."""

    def answered(entry: int | None) -> None:
        if entry is not None:
            desk.show(desk.session.go_to(entry))

    desk.open(MomentsScreen(desk.session), answered)


def command(desk: Desk) -> None:
    """The prompt."""
    desk.prompt()


def help_page(desk: Desk) -> None:
    """Every key and command."""
    desk.open(ReaderScreen("Help", "keys and commands", help_lines()))


def leave(desk: Desk) -> None:
    """Quit."""
    desk.leave()


_POD = _needs("a pod", "Pod")
_OBJECT = _needs("an object")

ACTS: dict[str, Act] = {
    "kill": Act(kill, _POD),
    "restart": Act(restart, _POD),
    "delete": Act(delete, _OBJECT),
    "trace": Act(trace, _needs("a pod, a workload or a node", *SOURCES)),
    "open": Act(open_connection, _needs_flow),
    "close": Act(close, _needs_connection),
    "type": Act(switch_type, _needs("a Service", "Service")),
    "edit": Act(edit, _OBJECT),
    "yaml": Act(yaml, _OBJECT),
    "describe": Act(describe, _needs_something),
    "undo": Act(undo, _needs_past),
    "redo": Act(redo, _needs_future),
    "back": Act(back, _needs_earlier),
    "on": Act(on, _needs_later),
    "pin": Act(pin, _needs_pin),
    "moments": Act(moments, _always),
    "command": Act(command, _always),
    "help": Act(help_page, _always),
    "quit": Act(leave, _always),
}
"""By the names of `keymap.KEYS`."""
