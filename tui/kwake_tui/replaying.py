"""Opening a scenario at the console and stepping along it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from kwake.errors import UsageError
from kwake.objects.printable import printable
from kwake.scenario.begin import begin
from kwake.scenario.load import load
from kwake.scenario.scenario import Scenario
from kwake.scenario.stepping import flow_asked, stepped
from kwake.world import World
from kwake_tui.beside import beside
from kwake_tui.desk import Desk
from kwake_tui.lines import Line, Span
from kwake_tui.names import count_actions
from kwake_tui.opened import STDIN, Opened
from kwake_tui.scenario_files import scenario_path
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.script import Place, Script, step_lines, unmet
from kwake_tui.session import Session, second_profile


def replay(desk: Desk, words: list[str]) -> None:
    """`:replay FILE`: leave this session for a scenario, at its beginning. Raises what `load` raises."""
    scenarios = load(scenario_path(words))
    if len(scenarios) == 1:
        _begin(desk, scenarios[0])
        return

    def chosen(target: str | None) -> None:
        if target:
            desk.try_to(partial(_begin, desk, scenarios[int(target)]))

    rows = tuple(Line((Span(one.name),), target=str(number)) for number, one in enumerate(scenarios))
    desk.open(ChoiceScreen("Replay  which scenario", "enter opens it   esc back", rows), chosen)


def session_of(scenario: Scenario, second: str | None = None, open_it: Callable[[Scenario], World] = begin) -> Session:
    """A session at the beginning of a scenario, beside `second`, or the scenario's own second profile.

    `open_it` opens its snapshot. Raises what `kwake.open` raises, and ScenarioError where a flow cannot be opened.
    """
    if STDIN in scenario.snapshot:
        raise UsageError(f"{scenario.file}: its snapshot is standard input, which the console cannot read")
    world = open_it(scenario)
    steps = stepped(scenario, world)
    matrix = [name for name in scenario.profiles if name != world.profile.name]
    other = second or next(iter(matrix), None) or second_profile(world.profile.name)
    against = beside(steps.timeline, world.with_profile(other))
    flows = tuple(dict.fromkeys(pinned.flow for pinned in scenario.flows if not pinned.hold))
    return Session(
        title=Path(scenario.file).stem,
        timeline=steps.timeline,
        against=against,
        flow=next((pinned.flow for pinned in scenario.flows), None),
        pins=flows,
        opened=Opened(scenario.snapshot, scenario.lenient, layered=True),
        script=Script(scenario, steps.stops),
        worked_out={},
    )


def _begin(desk: Desk, scenario: Scenario) -> None:
    """Show its beginning; asks first where something was done that would be lost."""
    session, done = session_of(scenario), len(desk.session.unsaved)

    def show() -> None:
        desk.show(session)
        desk.say("n takes the first step; : run goes on until something is not as expected", "ok")

    def answered(yes: bool | None) -> None:
        if yes:
            show()

    if done:
        what = f"{count_actions(done)} not saved"
        desk.open(ConfirmScreen("Leave", "this session", f"{what}: save FILE keeps them"), answered)
    else:
        show()


def step(desk: Desk, steps: int) -> None:
    """To the next step at which something is to be seen, or the one before, from the moment that is shown."""
    script, place = desk.session.script, desk.session.place
    if script is None or place is None:
        return
    script = script.go_to(script.onward(place) if steps > 0 else place.next(steps))
    _to(desk, script)
    report = script.stop.report
    if steps > 0 and report is not None:
        if report.rejected:
            desk.say(report.rejected, "bad")
        elif place.is_there and script.only_looks(script.at) and not unmet(script.stop):
            desk.say(f"{printable(report.id)} only looks, and finds all as expected", "ok")


def run_on(desk: Desk) -> None:
    """On until something is not as expected, or to the end. Raises UsageError."""
    script, place = _open(desk)
    if place.next(1) == len(script.stops):
        raise UsageError("this was the last step")
    script = script.go_to(place.next(1))
    while not script.is_last and not unmet(script.stop):
        script = script.go_to(script.at + 1)
    _to(desk, script)


def steps_page(desk: Desk) -> None:
    """All steps, to go to one. Raises UsageError."""
    script, place = _open(desk)

    def chosen(target: str | None) -> None:
        if target:
            _to(desk, script.go_to(int(target)))

    title = f"Steps  {printable(script.scenario.name)}"
    rows = partial(step_lines, script, place.at)
    desk.open(ChoiceScreen(title, "enter goes there   esc back", rows, str(place.at)), chosen)


def why_no_step(steps: int) -> Callable[[Desk], str]:
    """Why there is no next step, or none before; empty if there is."""

    def why_not(desk: Desk) -> str:
        script, place = desk.session.script, desk.session.place
        if script is None or place is None:
            return "no scenario is open; :replay FILE opens one"
        if place.next(steps) == len(script.stops):
            return "this was the last step"
        return "this is the beginning of the scenario" if place.next(steps) < 0 else ""

    return why_not


def _open(desk: Desk) -> tuple[Script, Place]:
    """The scenario that is stepped along, and where on its way one is. Raises UsageError."""
    script, place = desk.session.script, desk.session.place
    if script is None or place is None:
        raise UsageError("no scenario is open: write replay FILE")
    return script, place


def _to(desk: Desk, script: Script) -> None:
    """Show a step; where an expectation of it failed, the path that it is about."""
    session = desk.session.go_to(script.stop.entry)
    flows = [flow for check in unmet(script.stop) if (flow := flow_asked(script.scenario, check)) is not None]
    flow = flows[0] if flows else session.flow
    desk.show(msgspec.structs.replace(session, script=script, flow=flow))
