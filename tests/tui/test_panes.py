"""Panes in terminals of every size, and going from one to the next."""

from __future__ import annotations

from itertools import pairwise

import pytest
from textual.types import AnimationLevel
from textual.widgets import Input

import kwake
from kwake.actions import OpenConnection
from kwake.objects.unread_kind import UnreadKind, marker
from kwake.policy.connections import NONE, ConnectionSet
from kwake.policy.difference import PairChange
from kwake.waking import Wake
from kwake_tui.keys import Keymap
from kwake_tui.lines import Line, Span, fit
from kwake_tui.panes import path
from kwake_tui.panes.editor import EditorPane
from kwake_tui.preview_reach import count_rows, pair_rows
from kwake_tui.screens.help import help_lines
from kwake_tui.screens.target import TargetScreen
from kwake_tui.text.cluster import cluster_lines
from kwake_tui.widgets.line_list import LineList
from tests.tui.player import Player, plain, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout


def test_tab_goes_through_the_panes_and_back() -> None:
    async def story(player: Player) -> None:
        seen = []
        for _ in range(5):
            seen.append(player.desk.pane)
            await player.press("tab")
        assert seen == ["cluster", "path", "editor", "connections", "events"]
        await player.press("shift+tab")
        assert player.desk.pane == "events"

    play(shop(), story)


@pytest.mark.parametrize("size", [(200, 60), (120, 36), (80, 24), (60, 15)])
def test_no_size_of_a_terminal_breaks_it(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        for key in ("tab", "tab", "tab", "tab", "question_mark", "escape", "colon", "escape", "z"):
            await player.press(key)
        assert player.session.world == shop()

    play(shop(), story, size=size)


def test_at_80x24_one_pane_is_shown_at_a_time() -> None:
    async def story(player: Player) -> None:
        for _ in range(5):
            shown = [pane.id for pane in player.desk.query(".pane") if pane.region.area]
            assert shown == [player.desk.pane]
            await player.press("tab")

    play(shop(), story, size=(80, 24))


@pytest.mark.parametrize("title", ["shop", "lesson", "a-longer-name", "onlineboutique-live-netpol.json"])
def test_the_counts_stay_in_the_status_line_while_something_less_can_go(title: str) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("z")
        await open_checkout(player)
        assert "23 pods · 12 services · 7 policies" in player.rows("#status")[0]

    play(shop(), story, title=title)


@pytest.mark.parametrize(("read_in", "said"), [((), "? policies"), (("shop",), "7+ policies")])
def test_what_was_not_read_is_not_counted_as_none(read_in: tuple[str, ...], said: str) -> None:
    world = shop()
    missing = UnreadKind("NetworkPolicy", "networking.k8s.io", read_in, "forbidden", "who may talk", is_policy=True)
    kept = [r.manifest for r in world.cluster if read_in or r.manifest["kind"] != "NetworkPolicy"]
    partly = kwake.open([*kept, marker((missing,), "shop")])

    async def story(player: Player) -> None:
        assert said in player.rows("#status")[0]

    play(partly, story)
    assert said in cluster_lines(partly, "prod")[0]


def test_the_heads_of_columns_stay_while_rows_scroll() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        for number in range(8):
            player.desk.attempt(OpenConnection(f"c{number}", "deploy/shop/web", "svc/shop/checkout", 443))
        await player.press("tab", "tab", "tab", "G")
        pane = player.desk.query_one("#connections", LineList)
        shown = ["".join(part.text for part in pane.render_line(y)) for y in range(pane.size.height)]
        assert "calico" in shown[0] and "already open" in shown[1]
        assert "c7" in shown[-1] and str(pane.border_subtitle) == "6-9 of 9"
        await player.press("g")
        shown = ["".join(part.text for part in pane.render_line(y)) for y in range(pane.size.height)]
        assert shown[2].startswith("▌checkout") and str(pane.border_subtitle) == "1-4 of 9"

    play(shop(), story)


def test_enter_folds_and_h_goes_to_the_row_above() -> None:
    async def story(player: Player) -> None:
        rows = len(player.rows("#cluster"))
        await player.go_to("Deployment/shop/cart")
        await player.press("enter")
        assert len(player.rows("#cluster")) == rows - 2
        await player.press("l", "j", "h")
        assert player.desk.chosen == "Deployment/shop/cart"
        await player.press("G", "g")
        assert player.desk.chosen == "Namespace/ops"

    play(shop(), story)


def test_enter_on_a_connection_shows_its_path() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.go_to("Deployment/shop/cart")
        await player.press("t")
        await player.type("catalog:80")
        await player.press("enter")
        assert "svc/catalog" in str(player.desk.query_one("#path").border_title)

        await player.press("tab", "tab", "tab", "enter")
        assert "svc/checkout" in str(player.desk.query_one("#path").border_title)

    play(shop(), story)


def test_a_trace_asks_for_its_target_by_the_example_of_one_that_is_there() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/cart")
        await player.press("t")
        await player.until(lambda: isinstance(player.app.screen, TargetScreen))
        assert player.app.screen.query_one(Input).placeholder.startswith("svc/shop/cart:9000, an address")

        await player.type("two words")
        await player.press("enter")
        await player.until(lambda: "'two words' is no target: write svc/shop/cart:9000, or" in player.rows("#keys")[0])

    play(shop(), story)


@pytest.mark.parametrize(("motion", "seconds", "stands"), [("full", 3600.0, True), ("none", 3600.0, False)])
def test_a_verdict_that_changed_stands_reversed_where_motion_is_wanted(
    motion: AnimationLevel, seconds: float, stands: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path, "FLASH_S", seconds)

    async def story(player: Player) -> None:
        player.app.animation_level = motion
        await open_checkout(player)
        pane = player.desk.query_one(path.PathPane)
        assert not pane.lines[0].left[0].chip, "a first answer is no change"
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")

        assert pane.lines[0].left[0].text == "∅ dropped"
        assert pane.lines[0].left[0].chip is stands

    play(shop(), story)


def test_a_verdict_that_changed_stands_as_before_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "FLASH_S", 0.01)

    async def story(player: Player) -> None:
        player.app.animation_level = "full"
        await open_checkout(player)
        pane = player.desk.query_one(path.PathPane)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        await player.until(lambda: not pane.lines[0].left[0].chip)

        assert pane.lines[0].left[0].text == "∅ dropped"

    play(shop(), story)


