"""What the console holds, as one immutable value: the tree of worlds, and what is being looked at."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import msgspec

from kwake.actions import Action, Apply, Delete, KillPod
from kwake.cluster import Cluster
from kwake.dataplane.path import Flow, Path
from kwake.errors import KwakeError
from kwake.objects.event import Event
from kwake.objects.kinds import Pod
from kwake.scenario.availability import Span, availability
from kwake.timeline import Timeline
from kwake.world import World
from kwake_tui.names import brief, parts


class Session(msgspec.Struct, frozen=True, eq=False):
    """A moment at the console. Every method gives another session."""

    title: str
    timeline: Timeline
    against: dict[int, World] = {}
    """The same moments under the second profile, by entry of the timeline; one is absent where it went apart."""
    flow: Flow | None = None
    """What the path pane answers."""
    follows: bool = False
    """Whether the last thing was an action, whose changes are still marked."""

    @classmethod
    def start(cls, world: World, title: str, second: str | None) -> Session:
        """The beginning, compared with a second profile if one is named."""
        against = {0: world.with_profile(second).settle()} if second else {}
        return cls(title, Timeline.start(world.settle()), against)

    @property
    def world(self) -> World:
        """The world where we are."""
        return self.timeline.world

    @property
    def second(self) -> World | None:
        """The world under the second profile, where we are."""
        return self.against.get(self.timeline.current)

    @property
    def before(self) -> World | None:
        """The world before the last action, while its changes are marked."""
        parent = self.timeline.entries[self.timeline.current].parent
        return self.timeline.entries[parent].world if self.follows and parent is not None else None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened on the way here."""
        return tuple(event for entry in self.timeline.path for event in self.timeline.entries[entry].world.events)

    @property
    def shown_flow(self) -> Flow | None:
        """The flow that is looked at, with the successor in the place of a pod that went on the way here."""
        flow = self.flow
        if flow is None:
            return None
        entries = [self.timeline.entries[entry].world.cluster for entry in self.timeline.path]
        for before, after in pairwise(entries):
            source = successor(before, after, flow.source) or flow.source
            target = successor(before, after, flow.target) or flow.target
            flow = msgspec.structs.replace(flow, source=source, target=target)
        return flow

    def outage(self, flow: Flow) -> tuple[Span, ...]:
        """How dials of a flow fared from the last action until all had settled; empty where none is marked."""
        before, action = self.before, self.timeline.entries[self.timeline.current].action
        if before is None or action is None:
            return ()
        try:
            return availability(before.do(action), flow)
        except KwakeError:  # an end of the flow is at none of these moments
            return ()

    def do(self, action: Action) -> Session:
        """Carry out an action and let the world settle. Raises what `World.do` raises."""
        timeline = self.timeline.do(action, settle=True)
        against = dict(self.against)
        if self.second is not None:
            # Refused there: this moment has no counterpart, and the second profile's columns go.
            with suppress(KwakeError):
                against[timeline.current] = self.second.do(action).settle()
        return msgspec.structs.replace(self, timeline=timeline, against=against, follows=True)

    def undo(self) -> Session:
        """Before the last action. Raises UsageError at the beginning."""
        return msgspec.structs.replace(self, timeline=self.timeline.undo(), follows=False)

    def redo(self) -> Session:
        """Forward again. Raises UsageError where nothing was undone."""
        return msgspec.structs.replace(self, timeline=self.timeline.redo(), follows=True)

    def looking_at(self, flow: Flow | None) -> Session:
        """Ask about another flow."""
        return msgspec.structs.replace(self, flow=flow)


def path_in(world: World, flow: Flow) -> Path:
    """The answer to a flow in a world. Raises ReferenceNotFound where an end is not there."""
    return world.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via)


def successor(before: Cluster, after: Cluster, pod: str) -> str:
    """Who took a pod's place: the new pod of the same owner, as a reference; empty if nobody did."""
    kind, namespace, name = parts(pod)
    went = before.pod(namespace, name) if kind == "Pod" else None
    if went is None or after.pod(namespace, name) is not None:
        return ""
    owner = went.controller
    known = {item.metadata.uid for item in before.all(Pod)}
    for item in after.pods_by_namespace.get(namespace, ()):
        if item.metadata.uid not in known and item.controller and owner and item.controller.name == owner.name:
            return str(item.key)
    return ""


def action_title(action: Action | None) -> str:
    """An action in few cells, for the timeline."""
    match action:
        case None:
            return "load"
        case KillPod(pod=pod):
            return f"kill {brief(pod)}"
        case Delete(target=target):
            return f"delete {brief(target)}"
        case Apply(manifest=manifest):
            metadata = manifest.get("metadata")
            return f"edit {metadata.get('name', '?') if isinstance(metadata, dict) else '?'}"
        case _:
            return str(action)
