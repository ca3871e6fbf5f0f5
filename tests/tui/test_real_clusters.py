"""The console opens clusters that nobody here made."""

from __future__ import annotations

from pathlib import Path

import pytest

import kwake
from kwake.objects.kinds import Pod
from tests.test_real_clusters import DUMPS, FOLDERS
from tests.tui.player import Player, play


@pytest.mark.parametrize("name", [*(f"dumps/{dump}" for dump in DUMPS), *FOLDERS])
def test_the_console_opens_a_real_cluster_and_moves_in_it(name: str, truth: Path) -> None:
    world = kwake.open(str(truth / name))

    async def story(player: Player) -> None:
        rows = player.rows("#cluster")
        assert rows
        await player.press("G", "g", "j", "j", "d", "escape", "y", "escape")
        pods = [pod for pod in world.cluster.all(Pod) if pod.is_ready]
        if pods:
            assert any(pods[0].metadata.namespace in row for row in player.rows("#cluster"))
        assert not player.app.return_code

    play(world, story)
