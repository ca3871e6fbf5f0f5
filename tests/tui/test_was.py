"""What stood in a line before it was edited."""

from __future__ import annotations

import pytest

from kwake_tui.panes.editor import EditorPane
from kwake_tui.was import was
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import edit_policy

BEFORE = """\
spec:
  podSelector:
    matchLabels:
      app: checkout
  ingress:
  - from: []
    ports:
    - port: 8443
      protocol: TCP
"""


@pytest.mark.parametrize(
    ("old", "new", "notes"),
    [
        ("port: 8443", "port: 443", {7: "was 8443"}),
        ("app: checkout", 'app: "check out"', {3: "was checkout"}),
        ("app: checkout", "name: checkout", {3: "was app: checkout"}),
        ("app: checkout", "app:", {3: "was checkout"}),
        ("- from: []", "- from:", {5: "was []"}),
        ("- from: []", "- to: []", {5: "was from: []"}),
        ("- port: 8443", "port: 8443", {7: "was - port: 8443"}),
        ("  podSelector:\n", "  podSelector: {}\n", {}),
        ("      protocol: TCP\n", "", {}),
        ("spec:\n", "kind: NetworkPolicy\nspec:\n", {}),
        ("      app: checkout", "        app: checkout", {}),
        ("      app: checkout\n", "      app: cart\n      track: stable\n", {3: "was checkout"}),
        (
            "    - port: 8443\n      protocol: TCP\n",
            "    - port: 53\n      protocol: UDP\n",
            {7: "was 8443", 8: "was TCP"},
        ),
    ],
)
def test_a_line_in_the_place_of_another_says_what_that_was(old: str, new: str, notes: dict[int, str]) -> None:
    assert BEFORE.count(old) == 1

    assert was(BEFORE, BEFORE.replace(old, new)) == notes


def test_a_text_that_did_not_change_says_nothing() -> None:
    assert was(BEFORE, BEFORE) == {}
    assert was("", BEFORE) == {}
    assert was(BEFORE, "") == {}


def rows(player: Player) -> list[str]:
    area = player.desk.query_one(EditorPane).area
    return [area.render_line(y).text.rstrip() for y in range(area.size.height)]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
def test_it_stands_at_the_right_of_its_line_until_the_line_is_as_it_was(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        assert not any("was" in row for row in rows(player))
        await edit_policy(player, "port: https", "port: 443")
        (noted,) = [row for row in rows(player) if "was" in row]
        before, gap, after = noted.partition("  was ")
        assert before.rstrip().endswith("- port: 443") and gap and after == "https"
        assert len(noted) == player.desk.query_one(EditorPane).area.size.width - 1
        await player.press("ctrl+r")
        await player.until(lambda: not any("was" in row for row in rows(player)))

    play(shop(), story, size=size)


def test_where_there_is_no_room_the_line_itself_goes_first() -> None:
    async def story(player: Player) -> None:
        await edit_policy(player, "app: web", "app: webshop-north")
        assert any("webshop-north" in row for row in rows(player))
        assert not any("was web" in row for row in rows(player))

    play(shop(), story)
