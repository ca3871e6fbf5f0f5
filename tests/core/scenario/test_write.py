"""A session that is written as a scenario: a replay goes the same way again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings, strategies as st

import kwake
from kwake.dataplane.path import Flow
from kwake.errors import KwakeError
from kwake.samples import sample_path
from kwake.scenario.begin import begin
from kwake.scenario.load import load
from kwake.scenario.moments import moments
from kwake.scenario.report import Report
from kwake.scenario.runner import Played, play
from kwake.scenario.scenario import Scenario
from kwake.scenario.write import Recording, flow_names, scenario_text
from kwake.sources.yaml_writer import to_yaml
from kwake.timeline import Timeline
from kwake.world import World
from tests.core.manifests import shop
from tests.core.test_world_laws import ACTIONS

WATCHED = {"again": Flow("deploy/shop/client", "svc/shop/web", 80), "lone": Flow("pod/shop/lone", "svc/shop/lone")}


def without_places(world: World) -> Any:
    """All that makes a world, but for the file and line of what was applied: those are of the scenario."""

    def cleared(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: cleared(v) for k, v in value.items() if not ({"object", "rule"} <= set(value) and k in _PLACE)}
        return [cleared(item) for item in value] if isinstance(value, list) else value

    return cleared(msgspec.json.decode(world.to_bytes()))


_PLACE = ("file", "line")


def written(folder: Path, timeline: Timeline, snapshot: Path, flows: dict[str, Flow] | None = None) -> Scenario:
    """The scenario that a timeline was written as, read again."""
    file = folder / "saved.yaml"
    file.write_text(scenario_text(Recording("a session", timeline, (str(snapshot),), flows or {})))
    (scenario,) = load(file)
    return scenario


def played(scenario: Scenario) -> Played:
    return play(scenario, begin(scenario))


step = st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 40), st.sampled_from(["", "", "undo", "middle"]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(step, max_size=12), st.integers(0, 3))
def test_a_replay_of_what_was_saved_gives_the_same_world(steps: list[tuple[str, int, str]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = folder / "cluster.yaml"
        snapshot.write_text("---\n".join(map(to_yaml, shop())))
        timeline = Timeline.start(kwake.open(snapshot, seed=seed))
        for name, argument, then in steps:
            try:
                timeline = timeline.do(ACTIONS[name](timeline.world, argument), settle=True)
            except KwakeError:
                continue
            if then == "undo":
                timeline = timeline.undo()
            elif then == "middle":
                before, action = timeline.undo().world, timeline.entries[timeline.current].action
                assert action is not None
                seen = list(moments(before.do(action)))
                timeline = timeline.forked(seen[argument % len(seen)])

        again = played(written(folder, timeline, snapshot, WATCHED))

        end = timeline.moved(timeline.world.settle())
        assert without_places(again.timeline.world) == without_places(end.world)
        assert [without_places(again.timeline.entries[n].world) for n in again.timeline.path] == [
            without_places(end.entries[n].world) for n in end.path
        ]
        assert Report((again.case,)).exit_code == 0, [c for c in Report((again.case,)).checks if c.why]


def test_what_the_user_chose_of_the_profile_is_saved(tmp_path: Path) -> None:
    world = kwake.open(
        sample_path("small"),
        "cilium+nftables",
        9,
        overrides={"clock.sandbox": "2500ms", "host-network-pods": "selected"},
    )

    scenario = written(tmp_path, Timeline.start(world), sample_path("small"))

    assert (scenario.profiles, scenario.seed) == (("cilium+nftables",), 9)
    assert scenario.overrides == world.profile.chosen
    assert begin(scenario) == world


def test_what_was_undone_is_left_out() -> None:
    timeline = Timeline.start(kwake.open(sample_path("small")))
    kill = timeline.do(kwake.KillPod("deploy/demo/checkout#0"), settle=True)

    text = scenario_text(Recording("x", kill.undo().do(kwake.Scale("deploy/demo/web", 3), settle=True), ()))

    assert "scale: deploy/demo/web" in text
    assert "kill:" not in text


def test_flows_get_names_of_their_own() -> None:
    pay = Flow("Deployment/shop/web", "Service/shop/checkout", 443)
    find = Flow("Deployment/shop/web", "Service/shop/search", None, "UDP")

    assert flow_names((pay, find, pay), ("web-search-udp",)) == {"web-checkout-443": pay, "web-search-udp-2": find}
