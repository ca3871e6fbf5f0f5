"""The wake screen: what an action came to, and why."""

from __future__ import annotations

import msgspec
import pytest

import kwake
from kwake.actions import KillPod, OpenConnection, SetServiceType
from kwake.samples import sample_path
from kwake.world import World
from kwake_tui.glyphs import STAYS
from kwake_tui.names import fitting, listed
from kwake_tui.screens.main import MainScreen
from kwake_tui.screens.wake import WakeScreen
from kwake_tui.text.wake import wake_lines
from kwake_tui.wake_row import WakeGroup, WakeRow, Why
from kwake_tui.wake_rows import told
from kwake_tui.widgets.line_bar import LineBar
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout


def small() -> World:
    """The small sample."""
    return kwake.open(sample_path("small") / "cluster.yaml")


async def open_wake(player: Player) -> WakeScreen:
    """Press the key and wait for the rows."""
    player.desk.go_to_pane("cluster")
    await player.press("w")
    await player.until(lambda: isinstance(player.app.screen, WakeScreen) and bool(player.app.screen.rows.lines))
    screen = player.app.screen
    assert isinstance(screen, WakeScreen)
    return screen


async def after_edit(player: Player) -> WakeScreen:
    """A policy that admits web no longer, under an open connection."""
    await open_checkout(player)
    await edit_policy(player, "app: web", "app: webshop")
    await player.press("ctrl+s")
    return await open_wake(player)


async def after_kill(player: Player) -> WakeScreen:
    """The only pod behind a Service is killed."""
    cluster = player.session.world.cluster
    (pod,) = cluster.pods_of(cluster.resolve("deploy/shop/search"))
    await player.go_to(str(pod.key))
    await player.press("ctrl+k")
    return await open_wake(player)


@pytest.mark.parametrize("target", ["deploy/shop/cart", "Deployment/shop/cart"])
def test_the_title_is_the_action_however_it_was_typed(target: str) -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type(f"relabel {target} team=carts")
        await player.press("enter")
        screen = await open_wake(player)
        title = str(screen.query_one("#wake").border_title)
        assert "Wake  load → label cart team=carts" in title

    play(shop(), story)


def test_what_a_policy_took_away_stands_first_with_the_rule_that_decided() -> None:
    async def story(player: Player) -> None:
        await after_edit(player)
        assert "✓ delivered → ∅ dropped" in player.row("#wake", "svc/shop/checkout:443   ")
        assert "isolates ingress, no rule admits" in player.row("#why", "after")
        assert "apply allow-web" in player.row("#why", "last action")
        assert player.rows("#summary")[0].startswith("− 1 dial, 1 pair lost ")

    play(shop(), story)


def test_a_connection_that_stays_open_says_that_its_dial_would_fail() -> None:
    async def story(player: Player) -> None:
        await after_edit(player)
        row = player.row("#wake", "stays open 1")
        assert row == "● stays open 1 connection   although the same dial would fail now"

    play(shop(), story)


def test_a_reason_says_nothing_twice_and_is_never_cut_in_its_middle() -> None:
    async def story(player: Player) -> None:
        screen = await after_edit(player)
        lines = ["".join(s.text for s in screen.rows.render_line(y)).rstrip() for y in range(screen.rows.size.height)]
        (dropped,) = [line for line in lines if "∅ dropped" in line]
        (stays,) = [line for line in lines if "● open" in line and "  checkout " in line]
        assert dropped.endswith("∅ dropped  allow-web: no ingress rule admits it")
        assert "cilium: ◐ stalled; allow-web" in stays and stays.endswith("…")

    play(shop(), story, size=(114, 36))


def test_all_who_fare_alike_are_named_without_a_gap() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        named = " ".join(player.rows("#why"))
        others = ("cart", "catalog", "checkout", "sessions", "web")
        assert "…" not in named and all(f"shop/{name}" in named for name in others), "all but who was killed"

    play(shop(), story)


def test_a_key_that_cannot_act_is_faint_and_says_why() -> None:
    async def story(player: Player) -> None:
        screen = await after_kill(player)
        (line,) = screen.query_one("#keys", LineBar).lines
        roles = {span.text.strip(): span.role for span in line.left}
        assert (roles["edit the rule"], roles["next group"]) == ("faint", "muted"), "no object decided a kill"
        await player.press("e")
        assert "no object decided this row" in player.rows("#keys")[0]

    play(shop(), story)


def test_a_kill_reroutes_and_tells_what_a_dial_met_meanwhile() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        assert "~ rerouted 9 dials" in player.row("#wake", "rerouted")
        assert "× refused 1.1 s" in player.row("#why", "meanwhile")

    play(shop(), story)


def test_enter_traces_the_row_in_the_main_screen() -> None:
    async def story(player: Player) -> None:
        await after_edit(player)
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert player.session.flow is not None
        assert player.session.flow.target == "Service/shop/checkout"

    play(shop(), story)


