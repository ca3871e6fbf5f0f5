"""A Service's type is switched by a dialog that says before what it changes; then all is undone."""

from __future__ import annotations

import json

from textual.widgets import Button

from kwake.actions import OpenConnection
from kwake.world import World
from kwake_tui.lines import fit
from kwake_tui.screens.service_type import ServiceTypeScreen
from kwake_tui.screens.type_trials import service_of
from kwake_tui.widgets.line_list import LineList
from tests.tui.player import Player, plain, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout

CATALOG = "Service/shop/catalog"


async def open_dialog(player: Player) -> None:
    await player.go_to(CATALOG)
    await player.press("s")
    await player.until(lambda: isinstance(player.app.screen, ServiceTypeScreen))


def hint(player: Player) -> str:
    return str(player.app.screen.query_one("#service-type").border_subtitle)


def test_the_dialog_says_what_is_kept_allocated_and_released() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)

        rows = player.rows("#types")
        assert rows[1].split()[:4] == ["○", "ClusterIP", "=", "10.103.236.213"]
        assert "− 30080" in rows[1]
        assert "as it is now" in rows[2]
        assert player.row("#details", "released") == "− released    nodePort 30080"

    play(shop(), story)


def test_a_refused_type_quotes_the_api_server() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("down", "down", "down", "down")

        assert "× refused" in player.row("#types", "Headless")
        assert "spec.clusterIPs" in " ".join(player.rows("#details"))
        await player.press("enter", "enter")
        assert player.session.world == shop(), "there is no button to press"
        assert isinstance(player.app.screen, ServiceTypeScreen)

    play(shop(), story)


def test_only_keys_that_act_on_the_type_are_hinted() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        assert "enter to its button   y as a patch" in hint(player)
        await player.press("down")
        assert hint(player) == "↑ ↓ type   esc back", "this is its type"
        await player.press("down", "down")
        assert "enter its name" in hint(player).replace("to ", "")
        assert "patch" not in hint(player)
        await player.press("enter")
        assert "button" not in hint(player), "there is no name yet"
        await player.type("api.example.com")
        assert "enter to its button" in hint(player)
        await player.press("down")
        assert "button" not in hint(player) and "patch" not in hint(player), "Headless is refused"

    play(shop(), story)


def test_a_type_that_needs_a_name_says_before_what_it_gives_up() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("down", "down", "down")

        row = player.row("#types", "ExternalName")
        assert "− 10.103.236.213" in row and "− 30080" in row and "▲ needs a name" in row
        assert "− released    clusterIP 10.103.236.213" in player.rows("#details")
        assert "− released    nodePort 30080" in player.rows("#details")

    play(shop(), story)


def test_y_shows_the_switch_as_a_patch_and_does_nothing() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("y")
        told = " ".join(player.rows("#page"))
        assert "kubectl patch -n shop service/catalog --type merge -p" in told
        patch = json.loads(told[told.index("{") : told.rindex("}") + 1])
        assert patch["spec"]["type"] == "ClusterIP"
        await player.press("escape", "down", "y")
        assert isinstance(player.app.screen, ServiceTypeScreen)
        assert "is its type already" in str(player.app.screen.query_one("#service-type").border_subtitle)
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_enter_on_a_type_goes_to_its_button_and_does_nothing_yet() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("enter")

        assert player.app.focused is player.app.screen.query_one("#yes")
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_the_verdict_of_each_type_is_in_sight_at_80_columns() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        types = player.app.screen.query_one("#types", LineList)
        for line in types.lines[1:]:
            shown = "".join(span.text for span in fit(line, types.size.width - 2))
            assert any(word in shown for word in ("refused", "allowed", "as it is now", "needs a name"))

    play(shop(), story, size=(80, 24))


def test_cancel_comes_first() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("right", "enter")

        assert not isinstance(player.app.screen, ServiceTypeScreen)
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_the_switch_is_done_and_told() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("enter", "enter")

        assert service_of(player.session.world, CATALOG).spec.type == "ClusterIP"
        assert player.row("#events", "nodePort 30080").endswith("SV-10")

    play(shop(), story)


