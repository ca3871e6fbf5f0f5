"""Keys that come in one burst: each goes where it would go if it came alone."""

from __future__ import annotations

from textual.events import Key

from kwake_tui.panes.editor import EditorPane
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.prompt import Prompt
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import POLICY

_NAMES = {" ": "space", ":": "colon", "/": "slash", "-": "minus"}


async def burst(player: Player, *keys: str) -> None:
    """Send keys and texts without waiting in between; texts in brackets are named keys."""
    for key in keys:
        for part in [key[1:-1]] if key.startswith("<") else list(key):
            player.app.post_message(Key(_NAMES.get(part, part), part if len(part) == 1 else None))
    await player.pilot.pause()


def test_a_command_may_follow_its_colon_at_once() -> None:
    async def story(player: Player) -> None:
        await burst(player, ":edit api")

        assert player.desk.query_one(Prompt).value == "edit api"
        assert not player.desk.query_one(EditorPane).is_edited

    play(shop(), story)


def test_a_command_and_the_keys_after_it() -> None:
    async def story(player: Player) -> None:
        await burst(player, ":scale deploy/shop/cart 3", "<enter>", ":edit svc/shop/cart", "<enter>", "#")

        assert len(player.session.timeline.path) == 2
        editor = player.desk.query_one(EditorPane)
        assert (editor.reference, editor.area.text[0]) == ("Service/shop/cart", "#")

    play(shop(), story)


def test_backspaces_and_letters_stay_in_order() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await burst(player, "e", "checkout", *["<backspace>"] * 8, "cart", "<enter>", "x")

        assert player.desk.query_one(EditorPane).area.text.startswith("cart\nxapiVersion")

    play(shop(), story)


def test_escape_ends_the_typing_at_once() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        before = player.desk.query_one("#cluster", LineList).target
        await burst(player, "e", "<escape>", "k")

        assert not player.desk.query_one(EditorPane).is_edited
        assert player.desk.query_one("#cluster", LineList).target != before

    play(shop(), story)


def test_a_target_may_be_typed_right_after_t() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/web")
        await burst(player, "tcheckout:443", "<enter>", "o")

        assert player.rows("#path")[0].startswith("✓ delivered")
        assert list(player.session.world.connections) == ["checkout"]

    play(shop(), story)