def test_the_first_screen_begins_with_the_first_row_where_the_cursor_is_in_sight() -> None:
    async def story(player: Player) -> None:
        pane = player.desk.query_one("#cluster", LineList)
        assert pane.target == "Namespace/shop"
        assert pane.scroll_offset.y == 0
        await player.press("G", "g", "j")
        await player.hold("j", 25)
        scrolled = pane.scroll_offset.y
        assert scrolled > 0
        await player.pilot.resize_terminal(121, 36)
        assert pane.scroll_offset.y == scrolled  # it has been moved in: a resize leaves it where it is

    play(shop(), story)


def test_a_heading_of_the_tree_has_its_name_and_no_yaml() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/web")
        await player.until(lambda: "kind: Service" in player.desk.query_one(EditorPane).area.text)
        await player.go_to("group:shop/np")
        await player.until(lambda: player.desk.query_one(EditorPane).area.text == "")
        assert str(player.desk.query_one("#cluster").border_title) == "Cluster  shop › np"
        assert str(player.desk.query_one("#editor").border_title) == "YAML  a group has none"
        await player.go_to("Service/shop/web")
        await player.until(lambda: "kind: Service" in player.desk.query_one(EditorPane).area.text)

    play(shop(), story)


def test_the_help_says_what_signs_mean_and_how_sure_answers_are() -> None:
    rows = [plain(line) for line in help_lines("cluster", Keymap(), 90)]

    assert sum(row.startswith("× ") for row in rows) == 3
    assert len({row.partition("  ")[2] for row in rows if row.startswith("× ")}) == 3
    assert [row.split()[0] for row in rows[-5:]] == ["sourced", "inferred", "assumed", "unknown", "NP-2"]


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (80, ["pairs of workloads  − 1 lost  + 1 gained  ~ 1 other ports"]),
        (49, ["pairs of workloads  − 1 lost  + 1 gained  ~ 1 other ports"]),
        (33, ["pairs  − 1 lost", "+ 1 gained", "~ 1 other ports"]),
    ],
)
def test_counts_of_a_preview_are_never_cut(width: int, said: list[str]) -> None:
    change = PairChange("a", "b", NONE, NONE, NONE, NONE)
    rows = count_rows(Wake((change,), (change,), (change,), (), ()), width)

    assert [plain(row) for row in rows] == said
    fitted = ["".join(span.text for span in fit(row, width)) for row in rows]
    assert all(len(row) == width for row in fitted)
    assert all(word in "".join(fitted) for word in ("1 lost", "1 gained", "1 other ports"))