def test_e_edits_the_policy_that_decided() -> None:
    async def story(player: Player) -> None:
        await after_edit(player)
        await player.press("e")
        await player.until(lambda: isinstance(player.app.screen, MainScreen) and player.desk.pane == "editor")
        assert "allow-web" in str(player.desk.query_one("#editor").border_title)

    play(shop(), story)


def test_e_says_so_where_no_object_decided() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        await player.press("e")
        assert "no object decided this row" in player.rows("#keys")[0]

    play(shop(), story)


def test_space_folds_a_group_and_n_goes_to_the_next() -> None:
    async def story(player: Player) -> None:
        screen = await after_edit(player)
        await player.press("n")
        assert screen.rows.target == "stays open#0"
        await player.press("space")
        assert screen.rows.target == "stays open#"
        assert not any("● open" in row for row in player.rows("#wake"))
        await player.press("enter")
        assert screen.rows.target == "stays open#0"

    play(shop(), story)


def test_a_filter_keeps_rows() -> None:
    async def story(player: Player) -> None:
        screen = await after_edit(player)
        await player.press("slash")
        await player.type("pods")
        await player.press("enter")
        assert [line.target for line in screen.rows.lines if "#" in line.target and line.target[-1] != "#"] == [
            "lost#1"
        ]
        await player.press("escape")
        assert len([line for line in screen.rows.lines if line.target]) > 3

    play(shop(), story)


def test_at_the_beginning_the_key_says_that_nothing_was_done() -> None:
    async def story(player: Player) -> None:
        await player.press("w")
        assert "nothing was done yet" in player.rows("#keys")[0]

    play(shop(), story)


def test_an_action_without_a_wake_says_so() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await open_wake(player)
        assert player.rows("#wake") == ["= nothing changed for traffic"]
        await player.press("n")
        assert "nothing changed for traffic" in player.rows("#keys")[0]

    play(shop(), story)


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (60, 15)])
def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        screen = await after_kill(player)
        for key in ("n", "space", "space", "j", "k", "tab", "tab", "question_mark", "escape"):
            await player.press(key)
        assert screen.rows.target

    play(shop(), story, size=size)


def test_in_a_narrow_terminal_what_counts_has_its_word_and_nothing_else_stands_there() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("delete netpol/payments/allow-dns")
        await player.press("enter", "w")
        await player.until(lambda: isinstance(player.app.screen, WakeScreen))
        await player.until(lambda: "computing" not in player.rows("#summary")[0])
        summary = player.rows("#summary")[0]
        assert "lost" in summary
        assert " 0 " not in summary

    play(shop(), story, size=(80, 24))


def test_a_successor_of_the_same_name_is_told_by_its_address() -> None:
    before = shop()
    after = before.do(KillPod("shop/sessions-0")).settle()
    rows = [row for group in told(before, after).groups for row in group.rows if "sessions" in row.target]

    assert rows
    assert all(row.before != row.after for row in rows)


def test_one_endpoint_of_several_is_told_as_that_and_each_dial_counts_once() -> None:
    async def story(player: Player) -> None:
        pod = next(p for p in shop().cluster.pods_by_namespace["shop"] if p.metadata.name.startswith("checkout"))
        player.desk.attempt(KillPod(str(pod.key)))
        await open_wake(player)
        row = next(row for row in player.rows("#wake") if row.startswith("shop/web") and "1 of 3 checkout-" in row)
        before, after = row.partition("✓ ")[2].split(" → ✓ ")
        assert before.startswith("1 of 3 checkout-") and after.startswith("1 of 3 checkout-")
        summary = player.rows("#summary")[0]
        assert summary.startswith("~ 3 dials rerouted   ◐ 1 dial interrupted meanwhile ")
        assert summary.endswith(" 10 of 13 dials as before")
        assert "for a time it did not get there, however it ends now" in player.row("#wake", "◐ interrupted")

    play(shop(), story)


def test_a_connection_that_never_opened_is_not_cut() -> None:
    before = shop()
    after = before.do(OpenConnection("pay", "deploy/shop/cart", "svc/shop/checkout", 443)).settle()

    lines = wake_lines(told(before, after))
    assert [line.split("  ")[0] for line in lines if line.startswith("×")] == ["× never opened 1 connection"]
    assert "open 0:00" not in "\n".join(lines)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
