"""A connection is open, a policy is edited under it: the open one and a new one side by side."""

from __future__ import annotations

import re

import pytest

from kwake.dataplane.connection import Fate
from kwake.dataplane.path import Outcome
from kwake.waking import wake
from kwake_tui.commands import run
from kwake_tui.panes.editor import EditorPane
from kwake_tui.panes.path import PathPane
from kwake_tui.screens.reader import HelpScreen, ReaderScreen
from tests.tui.player import Player, play, shop

POLICY = "NetworkPolicy/shop/allow-web"
NOT_WEB = "matchExpressions: [{key: app, operator: NotIn, values: [web]}]"


async def open_checkout(player: Player) -> None:
    """Trace from web to checkout by keys, and keep a connection open."""
    await player.go_to("Deployment/shop/web")
    await player.press("t")
    await player.type("checkout:443")
    await player.press("enter", "o")


async def edit_policy(player: Player, old: str, new: str) -> None:
    """Change a word of the policy in the editor and apply it."""
    await player.go_to(POLICY)
    await player.press("e")
    area = player.desk.query_one(EditorPane).area
    row = next(n for n, line in enumerate(area.text.splitlines()) if line.endswith(old))
    area.move_cursor((row, len(area.text.splitlines()[row])))
    await player.hold("backspace", len(old))
    await player.type(new)


def test_the_path_shows_verdict_first_and_evidence_under_it() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)

        rows = player.rows("#path")
        assert rows[0].startswith("✓ delivered")
        assert sum("allow-web rule 1 admits app=web" in row for row in rows) == 1

    play(shop(), story)


def test_an_edited_policy_cuts_new_dials_and_keeps_the_open_connection() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")

        world = player.session.world
        assert world.connections["checkout"].fate is Fate.OPEN
        assert world.again("checkout").outcome is Outcome.DROPPED
        row = player.row("#connections", "svc/checkout")
        assert row.index("● open") < row.index("∅ dropped")
        assert player.rows("#path")[0].startswith("∅ dropped")

    play(shop(), story)


def test_the_second_profile_answers_beside_the_first() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")

        assert player.rows("#connections")[0].split() == ["calico", "cilium"]
        assert "≠ ◐ stalled" in player.row("#connections", "svc/checkout")

    play(shop(), story)


def test_the_editor_previews_before_anything_is_applied() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        before = player.session.world
        await edit_policy(player, "app: web", "app: webshop")
        await player.until(lambda: any("∅ dropped" in row for row in player.rows("#preview")))

        rows = player.rows("#preview")
        assert rows[1] == "− lost web → checkout:8443"
        assert rows[2] == "checkout already open dialled now"
        assert rows[3].split() == ["calico", "=", "same", "∅", "dropped"]
        assert rows[4].split() == ["cilium", "◐", "stalled", "∅", "dropped"]
        assert player.session.world is before

    play(shop(), story)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
def test_the_preview_says_what_is_probably_a_mistake_in_the_edited_text(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "port: https", "port: 443")
        await player.until(lambda: any(row.startswith("▲") for row in player.rows("#preview")))

        rows = player.rows("#preview")
        first = next(number for number, row in enumerate(rows) if row.startswith("▲"))
        assert any("∅ dropped" in row for row in rows[:first]), "what would change comes first"
        said = " ".join(rows[first : first + 4])
        assert said.startswith("▲ ingress rule 1 admits TCP 443, which is port 443 of Service")
        assert "policies see the pod's own port: 8443" in said

    play(shop(), story, size=size)


def test_the_preview_says_so_of_a_service_too_and_nothing_of_what_is_right() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/cart")
        await player.press("e")
        area = player.desk.query_one(EditorPane).area
        area.replace("targetPort: grcp", *_place(area.text, "targetPort: grpc"))
        await player.until(lambda: any("pods it selects has a TCP port named grcp" in row for row in _preview(player)))
        area.replace("targetPort: 9000", *_place(area.text, "targetPort: grcp"))
        await player.until(lambda: bool(_preview(player)) and not any("▲" in row for row in _preview(player)))

    play(shop(), story)


def _preview(player: Player) -> list[str]:
    """The preview as one sentence; nothing before there is one."""
    rows = player.rows("#preview")
    return [" ".join(rows)] if rows else []


def _place(text: str, part: str) -> tuple[tuple[int, int], tuple[int, int]]:
    row = next(number for number, line in enumerate(text.splitlines()) if line.endswith(part))
    line = text.splitlines()[row]
    return (row, line.index(part)), (row, len(line))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