def test_a_preview_of_too_many_pairs_names_some_of_each_kind_and_says_how_many_more() -> None:
    web = ConnectionSet(tcp=((80, 80),))
    dns = ConnectionSet(udp=((53, 53),))
    lost = tuple(PairChange(f"shop/{n}[Deployment]", "shop/web[Deployment]", web, NONE, web, NONE) for n in "abcd")
    gained = PairChange("ops/x[Deployment]", "0.0.0.0-255.255.255.255", NONE, dns, NONE, dns)
    changed = PairChange("shop/y[Deployment]", "ops/x[Deployment]", web, web | dns, web, web | dns)
    found = Wake(lost, (gained,), (changed,), (), ())

    assert [plain(row) for row in pair_rows(found, "shop", 60, 6)] == [
        "− lost a → web:80",
        "− lost b → web:80",
        "− lost c → web:80",
        "− lost d → web:80",
        "+ gained ops/x → outside UDP 53",
        "~ other ports y → ops/x TCP 80,UDP 53  was TCP 80",
    ]
    assert [plain(row) for row in pair_rows(found, "shop", 60, 5)] == [
        "pairs of workloads  − 4 lost  + 1 gained  ~ 1 other ports",
        "− lost a → web:80",
        "+ gained ops/x → outside UDP 53",
        "~ other ports y → ops/x TCP 80,UDP 53  was TCP 80",
        "and 3 more lost",
    ]
    few = Wake(lost[:1], (gained,) * 4, (), (), ())
    for most in (1, 3):
        assert [plain(row) for row in pair_rows(few, "shop", 60, most)] == [
            "− lost a → web:80",
            "+ gained ops/x → outside UDP 53",
            "and 3 more gained",
        ]
    both = Wake(lost, (gained,) * 4, (), (), ())
    assert plain(pair_rows(both, "shop", 33, 1)[-1]) == "and 3 more lost, 3 more gained"
    assert plain(pair_rows(both, "shop", 29, 1)[-1]) == "and 6 more pairs"


def long_list(player: Player) -> LineList:
    """A path of many rows of which only the first and the last but ten stand for something."""
    pane = player.desk.query_one("#path", LineList)
    stops = {0: "first", 60: "second"}
    pane.show(lambda width: tuple(Line((Span(f"row {n}"),), target=stops.get(n, "")) for n in range(71)))
    player.desk.go_to_pane("path")
    return pane


def test_rows_on_the_way_to_one_that_holds_the_cursor_come_into_sight_and_those_after_the_last() -> None:
    async def story(player: Player) -> None:
        pane = long_list(player)
        height, seen = pane.size.height, []
        while not any("this is the last row" in row for row in player.rows("#keys")):
            seen.append(int(pane.scroll_offset.y))
            await player.press("j")
            assert len(seen) < 80
        assert all(after - before <= 3 for before, after in pairwise(seen)), "no row is passed over"
        assert seen[-1] == 71 - height and pane.target == "second"
        await player.hold("k", 80)
        assert int(pane.scroll_offset.y) == 0 and pane.target == "first"

    play(shop(), story)


def test_a_page_moves_by_a_page_from_the_first_press_on() -> None:
    async def story(player: Player) -> None:
        pane = long_list(player)
        tops = []
        for key in ("pagedown", "pagedown", "pagedown", "pagedown", "pageup"):
            await player.press(key)
            tops.append(int(pane.scroll_offset.y))
        page, end = pane.size.height - 1, 71 - pane.size.height
        assert tops == [page, 2 * page, 3 * page, end, end - page]
        assert pane.target == "second", "it stays in sight, and the cursor with it"

    play(shop(), story)
