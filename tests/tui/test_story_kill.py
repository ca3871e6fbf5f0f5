"""A pod is picked and killed: its successor has another IP, and the endpoints follow."""

from __future__ import annotations

from kwake.dataplane.path import Path
from kwake.objects.kinds import EndpointSlice
from kwake.world import World
from kwake_tui.session import path_in
from kwake_tui.widgets.line_list import LineList
from tests.tui.player import Player, play, shop


def search_pod(world: World) -> tuple[str, str]:
    """Reference and address of the only pod of `search`."""
    (pod,) = world.cluster.pods_of(world.cluster.resolve("deploy/shop/search"))
    return str(pod.key), pod.ip


def endpoints(world: World, service: str) -> list[str]:
    slices: tuple[EndpointSlice, ...] = world.cluster.slices_by_service[world.cluster.resolve(service)]
    return [address for item in slices for endpoint in item.endpoints for address in endpoint.addresses]


def test_a_killed_pod_stands_beside_its_successor_with_the_new_ip() -> None:
    world = shop()
    pod, old_ip = search_pod(world)

    async def story(player: Player) -> None:
        await player.go_to(pod)
        await player.press("ctrl+k")

        new_pod, new_ip = search_pod(player.session.world)
        assert (new_pod, new_ip) != (pod, old_ip)
        rows = player.rows("#cluster")
        at = next(number for number, row in enumerate(rows) if row.startswith("×"))
        assert rows[at].endswith(old_ip)
        assert rows[at + 1].endswith(new_ip)
        assert player.desk.chosen == new_pod, "the cursor goes to the successor"

    play(world, story)


def test_the_endpoints_follow_and_the_events_say_when() -> None:
    world = shop()
    pod, old_ip = search_pod(world)

    async def story(player: Player) -> None:
        await player.go_to(pod)
        await player.press("ctrl+k")

        _, new_ip = search_pod(player.session.world)
        assert endpoints(player.session.world, "svc/shop/search") == [new_ip]
        assert "kill pod shop/search" in player.rows("#events")[0]
        assert player.row("#events", f"{new_ip} added").startswith("0:0")
        assert any(f"{old_ip} removed" in row or f"{old_ip} terminating" in row for row in player.rows("#events"))
        assert "kill search-" in player.rows("#timeline")[1]

    play(world, story)


def test_the_struck_through_pod_goes_with_the_next_action() -> None:
    world = shop()
    pod, old_ip = search_pod(world)

    async def story(player: Player) -> None:
        await player.go_to(pod)
        await player.press("ctrl+k", "r")

        assert not [row for row in player.rows("#cluster") if old_ip in row]

    play(world, story)


def test_undo_gives_everything_back() -> None:
    world = shop()
    pod, old_ip = search_pod(world)

    async def story(player: Player) -> None:
        await player.go_to(pod)
        await player.press("ctrl+k", "z")

        assert player.session.world == world
        assert search_pod(player.session.world) == (pod, old_ip)
        assert "undone" in player.rows("#timeline")[1]

        await player.press("Z")
        assert search_pod(player.session.world) != (pod, old_ip)

    play(world, story)


def test_delete_asks_and_cancel_is_under_the_finger() -> None:
    world = shop()
    pod, _ = search_pod(world)

    async def story(player: Player) -> None:
        await player.go_to(pod)
        await player.press("ctrl+d", "enter")
        assert player.session.world == world

        await player.press("ctrl+d", "right", "enter")
        assert search_pod(player.session.world)[0] != pod

    play(world, story)


def test_a_key_that_cannot_act_says_why() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/cart")
        await player.press("ctrl+k")
        assert player.rows("#keys") == ["▲ this needs a pod; the cursor is on Service cart"]

        await player.press("z")
        assert player.rows("#keys") == ["▲ nothing to undo: this is the beginning"]

    play(shop(), story)


def test_a_reason_survives_keys_that_came_before_it_in_one_burst() -> None:
    async def story(player: Player) -> None:
        for key in ("j", "j", "s"):
            player.app.simulate_key(key)
        await player.pilot.pause()

        assert player.rows("#keys")[0].startswith("▲ this needs a Service")
        await player.press("j")
        assert player.rows("#keys")[0].startswith("t trace")

    play(shop(), story)


def test_a_client_that_was_killed_dials_nothing_and_the_path_follows_its_successor() -> None:
    world = shop()
    client = str(world.cluster.pods_of(world.cluster.resolve("deploy/shop/web"))[0].key)

    async def story(player: Player) -> None:
        await player.go_to(client)
        await player.press("t")
        await player.type("checkout:443")
        await player.press("enter", "o", "ctrl+k")

        assert "client gone" in player.row("#connections", "svc/checkout")
        assert len(player.session.timeline.path) == 3
        (source,) = {branch.source for branch in path_of(player).branches}
        assert source == player.desk.chosen != client

    play(world, story)


def path_of(player: Player) -> Path:
    flow = player.session.shown_flow
    assert flow is not None
    return path_in(player.session.world, flow)


def test_the_path_says_how_long_nothing_was_delivered_and_which_clocks_made_it() -> None:
    world = shop()
    pod, _ = search_pod(world)

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("trace deploy/shop/web svc/shop/search 80")
        await player.press("enter")
        assert not [row for row in player.rows("#path") if "again since" in row]
        await player.go_to(pod)
        await player.press("ctrl+k")

        rows = player.rows("#path")
        text = " ".join(rows)
        assert rows[0].startswith("✓ delivered")
        assert "again since 0:" in text
        assert any(row.startswith("× refused") and " = " in row for row in rows)
        pane = player.desk.query_one("#path", LineList)
        assert all(sum(span.cells for span in line.left) <= pane.size.width - 2 for line in pane.lines)

    play(world, story)
