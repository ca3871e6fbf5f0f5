"""In a large terminal the views show both paths of what the cursor stands on."""

from __future__ import annotations

import pytest
from textual.widget import Widget

from kwake_tui.panes.sides import NO_DIAL
from tests.tui.player import Player, Story, play, shop
from tests.tui.test_pictures_views import flows, reach, wake

BEFORE, AFTER = "#side-before", "#side-after"


def seen(player: Player) -> list[str]:
    """The panes that are in sight, by name."""
    return [str(pane.id) for pane in player.app.screen.query(".view-pane") if pane.region]


@pytest.mark.parametrize(
    ("story", "before", "after"),
    [(wake, "✓ delivered", "∅ dropped"), (reach, "✓ delivered", "∅ dropped"), (flows, "✓ delivered", "✓ delivered")],
    ids=["wake", "reach", "flows"],
)
def test_the_path_before_stands_beside_the_path_after(story: Story, before: str, after: str) -> None:
    async def look(player: Player) -> None:
        await story(player)
        await player.until(lambda: bool(player.rows(AFTER)))
        assert player.rows(BEFORE)[0].startswith(before)
        assert player.rows(AFTER)[0].startswith(after)
        assert {"side-before", "side-after"} <= set(seen(player))

    play(shop(), look, size=(200, 60))


def test_what_went_and_what_came_is_marked_in_the_path_after() -> None:
    async def look(player: Player) -> None:
        await flows(player)
        await player.until(lambda: bool(player.rows(AFTER)))
        assert not any("gone" in row or "ready" in row for row in player.rows(BEFORE))
        assert any("gone 0:01" in row for row in player.rows(AFTER))
        assert any("ready 0:02" in row for row in player.rows(AFTER))

    play(shop(), look, size=(200, 60))


def test_it_follows_the_cursor() -> None:
    async def look(player: Player) -> None:
        await wake(player)
        await player.until(lambda: bool(player.rows(AFTER)))
        title = str(player.app.screen.query_one(AFTER, Widget).border_title)
        assert "svc/checkout:443" in title
        await player.press("down")
        await player.until(lambda: str(player.app.screen.query_one(AFTER, Widget).border_title) != title)
        await player.press("n", "up")
        await player.until(lambda: player.rows(AFTER)[0] == NO_DIAL)

    play(shop(), look, size=(200, 60))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 40), (150, 60)])
def test_a_smaller_terminal_has_no_room_for_them_and_tab_goes_past_them(size: tuple[int, int]) -> None:
    async def look(player: Player) -> None:
        await wake(player)
        assert seen(player) == ["wake", "why"]
        for pane in ("why", "wake"):
            await player.press("tab")
            assert player.app.screen.focused is not None and player.app.screen.focused.id == pane

    play(shop(), look, size=size)


def test_tab_goes_to_them_where_they_are() -> None:
    async def look(player: Player) -> None:
        await wake(player)
        await player.until(lambda: len(seen(player)) == 4)
        for pane in ("why", "side-before", "side-after", "wake"):
            await player.press("tab")
            assert player.app.screen.focused is not None and player.app.screen.focused.id == pane

    play(shop(), look, size=(200, 60))


def test_a_terminal_that_shrinks_and_grows_takes_them_away_and_brings_them_back() -> None:
    async def look(player: Player) -> None:
        await wake(player)
        await player.until(lambda: len(seen(player)) == 4)
        rows = player.rows(AFTER)
        await player.pilot.resize_terminal(120, 36)
        await player.until(lambda: seen(player) == ["wake", "why"])
        await player.pilot.resize_terminal(200, 60)
        await player.until(lambda: len(seen(player)) == 4 and player.rows(AFTER) == rows)

    play(shop(), look, size=(200, 60))
