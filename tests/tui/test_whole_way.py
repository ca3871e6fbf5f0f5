"""The three stories in one session, back to the beginning, forward, saved, left, opened again and stepped along."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.dataplane.connection import Fate
from kwake.dataplane.path import Outcome
from kwake.samples import sample_path
from kwake_tui.cli import main
from kwake_tui.opened import Opened
from kwake_tui.session import path_in
from tests.tui.player import Player, play, shop
from tests.tui.test_saving import command
from tests.tui.test_story_edit import edit_policy

SHOP = Opened((str(sample_path("shop")),))
SIZES = [
    (80, 24),
    pytest.param((120, 36), marks=pytest.mark.slow),
    pytest.param((200, 60), marks=pytest.mark.slow),
]


def outcome(player: Player) -> Outcome:
    """How a dial of the flow that is shown ends now."""
    flow = player.session.shown_flow
    assert flow is not None
    return path_in(player.session.world, flow).outcome


async def three_stories(player: Player) -> None:
    """Open a connection, kill the pod behind it, edit its policy under the next one, switch a Service's type."""
    await command(player, "trace deploy/shop/web svc/shop/checkout 443")
    await command(player, "open pay")
    backend = player.session.world.connections["pay"].server
    assert backend is not None
    await player.go_to(backend.pod)
    await player.press("ctrl+k")
    assert player.session.world.connections["pay"].fate.is_over

    await command(player, "open again")
    await edit_policy(player, "app: web", "app: webshop")
    await player.press("ctrl+s", "escape")
    assert player.session.world.connections["again"].fate is Fate.OPEN
    assert outcome(player) is Outcome.DROPPED

    await player.go_to("Service/shop/cart")
    await player.press("s", "enter", "enter")
    cart = player.session.world.cluster.get("svc/shop/cart").manifest
    assert cart["spec"]["type"] == "NodePort"


@pytest.mark.parametrize("size", SIZES)
def test_the_whole_way_at_three_sizes(size: tuple[int, int], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"

    async def work(player: Player) -> None:
        beginning = player.session.world
        await three_stories(player)
        end = player.session.world
        assert len(player.session.timeline.path) == 6
        await player.press(*"zzzzz")
        assert player.session.world == beginning
        await player.press("z")
        assert "nothing to undo" in player.rows("#keys")[0]
        await player.press(*"ZZZZZ")
        assert player.session.world == end
        await command(player, f"save {file}")
        assert file.exists()
        await player.press("q")
        await player.until(lambda: not player.app.is_running)

    play(shop(), work, opened=SHOP, size=size)

    async def step(player: Player) -> None:
        await command(player, f"replay {file}")
        await player.until(lambda: player.session.script is not None)
        said = []
        for _ in range(6):
            await player.press("n")
            said.append(player.rows("#script")[0])
        assert all("met" in row and "×" not in row for row in said), said
        assert player.session.world.cluster.get("svc/shop/cart").manifest["spec"]["type"] == "NodePort"
        await player.press(*"NNNNNN")
        assert player.session.world == shop()

    play(shop(), step, size=size)
    assert main(["replay", str(file)]) == 0
