"""A scenario as a timeline to step along."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.actions import OpenConnection
from kwake.samples import sample_names, sample_path
from kwake.scenario.begin import begin
from kwake.scenario.load import load
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
        "apply NetworkPolicy demo/a",
        "apply NetworkPolicy demo/b",
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
