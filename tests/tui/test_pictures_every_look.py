"""Every view in light, colour-blind and without colour; the main screen and dialogs so at other sizes too.

Update with `pytest tests/tui/test_pictures_every_look.py -m slow --snapshot-update`, and look at what changed.
"""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.looks import LOOKS, NO_COLOR, put_on
from tests.tui.player import Player, Story, play, shop
from tests.tui.test_flipping import flips_of_a_drop
from tests.tui.test_pictures import (
    at_rest,
    connections,
    delete,
    describe,
    edit,
    help_page,
    kill,
    leave,
    main,
    prompt,
    refusal,
    service_type,
    service_type_refused,
    settled,
    trace,
)
from tests.tui.test_pictures_live import PICTURES as LIVE
from tests.tui.test_pictures_rec import OFFERS, kubectl, lesson, lesson_told, stepping_failed, steps
from tests.tui.test_pictures_views import flows, reach, service, view_help, wake, wake_deleted, wake_kill

MIDDLE, SMALL, LARGE = (120, 36), (80, 24), (200, 60)

ALL = ("deep", *LOOKS)

VIEWS: dict[str, tuple[Story, dict[tuple[int, int], tuple[str, ...]]]] = {
    "main": (main, {MIDDLE: LOOKS, SMALL: ALL, LARGE: LOOKS}),
    "edit": (edit, {SMALL: ALL, LARGE: LOOKS}),
    "kill": (kill, {SMALL: LOOKS, LARGE: LOOKS}),
    "connections": (connections, {MIDDLE: LOOKS, SMALL: LOOKS, LARGE: ALL}),
    "service-type": (service_type, {MIDDLE: (NO_COLOR,), SMALL: LOOKS, LARGE: LOOKS}),
    "service-type-refused": (service_type_refused, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "trace": (trace, {MIDDLE: LOOKS, SMALL: LOOKS, LARGE: ALL}),
    "delete": (delete, {MIDDLE: LOOKS, SMALL: LOOKS, LARGE: ALL}),
    "leave": (leave, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "help": (help_page, {MIDDLE: LOOKS, SMALL: LOOKS, LARGE: ALL}),
    "prompt": (prompt, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "service": (service, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "describe": (describe, {MIDDLE: LOOKS}),
    "refusal": (refusal, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "flip": (flips_of_a_drop, {MIDDLE: LOOKS, SMALL: LOOKS, LARGE: ALL}),
    "reach": (reach, {SMALL: LOOKS, LARGE: LOOKS}),
    "wake": (wake, {MIDDLE: (NO_COLOR,), SMALL: LOOKS, LARGE: LOOKS}),
    "wake-kill": (wake_kill, {MIDDLE: LOOKS}),
    "wake-deleted": (wake_deleted, {MIDDLE: LOOKS}),
    "flows": (flows, {MIDDLE: (NO_COLOR,), SMALL: LOOKS, LARGE: ALL}),
    "view-help": (view_help, {MIDDLE: LOOKS, SMALL: ALL}),
    "stepping": (stepping_failed, {MIDDLE: LOOKS, SMALL: LOOKS}),
    "steps": (steps, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "kubectl": (kubectl, {MIDDLE: LOOKS, SMALL: ALL, LARGE: ALL}),
    "lesson": (lesson, {MIDDLE: LOOKS, SMALL: ALL}),
    "lesson-told": (lesson_told, {MIDDLE: LOOKS, SMALL: LOOKS, LARGE: LOOKS}),
}
"""By name: how to get there, and in which looks at which size; what another file has a picture of is left out."""

PLACES = [(view, size) for view, (_, sizes) in VIEWS.items() for size in sizes]


def name_of(view: str, size: tuple[int, int], look: str) -> str:
    """What a picture is called."""
    return f"every-{view}-{look}" + ("" if size == MIDDLE else f"-{size[0]}x{size[1]}")


NAMES = {name_of(view, size, look) for view, size in PLACES for look in VIEWS[view][1][size]}
NAMES |= {f"every-{name}-{look}" for name in (*LIVE, *OFFERS) for look in LOOKS}
"""All pictures that are taken in every look, those of a live cluster and of sessions that crashed among them."""


@pytest.mark.slow
@pytest.mark.parametrize(("view", "size"), PLACES, ids=lambda value: value if isinstance(value, str) else str(value[0]))
def test_it_looks_as_approved(view: str, size: tuple[int, int], picture: SnapshotAssertion) -> None:
    story, sizes = VIEWS[view]

    async def look_at_all(player: Player) -> None:
        await story(player)
        await settled(player)
        for look in sizes[size]:
            put_on(player.app, look)
            await at_rest(player)
            assert player.svg() == picture(name=name_of(view, size, look))

    play(shop(), look_at_all, size=size)


def test_a_console_that_puts_off_its_colours_looks_as_one_that_began_without(picture: SnapshotAssertion) -> None:
    async def look(player: Player) -> None:
        await edit(player)
        await settled(player)
        put_on(player.app, NO_COLOR)
        await at_rest(player)
        assert player.svg() == picture(name="looks-edit-no-color")

    play(shop(), look)
