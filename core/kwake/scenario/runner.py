"""Running a scenario: each step in turn, each expectation at its time. Pure: a world in, a report out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kwake.actions import Action, OpenConnection
from kwake.dataplane.path import Flow, Outcome, Path
from kwake.errors import KwakeError, Rejected, ScenarioError
from kwake.objects.time import seconds
from kwake.scenario.availability import spans
from kwake.scenario.check import Found, dial, evidence, expected, look, subject
from kwake.scenario.dialling import forget
from kwake.scenario.faring import Stretch, fare, over_time, wanted_over_time
from kwake.scenario.moments import at, moments
from kwake.scenario.naming import refuse_what_never_was
from kwake.scenario.report import Case, Check, StepReport, Verdict, Window, judged
from kwake.scenario.scenario import (
    AvailabilityExpectation,
    ChangedExpectation,
    Expectation,
    FlowExpectation,
    Redo,
    RejectedExpectation,
    Scenario,
    Step,
    TimedExpectation,
    Undo,
)
from kwake.timeline import Timeline
from kwake.world import World


class _Taken(msgspec.Struct, frozen=True):
    """A step that was taken: where it led, and what it ran into."""

    timeline: Timeline
    seen: tuple[World, ...]
    """The moments from the action to rest; at least one."""
    rejected: str = ""
    """Why the API server refuses it, in its own words."""
    trouble: str = ""
    """Why it could not be done for another reason."""


class Played(msgspec.Struct, frozen=True):
    """A replay, and the worlds that it went through."""

    case: Case
    timeline: Timeline
    """As the steps made it; its present moment is at rest after the last of them."""
    stops: tuple[int, ...]
    """The entry of the timeline at which each step ended, by number."""


class _Past(msgspec.Struct, frozen=True):
    """What the steps before have left behind."""

    paths: dict[str, Path]
    """Each flow's path when the step before had settled."""
    ends: dict[str, dict[str, str]]
    """By step: how each flow stood at its end."""
    paths_at: dict[str, dict[str, Path]]
    """By step: each flow's path at its end."""


def replay(scenario: Scenario, world: World, again: tuple[str, ...] = (), only_step: str | None = None) -> Case:
    """Run a scenario in a world that was just opened, under that world's profile and seed.

    `again` is the command that does so, for the report; with `only_step` no other step is looked at.
    """
    try:
        return play(scenario, world, again, only_step).case
    finally:
        forget()


def play(scenario: Scenario, world: World, again: tuple[str, ...] = (), only_step: str | None = None) -> Played:
    """As `replay`, with the worlds on the way. Raises ScenarioError for a flow whose ends are never there."""
    flows = {pinned.name: pinned.flow for pinned in scenario.flows}
    for pinned in scenario.flows:
        if pinned.hold:
            try:
                world = world.do(_opening(pinned.name, pinned.flow))
            except KwakeError as error:
                raise ScenarioError(f"{scenario.file}:{pinned.line}: flows.{pinned.name}: {error}") from None
    timeline = Timeline.start(world)
    seen = tuple(moments(world))
    wanted = [e for e in scenario.always if _applies(e, world)]
    moments_wanted = [e for e in wanted if isinstance(e, FlowExpectation)]
    always = {e: _always(e, seen[:1], flows, "at the start") for e in moments_wanted}
    past = _Past(_paths(seen[-1], flows), {}, {})
    lived: tuple[Stretch, ...] = ()
    steps: list[StepReport] = []
    steps_taken: list[str] = []
    stops = [timeline.current]
    start, happened = seen, list[_Taken]()
    for step in scenario.steps:
        begin, waited = _begin(seen, step)
        timeline = timeline.moved(begin)
        stops[-1] = timeline.current
        taken = _take(step, timeline)
        for moment_expectation, found in always.items():
            always[moment_expectation] = _still(found, moment_expectation, waited, flows, _before(steps_taken))
        lived = (*lived, Stretch(steps_taken[-1] if steps_taken else "", waited))
        steps_taken.append(step.id)
        timeline, seen = taken.timeline, taken.seen
        happened.append(taken)
        stops.append(timeline.current)
        report, past = _report(step, taken, past, flows, (*lived, Stretch(step.id, seen)))
        if only_step in (None, step.id):
            steps.append(report)
    for moment_expectation, found in always.items():
        always[moment_expectation] = _still(found, moment_expectation, seen, flows, _before(steps_taken))
    if not any(step.rejected or step.trouble for step in happened):
        refuse_what_never_was(scenario, [*start, *(moment for stretch in lived for moment in stretch.seen), *seen])
    whole = (*lived, Stretch(steps_taken[-1] if steps_taken else "", seen))
    over_time = {e: _over_time(e, whole, flows) for e in wanted if isinstance(e, AvailabilityExpectation)}
    kept = [judged(always[e] if isinstance(e, FlowExpectation) else over_time[e], e.xfail) for e in wanted]
    case = Case(
        name=scenario.name,
        file=scenario.file,
        profile=world.profile.name,
        seed=world.seed,
        steps=tuple(steps),
        always=tuple(kept) if only_step is None else (),
        again=again,
        unknown=scenario.unknown,
        xfail=scenario.xfail,
        line=scenario.line,
    )
    timeline = timeline.moved(seen[-1])
    stops[-1] = timeline.current
    return Played(case, timeline, tuple(stops[1:]))


