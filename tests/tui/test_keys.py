"""No key without an effect or a reason."""

from __future__ import annotations

import copy
from functools import partial

import pytest
from textual.strip import Strip

from kwake.actions import Apply, OpenConnection
from kwake.dataplane.path import Flow
from kwake_tui.acts import ACTS
from kwake_tui.keymap import KEYS
from kwake_tui.panes.editor import EditorPane
from kwake_tui.panes.events import EventsPane
from kwake_tui.screens.dialog import Dialog
from kwake_tui.screens.panes import PANES
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.screens.view import ViewScreen
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.prompt import Prompt
from tests.tui.player import Player, play, shop
from tests.tui.test_pictures import stands
from tests.tui.test_saving import command
from tests.tui.test_story_edit import POLICY

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


async def edited(player: Player) -> None:
    """A path is shown, a connection open, and a policy was edited under it."""
    record = player.session.world.cluster.get(POLICY)
    policy = copy.deepcopy(dict(record.manifest))
    policy["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]["app"] = "webshop"
    player.desk.attempt(OpenConnection("checkout", "deploy/shop/web", "svc/shop/checkout", 443))
    player.desk.attempt(Apply(policy))
    player.desk.show(player.session.looking_at(Flow("deploy/shop/web", "svc/shop/checkout", 443)))
    await player.go_to(POLICY)
    await at_rest(player)


async def at_rest(player: Player) -> None:
    """Wait until nothing moves any more, as far as one sees it."""
    await stands(player, Player.looks)


async def go_to_place(player: Player, place: str) -> None:
    """Back to the main screen and the row of the place."""
    while player.app.screen is not player.desk or player.desk.query_one(Prompt).has_focus:
        await player.press("escape")
    target, before = PLACES[place]
    target = a_pod(player) if target == "pod" else target
    if all(line.target != target for line in player.desk.query_one("#cluster", LineList).lines):
        await player.press("0")  # a number has left the rows of another namespace
    await player.go_to(target)
    await player.press(*before)
    player.desk.hush()


def _looks_other(player: Player, seen: list[Strip]) -> bool:
    return player.looks() != seen


def a_pod(player: Player) -> str:
    """A pod of cart."""
    cluster = player.session.world.cluster
    return str(cluster.pods_of(cluster.resolve("deploy/shop/cart"))[0].key)


@pytest.mark.parametrize("place", PLACES)
def test_every_key_shows_something(place: str) -> None:
    async def story(player: Player) -> None:
        silent = []
        for key in (*FROM_K9S, *OURS, *LISTS):
            await go_to_place(player, place)
            seen = player.looks()
            await player.press(key)
            try:
                await player.until(partial(_looks_other, player, seen))
            except TimeoutError:
                silent.append(key)
        assert silent == []

    play(shop(), story)


AT_AN_END = {
    "g": ("up", "k", "g", "home", "pageup", "h", "left", "space", "ctrl+s", "ctrl+r", "ctrl+f"),
    "G": ("down", "j", "G", "end", "pagedown", "l", "right"),
}
"""Keys that can do nothing where `g` or `G` has led."""


def _seen(player: Player) -> tuple[object, ...]:
    """What a key may change, short of a picture."""
    desk = player.desk
    area = desk.query_one(EditorPane).area
    panes = [(pane.target, len(pane.lines), pane.scroll_offset, pane.marked) for pane in desk.query(LineList)]
    return player.app.screen, desk.pane, area.cursor_location, area.scroll_offset, panes, player.rows("#keys")


@pytest.mark.parametrize("pane", PANES)
def test_at_the_ends_of_a_pane_keys_say_why_nothing_moves(pane: str) -> None:
    async def story(player: Player) -> None:
        await edited(player)
        player.desk.go_to_pane(pane)
        silent = []
        for end, keys in AT_AN_END.items():
            for key in keys:
                if player.app.screen is not player.desk:
                    await player.press("escape")
                await player.hold(end, 2)
                player.desk.hush()
                before = _seen(player)
                await player.hold(key, 1)
                if _seen(player) == before:
                    silent.append(key)
        assert silent == []

    play(shop(), story)


OPENED = {
    "describe": ("pod", "d"),
    "help": ("pod", "question_mark"),
    "used by": ("pod", "u"),
    "moments": ("pod", "T"),
    "type": ("Service/shop/cart", "s"),
    "flip": ("pod", "F"),
    "wake": ("pod", "w"),
    "flows": ("pod", "f"),
    "reach": ("pod", "m"),
}
"""Dialogs and views, by the row on which they are opened and the key."""


async def open_on(player: Player, target: str, key: str) -> None:
    """Press a key on a row; `pod` is one of cart."""
    await player.go_to(a_pod(player) if target == "pod" else target)
    await player.press(key)


@pytest.mark.parametrize("opened", OPENED)
def test_at_the_ends_of_what_is_opened_keys_say_why_nothing_moves(opened: str) -> None:
    target, key = OPENED[opened]

    async def story(player: Player) -> None:
        await edited(player)
        await open_on(player, target, key)
        screen = player.app.screen
        assert isinstance(screen, Dialog | ViewScreen)
        await at_rest(player)

        silent = []
        for end, keys in {"g": ("up", "k", "g", "pageup"), "G": ("down", "j", "G", "pagedown")}.items():
            for key_there in keys:
                await player.hold(end, 3)
                screen.hush()
                await at_rest(player)
                before = player.looks()
                await player.press(key_there)
                await at_rest(player)
                if player.looks() == before:
                    silent.append(key_there)
        assert silent == []
        assert player.app.screen is screen

    play(shop(), story)


@pytest.mark.parametrize(("opened", "words"), [("describe", "esc goes back"), ("wake", "esc goes there")])
def test_a_key_of_the_main_screen_says_where_it_acts(opened: str, words: str) -> None:
    async def story(player: Player) -> None:
        await edited(player)
        entries = len(player.session.timeline.path)
        await player.press(OPENED[opened][1], "ctrl+k")
        await at_rest(player)
        assert f"ctrl+k kill is a key of the main screen: {words}" in " ".join(shown(player))
        assert len(player.session.timeline.path) == entries

    play(shop(), story)


@pytest.mark.parametrize("opened", ["panes", *OPENED])
def test_a_key_without_any_meaning_says_so(opened: str) -> None:
    async def story(player: Player) -> None:
        await edited(player)
        player.desk.go_to_pane("cluster")
        if opened != "panes":
            target, key = OPENED[opened]
            if target != "pod":
                await player.go_to(target)
            await player.press(key)
        await at_rest(player)
        screen = player.app.screen
        for pressed, sign in (("i", "i"), ("f7", "f7"), ("exclamation_mark", "!")):
            await player.press(pressed)
            await at_rest(player)
            assert f"{sign}: no such key here   ? help" in " ".join(shown(player))
        assert player.app.screen is screen

    play(shop(), story)


@pytest.mark.parametrize("opened", ["describe", "used by", "moments", "type", "flip", "trace", "delete", "leave"])
def test_the_key_of_the_help_says_what_keys_do_in_a_dialog_and_closes_nothing(opened: str) -> None:
    target, key = {**OPENED, "trace": ("pod", "t"), "delete": ("pod", "ctrl+d"), "leave": ("pod", "q")}[opened]

    async def story(player: Player) -> None:
        await edited(player)
        await open_on(player, target, key)
        await at_rest(player)
        screen = player.app.screen
        await player.press("question_mark")
        await at_rest(player)
        told = player.rows("#page")
        assert "keys here" in " ".join(shown(player))
        assert any(row.split()[-1] and "enter" in row.split() for row in told)
        assert any("esc" in row.split() for row in told)
        await player.press("question_mark")
        assert player.app.screen is screen

    play(shop(), story)


async def said_after(player: Player, key: str) -> str:
    await player.press(key)
    await at_rest(player)
    return shown(player)[-1].strip()


def test_a_key_of_reach_that_has_nowhere_to_go_says_so() -> None:
    async def story(player: Player) -> None:
        await edited(player)
        await player.press("m")
        await at_rest(player)
        assert await said_after(player, "d") == "▲ difference is shown already"
        for key in ("n", "N"):
            assert await said_after(player, key) == "▲ this is the only cell that differs"

    play(shop(), story)


def test_a_key_of_the_wake_that_has_nowhere_to_go_says_so() -> None:
    async def story(player: Player) -> None:
        await command(player, "scale deploy/shop/cart 5")
        await player.press("w")
        await at_rest(player)
        await player.press("n")
        for key in ("n", "N"):
            assert await said_after(player, key) == "▲ this is the only group"
        await player.press("slash")
        await player.type("zzz")
        await player.press("enter")
        assert (await said_after(player, "n")).startswith("▲ the filter keeps no row of the next group")

    play(shop(), story)


def shown(player: Player) -> list[str]:
    """The rows of the screen as they are seen."""
    return [strip.text for strip in player.looks()]


@pytest.mark.parametrize(
    ("pane", "key", "words"),
    [
        ("cluster", "h", "this row stands under no other, and is folded"),
        ("cluster", "k", "this is the first row"),
        ("path", "l", "nothing unfolds in this pane"),
        ("path", "space", "rows of this pane are not marked"),
        ("editor", "k", "this is the first line"),
        ("editor", "ctrl+r", "nothing was edited"),
        ("events", "ctrl+f", "in the editor"),
        ("connections", "f4", "this is that pane"),
    ],
)
def test_it_says_why(pane: str, key: str, words: str) -> None:
    async def story(player: Player) -> None:
        await edited(player)
        player.desk.go_to_pane(pane)
        await player.press("g", key)
        assert words in player.rows("#keys")[0]
        await player.press("z")
        assert words not in player.rows("#keys")[0], "it has been read"

    play(shop(), story)


def test_a_resize_brings_the_keys_back_but_takes_no_refusal_away() -> None:
    async def story(player: Player) -> None:
        await player.press("f1")
        assert "this is that pane" in player.rows("#keys")[0]
        await player.pilot.resize_terminal(130, 40)
        await player.until(lambda: "trace" in player.rows("#keys")[0])
        await player.press("n")
        refused = player.rows("#keys")[0]
        assert refused.startswith("▲")
        await player.pilot.resize_terminal(120, 36)
        assert player.rows("#keys")[0] == refused

    play(shop(), story)


def test_enter_on_an_event_goes_to_what_it_happened_to() -> None:
    async def story(player: Player) -> None:
        await edited(player)
        player.desk.go_to_pane("events")
        await player.press("g", "enter")
        assert (player.desk.pane, player.desk.chosen) == ("connections", "connection:checkout")
        player.desk.go_to_pane("events")
        await player.press("g", "j", "enter")
        assert (player.desk.pane, player.desk.chosen) == ("cluster", POLICY)
        player.desk.go_to_pane("events")
        await player.press("g", "j", "j", "enter")
        assert "has no row in the cluster" in player.rows("#keys")[0]

    play(shop(), story)


def test_each_key_of_the_table_has_its_act_and_no_two_share_one() -> None:
    assert {key.act for key in KEYS} == set(ACTS)
    assert len({key.key for key in KEYS}) == len(KEYS)


@pytest.mark.parametrize("pane", ["path", "events"])
def test_no_key_takes_away_what_the_cursor_of_another_pane_stands_on(pane: str) -> None:
    async def story(player: Player) -> None:
        await edited(player)
        player.desk.go_to_pane("cluster")
        (pod,) = player.session.world.cluster.pods_of(player.session.world.cluster.resolve("deploy/shop/search"))
        await player.go_to(str(pod.key))
        player.desk.go_to_pane(pane)
        done = len(player.session.timeline.path)
        for key in ("ctrl+k", "r", "ctrl+d"):
            await player.press(key)
            assert player.app.screen is player.desk
            assert "has no cursor for this" in player.rows("#keys")[0]
        assert len(player.session.timeline.path) == done
        player.desk.go_to_pane("cluster")
        await player.press("ctrl+k")
        assert len(player.session.timeline.path) == done + 1

    play(shop(), story)


def test_in_path_and_events_keys_that_look_are_about_what_the_row_tells_of() -> None:
    async def story(player: Player) -> None:
        await player.type(":trace deploy/ops/statsd svc/shop/checkout:443")
        await player.press("enter")
        await player.go_to("Deployment/shop/web")
        player.desk.go_to_pane("path")
        for key, title in (("d", "Describe  NetworkPolicy/shop/allow-web"), ("y", "YAML  np/allow-web")):
            await player.press(key)
            await player.until(lambda: isinstance(player.app.screen, ReaderScreen))
            assert str(player.app.screen.query_one("#page").border_title).startswith(title)
            await player.press("escape")
            await player.until(lambda: player.app.screen is player.desk)
        await player.press("c")
        assert player.app.clipboard == "NetworkPolicy/shop/allow-web"

        await player.type(":trace internet 192.0.2.9:443")
        await player.press("enter")
        assert "this row names no object" in await said_after(player, "d")

        await player.type(":scale deploy/shop/cart 3")
        await player.press("enter")
        player.desk.go_to_pane("events")
        events = player.desk.query_one(EventsPane)
        born = next(n for n, line in enumerate(events.lines) if "kubelet" in "".join(s.text for s in line.left))
        events.move_to(born)
        await player.press("d")
        await player.until(lambda: isinstance(player.app.screen, ReaderScreen))
        assert "Describe  Pod/shop/cart-" in str(player.app.screen.query_one("#page").border_title)

    play(shop(), story)