def test_a_wake_says_how_sure_it_is_of_a_cut_connection_and_by_which_rule(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        (connection,) = player.session.world.connections.values()
        assert connection.server is not None
        await player.go_to(connection.server.pod)
        await player.press("ctrl+k")
        screen = await open_wake(player)
        cut = next(line.target for line in screen.rows.lines if line.target.startswith("cut#0"))
        screen.rows.move_to([line.target for line in screen.rows.lines].index(cut))
        await player.until(lambda: "exited after SIGTERM" in " ".join(player.rows("#why")))
        assert player.row("#why", "exited after SIGTERM").endswith("assumed CX-11")
        (row,) = [row for row in player.rows("#wake") if "○ closed" in row]
        assert row.endswith("assumed CX-11") is (size[0] == 200)

    play(shop(), story, size=size)
    before = shop().do(OpenConnection("pay", "deploy/shop/web", "svc/shop/checkout", 443))
    server = before.connections["pay"].server
    assert server is not None
    (line,) = [line for line in wake_lines(told(before, before.do(KillPod(server.pod)).settle())) if "○ closed" in line]
    assert line.endswith("exited after SIGTERM  CX-11  (assumed)")


def test_the_headline_names_each_group_that_is_there_and_no_other() -> None:
    async def story(player: Player) -> None:
        player.desk.attempt(SetServiceType("Service/demo/checkout", "NodePort"))
        await open_wake(player)
        await player.until(lambda: "as before" in player.rows("#summary")[0])
        assert any("fails otherwise" in row for row in player.rows("#wake"))
        summary = player.rows("#summary")[0]
        assert summary.startswith("~ 1 dial fails otherwise ")
        assert " 0 " not in summary

    world = small()
    play(world, story)
    counted = wake_lines(told(world, world.do(SetServiceType("Service/demo/checkout", "NodePort")).settle()))[-1]
    assert counted == "4 dials that the change could touch end as before"


def test_counts_and_their_verbs_agree() -> None:
    row = WakeRow("web", "checkout", STAYS, STAYS, lambda: Why(""), unit="connection")
    heads = [(group.briefly, group.word) for group in (WakeGroup(STAYS, "", (row,) * many) for many in (1, 2))]
    assert heads == [("1 connection", "stays open"), ("2 connections", "stay open")]
    found = told(small(), small())
    one = msgspec.structs.replace(found, dials=msgspec.structs.replace(found.dials, same=1))
    assert wake_lines(one)[-1] == "1 dial that the change could touch ends as before"


def test_a_wake_says_whose_dials_of_a_new_node_port_it_leaves_out_and_why() -> None:
    said = (
        "left out: dials of the node port of shop/checkout from shop/web, who get to every endpoint by the Service "
        "itself already"
    )

    async def story(player: Player) -> None:
        player.desk.attempt(SetServiceType("Service/shop/checkout", "NodePort"))
        await open_wake(player)
        assert said in " ".join(player.rows("#wake"))

    play(shop(), story)
    before = shop()
    assert said in wake_lines(told(before, before.do(SetServiceType("Service/shop/checkout", "NodePort")).settle()))
    assert said not in wake_lines(told(before, before.do(KillPod("shop/sessions-0")).settle()))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
def test_all_who_share_a_row_are_named_where_rows_are_free(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        told_rows = " ".join(player.rows("#wake"))
        interrupted, rerouted = told_rows.partition("~ rerouted")[::2]
        for name in ("ops/node-agent", "ops/statsd", "shop/cart", "shop/sessions", "shop/web"):
            assert name in interrupted and name in rerouted

    play(shop(), story, size=size)


def test_what_a_filter_keeps_names_all_in_one_row_or_says_how_many_more() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        await player.press("slash")
        await player.type("search:80")
        await player.press("enter")
        kept = [row for row in player.rows("#wake") if "search:80" in row]
        assert kept and all(" more" in row or " +" in row for row in kept)

    play(shop(), story)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
def test_a_connection_is_told_by_the_backend_it_reached_and_its_whole_name(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.press("o")
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        screen = await open_wake(player)
        drawn = ["".join(s.text for s in screen.rows.render_line(y)) for y in range(screen.rows.size.height)]
        (row,) = [line for line in drawn if "  checkout-2 " in line]
        backend = player.session.world.connections["checkout-2"].backends[-1]
        assert "svc/" not in row
        assert f"{backend.port}  checkout-2 " in row

    play(shop(), story, size=size)


def test_clients_are_named_whole_as_far_as_there_is_room() -> None:
    names = ("ops/node-agent", "shop/checkout", "shop/web")
    assert fitting(names, 40) == "ops/node-agent, shop/checkout, shop/web"
    assert fitting(names, 38) == "ops/node-agent and 2 more"
    assert fitting(names, 24) == "ops/node-agent +2"
    assert fitting(names, 12) == "ops/…gent +2"
    assert fitting(names[:1], 9) == "ops/…gent"


def test_clients_without_room_in_their_cell_go_on_below_all_of_them_or_none() -> None:
    names = ("ops/node-agent", "shop/checkout", "shop/web")
    assert listed(names, 40, 40, 0) == ["ops/node-agent, shop/checkout, shop/web"]
    assert listed(names, 30, 40, 1) == ["ops/node-agent, shop/checkout,", "shop/web"]
    assert listed(names, 15, 30, 1) == ["ops/node-agent,", "shop/checkout, shop/web"]
    assert listed(names, 15, 15, 1) == ["ops/n…-agent +2"]
    assert listed(names, 15, 15, 2) == ["ops/node-agent,", "shop/checkout,", "shop/web"]


def test_what_decides_of_a_connection_that_stays_open_is_in_sight_in_its_row() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s", "escape", "w")
        await player.until(lambda: any("● open" in row for row in player.rows("#wake")))
        row = next(row for row in player.rows("#wake") if "● open" in row)
        assert row.endswith("cilium: ◐ stalled; allow-web drops new ones")

    play(shop(), story, size=(120, 36))
