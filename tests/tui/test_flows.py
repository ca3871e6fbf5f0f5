"""The flows screen: time along an axis, what broke each flow, and who knew."""

from __future__ import annotations

import pytest

from kwake.actions import KillPod
from kwake.dataplane.path import Flow
from kwake.scenario.availability import availability
from kwake_tui.panes.lanes import Axis
from kwake_tui.screens.flows import FlowsScreen
from kwake_tui.screens.main import MainScreen
from kwake_tui.text.flows import span_lines, spans_json
from tests.tui.player import Player, play, shop


async def after_kill(player: Player) -> FlowsScreen:
    """A flow is shown and a connection open to the only pod behind a Service, which is killed."""
    for words in ("trace deploy/shop/web svc/shop/search:80", "open pay deploy/shop/web svc/shop/search:80"):
        await player.press("colon")
        await player.type(words)
        await player.press("enter")
    cluster = player.session.world.cluster
    (pod,) = cluster.pods_of(cluster.resolve("deploy/shop/search"))
    await player.go_to(str(pod.key))
    await player.press("ctrl+k", "f")
    return await shown(player)


async def shown(player: Player) -> FlowsScreen:
    await player.until(lambda: isinstance(player.app.screen, FlowsScreen))
    screen = player.app.screen
    assert isinstance(screen, FlowsScreen)
    return screen


def test_brackets_name_what_broke_a_flow_and_the_sum_stands_beside_them() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        brackets = player.row("#flows", "└")
        assert "REJECT" in brackets and "refused 1.1 s" in brackets
        assert "search:80 has no ready endpoint" in player.row("#flows", "REJECT    ")
        assert "✓ delivered" in player.row("#flows", "dialled")
        assert "not verified" in player.row("#flows", "unknown   ")
        assert "(unknown)" not in "".join(player.rows("#flows"))

    play(shop(), story)


def test_the_lane_is_one_sign_a_cell_and_in_the_order_of_time() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        lane = player.row("#flows", "dialled").removeprefix("web → svc/search:80").replace("dialled", "").strip()
        signs = "".join(dict.fromkeys(lane.split("✓")[0].strip()))
        assert signs == "━?×"

    play(shop(), story)


def test_a_connection_ends_where_its_fate_turned() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        assert player.row("#flows", "already open").endswith("○ closed 0:01.0")

    play(shop(), story)


def test_who_knows_lists_each_component_and_the_client() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        assert "0:02.0" in player.row("#knows", "kube-proxy")
        assert "not needed" in player.row("#knows", "DNS")
        assert "○ closed" in player.row("#knows", "client pay")

    play(shop(), story)


def test_enter_shows_the_path_of_the_flow() -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        await player.press("down", "enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert player.session.flow is not None
        assert player.session.flow.target == "svc/shop/search"

    play(shop(), story)


def test_comma_and_full_stop_go_from_action_to_action() -> None:
    async def story(player: Player) -> None:
        screen = await after_kill(player)
        await player.press("comma")
        assert "open pay" in str(screen.query_one("#flows").border_title)
        await player.press("comma")
        assert "this is the first action" in player.rows("#keys")[0]
        await player.press("full_stop")
        assert "kill" in str(screen.query_one("#flows").border_title)
        await player.press("full_stop")
        assert "this is the last action" in player.rows("#keys")[0]

    play(shop(), story)


def test_at_the_beginning_the_key_says_that_nothing_was_done() -> None:
    async def story(player: Player) -> None:
        await player.press("f")
        assert "nothing was done yet" in player.rows("#keys")[0]

    play(shop(), story)


def test_without_a_flow_the_screen_says_how_to_watch_one() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("scale deploy/shop/search 0")
        await player.press("enter", "f")
        await shown(player)
        assert "t traces one" in player.rows("#flows")[0]

    play(shop(), story)


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (60, 15)])
def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await after_kill(player)
        for key in ("j", "tab", "j", "tab", "question_mark", "escape", "comma"):
            await player.press(key)
        assert player.rows("#flows")

    play(shop(), story, size=size)


def test_times_outside_the_axis_stand_at_its_edges() -> None:
    axis = Axis(1000, 3000, 20)

    assert [axis.column(at) for at in (0, 1000, 2000, 3000, 9000)] == [0, 0, 10, 20, 20]


def test_a_time_of_mixed_outcomes_says_how_many_dials_fail() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/web")
        await player.press("t")
        await player.type("checkout:443")
        await player.press("enter")
        await player.press("colon")
        await player.type("kill deploy/shop/checkout#0")
        await player.press("enter")
        assert any("1 of 3 dials fail for 1 s" in row for row in player.rows("#path"))

    play(shop(), story)


async def kill_the_client(player: Player) -> None:
    """A connection is open from the only pod of a workload, which is killed."""
    for words in ("trace deploy/shop/search svc/shop/web 80", "open c1 deploy/shop/search svc/shop/web 80"):
        await player.press("colon")
        await player.type(words)
        await player.press("enter")
    await player.press("colon")
    await player.type("kill deploy/shop/search#0")
    await player.press("enter")


def test_while_the_client_is_gone_nobody_dials_and_its_rule_stands_by() -> None:
    async def story(player: Player) -> None:
        await kill_the_client(player)
        await player.until(lambda: "until then ? nobody dials for 1.1 s" in player.rows("#path"))
        path = player.rows("#path")
        assert any(row.startswith("? nobody dials 1.1 s = schedule") for row in path)
        assert any(row.endswith("PD-10") for row in path)
        await player.press("colon")
        await player.type("flows")
        await player.press("enter")
        await player.until(lambda: any("nobody dials" in row for row in player.rows("#flows")))
        assert player.row("#flows", "has no live pod") == (
            "unknown   0:01.0  Deployment/shop/search has no live pod to dial from   PD-10"
        )

    play(shop(), story)


def test_at_a_moment_without_a_client_the_path_says_the_whole_reason() -> None:
    async def story(player: Player) -> None:
        await kill_the_client(player)
        await player.press("comma", "comma")
        rows, width = player.rows("#path"), player.desk.query_one("#path").size.width
        assert "has no live pod to dial from" in " ".join(rows)
        assert all(len(row) < width for row in rows), "nothing is cut"

    play(shop(), story)


def test_the_command_line_says_so_too() -> None:
    before = shop()
    pod = before.cluster.pods_of(before.cluster.resolve("deploy/shop/search"))[0]
    fared = availability(before.do(KillPod(str(pod.key))), Flow("deploy/shop/search", "svc/shop/web", 80))
    lines = span_lines("find", fared)

    (gone,) = [line for line in lines if "nobody dials" in line]
    assert gone.split()[:4] == ["0:01.0", "?", "unknown:", "nobody"]
    assert gone.endswith("Deployment/shop/search has no live pod to dial from  PD-10")
    assert [span.get("cite") for span in spans_json(fared)] == [None, "PD-10", None]
