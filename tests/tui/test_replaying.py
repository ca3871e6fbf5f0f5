"""A scenario at the console: its steps, one at a time, and the first one that is not as expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.samples import sample_path
from kwake_tui.opened import Opened
from kwake_tui.scenario_files import is_scenario, offered
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.confirm import ConfirmScreen
from tests.tui.player import Player, play, shop

FAILING = f"""\
kwake: 1
name: search is expected to live on
snapshot: [{sample_path("shop")}]
seed: 7
flows:
  find: {{from: deploy/shop/web, to: svc/shop/search, port: 80, hold: true}}
  find-new: {{from: deploy/shop/web, to: svc/shop/search, port: 80}}
steps:
  - {{id: before, expect: [{{flow: find-new, outcome: delivered}}]}}
  - {{id: kill, do: {{kill: "deploy/shop/search#0"}}, expect: [{{flow: find, fate: open}}]}}
  - {{id: after, expect: [{{flow: find-new, outcome: delivered}}]}}
"""


async def command(player: Player, text: str) -> None:
    await player.press("colon")
    await player.type(text)
    await player.press("enter")


def script(player: Player) -> str:
    return "".join(player.rows("#script"))


def said(player: Player) -> str:
    return "".join(player.rows("#keys"))


def test_a_sample_scenario_is_stepped_along_to_its_end_and_back() -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        await player.until(lambda: player.session.script is not None)
        assert player.session.title == "kill"
        assert "pay" in player.session.world.connections
        start = player.session.timeline.current
        seen = []
        for _ in range(4):
            await player.press("n")
            seen.append(script(player))
        assert "step 2 of 5  kill-checkout" in seen[0]
        assert all("met" in row and "×" not in row for row in seen)
        assert player.session.timeline.current == start  # the last step undoes the three kills
        await player.press("n")
        assert "this was the last step" in said(player)
        await player.press("N")
        assert "step 4 of 5  kill-statsd" in script(player)

    play(shop(), story)


def test_it_stops_where_an_expectation_failed_with_that_path_open(tmp_path: Path) -> None:
    file = tmp_path / "failing.yaml"
    file.write_text(FAILING)

    async def story(player: Player) -> None:
        await command(player, f"replay {file}")
        await command(player, "run")
        assert "step 2 of 3  kill" in script(player)
        assert "× flow find: expected open, actual closed" in script(player)
        assert "line 10" in script(player)
        flow = player.session.flow
        assert flow is not None
        assert flow.target == "svc/shop/search"
        await command(player, "run")
        assert "step 3 of 3  after" in script(player)
        await command(player, "run")
        assert "this was the last step" in said(player)

    play(shop(), story)


def test_an_action_of_ones_own_leaves_the_scenario_and_n_goes_back_to_it(tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        await command(player, "scale deploy/shop/cart 3")
        assert "a way of your own" in script(player)
        await player.press("n")
        assert "step 1 of 5  before" in script(player)
        cluster = player.session.world.cluster
        assert len(cluster.pods_of(cluster.resolve("deploy/shop/cart"))) != 3

    play(shop(), story)


def test_n_goes_on_from_the_moment_that_is_shown() -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        await player.press("n", "n")
        assert "step 3 of 5  kill-search  ✓" in script(player)
        rested = player.session.world

        await player.press("comma", "comma")  # into the third step
        assert 'step 2 of 5  kill-checkout  on the way to "kill-search"' in script(player)
        await player.press("n")
        assert "step 3 of 5  kill-search  ✓" in script(player)
        assert player.session.world is rested

        while player.session.timeline.world is rested:  # to rest before it
            await player.press("comma")
        assert "step 2 of 5  kill-checkout  ✓" in script(player)
        await player.press("z", "N")
        assert "5 steps" in script(player)
        assert player.session.timeline.current == 3
        await player.press("Z")
        assert "step 2 of 5  kill-checkout  ✓" in script(player)
        await player.press("comma", "N")
        assert "step 1 of 5  before  ✓" in script(player)

    play(shop(), story)


def test_events_may_be_stepped_along_from_the_beginning() -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        while player.session.timeline.current < 5:
            await player.press("full_stop")
        assert 'step 2 of 5  kill-checkout  on the way to "kill-search"' in script(player)
        await command(player, "steps")
        await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))
        assert "here" in next(row for row in player.rows("#choice") if "kill-checkout" in row)
        await player.press("escape")
        await player.until(lambda: not isinstance(player.app.screen, ChoiceScreen))
        await player.press("n")
        assert "step 3 of 5  kill-search" in script(player)
        assert player.session.timeline.current == 5
        await command(player, "moment 0")  # where nothing is open yet
        assert 'on the way to "before"' in script(player)
        await player.press("N")
        assert "this is the beginning of the scenario" in said(player)
        assert player.session.timeline.current == 0
        await player.press("n")
        assert "step 1 of 5  before  ✓" in script(player)

    play(shop(), story)


def test_from_a_branch_in_the_middle_of_a_step_that_step_comes_next() -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        await player.press("n", "n", "comma", "comma")
        await command(player, "scale deploy/shop/cart 3")
        assert 'step 2 of 5  kill-checkout  left for a way of your own; next is "kill-search"' in script(player)
        await player.press("N")
        assert "step 2 of 5  kill-checkout  ✓" in script(player)
        await command(player, "scale deploy/shop/cart 3")
        await player.press("n")
        assert "step 3 of 5  kill-search  ✓" in script(player)

    play(shop(), story)


def test_it_asks_before_a_session_with_actions_is_left() -> None:
    async def story(player: Player) -> None:
        await command(player, "scale deploy/shop/cart 3")
        await player.press("colon")
        await player.type("replay sample:shop/edit")
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, ConfirmScreen))
        await player.press("escape")
        await player.until(lambda: not isinstance(player.app.screen, ConfirmScreen))
        assert player.session.script is None

    play(shop(), story)


def test_all_steps_are_listed_and_enter_goes_to_one(tmp_path: Path) -> None:
    file = tmp_path / "failing.yaml"
    file.write_text(FAILING)

    async def story(player: Player) -> None:
        await command(player, f"replay {file}")
        await command(player, "steps")
        await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))
        rows = player.rows("#choice")
        assert [row.split()[0] for row in rows] == ["as", "✓", "×", "×", "✓"]
        await player.press("j", "j", "enter")
        await player.until(lambda: not isinstance(player.app.screen, ChoiceScreen))
        assert "step 2 of 3  kill" in script(player)

    play(shop(), story)


def test_of_several_scenarios_one_is_chosen(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(f"{FAILING}---\n{FAILING.replace('live on', 'live on and on')}")

    async def story(player: Player) -> None:
        await command(player, f"replay {file}")
        await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))
        await player.press("j", "enter")
        await player.until(lambda: player.session.script is not None)
        assert "live on and on" in script(player)

    play(shop(), story)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("replay {}/none.yaml", "there is no such file"),
        ("replay {}/bad.yaml", "bad.yaml:2: stpes: there is no such key"),
        ("replay sample:shoop/kill", "did you mean shop?"),
        ("replay {}/stdin.yaml", "standard input"),
        ("run", "no scenario is open"),
        ("steps", "no scenario is open"),
    ],
)
def test_what_cannot_be_opened_is_said(typed: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kwake: 1\nstpes: []\nname: x\nsnapshot: [x]\n")
    (tmp_path / "stdin.yaml").write_text('kwake: 1\nname: x\nsnapshot: ["-"]\n')

    async def story(player: Player) -> None:
        await command(player, typed.format(tmp_path))
        assert words in said(player)
        await player.press("n")
        assert "no scenario is open" in said(player)

    play(shop(), story)


def test_a_scenario_is_told_from_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "both.yaml").write_text("kwake: 1\n---\nkind: Pod\n")

    assert is_scenario(str(sample_path("shop") / "scenarios" / "kill.yaml"))
    assert not is_scenario(str(sample_path("shop") / "shop.yaml"))
    assert not is_scenario(str(tmp_path / "both.yaml"))
    assert not is_scenario(str(tmp_path))
    assert "sample:shop/kill" in offered()


def test_actions_of_ones_own_beside_a_scenario_are_not_lost_unasked() -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        await player.press("n", "n")
        await command(player, "replay sample:shop/edit")
        assert player.session.title == "edit"  # the scenario's own actions are no loss
        await command(player, "scale deploy/shop/cart 3")
        await command(player, "replay sample:shop/kill")
        await player.until(lambda: isinstance(player.app.screen, ConfirmScreen))
        assert "1 action not saved" in "".join(player.rows("#words"))

    play(shop(), story)


LOOKING = f"""\
kwake: 1
name: some steps only look
snapshot: [{sample_path("small")}/cluster.yaml]
flows:
  pay: {{from: deploy/demo/web, to: svc/demo/checkout, port: 443}}
