"""What each key does, and why it cannot where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from kwake.actions import Action, CloseConnection, Delete, KillPod, OpenConnection, RestartContainer
from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake_tui.desk import Desk
from kwake_tui.flipping import open_flips
from kwake_tui.keys import keymap_of
from kwake_tui.names import example_target, parse_target, parts, short
from kwake_tui.panes.moments import moment_lines
from kwake_tui.panes.tree import namespaces_in_order
from kwake_tui.replaying import step, why_no_step
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.screens.help import help_lines
from kwake_tui.screens.pages import describe_page, used_by_page, yaml_page
from kwake_tui.screens.reader import HelpScreen
from kwake_tui.screens.service_type import ServiceTypeScreen
from kwake_tui.screens.target import TargetScreen
from kwake_tui.views import open_flows, open_reach, open_wake

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


def _needs_pointed(what: str, *, connections: bool = False) -> Callable[[Desk], str]:
    """For what only looks at an object, or goes to it: in Path and Events it is the one that the row tells of."""

    def why_not(desk: Desk) -> str:
        if parts(desk.pointed)[0] or (connections and desk.pointed.startswith("connection:")):
            return ""
        if desk.pane in _OTHER_CURSORS:
            return "this row names no object: put the cursor on one that does, or go to Cluster"
        return f"put the cursor on {what} first"

    return why_not


def _needs_row(desk: Desk) -> str:
    return "" if desk.pointed else "put the cursor on an object, a connection or a pinned flow first"


def _needs_flow(desk: Desk) -> str:
    how = f"{desk.key('trace')} traces from the pod under the cursor"
    return "" if desk.session.shown_flow else f"no path is shown yet: {how}"


def _flow_to_pin(desk: Desk) -> Flow | None:
    kind, _, rest = desk.chosen.partition(":")
    return desk.session.shown_pins[int(rest)] if kind == "pin" else desk.session.shown_flow


def _needs_pin(desk: Desk) -> str:
    how = f"{desk.key('trace')} traces one, then {desk.key('pin')} pins its flow"
    return "" if _flow_to_pin(desk) else f"no path is shown yet: {how}"


def _needs_earlier(desk: Desk) -> str:
    session = desk.session
    earlier = len(session.timeline.path) > 1 or session.at_moment > 0
    return "" if earlier else "this is the beginning: nothing happened before"


def _needs_later(desk: Desk) -> str:
    session = desk.session
    # The moments of an action are worked out when they are looked at, not at each key.
    later = session.timeline.redo_path or session.before or session.at_moment < len(session.moments) - 1
    return "" if later else "nothing comes after: all is settled"


def _needs_past(desk: Desk) -> str:
    return "" if len(desk.session.timeline.path) > 1 else "nothing to undo: this is the beginning"


def _needs_done(desk: Desk) -> str:
    return "" if len(desk.session.timeline.path) > 1 else "nothing was done yet: this view is of the last action"


def _needs_future(desk: Desk) -> str:
    return "" if desk.session.timeline.redo_path else "nothing was undone"


def kill(desk: Desk) -> None:
    """Kill the pod under the cursor at once, or the marked ones after a question."""
    if desk.marked:
        _all_marked(desk, "Kill", KillPod)
    else:
        desk.attempt(KillPod(desk.chosen))


def delete(desk: Desk) -> None:
    """Delete the object under the cursor or the marked ones, after a question."""
    if desk.marked:
        _all_marked(desk, "Delete", Delete)
        return
    target = desk.chosen

    def answered(yes: bool | None) -> None:
        if yes:
            desk.attempt(Delete(target))

    desk.open(ConfirmScreen("Delete", target, f"{desk.key('undo')} undoes it"), answered)


def _all_marked(desk: Desk, word: str, action: Callable[[str], Action]) -> None:
    """The same action on every marked object, one moment of the timeline each."""
    targets = desk.marked

    def answered(yes: bool | None) -> None:
        if not yes:
            return
        refused = [short(target) for target in targets if not desk.attempt(action(target))]
        desk.unmark()
        if refused:
            desk.say(f"{len(targets) - len(refused)} of {len(targets)} done, not {', '.join(refused)}", "bad")

    names = ", ".join(short(target) for target in targets[:_NAMED])
    more = f" and {len(targets) - _NAMED} more" if len(targets) > _NAMED else ""
    count = f"{len(targets)} marked object{'' if len(targets) == 1 else 's'}"
    desk.open(ConfirmScreen(word, count, f"{names}{more}; {desk.key('undo')} undoes one at a time"), answered)


_NAMED = 3
"""Marked objects that a question names."""


def trace(desk: Desk) -> None:
    """Ask where to, and show the path."""
    source, cluster = desk.chosen, desk.session.world.cluster

    def answered(text: str | None) -> None:
        if not text:
            return
        try:
            target = parse_target(text, example=example_target(cluster, source))
        except UsageError as error:
            desk.say(str(error))
            return
        desk.look_at(Flow(source, target.reference, target.port, target.protocol))

    desk.open(TargetScreen(cluster, source), answered)


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
    """Restart the containers of the pod under the cursor, or of the marked ones after a question."""
    if desk.marked:
        _all_marked(desk, "Restart", RestartContainer)
    else:
        desk.attempt(RestartContainer(desk.chosen))


def switch_type(desk: Desk) -> None:
    """The dialog that says what a type change keeps, allocates, releases, or why it is refused."""

    def answered(action: Action | None) -> None:
        if action is not None:
            desk.attempt(action)

    desk.open(ServiceTypeScreen(desk.session, desk.chosen), answered)


def edit(desk: Desk) -> None:
    """Go to the editor with the object under the cursor."""
    desk.edit(desk.pointed)


def yaml(desk: Desk) -> None:
    """Show the object's YAML."""
    yaml_page(desk, desk.pointed)


