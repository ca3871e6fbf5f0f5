"""What the console holds, as one immutable value: the tree of worlds, and what is being looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import TypeVar, cast

import msgspec

from kwake.actions import Action, Apply, KillPod
from kwake.cluster import Cluster
from kwake.dataplane.path import Flow, Outcome, Path
from kwake.errors import KwakeError, UsageError
from kwake.objects.event import Event
from kwake.objects.key import GROUP_OF_KIND
from kwake.objects.kinds import Pod
from kwake.scenario.availability import Span, spans
from kwake.scenario.moments import at, moments
from kwake.timeline import Entry, Timeline
from kwake.world import World
from kwake_tui.beside import counterpart
from kwake_tui.names import brief, parts
from kwake_tui.opened import Opened
from kwake_tui.script import Place, Script

Answer = TypeVar("Answer")


class LiveState(msgspec.Struct, frozen=True):
    """What the status line says of a live cluster."""

    words: str
    role: str = "muted"


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
    moment: int | None = None
    """Which of the moments of the last action is shown; None: the one at which the entry stands, as a rule at rest."""
    asked: tuple[Flow, ...] = ()
    """Flows that were looked at, the last one at the end."""
    pins: tuple[Flow, ...] = ()
    """Flows that are watched, in the order in which they were pinned."""
    script: Script | None = None
    """The scenario that is stepped along."""
    opened: Opened = Opened()
    """How the beginning was opened."""
    saved: frozenset[int] = frozenset()
    """Entries of the timeline that a scenario was saved with."""
    live: LiveState | None = None
    """How the live cluster is followed, if it is one."""
    worked_out: dict[tuple[object, ...], object] = {}
    """What was asked before, by question: worlds never change, so answers stay true. All later sessions share it."""

    @classmethod
    def start(cls, world: World, title: str, second: str | None, opened: Opened | None = None) -> Session:
        """The beginning, compared with a second profile if one is named."""
        against = {0: world.with_profile(second).settle()} if second else {}
        return cls(title, Timeline.start(world.settle()), against, opened=opened or Opened(), worked_out={})

    @property
    def world(self) -> World:
        """The world where we are."""
        return self.timeline.world if self.moment is None else self.moments[self.moment]

    @property
    def second(self) -> World | None:
        """The world under the second profile, where we are."""
        rested = self.against.get(self.timeline.current)
        if rested is None or self.moment is None:
            return rested
        seen = self._once(("second",), lambda: self._moments_of(self.against.get(self._parent)))
        return at(seen, self.world.now_ms) if seen else None

    @property
    def before(self) -> World | None:
        """The world before the last action, while its changes are marked."""
        return self._before if self.follows else None

    def once(self, question: tuple[object, ...], ask: Callable[[], Answer]) -> Answer:
        """The answer to a question on this moment, worked out when it is first asked."""
        return self._once((self.world, *question), ask)

    @property
    def moments(self) -> tuple[World, ...]:
        """The worlds between the last action and rest, the settled one last; at the beginning only that."""
        return self._once(("moments",), lambda: self._moments_of(self._before)) or (self.timeline.world,)

    @property
    def at_moment(self) -> int:
        """Which of them is shown."""
        if self.moment is not None:
            return self.moment
        here_ms = self.timeline.world.now_ms
        return max((n for n, world in enumerate(self.moments) if world.now_ms <= here_ms), default=0)

    @property
    def unsaved(self) -> tuple[int, ...]:
        """The actions of the way that one is on, undone ones too, that stand in no file of a scenario: by entry."""
        timeline = self.timeline
        way = (*timeline.path, *reversed(timeline.redo_path))
        return tuple(entry for entry in way if entry > self.scripted and entry not in self.saved)

    @property
    def place(self) -> Place | None:
        """Where on the way of the scenario the moment that is shown is, if one is stepped along."""
        return self.script.place(self.timeline, self.world.now_ms) if self.script is not None else None

    @property
    def scripted(self) -> int:
        """The last entry of the timeline that the scenario brought along; 0 where none is stepped along."""
        return max(stop.entry for stop in self.script.stops) if self.script is not None else 0

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened on the way here."""
        return tuple(event for world in self.worlds for event in world.events)

    @property
    def worlds(self) -> tuple[World, ...]:
        """The world after each action on the way here, the one that is shown last."""
        *done, _ = self.timeline.path
        return (*(self.timeline.entries[entry].world for entry in done), self.world)

    @property
    def shown_flow(self) -> Flow | None:
        """The flow that is looked at, with the successor in the place of a pod that went on the way here."""
        return None if self.flow is None else self.followed(self.flow)

    @property
    def shown_pins(self) -> tuple[Flow, ...]:
        """The pinned flows, likewise."""
        return tuple(self.followed(pin) for pin in self.pins)

    def pin_history(self, number: int) -> tuple[Outcome | None, ...]:
        """What a dial of a pinned flow met after each action on the way here; None where an end was not there."""
        pin = self.pins[number]
        outcomes = []
        for at_entry, world in zip(self.timeline.path, self.worlds, strict=True):
            here = world is self.timeline.entries[at_entry].world
            entry = self.timeline.entries[at_entry]
            outcomes.append(self._once(("dial", pin, world.now_ms, here), partial(self._dial, pin, at_entry), entry))
        return tuple(outcomes)

    def _dial(self, pin: Flow, entry: int) -> Outcome | None:
        path = self.timeline.path
        world = self.worlds[path.index(entry)]
        try:
            return path_in(world, self.followed(pin, until=entry)).outcome
        except KwakeError:
            return None

    def followed(self, flow: Flow, until: int | None = None) -> Flow:
        """A flow as it is at an entry: whoever took a pod's place stands in it."""
        path = self.timeline.path if until is None else self.timeline.path[: self.timeline.path.index(until) + 1]
        worlds = self.worlds[: len(path)]
        for entry, (before, after) in zip(path[1:], pairwise(worlds), strict=True):
            ask = partial(_succeeded, flow, before.cluster, after.cluster)
            flow = self._once(("followed", flow, after.now_ms), ask, self.timeline.entries[entry])
        return flow

    def outage(self, flow: Flow) -> tuple[Span, ...]:
        """How dials of a flow fared from the last action until the moment that is shown; empty where none is marked."""
        return self._fared(flow, self.at_moment) if self.before is not None else ()

    def fared(self, flow: Flow) -> tuple[Span, ...]:
        """How dials of a flow fared from the action that led here until all had settled; empty at the beginning."""
        return self._fared(flow, len(self.moments) - 1) if self._before is not None else ()

    def _fared(self, flow: Flow, until: int) -> tuple[Span, ...]:
        """The same until one of the moments, without what comes later."""

        def ask() -> tuple[Span, ...]:
            try:
                return spans(self.moments[: until + 1], flow)
            except KwakeError:  # an end of the flow is at none of these moments
                return ()

        return self._once(("fared", flow, until), ask)

    def do(self, action: Action) -> Session:
        """Carry out an action at the moment that is shown and let the world settle. Raises what `World.do` raises.

        In the middle of an action, that moment becomes a branch of the timeline of its own.
        """
        here, second, against = self.timeline, self.second, dict(self.against)
        if self.moment is not None and self.moment < len(self.moments) - 1:
            here = here.forked(self.world)
            if second is not None:
                against[here.current] = second
        timeline = here.do(action, settle=True)
        if second is not None:
            # Refused there: this moment has no counterpart, and the second profile's columns go.
            with suppress(KwakeError):
                against[timeline.current] = counterpart(second.do(action), timeline.world)
        return msgspec.structs.replace(self, timeline=timeline, against=against, follows=True, moment=None)

    def undo(self, times: int = 1) -> Session:
        """Before the last actions. Raises UsageError at the beginning."""
        return msgspec.structs.replace(self, timeline=self.timeline.undo(times), follows=False, moment=None)

    def redo(self, times: int = 1) -> Session:
        """Forward again. Raises UsageError where nothing was undone."""
        return msgspec.structs.replace(self, timeline=self.timeline.redo(times), follows=True, moment=None)

    def go_to(self, entry: int) -> Session:
        """To any moment of the tree, by number. Raises UsageError where there is none."""
        return msgspec.structs.replace(self, timeline=self.timeline.go_to(entry), follows=entry != 0, moment=None)

    def step_back(self) -> Session:
        """One moment back: within the last action, then to rest before it. Raises UsageError at the beginning."""
        if self.at_moment > 0:
            return msgspec.structs.replace(self, moment=self.at_moment - 1, follows=True)
        if self._before is None:
            raise UsageError("this is the beginning: nothing happened before")
        return self.undo()

    def step_on(self) -> Session:
        """One moment on: within the last action, then into one that was undone; at rest the marks of changes go.

        Raises UsageError where nothing comes after.
        """
        after = self.at_moment + 1
        if after < len(self.moments):
            rests = after == len(self.moments) - 1 and self.timeline.world.is_settled
            return msgspec.structs.replace(self, moment=None if rests else after, follows=True)
        if self.timeline.redo_path:
            again = self.redo()
            return msgspec.structs.replace(again, moment=0) if len(again.moments) > 1 else again
        if self.follows and self._before is not None:
            return msgspec.structs.replace(self, follows=False)
        raise UsageError("nothing comes after: all is settled")

    def pinned(self, flow: Flow) -> Session:
        """Watch a flow, or no more where it is watched already."""
        left = tuple(pin for pin in self.pins if pin != flow)
        return msgspec.structs.replace(self, pins=left if flow in self.pins else (*left, flow))

    @property
    def _parent(self) -> int:
        """The entry before, or the beginning itself."""
        return self.timeline.entries[self.timeline.current].parent or 0

    @property
    def _before(self) -> World | None:
        parent = self.timeline.entries[self.timeline.current].parent
        return None if parent is None else self.timeline.entries[parent].world

    def _moments_of(self, before: World | None) -> tuple[World, ...]:
        action = self.timeline.entries[self.timeline.current].action
        if before is None or action is None:
            return ()
        try:
            return tuple(moments(before.do(action)))
        except KwakeError:  # refused under this profile
            return ()

    def _once(self, question: tuple[object, ...], ask: Callable[[], Answer], entry: Entry | None = None) -> Answer:
        """The answer to a question on an entry, this one unless another is named, worked out once."""
        asked = (entry or self.timeline.entries[self.timeline.current], *question)
        if asked not in self.worked_out:
            self.worked_out[asked] = ask()
        return cast(Answer, self.worked_out[asked])

    def looking_at(self, flow: Flow | None) -> Session:
        """Ask about another flow."""
        others = tuple(other for other in self.asked if other != flow)
        return msgspec.structs.replace(self, flow=flow, asked=others if flow is None else (*others, flow))