def _opening(name: str, flow: Flow) -> OpenConnection:
    return OpenConnection(name, flow.source, flow.target, flow.port, flow.protocol, flow.via)


def _begin(seen: Sequence[World], step: Step) -> tuple[World, tuple[World, ...]]:
    """The world in which a step begins, and the moments on the way there."""
    if step.after_ms is None:
        return seen[-1], tuple(seen)
    begin = at(seen, seen[0].now_ms + step.after_ms)
    return begin, (*(world for world in seen if world.now_ms < begin.now_ms), begin)


def _take(step: Step, timeline: Timeline) -> _Taken:
    """Do what a step does. What is refused changes nothing."""
    done, rejected, trouble = timeline, "", ""
    try:
        done = _done(step.do, timeline)
    except Rejected as error:
        rejected = str(error)
    except KwakeError as error:
        trouble = str(error)
        if isinstance(step.do, Undo):
            trouble += "; the steps before this one did fewer actions than that, and one that was refused is none"
    return _Taken(done, tuple(moments(done.world)), rejected, trouble)


def _done(do: tuple[Action, ...] | Undo | Redo, timeline: Timeline) -> Timeline:
    if isinstance(do, Undo):
        return timeline.undo(do.count)
    if isinstance(do, Redo):
        return timeline.redo(do.count)
    if not do:
        return timeline
    first, *others = do
    timeline = timeline.do(first)
    for action in others:
        timeline = timeline.moved(timeline.world.do(action))
    return timeline


def _report(
    step: Step, taken: _Taken, past: _Past, flows: dict[str, Flow], lived: tuple[Stretch, ...]
) -> tuple[StepReport, _Past]:
    seen, end = taken.seen, taken.seen[-1]
    ends, paths = _standing(end, flows), _paths(end, flows)
    checks = _refusals(step, taken)
    for expectation in step.expect:
        if not _applies(expectation, end):
            continue
        if isinstance(expectation, ChangedExpectation):
            since = expectation.since
            check = _changed(expectation, past.ends[since], ends, end, past.paths_at[since], paths)
        elif isinstance(expectation, AvailabilityExpectation):
            check = _over_time(expectation, lived, flows)
        elif isinstance(expectation, TimedExpectation):
            before = past.paths.get(expectation.flow) if isinstance(expectation, FlowExpectation) else None
            check = _timed(expectation, seen, flows, before)
        else:
            continue
        checks.append(judged(check, expectation.xfail))
    acts = isinstance(step.do, tuple) and bool(step.do) and not taken.rejected and not taken.trouble
    report = StepReport(
        id=step.id,
        line=step.line,
        action=" and ".join(map(str, step.do)) if isinstance(step.do, tuple) else str(step.do),
        time_ms=seen[0].now_ms,
        settled_ms=end.now_ms,
        events=end.events if acts else (),
        checks=tuple(checks),
        windows=_windows(seen, flows) if acts else (),
        rejected=taken.rejected,
    )
    return report, _Past(paths, {**past.ends, step.id: ends}, {**past.paths_at, step.id: paths})


