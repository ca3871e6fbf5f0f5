"""No key without an effect or a reason."""

from __future__ import annotations

import pytest

from kwake_tui.acts import ACTS
from kwake_tui.keymap import KEYS
from tests.tui.player import Player, play, shop

FROM_K9S = [
    *("colon", "slash", "question_mark", "enter", "escape", "d", "y", "e", "ctrl+d", "ctrl+k", "u"),
    *"0123456789",
    *("left_square_bracket", "right_square_bracket"),
]
OURS = ["z", "Z", "comma", "full_stop", "t", "o", "p", "ctrl+p", "space"]
LISTS = ["j", "h", "G"]

PLACES = {
    "at the beginning": ("Namespace/shop", ()),
    "on a pod": ("pod", ()),
    "on a Service with a path": ("Service/shop/cart", ("left_square_bracket",)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", [*FROM_K9S, *OURS, *LISTS])
def test_every_key_shows_something(key: str, place: str) -> None:
    async def story(player: Player) -> None:
        target, before = PLACES[place]
        if target == "pod":
            cluster = player.session.world.cluster
            target = str(cluster.pods_of(cluster.resolve("deploy/shop/cart"))[0].key)
        await player.go_to(target)
        await player.press(*before)
        player.desk.hush()
        seen = player.svg()

        await player.press(key)
        await player.until(lambda: player.svg() != seen)

    play(shop(), story)


def test_each_key_of_the_table_has_its_act_and_no_two_share_one() -> None:
    assert {key.act for key in KEYS} == set(ACTS)
    assert len({key.key for key in KEYS}) == len(KEYS)
