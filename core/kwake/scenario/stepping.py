"""A scenario as a timeline to step along: every action an entry of its own, and where each step of it ends."""

from __future__ import annotations

import msgspec

from kwake.actions import Action, OpenConnection
from kwake.dataplane.path import Flow
from kwake.scenario.dialling import forget
from kwake.scenario.report import Check, StepReport, Verdict, worst
from kwake.scenario.runner import play
from kwake.scenario.scenario import FlowExpectation, Scenario
from kwake.timeline import Entry, Timeline
from kwake.world import World


class Stop(msgspec.Struct, frozen=True):
    """Where a step ends."""

    entry: int
    """The entry of the timeline, by number."""
    report: StepReport | None
    """What was found there; None where no step was taken yet."""
    always: tuple[Check, ...] = ()
    """What must hold at every moment and was found not to; it is told at the last stop."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """All that was looked at here."""
        return (*(self.report.checks if self.report is not None else ()), *self.always)

    @property
    def verdict(self) -> Verdict:
        """The worst of its checks."""
        return worst([check.verdict for check in self.checks])


class Stepped(msgspec.Struct, frozen=True):
    """A scenario that was played."""

    timeline: Timeline
    """Its present moment is the beginning, where held flows are open."""
    stops: tuple[Stop, ...]
    """The first before all steps, then one a step."""


def stepped(scenario: Scenario, world: World) -> Stepped:
    """Play a scenario in a world that was just opened. Raises ScenarioError where a held flow cannot be opened."""
    played = play(scenario, world)
    forget()
    made = played.timeline.entries
    entries, at = _opened(scenario, world, made[0].world)
    numbers = {0: at}
    for number, entry in enumerate(made[1:], 1):
        earlier = _same_at_an_earlier_time(made, number)
        if earlier is not None:
            entries.append(msgspec.structs.replace(entries[numbers[earlier]], world=entry.world))
            numbers[number] = len(entries) - 1
            continue
        assert entry.parent is not None
        parent = numbers[entry.parent]
        *first, last = _actions(scenario, entry)
        for action in first:
            entries.append(Entry(action, entries[parent].world.do(action), parent))
            parent = len(entries) - 1
        entries.append(Entry(last, entry.world, parent))
        numbers[number] = len(entries) - 1
    reports = played.case.steps
    broken = tuple(check for check in played.case.always if check.verdict is not Verdict.MET)
    stops = [Stop(at, None)]
    for stop, report in zip(played.stops, reports, strict=True):
        stops.append(Stop(numbers[stop], report, broken if report is reports[-1] else ()))
    return Stepped(Timeline(tuple(entries), 0).go_to(at), tuple(stops))


def flow_asked(scenario: Scenario, check: Check) -> Flow | None:
    """The flow that an expectation is about, if it is about one."""
    flows = {pinned.name: pinned.flow for pinned in scenario.flows}
    flows |= {action.name: _flow(action) for action in _all_actions(scenario) if isinstance(action, OpenConnection)}
    expectations = (*scenario.always, *(item for step in scenario.steps for item in step.expect))
    for expectation in expectations:
        if isinstance(expectation, FlowExpectation) and expectation.line == check.line:
            return flows.get(expectation.flow)
    return None


def _flow(action: OpenConnection) -> Flow:
    return Flow(action.source, action.target, action.port, action.protocol, action.via)


def _all_actions(scenario: Scenario) -> list[Action]:
    return [action for step in scenario.steps if isinstance(step.do, tuple) for action in step.do]


def _same_at_an_earlier_time(made: tuple[Entry, ...], number: int) -> int | None:
    """The entry, by number, of which this one is a later moment on a branch of its own, if it is one."""
    entry = made[number]
    alike = (n for n, other in enumerate(made[:number]) if other.action is entry.action)
    return next((n for n in alike if made[n].parent == entry.parent), None)


def _actions(scenario: Scenario, entry: Entry) -> tuple[Action, ...]:
    """What the step did that made an entry of the replay, whose action is the first of them."""
    done = (step.do for step in scenario.steps if isinstance(step.do, tuple))
    return next(do for do in done if do and do[0] is entry.action)


def _opened(scenario: Scenario, world: World, begun: World) -> tuple[list[Entry], int]:
    """The beginning, and the opening of each held flow as an action of its own; the last of them is at rest."""
    entries = [Entry(None, world, None)]
    for pinned in scenario.flows:
        if pinned.hold:
            flow = pinned.flow
            action = OpenConnection(pinned.name, flow.source, flow.target, flow.port, flow.protocol, flow.via)
            entries.append(Entry(action, entries[-1].world.do(action), len(entries) - 1))
    entries[-1] = msgspec.structs.replace(entries[-1], world=begun)
    return entries, len(entries) - 1
