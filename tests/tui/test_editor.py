"""The editor: what was typed is never lost unasked."""

from __future__ import annotations

import pytest
from textual.events import Paste
from textual.widgets.text_area import Selection

from kwake.objects.kinds import Pod
from kwake_tui.appearance import Look
from kwake_tui.keys import Keymap
from kwake_tui.panes.editor import EditorPane
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.text_page import TextPage
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import POLICY, edit_policy


def editor(player: Player) -> EditorPane:
    return player.desk.query_one(EditorPane)


def test_it_follows_the_cursor_of_the_cluster() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/cart")
        await player.until(lambda: editor(player).reference == "Service/shop/cart")

        assert "kind: Service" in editor(player).area.text

    play(shop(), story)


def test_what_the_server_owns_is_not_shown_and_is_kept() -> None:
    async def story(player: Player) -> None:
        before = player.session.world.cluster.get("svc/shop/web").manifest
        await player.go_to("Service/shop/web")
        await player.press("e")
        text = editor(player).area.text
        assert "status:" not in text and "uid:" not in text
        await player.press("ctrl+end")
        await player.type("# a comment")
        await player.press("ctrl+s")

        after = player.session.world.cluster.get("svc/shop/web").manifest
        assert (after["status"], after["metadata"]["uid"]) == (before["status"], before["metadata"]["uid"])

    play(shop(), story)


def test_an_edit_that_is_not_applied_is_kept_and_marked() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.until(lambda: any("edited" in row for row in player.rows("#cluster")))
        await player.press("escape")
        await player.go_to("Service/shop/cart")
        await player.press("e")

        assert player.rows("#keys")[0].startswith("▲ np/allow-web is edited and not applied")
        assert editor(player).reference == POLICY
        assert "webshop" in editor(player).area.text

    play(shop(), story)


def test_revert_gives_the_text_up() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+r")

        assert not editor(player).is_edited
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_a_new_name_creates_a_new_object() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "name: allow-web", "name: allow-more")
        await player.press("ctrl+s")

        assert editor(player).reference == "NetworkPolicy/shop/allow-more"
        assert "np  3" in " ".join(player.rows("#cluster"))

    play(shop(), story)


def test_applying_what_is_unchanged_does_nothing_and_says_so() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e", "ctrl+s")

        assert player.rows("#keys") == ["▲ nothing was edited: there is nothing to apply"]
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_it_keeps_showing_what_was_applied_wherever_the_cursor_stands() -> None:
    async def story(player: Player) -> None:
        world = player.session.world
        pod = str(world.cluster.pods_of(world.cluster.resolve("deploy/shop/cart"))[0].key)
        await player.go_to(pod)
        await player.press("colon")
        await player.type("edit deploy/shop/cart")
        await player.press("enter")
        area = editor(player).area
        row = max(n for n, line in enumerate(area.text.splitlines()) if line.endswith("app: cart"))
        line = area.text.splitlines()[row]
        area.move_cursor((row, len(line)))
        await player.press("enter")
        await player.type("grade: gold")
        await player.press("ctrl+s")
        await player.pilot.pause(0.2)

        assert not player.session.world.cluster.find(world.cluster.resolve(pod)), "the cursor's pod was replaced"
        assert editor(player).reference == "Deployment/shop/cart"
        assert "grade: gold" in editor(player).area.text
        assert player.desk.pane == "editor"

    play(shop(), story)


def test_escape_offers_to_discard_and_a_second_one_does() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("escape")
        assert player.rows("#keys") == ["▲ np/allow-web is edited, not applied: ctrl+s applies, esc again discards"]
        assert editor(player).is_edited

        await player.press("j", "k", "escape")
        assert editor(player).is_edited, "another key came between: it is offered again"
        await player.press("escape")
        assert not editor(player).is_edited

    play(shop(), story)


def test_it_is_applied_from_any_pane() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("escape", "ctrl+s")

        assert len(player.session.timeline.path) == 2

    play(shop(), story)