def describe(desk: Desk) -> None:
    """Show what is known of the object or connection."""
    describe_page(desk, desk.pointed)


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

    def answered(moment: str | None) -> None:
        if moment:
            desk.show(desk.session.go_to(int(moment.partition(":")[2])))

    timeline = desk.session.timeline
    lines, here = moment_lines(timeline), f"moment:{timeline.current}"
    desk.open(ChoiceScreen("Timeline", "enter goes there   esc back", lines, here), answered)


def zoom(desk: Desk) -> None:
    """This pane alone, or all again."""
    desk.zoom()


def filter_rows(desk: Desk) -> None:
    """Type a filter for the list."""
    rows = desk.rows
    if rows is not None:
        desk.prompt(rows.filter.text if rows.filter else "", "/")


def who_uses(desk: Desk) -> None:
    """Who owns, selects, serves or runs the object."""
    used_by_page(desk, desk.pointed)


def copy(desk: Desk) -> None:
    """The reference of the row into the terminal's clipboard."""
    text = desk.pointed.partition("connection:")[2] or desk.pointed
    if desk.pointed.startswith("pin:"):
        text = str(desk.session.shown_pins[int(desk.pointed.partition(":")[2])])
    desk.app.copy_to_clipboard(text)
    desk.say(f"copied {text}", "ok")


def _namespace(number: int) -> Act:
    def names(desk: Desk) -> list[str]:
        return namespaces_in_order(desk.session.world.cluster)

    def choose(desk: Desk) -> None:
        desk.choose_namespace(names(desk)[number - 1] if number else "")

    def why_not(desk: Desk) -> str:
        if not number:
            return "" if desk.trail.view.namespace else "all namespaces are shown"
        count = len(names(desk))
        return "" if number <= count else f"no namespace {number}: there are {count}; 0 shows all"

    return Act(choose, why_not)


def _needs_view(step: int) -> Callable[[Desk], str]:
    def why_not(desk: Desk) -> str:
        trail = desk.trail
        return (
            ""
            if 0 <= trail.at + step < len(trail.views)
            else "no view " + ("before" if step < 0 else "after") + " this"
        )

    return why_not


def _needs_rows(desk: Desk) -> str:
    return "" if desk.rows is not None else "this pane has no list to filter"


def _needs_marks_or(needs: Callable[[Desk], str], kind: str = "") -> Callable[[Desk], str]:
    def why_not(desk: Desk) -> str:
        others = [target for target in desk.marked if kind and not target.startswith(f"{kind}/")]
        if others:
            return f"this needs {kind}s alone; marked are also {', '.join(short(other) for other in others[:_NAMED])}"
        return "" if desk.marked else needs(desk)

    return why_not


def command(desk: Desk) -> None:
    """The prompt."""
    desk.prompt()


def help_page(desk: Desk) -> None:
    """Every key and command."""
    pane = desk.rows.id if desk.rows is not None and desk.rows.id else "editor"
    desk.open(HelpScreen("Help", "keys and commands", lambda width: help_lines(pane, keymap_of(desk.app), width)))


def leave(desk: Desk) -> None:
    """Quit."""
    desk.leave()


def _seen(needs: Callable[[Desk], str]) -> Callable[[Desk], str]:
    """What takes an object away needs the cursor that is seen: Path and Events have another one."""

    def why_not(desk: Desk) -> str:
        pane = _OTHER_CURSORS.get(desk.pane)
        if pane and not desk.marked:
            return f"{pane} has no cursor for this: put that of Cluster on the object"
        return needs(desk)

    return why_not


_OTHER_CURSORS = {"path": "Path", "events": "Events"}
_POD = _seen(_needs("a pod", "Pod"))
_OBJECT = _needs_pointed("an object")

ACTS: dict[str, Act] = {
    "kill": Act(kill, _needs_marks_or(_POD, "Pod")),
    "restart": Act(restart, _needs_marks_or(_POD, "Pod")),
    "delete": Act(delete, _needs_marks_or(_seen(_needs("an object")))),
    "trace": Act(trace, _needs("a pod, a workload or a node", *SOURCES)),
    "open": Act(open_connection, _needs_flow),
    "close": Act(close, _needs_connection),
    "type": Act(switch_type, _needs("a Service", "Service")),
    "edit": Act(edit, _OBJECT),
    "yaml": Act(yaml, _OBJECT),
    "describe": Act(describe, _needs_pointed("an object or a connection", connections=True)),
    "undo": Act(undo, _needs_past),
    "redo": Act(redo, _needs_future),
    "zoom": Act(zoom, _always),
    "filter": Act(filter_rows, _needs_rows),
    "used-by": Act(who_uses, _OBJECT),
    "copy": Act(copy, _needs_row),
    "view-back": Act(lambda desk: desk.walk(-1), _needs_view(-1)),
    "view-on": Act(lambda desk: desk.walk(1), _needs_view(1)),
    "all-namespaces": _namespace(0),
    **{f"namespace-{number}": _namespace(number) for number in range(1, 10)},
    "back": Act(back, _needs_earlier),
    "on": Act(on, _needs_later),
    "pin": Act(pin, _needs_pin),
    "flip": Act(open_flips, _needs_flow),
    "reach": Act(open_reach, _always),
    "wake": Act(open_wake, _needs_done),
    "flows": Act(open_flows, _needs_done),
    "moments": Act(moments, _always),
    "next-step": Act(partial(step, steps=1), why_no_step(1)),
    "last-step": Act(partial(step, steps=-1), why_no_step(-1)),
    "command": Act(command, _always),
    "help": Act(help_page, _always),
    "quit": Act(leave, _always),
}
"""By the names of `keymap.KEYS`."""
