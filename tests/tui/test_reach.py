"""The reach screen: who may talk to whom, before and after."""

from __future__ import annotations

import re

import pytest

from kwake.actions import SetServiceType
from kwake.policy.table import CellTurn
from kwake.waking import wake
from kwake_tui.panes.editor import EditorPane
from kwake_tui.panes.key_line import key_line
from kwake_tui.panes.reach_grid import short_names
from kwake_tui.screens.main import MainScreen
from kwake_tui.screens.reach import ReachScreen
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.screens.view import key_row
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.matrix import HEADS, Matrix
from tests.tui.player import Player, plain, play, shop
from tests.tui.test_story_edit import NOT_WEB, POLICY, edit_policy, open_checkout

OUTSIDE, PROMETHEUS = "0.0.0.0-255.255.255.255", "ops/prometheus[Deployment]"
API, AGENT = "payments/api[Deployment]", "ops/node-agent[DaemonSet]"
WEB, CHECKOUT, SEARCH = "shop/web[Deployment]", "shop/checkout[Deployment]", "shop/search[Deployment]"


async def open_reach(player: Player) -> ReachScreen:
    """Press the key and wait for the table."""
    player.desk.go_to_pane("cluster")
    await player.press("m")
    await player.until(lambda: isinstance(player.app.screen, ReachScreen) and bool(player.app.screen.at[0]))
    screen = player.app.screen
    assert isinstance(screen, ReachScreen)
    return screen


async def with_edit(player: Player) -> ReachScreen:
    """A policy that admits web no longer."""
    await open_checkout(player)
    await edit_policy(player, "app: web", "app: webshop")
    await player.press("ctrl+s")
    return await open_reach(player)


def row_of(screen: ReachScreen, name: str) -> str:
    """The row of a workload or namespace as it is painted."""
    matrix = screen.query_one(Matrix)
    rows = ["".join(s.text for s in matrix.render_line(y)) for y in range(HEADS, matrix.size.height)]
    (found,) = [row for row in rows if name in row.split()[:3]]
    return found


@pytest.mark.parametrize(("size", "words"), [((80, 24), "within"), ((120, 36), "within a workload")])
def test_what_changed_within_a_workload_is_counted_beside_the_cells(size: tuple[int, int], words: str) -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e")
        area = player.desk.query_one(EditorPane).area
        area.load_text(re.sub(r"matchLabels:\s+app: web", NOT_WEB, area.text))
        await player.press("ctrl+s")
        await open_reach(player)
        told = " ".join(player.rows("#summary")[0].split())
        assert "+ 4" in told and f"+ 1 {words}" in told
        assert len(wake(shop(), player.session.world).gained) == 4 + 1

    play(shop(), story, size=size)


def test_the_lost_pair_has_the_cursor_and_what_decided_stands_below() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        assert screen.at == (WEB, CHECKOUT)
        assert "− 8443" in row_of(screen, "web")
        assert "isolates ingress, no rule admits" in player.row("#pair", "after")
        assert "− 1 lost" in player.rows("#summary")[0]
        assert player.rows("#summary")[0].endswith("99 pairs may talk as before"), "with the lost one 100"
        assert "✓ delivered on 8443" in player.row("#pair", "before")
        assert "checkout ● open" in player.row("#pair", "already open")

    play(shop(), story)


def test_enter_shows_the_path_of_the_pair_in_the_main_screen() -> None:
    async def story(player: Player) -> None:
        await with_edit(player)
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert player.session.flow is not None
        assert (player.session.flow.source, player.session.flow.target) == (
            "Deployment/shop/web",
            "Deployment/shop/checkout",
        )
        assert any("∅ dropped" in row for row in player.rows("#path"))

    play(shop(), story)


def test_before_after_and_difference_are_one_key_each() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)

        def cell() -> str:
            return row_of(screen, "web")

        await player.press("b")
        assert "✓ 8443" in cell()
        await player.press("a")
        assert "8443" not in cell()
        await player.press("d")
        assert "− 8443" in cell()

    play(shop(), story)