def test_quitting_with_unapplied_text_asks_and_cancel_comes_first() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("escape", "q", "enter")
        assert player.app.return_value is None

        await player.press("q", "right", "enter")
        assert player.app.return_value == 0

    play(shop(), story)


def test_who_comes_by_tab_reads_and_letters_are_keys() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.until(lambda: editor(player).reference == POLICY)
        text = editor(player).area.text
        await player.press("tab", "tab", *"abi", "enter", "backspace", "delete", "ctrl+k")

        assert player.desk.pane == "editor"
        assert editor(player).area.text == text
        assert not editor(player).is_typing
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


@pytest.mark.parametrize("key", ["a", "enter", "backspace", "ctrl+u", "ctrl+v"])
def test_a_key_that_would_type_says_how_one_types(key: str) -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.until(lambda: editor(player).reference == POLICY)
        await player.press("tab", "tab", key)

        assert player.rows("#keys") == ["▲ reading: e edits it"]

    play(shop(), story)


def test_it_says_in_which_mode_it_is() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.until(lambda: editor(player).reference == POLICY)
        await player.press("tab", "tab")
        assert str(editor(player).border_subtitle) == "reading · selects 3 pods"
        assert player.rows("#keys")[0].startswith("e edit")

        await player.press("e")
        assert str(editor(player).border_subtitle) == "typing · selects 3 pods"
        assert player.rows("#keys")[0].startswith("typing    ctrl+s apply")

        await player.press("escape")
        assert player.desk.pane == "cluster"
        await player.press("tab", "tab", "x")
        assert not editor(player).is_edited

    play(shop(), story)


def test_one_reads_it_with_the_keys_of_a_list() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.until(lambda: editor(player).reference == POLICY)
        area = editor(player).area
        await player.press("tab", "tab", "j", "j", "k")
        assert area.cursor_location == (1, 0)
        await player.press("G")
        assert area.cursor_location == area.document.end
        await player.press("g")
        assert area.cursor_location == (0, 0)

    play(shop(), story)


def test_after_it_was_applied_letters_are_keys_again() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        assert "app: webshop" in editor(player).area.text
        await player.press("z")

        assert len(player.session.timeline.path) == 1
        assert "app: webshop" not in editor(player).area.text

    play(shop(), story)


def test_a_refused_text_can_be_typed_in_on() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "Ingress", "Sideways")
        await player.press("ctrl+s")
        await player.hold("backspace", len("Sideways"))
        await player.type("Egress")
        await player.press("ctrl+s")

        assert len(player.session.timeline.path) == 2

    play(shop(), story)


def test_it_counts_the_pods_that_the_text_selects() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: checkout", "app: web")
        await player.until(lambda: str(editor(player).border_subtitle) == "not applied · selects 2 pods")
        await player.hold("backspace", len("web"))
        await player.type("nobody")
        await player.until(lambda: str(editor(player).border_subtitle) == "not applied · selects 0 pods")

    play(shop(), story)


def test_a_rule_that_is_opened_from_its_path_is_read() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("trace deploy/shop/search svc/shop/checkout 443")
        await player.press("enter", "tab", "j", "enter")

        assert player.desk.pane == "editor"
        assert not editor(player).is_typing

    play(shop(), story)


def test_arrows_and_page_keys_move_while_one_types_and_while_one_reads() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.until(lambda: editor(player).reference == POLICY)
        area = editor(player).area
        text = area.text
        await player.press("tab", "tab")
        for begin, ends in ((), area.document.end), (("e",), (1, len(text.splitlines()[1]))):
            await player.press(*begin, "down", "down", "up", "end")
            assert area.cursor_location == ends
            await player.press("home", "right", "left", "pagedown")
            assert area.cursor_location[0] > 5
            await player.press("pageup", "pageup", "pageup", "up")
            assert area.cursor_location == (0, 0)
            assert area.text == text
        await player.press("j", "k", "g")
        assert area.text == "jkg" + text

    play(shop(), story)


def test_home_and_end_are_of_the_line_in_which_one_types() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e", "down", "down", "end")
        await player.type("x")
        assert editor(player).area.text.splitlines()[2] == "metadata:x"

    play(shop(), story)