def _refusals(step: Step, taken: _Taken) -> list[Check]:
    """One check for each expected refusal, and one for a refusal that nobody expected."""
    world = taken.seen[0]
    wanted = [e for e in step.expect if isinstance(e, RejectedExpectation) and _applies(e, world)]
    actual = f"rejected: {taken.rejected}" if taken.rejected else taken.trouble or "accepted"
    checks = [
        judged(
            Check(
                line=expectation.line,
                what=subject(expectation),
                expected=f"rejected: {expectation.words}",
                actual=actual,
                verdict=Verdict.MET if taken.rejected and expectation.words in taken.rejected else Verdict.FAILED,
                at_ms=world.now_ms,
            ),
            expectation.xfail,
        )
        for expectation in wanted
    ]
    if taken.trouble or (taken.rejected and not wanted):
        checks.append(Check(step.line, "the action", "accepted", actual, Verdict.FAILED, world.now_ms))
    return checks


def _timed(
    expectation: TimedExpectation,
    seen: tuple[World, ...],
    flows: dict[str, Flow],
    before: Path | None,
) -> Check:
    """Look at the time that the expectation names."""
    start_ms, end = seen[0].now_ms, seen[-1]
    when, words = expectation.when, expected(expectation)
    if when.for_ms is not None:
        return _lasting(expectation, seen, flows, before)
    if when.at_ms is not None:
        moment = at(seen, start_ms + when.at_ms)
        words += f" at {seconds(when.at_ms)}"
        return _check(expectation, words, look(expectation, moment, flows), moment.now_ms, before)
    if when.within_ms is None:
        return _check(expectation, words, look(expectation, end, flows), end.now_ms, before)
    words += f" within {seconds(when.within_ms)}, and from then on"
    deadline = at(seen, start_ms + when.within_ms)
    later = (world for world in seen if world.now_ms > deadline.now_ms)
    found, moment = _throughout(expectation, (deadline, *later), flows)
    return _check(expectation, words, found, moment.now_ms, before)


def _lasting(
    expectation: TimedExpectation, seen: tuple[World, ...], flows: dict[str, Flow], before: Path | None
) -> Check:
    """Look from a moment on, for some time."""
    when, start_ms = expectation.when, seen[0].now_ms
    assert when.for_ms is not None
    from_ms = start_ms + (when.at_ms or when.within_ms or 0)
    until_ms = from_ms + when.for_ms
    between = (world for world in seen if from_ms < world.now_ms < until_ms)
    found, moment = _throughout(expectation, (at(seen, from_ms), *between, at(seen, until_ms)), flows)
    begin = f" from {seconds(from_ms - start_ms)} on" if from_ms > start_ms else ""
    words = f"{expected(expectation)}{begin} for {seconds(when.for_ms)}"
    return _check(expectation, words, found, moment.now_ms, before)


def _throughout(expectation: TimedExpectation, moments: Sequence[World], flows: dict[str, Flow]) -> tuple[Found, World]:
    """The first moment at which it does not hold for sure, else the first at which that is not known, else the last."""
    doubt: tuple[Found, World] | None = None
    for moment in moments:
        found = look(expectation, moment, flows)
        if found.verdict is Verdict.FAILED:
            return found, moment
        if found.verdict is Verdict.UNKNOWN and doubt is None:
            doubt = found, moment
    return doubt or (found, moment)


def _check(expectation: Expectation, words: str, found: Found, at_ms: int, before: Path | None = None) -> Check:
    return Check(
        line=expectation.line,
        what=subject(expectation),
        expected=words,
        actual=found.actual,
        verdict=found.verdict,
        at_ms=at_ms,
        why=found.why,
        path=found.path,
        before=before,
    )


def _always(expectation: FlowExpectation, seen: Sequence[World], flows: dict[str, Flow], where: str) -> Check:
    """The moment that decides whether it holds at all of these."""
    found, moment = _throughout(expectation, seen, flows)
    words = f"{expected(expectation)} at every moment"
    if found.verdict is not Verdict.MET:
        found = msgspec.structs.replace(found, actual=f"{found.actual} {where}")
    return _check(expectation, words, found, moment.now_ms)


def _still(
    so_far: Check, expectation: FlowExpectation, seen: Sequence[World], flows: dict[str, Flow], where: str
) -> Check:
    """What was found until now, unless it is worse at these moments: a doubt does not hide a later failure."""
    if so_far.verdict is Verdict.FAILED:
        return so_far
    now = _always(expectation, seen, flows, where)
    return so_far if so_far.verdict is Verdict.UNKNOWN and now.verdict is not Verdict.FAILED else now


