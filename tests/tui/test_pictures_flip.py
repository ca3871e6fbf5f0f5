"""Pictures of what would turn a path, approved by eye."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.player import Player, play, shop
from tests.tui.test_flipping import flips_of_a_drop
from tests.tui.test_pictures import settled


@pytest.mark.parametrize(("name", "size"), [("flip", (120, 36)), ("flip-80x24", (80, 24))])
def test_it_looks_as_approved(name: str, size: tuple[int, int], picture: SnapshotAssertion) -> None:
    async def look(player: Player) -> None:
        await flips_of_a_drop(player)
        await settled(player)
        assert player.svg() == picture(name=name)

    play(shop(), look, size=size)