def test_a_line_that_goes_on_out_of_sight_says_so() -> None:
    async def story(player: Player) -> None:
        (pod,) = [p for p in player.session.world.cluster.all(Pod) if p.metadata.name.startswith("search-")]
        await player.go_to(str(pod.key))
        await player.until(lambda: editor(player).reference == str(pod.key))
        area = editor(player).area
        rows = [area.render_line(y).text for y in range(area.size.height)]
        name, kind = (
            next(row for row in rows if " name: search-" in row),
            next(row for row in rows if "kind: Pod" in row),
        )
        assert name.endswith("…") and len(name) == area.size.width and "…" not in kind
        await player.press("tab", "tab", "l", "l", "right", "right", "right", "right")
        assert player.rows("#keys") == ["the lines go on no further"]
        assert area.render_line(rows.index(name)).text.rstrip().endswith(pod.metadata.name[-5:])
        await player.press("h")
        assert player.rows("#keys") != ["the lines go on no further"], "read, and it moves again"
        await player.press(*"hhhhh")
        assert [area.render_line(y).text for y in range(area.size.height)] == rows
        assert player.rows("#keys") == ["the lines begin here"]

    play(shop(), story)


def test_the_cursor_goes_along_to_what_is_edited_by_name() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("edit svc/payments/api")
        await player.press("enter")
        assert player.desk.pane == "editor"
        assert player.desk.query_one("#cluster", LineList).target == "Service/payments/api"

    play(shop(), story)


@pytest.mark.parametrize("previewed", [False, True])
def test_the_rows_after_it_was_applied_do_not_hang_on_a_preview_in_between(previewed: bool) -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        if previewed:
            await player.until(lambda: player.desk.query_one("#preview", LineBar).display)
        await player.press("ctrl+s")
        await player.until(lambda: not player.desk.query_one("#preview", LineBar).display)
        await player.pilot.pause()
        area = editor(player).area
        assert area.scroll_offset.y == min(area.max_scroll_y, area.cursor_location[0] - area.size.height // 2) > 0

    play(shop(), story)


def test_a_notice_goes_with_the_next_key_that_is_typed() -> None:
    async def story(player: Player) -> None:
        for key in ("x", "delete", "right", "backspace", "enter"):
            await edit_policy(player, "app: web", "app: webs")
            await player.press("ctrl+f")
            assert "no flow to flip yet" in player.rows("#keys")[0]
            await player.press(key)
            await player.until(lambda: player.rows("#keys")[0].startswith("typing    ctrl+s apply"))
            await player.press("ctrl+r", "escape")

    play(shop(), story)


def test_it_says_that_it_was_applied_until_the_next_key() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+f", "ctrl+s")
        await player.until(lambda: player.rows("#keys") == ["✓ applied: np/allow-web"])
        await player.pilot.pause()
        assert player.rows("#keys") == ["✓ applied: np/allow-web"]
        await player.press("j")
        assert "applied" not in player.rows("#keys")[0]

    play(shop(), story)


def test_a_refusal_stays_though_the_last_letter_and_the_key_came_in_one_burst() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "Ingress", "Sideway")
        for key in ("s", "ctrl+s"):
            player.app.simulate_key(key)
        await player.until(lambda: player.rows("#keys")[0].startswith("× "))
        await player.pilot.pause()
        assert player.rows("#keys")[0].startswith("× ")

    play(shop(), story)


def test_enter_keeps_the_indentation_of_the_row_and_goes_further_in_after_a_colon() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e")
        area = editor(player).area
        area.load_text("spec:\n  app: web\n  - from:\n      x")
        for row, below in ((0, "  "), (2, "  "), (4, "    "), (6, "      ")):
            area.move_cursor((row, len(area.document.get_line(row))))
            await player.press("enter")
            assert area.document.get_line(row + 1) == below
        area.move_cursor((7, 2))
        await player.press("enter")
        assert area.text.endswith("\n  \n      "), "within the blanks no more than stand before it"

    play(shop(), story)