def _before(steps: Sequence[str]) -> str:
    return f"after step {steps[-1]}" if steps else "before the first step"


def _over_time(expectation: AvailabilityExpectation, lived: tuple[Stretch, ...], flows: dict[str, Flow]) -> Check:
    """How the flow fared from the start, or from the action of a step on, until now."""
    names = [stretch.step for stretch in lived]
    fared = fare(lived[names.index(expectation.since) if expectation.since else 0 :], expectation.flow, flows)
    found = over_time(expectation, fared)
    since = f" since {expectation.since}" if expectation.since else " since the start"
    return _check(expectation, wanted_over_time(expectation) + since, found, lived[-1].seen[-1].now_ms)


def _changed(
    expectation: ChangedExpectation,
    then: dict[str, str],
    now: dict[str, str],
    end: World,
    paths_then: dict[str, Path],
    paths: dict[str, Path],
) -> Check:
    changed = [name for name, word in now.items() if then.get(name, word) != word]
    words = [f"{name} {then[name]} → {now[name]}" for name in changed]
    only, most = expectation.only, expectation.max
    unforeseen = [name for name in changed if only is not None and name not in only]
    missing = [name for name in only or () if name not in changed] if most is None else []
    met = not unforeseen and not missing and (most is None or len(changed) <= most)
    why = [f"{name} is as it was: {now.get(name, 'not there')}" for name in missing]
    telling = [] if met else unforeseen or changed
    for name in telling:
        if name in end.connections:
            why.append(f"{name}: {end.connections[name].turns[-1].reason}")
    first = next((name for name in telling if name in paths and name not in end.connections), None)
    if first is not None:
        path = paths[first]
        ended = [b for b in path.branches if b.outcome is not Outcome.DELIVERED] or list(path.branches)
        why += [f"{first}: {line}" for line in evidence(ended[0])]
    wanted = [f"only {', '.join(sorted(only))}" if only else "nothing"] if only is not None else []
    wanted += [f"at most {most} of the flows"] if most is not None else []
    return Check(
        line=expectation.line,
        what=f"changed since {expectation.since}",
        expected=", ".join(wanted),
        actual=", ".join(words) or "nothing",
        verdict=Verdict.MET if met else Verdict.FAILED,
        at_ms=end.now_ms,
        why=tuple(why),
        path=paths[first] if first is not None else None,
        before=paths_then.get(first) if first is not None else None,
    )


def _applies(expectation: Expectation, world: World) -> bool:
    """Whether it is meant for this profile: the whole name, or the bundle that the name begins with."""
    name = world.profile.name
    return not expectation.under or name in expectation.under or name.partition("+")[0] in expectation.under


def _standing(world: World, flows: dict[str, Flow]) -> dict[str, str]:
    """How each flow stands: the fate of the connection that was opened for it, else the outcome of a dial."""
    names = {**dict.fromkeys(flows), **dict.fromkeys(world.connections)}
    standing = {}
    for name in names:
        connection = world.connections.get(name)
        path = None if connection is not None else _path(world, name, flows)
        standing[name] = connection.fate.value if connection else path.outcome.value if path else "not there"
    return standing


def _paths(world: World, flows: dict[str, Flow]) -> dict[str, Path]:
    found = {name: _path(world, name, flows) for name in flows}
    return {name: path for name, path in found.items() if path is not None}


def _path(world: World, name: str, flows: dict[str, Flow]) -> Path | None:
    try:
        return dial(world, name, flows)
    except KwakeError:
        return None


def _windows(seen: tuple[World, ...], flows: dict[str, Flow]) -> tuple[Window, ...]:
    """The flows that a dial would find otherwise for a while, or from now on; equal flows once."""
    held = seen[0].connections
    questions: dict[Flow, str] = {}
    for name in sorted(flows, key=lambda name: name in held):
        questions.setdefault(flows[name], name)
    windows = []
    for flow, name in questions.items():
        if _path(seen[0], name, flows) is None and _path(seen[-1], name, flows) is None:
            continue
        found = spans(seen, flow)
        if len(found) > 1:
            windows.append(Window(name, found))
    return tuple(windows)