def test_all_three_stories_are_undone_back_to_the_start() -> None:
    world = shop()
    (pod,) = world.cluster.pods_of(world.cluster.resolve("deploy/shop/search"))

    async def story(player: Player) -> None:
        await player.go_to(str(pod.key))
        await player.press("ctrl+k")
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s", "escape")
        await open_dialog(player)
        await player.press("enter", "enter")
        assert len(player.session.timeline.path) == 5

        await player.press("z", "z", "z", "z")

        assert player.session.world == world
        assert player.rows("#timeline")[0].count("○") == 4
        await player.press("Z", "Z", "Z", "Z")
        assert len(player.session.timeline.path) == 5

    play(world, story)


def test_an_external_name_is_asked_for_in_the_dialog_and_tried_as_it_is_typed() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("down", "down", "down")
        assert "▲ needs a name" in player.row("#types", "ExternalName")
        await player.press("enter")
        await player.type("api.Ex")
        await player.until(lambda: "× refused" in player.row("#types", "ExternalName"))
        assert "RFC 1123" in " ".join(player.rows("#details"))

        await player.press("backspace", "backspace")
        await player.type("hjk.org")
        await player.until(lambda: "✓ allowed" in player.row("#types", "ExternalName"))
        await player.press("enter", "enter")
        await player.until(lambda: len(player.session.timeline.path) == 2)
        service = service_of(player.session.world, CATALOG)
        assert (service.spec.type, service.spec.external_name) == ("ExternalName", "api.hjk.org")

    play(shop(), story)


def with_many_callers() -> World:
    world = shop()
    for number in range(9):
        world = world.do(OpenConnection(f"c{number}", "deploy/shop/web", CATALOG, 80)).settle()
    return world


def test_details_that_are_longer_than_the_box_scroll_and_say_so() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        details = player.app.screen.query_one("#details", LineList)
        rows, room = len(details.lines), details.size.height
        assert rows > room
        await player.until(lambda: f"pagedown 1-{room} of {rows}" in hint(player))
        await player.press("pagedown", "pagedown", "pagedown")
        assert details.scroll_offset.y == rows - room
        await player.press("pageup")
        assert f"of {rows}" in hint(player) and hint(player).endswith("esc back")
        at = details.scroll_offset.y
        await player.press("enter")
        assert details.scroll_offset.y == at, "one reads on beside the button"
        await player.press("down")
        assert details.scroll_offset.y == 0

    play(with_many_callers(), story, size=(80, 24))


def test_the_hint_says_what_enter_does_where_the_focus_is() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        await player.press("enter")
        assert hint(player) == "enter switches to ClusterIP   esc back"
        await player.press("left")
        assert hint(player) == "enter cancels   esc back"
        await player.press("down")
        assert hint(player).startswith("↑ ↓ type")
        await player.press("enter")
        assert hint(player) == "NodePort is its type already"

    play(shop(), story)


def test_enter_never_switches_to_what_one_has_only_just_gone_to() -> None:
    async def story(player: Player) -> None:
        for key in ("down", "up", "j", "k", "home", "G"):
            await open_dialog(player)
            await player.press("down", "down")
            await player.press("enter", key)
            assert player.app.focused is player.app.screen.query_one("#types"), key
            await player.press("enter", "escape")
            assert len(player.session.timeline.path) == 1
        await open_dialog(player)
        await player.press("down", "down", "enter", "home")
        assert plain(player.app.screen.query_one("#types", LineList).lines[1]).startswith("○ ClusterIP")
        assert player.app.screen.query_one("#types", LineList).target == "ClusterIP"

    play(shop(), story)


def test_no_button_offers_what_is_refused() -> None:
    async def story(player: Player) -> None:
        await open_dialog(player)
        screen = player.app.screen
        assert screen.query_one("#yes", Button).display
        await player.press("end")
        assert [button.id for button in screen.query(Button) if button.display] == ["no"]
        await player.press("enter")
        assert hint(player) == "Headless cannot be had so: see why below"

    play(shop(), story)