def test_at_the_beginning_there_is_no_difference_and_the_keys_say_so() -> None:
    async def story(player: Player) -> None:
        await open_reach(player)
        assert player.rows("#summary")[0].startswith("now ") and "nothing was done yet" in player.rows("#summary")[0]
        assert player.rows("#summary")[0].endswith("100 pairs of workloads may talk"), "nothing is compared"
        await player.press("n")
        assert "nothing was done yet" in player.rows("#keys")[0]
        await player.press("b")
        assert "there is no before" in player.rows("#keys")[0]

    play(shop(), story)


def test_the_cell_under_the_cursor_is_reversed_in_its_whole_width() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        matrix = screen.query_one(Matrix)
        strip = matrix.render_line(matrix.region_of_cursor().y)
        (reversed_,) = [part for part in strip if part.style is not None and part.style.reverse]
        assert reversed_.text == "− 8443".ljust(matrix.region_of_cursor().width - 1)

    play(shop(), story)


def test_the_key_to_the_next_difference_is_offered_where_there_is_one() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        await player.pilot.pause()
        painted = list(screen.query_one("#keys", LineBar).render_line(0))
        assert "next difference" in "".join(part.text for part in painted)
        keys = [strip for strip in screen._compositor.render_strips() if "next difference" in strip.text]
        (word,) = [part for part in keys[0] if "next difference" in part.text]
        (other,) = [part for part in keys[0] if part.text.strip() == "trace"]
        assert word.style == other.style, "as bright as the others on the screen, not only when painted anew"

    play(shop(), story)


def test_it_begins_on_a_pair_of_two() -> None:
    async def story(player: Player) -> None:
        screen = await open_reach(player)
        assert screen.at[0] != screen.at[1]

    play(shop(), story)


def test_space_folds_the_namespace_and_enter_unfolds_it() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        await player.press("space")
        assert screen.at == ("shop/", "shop/")
        assert "− 1 of 30" in row_of(screen, "shop")
        assert "− lost shop/web → shop/checkout" in player.row("#pair", "differ")
        await player.press("enter")
        assert screen.at[0].startswith("shop/") and screen.at[0] != "shop/"

    play(shop(), story)


def test_arrows_and_letters_go_from_cell_to_cell_and_n_to_the_difference() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        await player.press("l")
        assert screen.at == (WEB, SEARCH)
        await player.press("k", "h")
        assert screen.at == ("shop/sessions[StatefulSet]", CHECKOUT)
        await player.press("n")
        assert screen.at == (WEB, CHECKOUT)
        await player.press("g", "home")
        assert "coredns" in screen.at[0] and "coredns" in screen.at[1]

    play(shop(), story)


def test_a_filter_keeps_rows_and_columns_and_esc_takes_it_away() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        every = len(screen.grid.rows)
        await player.press("slash")
        await player.type("web>check")
        await player.press("enter")
        assert [head.key for head in screen.grid.rows if head.key] == [WEB]
        assert [head.key for head in screen.grid.columns] == [CHECKOUT]
        await player.press("escape")
        assert len(screen.grid.rows) == every
        await player.press("escape")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))

    play(shop(), story)


def test_a_name_keeps_its_column_and_every_row_that_may_reach_it_or_not() -> None:
    async def story(player: Player) -> None:
        screen = await open_reach(player)
        every = [name for head in screen.grid.rows for name in screen.grid.ends(head.key)]
        await player.press("slash")
        await player.type("shop/checkout")
        await player.press("enter")
        assert [head.key for head in screen.grid.columns] == [CHECKOUT], "it is not left folded"
        kept = [name for head in screen.grid.rows for name in screen.grid.ends(head.key)]
        assert kept == every
        assert "payments/ledger[StatefulSet]" in kept, "though it may not reach it"
        await player.press("slash")
        await player.type("shop/checkout>")
        await player.press("enter")
        assert [head.key for head in screen.grid.rows if head.key] == [CHECKOUT]
        assert [name for head in screen.grid.columns for name in screen.grid.ends(head.key)] == every

    play(shop(), story)