def second_profile(first: str) -> str:
    """The profile that answers beside the chosen one, unless another is: `cilium`, beside itself `calico`."""
    return "calico" if first == "cilium" else "cilium"


def since(session: Session, moment: int | None = None) -> tuple[World | None, str]:
    """The world that the present one is compared with, and words for both: the one before the last action, or that
    of a moment of the timeline. No world at the beginning. Raises UsageError where there is no such moment."""
    entries, current = session.timeline.entries, session.timeline.current
    at = entries[current].parent if moment is None else moment
    if at is None:
        return None, ""
    before = session.timeline.go_to(at).world
    return before, f"{action_title(entries[at].action)} → {action_title(entries[current].action)}"


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


def _succeeded(flow: Flow, before: Cluster, after: Cluster) -> Flow:
    source = successor(before, after, flow.source) or flow.source
    target = successor(before, after, flow.target) or flow.target
    return msgspec.structs.replace(flow, source=source, target=target)


def action_title(action: Action | None) -> str:
    """An action in few cells, for the timeline."""
    match action:
        case None:
            return "load"
        case KillPod(pod=pod):
            return f"kill {brief(pod)}"
        case Apply(manifest=manifest):
            metadata = manifest.get("metadata")
            return f"apply {metadata.get('name', '?') if isinstance(metadata, dict) else '?'}"
        case _:
            return " ".join(brief(word) if _is_key(word) else word for word in str(action).split(" "))


def _is_key(word: str) -> bool:
    return word.partition("/")[0] in GROUP_OF_KIND
