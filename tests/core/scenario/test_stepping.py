"""A scenario as a timeline to step along."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.actions import OpenConnection
from kwake.samples import sample_names, sample_path
from kwake.scenario.begin import begin
from kwake.scenario.load import load
from kwake.scenario.moments import at, moments
from kwake.scenario.report import Verdict
from kwake.scenario.runner import play
from kwake.scenario.scenario import Scenario
from kwake.scenario.stepping import Stepped, flow_asked, stepped

STORIES = [path for name in sample_names() for path in sorted((sample_path(name) / "scenarios").glob("*.yaml"))]

HEAD = f"""\
kwake: 1
name: a story
snapshot: [{sample_path("small")}/cluster.yaml]
flows:
  pay: {{from: deploy/demo/web, to: svc/demo/checkout, port: 443, hold: true}}
"""


def story(tmp_path: Path, text: str) -> tuple[Scenario, Stepped]:
    file = tmp_path / "story.yaml"
    file.write_text(HEAD + text)
    (scenario,) = load(file)
    return scenario, stepped(scenario, begin(scenario))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_each_stop_is_in_the_world_in_which_the_replay_ended_its_step(path: Path) -> None:
    (scenario,) = load(path)

    stops = stepped(scenario, begin(scenario))

    played = play(scenario, begin(scenario))
    assert [stop.report for stop in stops.stops[1:]] == list(played.case.steps)
    for stop, number in zip(stops.stops[1:], played.stops, strict=True):
        assert stops.timeline.entries[stop.entry].world == played.timeline.entries[number].world


def test_held_flows_are_opened_by_actions_of_their_own(tmp_path: Path) -> None:
    _, steps = story(tmp_path, "steps: [{expect: [{flow: pay, fate: open}]}]\n")

    actions = [steps.timeline.entries[number].action for number in steps.timeline.path]
    assert actions[0] is None
    assert isinstance(actions[1], OpenConnection)
    assert steps.stops[0].entry == 1
    assert "pay" in steps.timeline.world.connections


def test_every_document_of_a_file_is_an_action_and_undo_gives_all_of_them_back(tmp_path: Path) -> None:
    policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: demo}\n"
    spec = "spec: {podSelector: {}}\n"
    (tmp_path / "two.txt").write_text("---\n".join(policy % name + spec for name in ("a", "b")))

    _, steps = story(tmp_path, "steps: [{do: {apply: two.txt}}, {do: {undo: 1}}]\n")

    before, applied, back = (stop.entry for stop in steps.stops)
    assert applied == before + 2
    assert back == before
    assert [str(entry.action) for entry in steps.timeline.entries[-2:]] == [
        "apply NetworkPolicy/demo/a",
        "apply NetworkPolicy/demo/b",
    ]


def test_a_step_that_is_refused_stays_where_it_was(tmp_path: Path) -> None:
    _, steps = story(tmp_path, "steps: [{do: {set-type: svc/demo/web, type: Headless}}, {do: {kill: demo/client}}]\n")

    before, refused, killed = steps.stops
    assert refused.entry == before.entry
    assert refused.verdict is Verdict.FAILED
    assert killed.entry == before.entry + 1


def test_the_flow_of_a_check_is_found_by_its_line(tmp_path: Path) -> None:
    scenario, steps = story(tmp_path, "steps:\n- expect:\n  - {flow: pay, fate: reset}\n")

    (check,) = steps.stops[1].checks
    flow = flow_asked(scenario, check)
    assert check.verdict is Verdict.FAILED
    assert flow is not None
    assert flow.target == "svc/demo/checkout"


def test_what_must_always_hold_is_told_at_the_last_stop(tmp_path: Path) -> None:
    _, steps = story(tmp_path, "always: [{flow: pay, fate: closed}]\nsteps: [{id: one}, {id: two}]\n")

    assert [stop.verdict for stop in steps.stops] == [Verdict.MET, Verdict.MET, Verdict.FAILED]


KILL = '{kill: "deploy/demo/checkout#0"}'
UNDONE = f"{{do: {KILL}}}, {{do: {{undo: 1}}}}"
WAIT = "{id: wait, after: 60s}"


@pytest.mark.parametrize("flow", ["true", "false"], ids=["held", "dialled"])
@pytest.mark.parametrize(
    "steps",
    [
        f"[{UNDONE}, {WAIT}, {{do: {{scale: deploy/demo/web, replicas: 1}}}}]",
        f"[{UNDONE}, {WAIT}, {{do: {{redo: 1}}}}]",
        f"[{UNDONE}, {{do: {KILL}}}]",
        f"[{{do: {{scale: deploy/demo/web, replicas: 3}}}}, {{after: 500ms, do: {KILL}}}, {{do: {{undo: 1}}}}]",
    ],
    ids=["waits", "takes it back again", "does the same", "in the middle"],
)
def test_what_is_done_after_an_undo_leaves_the_other_branch_as_it_was(tmp_path: Path, steps: str, flow: str) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(f"{HEAD.replace('hold: true', f'hold: {flow}')}steps: {steps}\n")
    (scenario,) = load(file)

    stepped_along = stepped(scenario, begin(scenario))

    entries = stepped_along.timeline.entries
    for entry in entries:
        if entry.action is not None and entry.parent is not None:
            seen = tuple(moments(entries[entry.parent].world.do(entry.action)))
            assert entry.world == at(seen, entry.world.now_ms), f"{entry.title} follows on another moment"
    last = stepped_along.stops[-1]
    assert last.report is not None
    assert entries[last.entry].world.now_ms == last.report.settled_ms


def test_an_undone_step_is_followed_by_the_time_that_went_by(tmp_path: Path) -> None:
    _, steps = story(tmp_path, f"steps: [{UNDONE}, {WAIT}]\n")

    times = [steps.timeline.entries[stop.entry].world.now_ms for stop in steps.stops]
    killed = times[1]
    assert times == [0, killed, 60_000, 60_000]
    assert steps.timeline.entries[steps.stops[0].entry].world.now_ms == 0