def test_the_title_tells_the_filter_and_what_it_keeps() -> None:
    async def story(player: Player) -> None:
        screen = await open_reach(player)
        every = screen.grid.kept[2]
        await player.press("slash")
        await player.type("checkout")
        await player.press("enter")
        title = str(screen.query_one(Matrix).border_title)
        assert title.endswith(f"by workload   /checkout  {every} of {every} rows, 1 of {every} columns")
        await player.press("escape")
        assert str(screen.query_one(Matrix).border_title) == "Reach  by workload"

    play(shop(), story)


def test_it_begins_at_the_workload_under_the_cursor() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/search")
        screen = await open_reach(player)
        assert screen.at[0] == SEARCH
        assert screen.grid.cell(*screen.at).after

    play(shop(), story)


def test_replica_sets_are_named_by_their_deployment_where_that_is_one() -> None:
    """A dump of pods has no Deployments: their ReplicaSets stand for them (`web-5bd985c46d`)."""
    ends = ["a/web-5bd985c46d[ReplicaSet]", "a/api-5bd985c46d[ReplicaSet]", "a/api-77d5cd745d[ReplicaSet]",
            "b/db-5bd985c46d[StatefulSet]", "0.0.0.0-255.255.255.255"]  # fmt: skip
    assert list(short_names(ends).values()) == ["web", "api-5bd985c46d", "api-77d5cd745d", "db-5bd985c46d"]


def test_an_unfinished_expression_leaves_what_was_kept() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        await player.press("slash")
        await player.type("web>")
        await player.press("left_square_bracket")
        assert [head.key for head in screen.grid.rows if head.key] == [WEB]

    play(shop(), story)


def test_a_click_puts_the_cursor_on_a_cell() -> None:
    async def story(player: Player) -> None:
        screen = await with_edit(player)
        matrix = screen.query_one(Matrix)
        await player.press("g", "home")
        region = matrix.region_of_cursor()
        await player.press("end", "G")
        await player.pilot.click(Matrix, offset=(region.x + 2, region.y + 1))
        assert "coredns" in screen.at[0] and "coredns" in screen.at[1]

    play(shop(), story)


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (60, 15)])
def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        screen = await open_reach(player)
        for key in ("n", "space", "l", "j", "G", "end", "f", "tab", "tab"):
            await player.press(key)
        assert all(screen.at)

    play(shop(), story, size=size)


def test_the_command_compares_with_any_moment() -> None:
    async def story(player: Player) -> None:
        await with_edit(player)
        await player.press("escape", "colon")
        await player.type("reach 0")
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, ReachScreen))
        matrix = player.app.screen.query_one(Matrix)
        assert str(matrix.border_title).startswith("Reach  load → apply")

    play(shop(), story)


def test_help_names_the_keys_and_the_command_line_twin() -> None:
    async def story(player: Player) -> None:
        await open_reach(player)
        await player.press("question_mark")
        await player.until(lambda: isinstance(player.app.screen, ReaderScreen))
        assert any("kwake reach" in row for row in player.rows("#page"))

    play(shop(), story)


async def put_on(player: Player, row: str, column: str) -> ReachScreen:
    """Reach with the cursor on a pair, in a terminal that folds nothing."""
    screen = await open_reach(player)
    screen.query_one(Matrix).put_on(row, column)
    await player.pilot.pause()
    return screen


