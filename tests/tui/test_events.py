"""The rows of what happened."""

from __future__ import annotations

import pytest

from kwake.actions import KillPod
from kwake.objects.basis import Basis
from kwake.objects.event import Event
from kwake_tui.lines import Line
from kwake_tui.names import brief_names
from kwake_tui.panes.event_rows import event_lines
from kwake_tui.screens.describe import describe_lines
from kwake_tui.text.what_if import read_actions, what_if, what_if_lines
from kwake_tui.widgets.line_list import LineList
from tests.tui.player import Player, plain, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout


def _events() -> tuple[Event, ...]:
    world = shop()
    (pod,) = world.cluster.pods_of(world.cluster.resolve("deploy/shop/search"))
    return world.do(KillPod(f"shop/{pod.metadata.name}")).settle().events


@pytest.mark.parametrize("width", [56, 78, 116])
def test_a_text_that_is_too_long_goes_on_in_the_next_row_in_its_column(width: int) -> None:
    lines = event_lines(_events(), 0, width)

    column = plain(lines[0]).index("kill pod")
    assert not any("…" in plain(line) for line in lines)
    assert all(sum(s.cells for s in (*line.left, *line.right)) <= width for line in lines)
    assert all(sum(span.cells for span in line.left[:-1]) == column for line in lines)
    assert [line.target for line in lines if line.target] == [f"event:{n}" for n in range(len(_events()))]
    assert _texts(lines, column) == [brief_names(e.text) if width < 76 else e.text for e in _events()]


def _texts(lines: tuple[Line, ...], column: int) -> list[str]:
    """The texts of the rows, put together again."""
    texts: list[str] = []
    for line in lines:
        text = "".join(span.text for span in line.left)[column:]
        if line.target:
            texts.append(text)
        else:
            texts[-1] += text
    return texts


def test_the_columns_are_as_wide_as_what_stands_in_them() -> None:
    told = (Event(400, "x", "Pod/shop/web-0", "web-0 is ready", "kubelet", ""),)
    later = Event(3_700_000, "x", "Pod/shop/web-0", "web-0 is ready", "pod garbage collector", "", basis=Basis.ASSUMED)

    assert plain(event_lines(told, 1, 56)[0]) == "0:00.4  kubelet  web-0 is ready"
    both = [plain(line) for line in event_lines((*told, later), 1, 56)]
    assert both[0].index("web-0") == both[1].index("web-0")
    assert "pod ga…lector" in both[1], "an actor's name is cut where there is little room"
    assert "pod garbage collector" in plain(event_lines((*told, later), 1, 116)[1])


def test_the_last_action_stands_at_the_top_though_earlier_events_take_more_rows_than_one() -> None:
    async def story(player: Player) -> None:
        cluster = player.session.world.cluster
        pods = cluster.pods_of(cluster.resolve("deploy/shop/web"))
        for pod in pods:
            player.desk.attempt(KillPod(f"shop/{pod.metadata.name}"))
            await player.pilot.pause()
        pane = player.desk.query_one("#events", LineList)
        (row,) = [
            number
            for number, text in enumerate(player.rows("#events"))
            if f"kill pod shop/web-{pods[-1].metadata.name[-5:]}" in text
        ]
        assert int(pane.scroll_offset.y) == min(row, pane.max_scroll_y) > 0

    play(shop(), story, size=(200, 60))


def test_what_rests_on_an_assumed_clock_says_so_in_events_in_describe_and_in_text() -> None:
    def sure(row: str) -> bool:
        return "assumed" in row

    async def story(player: Player) -> None:
        await open_checkout(player)
        server = player.session.world.connections["checkout"].server
        assert server is not None
        player.desk.attempt(KillPod(server.pod))
        await player.until(lambda: any("exited after SIGTERM" in row for row in player.rows("#events")))
        assert sure(player.row("#events", "exited after SIGTERM")), "that takes sigterm-exit, which no source says"
        assert sure(player.row("#events", "is ready at"))
        assert not sure(player.row("#events", "endpoints of checkout: 10.244.1.6 removed")), "it takes no clock"
        told = describe_lines(player.session.world, "connection:checkout")
        (turned,) = [plain(line) for line in told if line.right and "exited after SIGTERM" in plain(line)]
        assert turned.endswith("exited after SIGTERM  assumed CX-11")

    play(shop(), story)

    done = what_if(shop(), read_actions([f"kill {_events()[0].subject}"]), {})
    (ready,) = [line for line in what_if_lines(done) if "is ready at" in line]
    assert ready.endswith("(assumed)")


def test_what_becomes_of_an_open_connection_fits_into_one_row_with_its_age_as_an_age() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        row = player.row("#events", "stays open")
        assert "checkout, 0.5 s old, stays open: calico keeps it; allow-web drops new ones" in row

    play(shop(), story, size=(120, 36))
