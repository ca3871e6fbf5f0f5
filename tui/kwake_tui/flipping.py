"""What would turn the path that is shown: edits to choose from, and the chosen one as an action."""

from __future__ import annotations

from collections.abc import Callable

from kwake.actions import Apply
from kwake.cluster import record
from kwake.dataplane.path import Flow
from kwake.errors import KwakeError
from kwake.flips import path_flips
from kwake.objects.document import Manifest
from kwake.objects.json_patch import Change, Fix
from kwake.world import World
from kwake_tui.desk import Desk
from kwake_tui.names import flow_title, short
from kwake_tui.screens.flips import FlipScreen
from kwake_tui.session import path_in
from kwake_tui.yaml_text import editable, read_manifest


def open_flips(desk: Desk) -> None:
    """The edits after which the path would end otherwise; enter makes one, as an action that can be undone."""
    flow = desk.session.shown_flow
    if flow is None:
        return
    world = desk.session.world
    try:
        flips = path_flips(world, path_in(world, flow))
    except KwakeError as error:
        desk.say(str(error))
        return
    if not flips:
        desk.say("no edit of policies or labels turns this path, as far as kwake knows")
        return

    def answered(target: str | None) -> None:
        if target:
            for change in flips[int(target.partition(":")[2])].changes:
                if not desk.attempt(Apply(edited(desk.session.world, change))):
                    return

    note = f"enter makes it, {desk.key('undo')} undoes it"
    subject = "would make the same edit; nothing is run"
    desk.open(FlipScreen(f"Flip  {flow_title(flow)}  what would turn it", note, flips, subject), answered)


def open_fixes(desk: Desk, flow: Flow, text: str, put: Callable[[str], None]) -> None:
    """The edits of the object in a text, and of it alone, after which a flow would end otherwise than with the text
    applied; enter puts one into the text, where nothing is applied yet."""
    try:
        manifest = read_manifest(text)
        own = record(manifest).key
        world = desk.session.world.do(Apply(manifest)).settle()
        flips = path_flips(world, path_in(world, flow))
    except KwakeError as error:
        desk.say(str(error))
        return
    mine = [flip for flip in flips if all(change.key == own for change in flip.changes)]
    name = short(str(own))
    if not mine:
        desk.say(f"no edit of {name} alone turns {flow_title(flow)}: {desk.key('flip')} in Path offers others")
        return

    def answered(target: str | None) -> None:
        if target:
            after: Manifest = world.cluster.record(own).manifest
            for change in mine[int(target.partition(":")[2])].changes:
                after = change.of(after) if isinstance(change, Fix) else change.manifest
            put(editable(after))

    title = f"Flip  {flow_title(flow)}  what of {name} alone would turn it"
    subject = "would make the same edit once the text is applied; nothing is run"
    desk.open(FlipScreen(title, "enter types it, nothing is applied", mine, subject), answered)


def edited(world: World, change: Change) -> dict[str, object]:
    """The object as a change would leave it."""
    return change.of(world.cluster.record(change.key).manifest) if isinstance(change, Fix) else change.manifest
