"""`q` loses nothing unasked, and nobody who has nothing to lose is asked."""

from __future__ import annotations

from pathlib import Path

from kwake.samples import sample_path
from kwake_tui.opened import Opened
from kwake_tui.screens.leave import LeaveScreen, Lost, lost_rows
from kwake_tui.widgets.line_bar import LineBar
from tests.tui.player import Player, plain, play, shop
from tests.tui.test_saving import command
from tests.tui.test_story_edit import edit_policy

SHOP = Opened((str(sample_path("shop")),))


def asks(player: Player) -> bool:
    return isinstance(player.app.screen, LeaveScreen)


def question(player: Player) -> list[str]:
    return [plain(line) for line in player.app.screen.query_one("#words", LineBar).lines]


def has_left(player: Player) -> bool:
    return player.app.return_value == 0


async def two_actions(player: Player) -> None:
    await command(player, "scale deploy/shop/cart 3")
    await command(player, "delete svc/shop/search")


def test_it_says_what_would_be_lost_and_escape_and_enter_stay() -> None:
    async def story(player: Player) -> None:
        await two_actions(player)
        for key in ("escape", "enter", "n"):
            await player.press("q")
            await player.until(lambda: asks(player))
            assert question(player)[0] == "2 actions are not saved"
            assert question(player)[1] == "scale cart to 3, delete svc/search"
            await player.press(key)
            await player.until(lambda: not asks(player))
        assert not has_left(player)
        assert len(player.session.timeline.path) == 3

    play(shop(), story)


def test_the_key_again_leaves_and_so_does_y() -> None:
    for second in ("q", "y"):

        async def story(player: Player, second: str = second) -> None:
            await two_actions(player)
            await player.press("q", second)
            assert has_left(player)

        play(shop(), story)


def test_who_did_nothing_is_not_asked() -> None:
    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/web svc/shop/checkout 443")
        await player.press("p", "q")
        assert has_left(player)

    play(shop(), story)


def test_q_with_a_bang_never_asks() -> None:
    for text in ("q!", "quit!"):

        async def story(player: Player, text: str = text) -> None:
            await edit_policy(player, "app: web", "app: webshop")
            await player.press("escape")
            await command(player, "scale deploy/shop/cart 3")
            await command(player, text)
            assert has_left(player)

        play(shop(), story)


def test_what_was_undone_is_not_lost_unasked_either() -> None:
    async def story(player: Player) -> None:
        await two_actions(player)
        await player.press("z", "z", "q")
        assert asks(player)
        assert question(player)[0] == "2 undone actions stand in no file"
        assert question(player)[1] == "scale cart to 3, delete svc/search"

    play(shop(), story)


def test_s_saves_and_then_nothing_is_asked_until_something_else_is_done(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"

    async def story(player: Player) -> None:
        await two_actions(player)
        await player.press("q", "s")
        await player.until(lambda: player.desk.is_prompting)
        await player.press("ctrl+u")
        await player.type(f"save {file}")
        await player.press("enter")
        assert file.exists()
        assert not player.session.unsaved
        await command(player, "scale deploy/shop/cart 4")
        await player.press("q")
        assert question(player)[:2] == ["1 action is not saved", "scale cart to 4"]
        await player.press("escape", "z", "Z", "z")
        assert player.session.unsaved == (3,)
        await command(player, "moment 2")
        await command(player, "scale deploy/shop/web 1")
        await player.press("z")
        assert player.session.unsaved == (4,)

    play(shop(), story, opened=SHOP)


def test_a_file_that_could_not_be_written_holds_nothing(tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await two_actions(player)
        await command(player, f"save {tmp_path}/none/mine.yaml")
        await player.press("q")
        assert asks(player)

    play(shop(), story, opened=SHOP)


def test_the_steps_of_a_scenario_stand_in_its_file_and_ones_own_do_not() -> None:
    async def story(player: Player) -> None:
        await command(player, "replay sample:shop/kill")
        await player.press("n", "n")
        assert not player.session.unsaved
        await command(player, "scale deploy/shop/cart 3")
        await player.press("q")
        assert question(player)[:2] == ["1 action is not saved", "scale cart to 3"]
        await player.press("escape", "n", "q")
        assert has_left(player)

    play(shop(), story)


def test_text_that_is_not_applied_is_told_with_them() -> None:
    async def story(player: Player) -> None:
        await command(player, "scale deploy/shop/cart 3")
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("escape", "q")
        assert question(player) == [
            "1 action is not saved",
            "scale cart to 3",
            "np/allow-web is edited, not applied",
        ]

    play(shop(), story)


def test_it_counts_what_is_undone_for_itself(tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await command(player, "scale deploy/shop/web 3")
        await command(player, f"save {tmp_path / 'mine.yaml'}")
        await two_actions(player)
        await player.press("z", "q")
        assert question(player)[0] == "1 action is not saved, 1 more is undone"
        await player.press("escape", "z", "q")
        assert question(player)[0] == "2 undone actions stand in no file"

    play(shop(), story, opened=SHOP)


def test_no_cut_goes_across_two_actions() -> None:
    titles = "label deploy/shop/cart app=web", "scale deploy/shop/checkout to 0", "kill web-x2v4k"
    for width, shown in (
        (80, ", ".join(titles)),
        (74, f"{titles[0]}, {titles[1]} and 1 more"),
        (58, f"{titles[0]} and 2 more"),
        (30, "label dep…t app=web and 2 more"),
    ):
        (_, row, *_) = lost_rows((Lost("3 actions are not saved", titles),), width)
        assert plain(row) == shown