def test_the_preview_names_who_gains_before_what_stays_as_it_is(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        for name in ("pay", "pay2", "pay3"):
            run(player.desk, f"open {name} deploy/shop/web svc/shop/checkout 443")
        run(player.desk, "open basket deploy/shop/web svc/shop/cart 9000")
        await player.go_to(POLICY)
        await player.press("e")
        area = player.desk.query_one(EditorPane).area
        area.load_text(re.sub(r"matchLabels:\s+app: web", NOT_WEB, area.text))
        await player.until(lambda: any("gained" in row for row in player.rows("#preview")))

        rows = player.rows("#preview")
        first, told = rows[0], rows[1:]
        assert first.endswith("ctrl+o all") is (size != (200, 60)), "where something is left out, how to see it"
        assert any(row.startswith("− lost web → checkout:8443") for row in told)
        assert any(row.startswith("+ gained ") for row in told)
        assert ("= same  basket" in told) is (size != (200, 60))
        await player.press("ctrl+o")
        await player.until(lambda: isinstance(player.app.screen, ReaderScreen))
        whole = player.rows("#page")
        assert sum(row.startswith("+ gained") for row in whole) == 5
        assert not any("more" in row for row in whole)
        await player.press("escape")
        assert player.desk.query_one(EditorPane).is_typing

    play(shop(), story, size=size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_key_line_names_the_key_that_helps_while_one_types(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e")
        assert player.rows("#keys")[0].endswith("ctrl+g help")
        await player.press("ctrl+g")
        await player.until(lambda: isinstance(player.app.screen, HelpScreen))
        await player.press("ctrl+g")
        assert player.app.screen is player.desk
        assert player.desk.query_one(EditorPane).is_typing
        assert not player.desk.query_one(EditorPane).is_edited

    play(shop(), story, size=size)


def test_a_refused_text_says_what_it_selects_though_its_preview_had_no_time() -> None:
    async def story(player: Player) -> None:
        editor = player.desk.query_one(EditorPane)
        await edit_policy(player, "Ingress", "'")
        await player.until(lambda: "selects" not in str(editor.border_subtitle))
        await player.type("Sideways'")
        await player.press("ctrl+s")

        assert "selects 3 pods" in str(editor.border_subtitle)

    play(shop(), story)


def test_a_refusal_shows_the_api_servers_words() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await edit_policy(player, "Ingress", "Sideways")
        await player.press("ctrl+s")

        (notice,) = player.rows("#keys")
        assert notice.startswith("× NetworkPolicy/shop/allow-web: spec.policyTypes")
        assert "Sideways" in notice
        assert player.rows("#preview")[0].startswith("── the API server says")
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_yaml_that_cannot_be_read_names_its_line() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "Ingress", "[")
        await player.press("ctrl+s")

        assert player.rows("#keys")[0].startswith("× line ")

    play(shop(), story)


def test_enter_on_a_policys_row_of_the_path_opens_the_rule() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("tab", "j", "enter")

        editor = player.desk.query_one(EditorPane)
        assert editor.reference.startswith("NetworkPolicy/shop/")
        await player.press("escape", "tab", *["j"] * 5, "enter")
        assert editor.reference == POLICY
        row = editor.area.cursor_location[0]
        assert editor.area.text.splitlines()[row - 1].strip() == "ingress:"

    play(shop(), story)


def test_a_drop_names_the_file_and_line_of_what_decided() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("trace deploy/shop/search svc/shop/checkout 443")
        await player.press("enter")

        assert any(re.fullmatch(r"[│ ]*\S+\.ya?ml:\d+", row) for row in player.rows("#path"))

    play(shop(), story)


def test_a_near_miss_names_the_file_and_line_of_its_rule_until_that_is_edited() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("trace deploy/shop/search svc/shop/checkout 443")
        await player.press("enter")
        assert re.search(r"admits +app=web +policies\.yaml:9$", player.row("#path", "near miss"))

        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        await player.until(lambda: "app=webshop" in player.row("#path", "near miss"))
        assert player.row("#path", "near miss").endswith("app=webshop"), "it stands in no file any more"

    play(shop(), story, size=(200, 60))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
def test_the_preview_names_the_pairs_that_the_wake_will_tell(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: search")
        named = ["− lost web → checkout:8443", "+ gained search → checkout:8443"]
        await player.until(lambda: player.rows("#preview")[1:3] == named)
        before = player.session.world
        await player.press("ctrl+s")

        after = wake(before, player.session.world)
        assert [(pair.src, pair.dst) for pair in (*after.lost, *after.gained)] == [
            ("shop/web[Deployment]", "shop/checkout[Deployment]"),
            ("shop/search[Deployment]", "shop/checkout[Deployment]"),
        ]

    play(shop(), story, size=size)


def test_connections_that_fare_alike_share_a_block_with_both_names() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("o")
        await edit_policy(player, "app: web", "app: webshop")
        await player.until(lambda: any("∅ dropped" in row for row in player.rows("#preview")))

        rows = player.rows("#preview")
        assert rows[2:4] == ["checkout, checkout-2", "already open dialled now"]
        assert len(rows) == 6, "one block"

    play(shop(), story)


def test_a_preview_is_laid_out_anew_for_another_size() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.until(lambda: any("∅ dropped" in row for row in player.rows("#preview")))
        await player.pilot.resize_terminal(200, 60)
        await player.until(lambda: any(row.split() == ["now", "calico", "cilium"] for row in player.rows("#preview")))

    play(shop(), story)


def test_a_wide_preview_has_columns_for_now_and_for_each_profile() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.until(lambda: any("∅ dropped" in row for row in player.rows("#preview")))

        rows = [row.split() for row in player.rows("#preview")]
        assert rows[2] == ["now", "calico", "cilium"]
        assert rows[3] == ["checkout", "already", "open", "●", "open", "●", "open", "◐", "stalled"]
        assert rows[4] == ["checkout", "dialled", "now", "✓", "delivered", "∅", "dropped", "∅", "dropped"]
        await player.press("ctrl+s")
        world, second = player.session.world, player.session.second
        assert second is not None
        assert world.connections["checkout"].fate is Fate.OPEN
        assert second.connections["checkout"].fate is Fate.STALLED

    play(shop(), story, size=(200, 60))


def test_a_wide_preview_lists_the_pods_that_the_text_selects_and_those_that_it_leaves_out() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: checkout", "app: web")
        await player.until(lambda: any("left out" in row for row in player.rows("#preview")))

        rows = player.rows("#preview")
        at = next(n for n, row in enumerate(rows) if row.startswith("── selects 2 pods"))
        told = [row.split() for row in rows[at + 1 :]]
        assert [row[2:5] for row in told[:2]] == [["app=web", "selected", "anew"]] * 2
        assert [row[2:5] for row in told[2:5]] == [["app=checkout", "left", "out"]] * 3

    play(shop(), story, size=(200, 60))


def test_a_verdict_that_turned_comes_into_sight_from_the_last_hop() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        path = player.desk.query_one(PathPane)
        await player.press("tab", "G", "j", "j", "j", "j")
        assert path.scroll_offset.y > 0
        assert "delivered" in str(path.border_subtitle)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        await player.pilot.pause()

        assert path.target == "verdict"
        assert path.scroll_offset.y == 0
        assert "dropped" not in str(path.border_subtitle)

    play(shop(), story, size=(120, 30))


def test_enter_opens_each_of_the_policies_that_dropped_a_dial_where_it_isolates() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/web")
        await player.press("t")
        await player.type("payments/api:443")
        await player.press("enter", "tab")
        path, editor = player.desk.query_one(PathPane), player.desk.query_one(EditorPane)
        stops = [line.target for line in path.lines if line.target.startswith("NetworkPolicy")]
        opened = {}
        for target in stops:
            path.move_to([line.target for line in path.lines].index(target))
            path.action_choose()
            await player.pilot.pause()
            line = editor.area.cursor_location[0]
            opened[editor.reference] = editor.area.text.splitlines()[line].strip()
            await player.press("f2")

        assert opened == {
            "NetworkPolicy/payments/api-from-checkout": "ingress:",
            "NetworkPolicy/payments/default-deny": "spec:",
        }

    play(shop(), story)


def test_a_dial_that_got_nowhere_before_does_not_get_there_again() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("trace deploy/shop/search svc/shop/checkout 443")
        await player.press("enter", "colon")
        await player.type("delete netpol/shop/allow-web")
        await player.press("enter")
        assert "since 0:00.5" in player.rows("#path")[0]
        assert "again" not in player.rows("#path")[0]

    play(shop(), story)


def test_what_was_dropped_before_the_action_too_is_not_told_as_dropped_since_then_alone() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        await edit_policy(player, "app: webshop", "app: web")
        await player.press("ctrl+s")
        assert player.rows("#path")[:2] == [
            "✓ delivered   since 0:01.0  assumed",
            "∅ dropped before, and 0.5 s after the action",
        ]
        shown = [strip.text for strip in player.desk._compositor.render_strips()]
        assert any("∅ dropped before, and 0.5 s after the action" in row for row in shown), "and is not cut"

    play(shop(), story)
