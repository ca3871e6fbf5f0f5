"""Names from a cluster are data: escape codes and markup in them are shown, never obeyed."""

from __future__ import annotations

from textual.widgets import Input

import kwake
from kwake.world import World
from tests.tui.player import Player, play

EVIL = "[red]boom\x1b[31m"


def hostile() -> World:
    """A pod whose name and image try to paint the screen."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": EVIL, "namespace": "shop", "uid": "1"},
        "spec": {"nodeName": "node-a", "containers": [{"name": "c", "image": EVIL}]},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
    return kwake.open([pod], seed=1)


def test_an_escape_code_and_markup_in_a_name_are_shown_in_the_tree() -> None:
    async def story(player: Player) -> None:
        await player.go_to(f"Pod/shop/{EVIL}")

        svg = player.svg()
        assert "[red]boom" in svg.replace("&#160;", " ")
        assert ">\\x1b<" in svg, "in a colour of its own"
        assert "[31m" in svg
        assert "\x1b" not in svg

    play(hostile(), story, title=EVIL)


def test_titles_questions_and_notices_show_them_too() -> None:
    async def story(player: Player) -> None:
        await player.go_to(f"Pod/shop/{EVIL}")
        await player.press("e")
        assert "\x1b" not in player.svg()
        await player.press("escape", "ctrl+d")
        assert "Pod/shop/[red]boom" in player.svg().replace("&#160;", " ")
        assert "\x1b" not in player.svg()
        await player.press("escape", "d")
        assert "[red]boom" in player.svg()
        assert "\x1b" not in player.svg()
        await player.press("escape", "t")
        assert "\x1b" not in player.svg()
        assert player.desk.app.screen.query_one(Input).placeholder.startswith("po/shop/[red]boom\\x1b")
        await player.press("escape", "ctrl+k")
        assert "\x1b" not in player.svg()

    play(hostile(), story, title=EVIL)