def test_what_is_pasted_is_not_indented_again() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e")
        area = editor(player).area
        area.load_text("  a: 1")
        area.move_cursor((0, 6))
        player.app.post_message(Paste("\nb:\n  c: 2"))
        await player.until(lambda: area.text == "  a: 1\nb:\n  c: 2")

    play(shop(), story)


def test_giving_up_an_edit_leaves_one_where_one_was_and_bad_yaml_is_no_answer_of_the_api_server() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: [web")
        row = editor(player).area.cursor_location[0]
        assert row > 0
        await player.press("ctrl+s")
        assert player.rows("#preview")[0].startswith("── it cannot be read")
        await player.press("ctrl+r")
        assert editor(player).area.cursor_location[0] == row
        assert not editor(player).is_edited

    play(shop(), story)


async def typing_at(player: Player, text: str) -> TextPage:
    """Type in the YAML of a policy, before the first place with this text."""
    await player.go_to(POLICY)
    await player.press("e")
    area = editor(player).area
    row = next(n for n, line in enumerate(area.text.splitlines()) if text in line)
    area.move_cursor((row, area.text.splitlines()[row].index(text)))
    return area


def test_tab_indents_to_the_next_stop_and_shift_tab_goes_back() -> None:
    async def story(player: Player) -> None:
        area = await typing_at(player, "spec:")
        await player.press("tab")
        assert "\n  spec:" in area.text
        await player.press("x", "tab")
        assert "\n  x spec:" in area.text, "to the next stop, not by as many blanks"
        await player.press("shift+tab")
        assert "\nx spec:" in area.text
        assert player.desk.pane == "editor" and editor(player).is_typing
        await player.press("shift+tab")
        assert player.rows("#keys") == ["this begins at the left edge already"]

        await player.press("escape")
        assert player.desk.pane == "cluster"
        await player.press("tab")
        assert player.desk.pane == "path", "where nothing is typed it goes from pane to pane"

    play(shop(), story)


def test_tab_indents_all_rows_that_are_selected_and_undo_takes_that_back() -> None:
    async def story(player: Player) -> None:
        area = await typing_at(player, "podSelector:")
        row, before = area.cursor_location[0], area.text
        selected = before.splitlines()[row : row + 3]
        area.selection = Selection((row, 3), (row + 3, 0))
        await player.press("tab")
        assert area.text.splitlines()[row : row + 4] == [
            *(f"  {line}" for line in selected), before.splitlines()[row + 3],
        ]  # fmt: skip
        await player.press("shift+tab")
        assert area.text == before
        assert area.selection == Selection((row, 3), (row + 3, 0))
        await player.press("tab", "ctrl+z")
        assert area.text == before

    play(shop(), story)


def test_a_key_for_the_next_pane_that_is_not_tab_acts_while_one_types() -> None:
    async def story(player: Player) -> None:
        await typing_at(player, "spec:")
        await player.press("ctrl+n")
        assert player.desk.pane == "connections"

    play(shop(), story, look=Look(keymap=Keymap({"next-pane": ("ctrl+n",)})))


def test_the_editor_is_zoomed_by_a_key_that_is_no_text() -> None:
    async def story(player: Player) -> None:
        await typing_at(player, "spec:")
        narrow = editor(player).size.width
        assert "ctrl+t zoom" in player.rows("#keys")[0]
        await player.press("ctrl+t")
        await player.until(lambda: editor(player).size.width > 2 * narrow)
        assert editor(player).is_typing
        await player.press("ctrl+t")
        await player.until(lambda: editor(player).size.width == narrow)

    play(shop(), story, size=(120, 36))


def test_that_nothing_changes_is_said_in_full_in_a_narrow_editor() -> None:
    async def story(player: Player) -> None:
        await typing_at(player, "spec:")
        await player.press("enter", "up")
        await player.until(lambda: len(player.rows("#preview")) > 1)
        said = " ".join(" ".join(player.rows("#preview")[1:]).split())
        assert said == "= nothing that is shown here changes"
        assert all(len(row) <= editor(player).size.width for row in player.rows("#preview"))

    play(shop(), story, size=(120, 36))
