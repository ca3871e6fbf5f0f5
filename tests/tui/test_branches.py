"""Branches of the timeline: each keeps its moments, whatever is done on another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.actions import Action, Delete, DrainNode, OpenConnection, Relabel, Scale, SetServiceType
from kwake.samples import sample_path
from kwake.scenario.load import load
from kwake_tui.opened import Opened
from kwake_tui.panes.moments import moment_lines
from kwake_tui.replaying import session_of
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.session import action_title
from tests.tui.player import Player, plain, play, shop
from tests.tui.test_recording import again

UNDONE = f"""\
kwake: 1
name: a kill is taken back
snapshot: [{sample_path("small")}/cluster.yaml]
flows:
  pay: {{from: deploy/demo/web, to: svc/demo/checkout, port: 443, hold: HELD}}
steps:
  - {{id: kill, do: {{kill: "deploy/demo/checkout#0"}}}}
  - {{id: back, do: {{undo: 1}}}}
  - {{id: wait, after: 60s}}
  - {{id: scale, do: {{scale: deploy/demo/web, replicas: 1}}}}
"""


async def go_to_row(player: Player, part: str) -> None:
    """By `T` to the moment in whose row this stands."""
    await player.press("T")
    await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))
    rows = player.rows("#choice")
    (there,) = [number for number, row in enumerate(rows) if part in row]
    await player.press("g", *["j"] * there, "enter")
    await player.until(lambda: not isinstance(player.app.screen, ChoiceScreen))


async def times_back(player: Player) -> list[int]:
    """The clock at each moment of the last action, from its end to its beginning."""
    here, times = player.session.timeline.current, list[int]()
    while player.session.timeline.current == here:
        times.append(player.session.world.now_ms)
        await player.press("comma")
    return times


@pytest.mark.parametrize("held", ["true", "false"])
def test_the_moments_of_a_step_that_was_undone_are_there_though_time_went_by(held: str, tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(UNDONE.replace("HELD", held))

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type(f"replay {file}")
        await player.press("enter")
        await player.until(lambda: player.session.script is not None)
        await player.press("n", "n", "n", "n")
        assert player.session.world.now_ms > 60_000
        await player.press("z")
        assert player.session.world.now_ms == 60_000
        assert player.session.second is not None
        assert player.session.second.now_ms == 60_000
        rebuilt = again(player.session).session
        assert [entry.world for entry in rebuilt.timeline.entries] == [
            entry.world for entry in player.session.timeline.entries
        ]

        await go_to_row(player, "kill checkout")
        times = await times_back(player)
        assert times[-1] == 0
        assert times[0] < 60_000
        assert player.session.world.now_ms == 0

    play(shop(), story)


def test_a_kill_that_was_undone_by_hand_keeps_its_moments() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("kill deploy/shop/checkout#0")
        await player.press("enter")
        killed = player.session
        await player.press("z")
        before = player.session.world
        await player.press("full_stop", "full_stop", "comma", "comma", "comma")
        assert player.session.world is before
        await player.press("colon")
        await player.type("scale deploy/shop/cart 3")
        await player.press("enter")

        await go_to_row(player, "kill checkout")
        assert player.session.world is killed.world
        assert await times_back(player) == [world.now_ms for world in reversed(killed.moments)]
        assert player.session.world is before

    play(shop(), story)


def test_a_beginning_at_a_later_time_is_listed_with_that_time(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(UNDONE.replace("HELD", "false"))
    (scenario,) = load(file)

    rows = [plain(row) for row in moment_lines(session_of(scenario).timeline)]

    assert [row.split()[1:] for row in rows] == [
        ["◉", "load", "here", "0:00.0"],
        ["○", "kill", "checkout#0", "0:00.0"],
        ["└", "○", "load", "1:00.0"],
        ["└", "○", "scale", "web", "to", "1", "1:00.0"],
    ]


def test_the_moments_of_a_kill_that_was_saved_are_there_to_step_through(tmp_path: Path) -> None:
    file = tmp_path / "mine.kwake.yaml"
    lived = list[int]()

    async def save(player: Player) -> None:
        await player.press("colon")
        await player.type("kill deploy/shop/checkout#0")
        await player.press("enter", "comma", "comma", "full_stop")
        await player.press("colon")
        await player.type(f"save {file}")
        await player.press("enter")
        await player.until(file.exists)
        lived.extend(world.now_ms for world in player.session.moments)

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type(f"replay {file}")
        await player.press("enter")
        await player.until(lambda: player.session.script is not None)
        forth = list[int]()
        for _ in lived:
            await player.press("full_stop")
            forth.append(player.session.world.now_ms)
        assert forth == lived
        await player.press("N", "n")
        assert await times_back(player) == lived[::-1]

    play(shop(), save, opened=Opened((str(sample_path("shop")),)))
    play(shop(), story)
    assert len(lived) > 2


@pytest.mark.parametrize(
    ("action", "title"),
    [
        (Scale("deploy/shop/cart", 3), "scale cart to 3"),
        (Relabel("shop/web-1", {"app.kubernetes.io/name": "web"}), "label web-1 app.kubernetes.io/name=web"),
        (SetServiceType("shop/web", "NodePort"), "set type of svc/web to NodePort"),
        (DrainNode("node-a"), "drain node-a"),
        (Delete("shop/web-76455f6d86-jkvpq"), "delete web-jkvpq"),
        (OpenConnection("c", "internet", "svc/shop/web", 80), "open c"),
    ],
)
def test_a_title_names_objects_in_few_cells(action: Action, title: str) -> None:
    assert action_title(action) == title
