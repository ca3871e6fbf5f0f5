"""At 80x24 you know what happens in panes that you do not see; at 200x60 the panes say more."""

from __future__ import annotations

from textual.content import Content

from kwake.dataplane.path import Flow
from kwake_tui.panes.editor import EditorPane
from tests.tui.player import Player, play, shop
from tests.tui.test_saving import command
from tests.tui.test_story_edit import POLICY, edit_policy, open_checkout

NARROW, WIDE = (80, 24), (200, 60)


def title_of(player: Player, pane: str) -> str:
    """What stands over a pane."""
    return Content.from_markup(str(player.desk.query_one(pane).border_title)).plain


def test_tabs_say_how_the_path_ends_and_what_is_edited() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("f1")
        assert "Path ✓ delivered" in player.rows("#tabs")[0]
        await edit_policy(player, "app: web", "app: webshop")
        assert "Policy  edited" in player.rows("#tabs")[0]
        await player.press("ctrl+s")
        assert "Path ∅ dropped" in player.rows("#tabs")[0]

    play(shop(), story, size=NARROW)


def test_the_editors_tab_follows_the_cursor() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.until(lambda: "Policy" in player.rows("#tabs")[0])

    play(shop(), story, size=NARROW)


def test_on_a_group_the_editor_says_that_it_has_no_yaml() -> None:
    async def story(player: Player) -> None:
        await player.go_to("group:nodes")
        await player.until(lambda: title_of(player, "#editor").strip() == "YAML  a group has none")
        assert not player.desk.query_one(EditorPane).area.show_line_numbers
        await player.go_to(POLICY)
        await player.until(lambda: "Policy" in title_of(player, "#editor"))
        assert player.desk.query_one(EditorPane).area.show_line_numbers

    play(shop(), story, size=(120, 36))


def test_what_is_watched_is_always_in_sight() -> None:
    async def story(player: Player) -> None:
        assert player.rows("#pinned")[0] == "new here? :learn opens five short lessons"
        await player.go_to("Deployment/shop/web")
        await player.press("t")
        await player.type("checkout:443")
        await player.press("enter")
        assert player.rows("#pinned")[0] == "nothing is watched: p pins the path, o opens it"
        await open_checkout(player)
        assert player.rows("#pinned")[0] == "checkout ● open 0:00.0"
        await player.press("p")
        assert player.rows("#pinned")[0].split("  ")[1:] == ["checkout ● open 0:00.0"]

    play(shop(), story, size=NARROW)


def test_the_timeline_is_one_row_with_the_keys_that_go_along_it() -> None:
    async def story(player: Player) -> None:
        assert player.rows("#timeline") == ["◉  load 0:00.0"]
        await open_checkout(player)
        assert player.rows("#timeline") == ["●━◉  open checkout 0:00.0    z undo"]
        await player.press("z")
        assert player.rows("#timeline") == ["◉┄○  load 0:00.0    Z redo"]

    play(shop(), story, size=NARROW)


def test_with_room_the_path_has_the_connections_record() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        connection = player.session.world.connections["checkout"]
        original, translated = connection.original, connection.translated
        assert original is not None and translated is not None
        rows = "\n".join(player.rows("#path"))
        assert f"{original}, answered by" in rows
        assert f"{translated.dst}:{translated.dst_port}" in rows
        assert "policies.yaml:9" in rows

    play(shop(), story, size=WIDE)


def test_with_room_the_connections_have_the_lanes_of_the_last_action() -> None:
    async def story(player: Player) -> None:
        assert not any("through the last action" in row for row in player.rows("#connections"))
        await open_checkout(player)
        assert any("you: open checkout" in row for row in player.rows("#connections"))

    play(shop(), story, size=WIDE)


def test_a_row_of_a_connection_is_not_cut_for_a_history_that_has_no_column() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("f4")
        rows = [strip.text for strip in player.app.screen._compositor.render_strips()]
        (row,) = [row for row in rows if "8443" in row and row.startswith("▌")]
        assert "web-jkvpq → checkout-cvwd7:8443" in row and "✓ delivered" in row and "━" not in row

    play(shop(), story, size=NARROW)


def test_a_connection_has_a_row_for_each_profile_and_the_title_counts_where_they_disagree() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("f4")
        assert title_of(player, "#connections") == "1 connection, none differs between calico and cilium"
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s", "tab")
        first, second = player.rows("#connections")[1:3]
        assert first.split()[-5:] == ["calico", "●", "open", "0:00.5", "∅", "dropped"][-5:]
        assert second.split() == ["svc/checkout", "≠", "cilium", "◐", "stalled", "∅", "dropped"]
        assert title_of(player, "#connections") == "1 connection, 1 differs between calico and cilium"

    play(shop(), story, size=NARROW)


def test_the_title_of_a_pane_has_its_subject_and_place_and_leaves_its_word_to_the_tab() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("tab")
        assert title_of(player, "#path") == "web → svc/checkout:443   1-14 of 21"
        await edit_policy(player, "app: web", "app: webshop")
        assert title_of(player, "#editor") == "shop/allow-web   edited, not applied · selects 3 pods"

    play(shop(), story, size=(80, 18))


def test_in_a_box_the_title_has_the_panes_word_and_the_place_stands_below() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        pane = player.desk.query_one("#path")
        assert (str(pane.border_title), str(pane.border_subtitle)) == ("Path  web → svc/checkout:443", "1-11 of 14")

    play(shop(), story, size=(120, 30))


def test_a_trace_goes_to_the_path_where_one_pane_is_shown_at_a_time() -> None:
    async def story(player: Player) -> None:
        size = player.app.size
        await player.go_to("Deployment/shop/web")
        await player.press("t")
        await player.type("checkout:443")
        await player.press("enter")
        await player.until(lambda: player.session.flow is not None)
        assert player.desk.pane == ("path" if tuple(size) == NARROW else "cluster")
        await command(player, "open c deploy/shop/search svc/shop/checkout 443")
        player.desk.go_to_pane("connections")
        await player.press("G", "enter")
        assert player.desk.pane == ("path" if tuple(size) == NARROW else "connections")
        await command(player, "namespace shop")
        await command(player, "trace deploy/shop/web svc/shop/cart 9000")
        assert player.desk.pane == ("path" if tuple(size) == NARROW else "cluster")

    for size in (NARROW, WIDE):
        play(shop(), story, size=size)


def test_the_keys_of_the_cluster_offer_to_flip_a_path_that_a_policy_keeps() -> None:
    async def story(player: Player) -> None:
        async def offered(target: str, port: int) -> str:
            player.desk.look_at(Flow("deploy/shop/search", target, port))
            player.desk.go_to_pane("cluster")
            await player.until(lambda: player.desk.pane == "cluster")
            return player.rows("#keys")[0]

        assert "o open   e edit" in player.rows("#keys")[0]
        assert "F flip   e edit" in await offered("svc/shop/checkout", 443)  # no policy admits it
        assert "o open   e edit" in await offered("svc/shop/nowhere", 443)  # no policy keeps it
        assert "o open   e edit" in await offered("svc/shop/cart", 9000)

    for size in (NARROW, WIDE):
        play(shop(), story, size=size)