def test_where_no_way_leads_the_dial_comes_before_what_policies_allow_and_the_cell_is_not_green() -> None:
    async def story(player: Player) -> None:
        screen = await put_on(player, OUTSIDE, PROMETHEUS)
        assert player.rows("#pair")[0].split("  ")[0] == "now"
        assert "∅ dropped on 9090  policies allow all  network: pod addresses" in player.rows("#pair")[0]
        heads = {head.key: head for head in (*screen.grid.rows, *screen.grid.columns)}
        to_pod, to_node = (screen.grid.entry(heads[OUTSIDE], heads[key]) for key in (PROMETHEUS, AGENT))
        assert (to_pod.glyph, to_pod.text, to_pod.role) == ("✓*", "all", "muted")
        assert "* not routed" in str(player.app.screen.query_one(Matrix).border_subtitle)
        assert (to_node.glyph, to_node.text, to_node.role) == ("✓", "all", "ok"), "it has the nodes' addresses"
        assert screen.grid.entry(heads[WEB], heads[PROMETHEUS]).role == "ok"

    play(shop(), story, size=(200, 60))


def test_of_a_pair_that_is_not_known_the_pane_says_why_and_how_many_dials_that_is() -> None:
    async def story(player: Player) -> None:
        screen = await put_on(player, API, AGENT)
        assert screen.grid.cell(API, AGENT).turn is CellTurn.UNKNOWN
        rows = player.rows("#pair")
        assert rows[0].startswith("now           ? unknown  to the pod's own node: whether policies judge it")
        assert rows[1] == "on 9100       ? unknown 1 of 3 dials  ∅ dropped 2 of 3 dials"
        assert not any("nothing" in row or "mixed" in row for row in rows)

    play(shop(), story, size=(200, 60))


@pytest.mark.parametrize(("width", "said"), [(80, ["enter trace", "n next difference", "b a d before after both"]),
                                             (120, ["space fold", "/ filter", "←→↑↓ cell"])])  # fmt: skip
def test_the_keys_to_differences_have_room_in_every_terminal(width: int, said: list[str]) -> None:
    row = plain(key_row(ReachScreen.KEYS, width))
    assert all(hint in row for hint in said)


def test_the_path_offers_its_flip_in_a_small_terminal() -> None:
    assert "F flip" in plain(key_line("path", frozenset({"flip"}), 80))


def test_in_a_small_terminal_the_summary_of_reach_cuts_no_count() -> None:
    async def story(player: Player) -> None:
        player.desk.attempt(SetServiceType("Service/shop/checkout", "NodePort"))
        screen = await open_reach(player)
        await player.pilot.pause()
        shown = screen._compositor.render_strips()[1].text
        assert [word for word in shown.split() if word.isdigit()] == ["0", "0", "0", "2", "100"]
        assert shown.rstrip().endswith("100 pairs as before")

    play(shop(), story, size=(80, 24))


@pytest.mark.parametrize(
    ("size", "said"),
    [((80, 24), "? tells the signs"), ((120, 30), "± some"), ((200, 60), "± not all of them")],
)
def test_what_the_signs_mean_stands_beside_what_is_out_of_sight_or_in_the_help(
    size: tuple[int, int], said: str
) -> None:
    async def story(player: Player) -> None:
        screen = await open_reach(player)
        while any(key.endswith("/") for head in (*screen.grid.rows, *screen.grid.columns) for key in [head.key]):
            folded = next(head.key for head in screen.grid.rows if head.key.endswith("/"))
            screen.query_one(Matrix).put_on(folded, screen.grid.columns[0].key)
            await player.press("space")
        subtitle = str(screen.query_one(Matrix).border_subtitle)
        assert said in subtitle
        assert size[1] == 60 or "rows " in subtitle
        await player.press("question_mark")
        await player.until(lambda: isinstance(player.app.screen, ReaderScreen))
        assert any(row.split() == ["±", "not", "all", "of", "them"] for row in player.rows("#page"))

    play(shop(), story, size=size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_of_a_pair_that_no_policy_isolates_the_reason_is_that(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        screen = await open_reach(player)
        await player.press("slash")
        await player.type("cart>search")
        await player.press("enter")
        assert screen.at == ("shop/cart[Deployment]", SEARCH)
        assert any("no policy isolates either" in row for row in player.rows("#pair"))

    play(shop(), story, size=size)