steps:
  - {{id: before, expect: [{{flow: pay, outcome: delivered}}]}}
  - {{id: type, do: {{set-type: svc/demo/web, type: Headless}}, expect: [{{rejected: may not change}}]}}
  - {{id: still, expect: [{{flow: pay, outcome: delivered}}]}}
  - {{id: wrong, expect: [{{flow: pay, outcome: dropped}}]}}
  - {{id: kill, do: {{kill: "deploy/demo/checkout#0"}}}}
  - {{id: after, expect: [{{flow: pay, outcome: delivered}}]}}
"""


def test_each_n_shows_something(tmp_path: Path) -> None:
    file = tmp_path / "looking.yaml"
    file.write_text(LOOKING)

    async def story(player: Player) -> None:
        await command(player, f"replay {file}")
        await player.until(lambda: player.session.script is not None)
        await player.press("n")  # the step before it only looks at what is shown
        assert "step 2 of 6  type  ✓" in script(player)
        assert said(player).startswith("× ")
        assert "may not change" in said(player)
        await player.press("n")
        assert "step 4 of 6  wrong  × flow pay: expected dropped" in script(player)
        await player.press("n")
        assert "step 5 of 6  kill" in script(player)
        assert player.session.timeline.current == 1
        await player.press("n")
        assert "step 6 of 6  after  ✓" in script(player)
        assert said(player).startswith("✓ after only looks, and finds all as expected")
        await player.press("n")
        assert "this was the last step" in said(player)
        await player.press("N")
        assert "step 5 of 6  kill" in script(player)

    play(shop(), story)


def test_the_first_n_of_a_session_that_was_saved_takes_its_first_action(tmp_path: Path) -> None:
    file = tmp_path / "mine.kwake.yaml"

    async def save(player: Player) -> None:
        await command(player, "pin deploy/shop/web svc/shop/checkout 443")
        await command(player, "kill deploy/shop/checkout#0")
        await command(player, f"save {file}")

    async def story(player: Player) -> None:
        await command(player, f"replay {file}")
        await player.until(lambda: player.session.script is not None)
        before = player.session.world
        await player.press("n")
        assert "kill" in script(player)
        assert player.session.world is not before

    play(shop(), save, opened=Opened((str(sample_path("shop")),)))
    play(shop(), story)
