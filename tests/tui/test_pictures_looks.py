"""Pictures in other colours and other signs, each approved by eye."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

import pytest
from syrupy.assertion import SnapshotAssertion

from kwake_tui.appearance import Look, Said
from kwake_tui.theme import PREFIX
from tests.tui.player import Player, Story, play, shop
from tests.tui.test_pictures import connections, delete, edit, help_page, kill, service_type, settled, trace
from tests.tui.test_pictures_views import flows, reach, wake

THEMED: dict[str, tuple[Story, str]] = {
    "looks-edit-foam": (edit, "foam"),
    "looks-edit-colour-blind": (edit, "colour-blind"),
    "looks-edit-high-contrast": (edit, "high-contrast"),
    "looks-edit-16": (edit, "16"),
    "looks-edit-16-light": (edit, "16-light"),
    "looks-kill-foam": (kill, "foam"),
    "looks-kill-colour-blind": (kill, "colour-blind"),
    "looks-service-type-foam": (service_type, "foam"),
    "looks-service-type-colour-blind": (service_type, "colour-blind"),
    "looks-service-type-16": (service_type, "16"),
    "looks-reach-foam": (reach, "foam"),
    "looks-reach-colour-blind": (reach, "colour-blind"),
    "looks-wake-foam": (wake, "foam"),
    "looks-wake-colour-blind": (wake, "colour-blind"),
    "looks-flows-foam": (flows, "foam"),
    "looks-flows-colour-blind": (flows, "colour-blind"),
}
"""By name: how to get there, and the theme; those of one story stand together and are taken one after the other."""

WITHOUT_COLOUR: dict[str, tuple[Story, Look]] = {
    "looks-edit-no-color": (edit, Look()),
    "looks-kill-no-color": (kill, Look()),
    "looks-reach-no-color": (reach, Look()),
    "looks-edit-no-color-16": (edit, Look(theme=Said("16"))),
}
"""By name: how to get there, under NO_COLOR."""

IN_ASCII: dict[str, tuple[Story, Look]] = {
    "looks-edit-ascii": (edit, Look(ascii=Said("on"))),
    "looks-reach-ascii": (reach, Look(ascii=Said("on"))),
}
"""By name: how to get there, with signs in ASCII."""


AT_SIZES: dict[str, tuple[Story, tuple[int, int]]] = {
    "looks-connections-80x24": (connections, (80, 24)),
    "looks-kill-80x24": (kill, (80, 24)),
    "looks-service-type-80x24": (service_type, (80, 24)),
    "looks-delete-80x24": (delete, (80, 24)),
    "looks-trace-80x24": (trace, (80, 24)),
    "looks-help-80x24": (help_page, (80, 24)),
    "looks-kill-200x60": (kill, (200, 60)),
    "looks-edit-200x60": (edit, (200, 60)),
    "looks-service-type-200x60": (service_type, (200, 60)),
}
"""By name: how to get there, and the size of the terminal."""


def by_story() -> dict[Story, list[tuple[str, str]]]:
    """The themes of each story."""
    found: defaultdict[Story, list[tuple[str, str]]] = defaultdict(list)
    for name, (story, theme) in THEMED.items():
        found[story].append((name, theme))
    return found


STORIES = by_story()


RARE = (wake, flows)
"""Stories whose other colours are looked at with the slow tests."""


@pytest.mark.parametrize(
    "story",
    [pytest.param(story, marks=pytest.mark.slow) if story in RARE else story for story in STORIES],
    ids=lambda story: story.__name__,
)
def test_it_looks_as_approved_in_other_colours(story: Story, picture: SnapshotAssertion) -> None:
    async def look_at_all(player: Player) -> None:
        await story(player)
        await settled(player)
        for name, theme in STORIES[story]:
            player.app.theme = PREFIX + theme
            await settled(player)
            assert player.svg() == picture(name=name)

    play(shop(), look_at_all)


@pytest.mark.parametrize("name", WITHOUT_COLOUR)
def test_it_looks_as_approved_without_colour(
    name: str, picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one_picture(name, *WITHOUT_COLOUR[name], picture)


@pytest.mark.parametrize("name", IN_ASCII)
def test_it_looks_as_approved_in_ascii(name: str, picture: SnapshotAssertion) -> None:
    one_picture(name, *IN_ASCII[name], picture)


@pytest.mark.slow
@pytest.mark.parametrize("name", AT_SIZES)
def test_it_looks_as_approved_at_other_sizes(name: str, picture: SnapshotAssertion) -> None:
    story, size = AT_SIZES[name]
    one_picture(name, story, Look(), picture, size)


def one_picture(
    name: str, story: Story, look: Look, picture: SnapshotAssertion, size: tuple[int, int] = (120, 36)
) -> None:
    """Play a story in a look of its own and compare its picture."""

    async def look_at_it(player: Player) -> None:
        await story(player)
        await settled(player)
        assert player.svg() == picture(name=name)

    play(shop(), look_at_it, look=look, size=size)


def test_the_pictures_of_a_story_stand_together() -> None:
    assert len(list(groupby(story for story, _ in THEMED.values()))) == len(STORIES)
