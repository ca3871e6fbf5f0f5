"""Pictures of reach, the wake, flows, a Service's page and a rule's, each approved by eye."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from kwake_tui.screens.view import ViewScreen
from tests.tui.player import Player, Story, play, shop
from tests.tui.test_flows import after_kill as flows_after_kill
from tests.tui.test_pictures import settled
from tests.tui.test_reach import open_reach, with_edit
from tests.tui.test_wake import after_edit, after_kill, open_wake


async def reach(player: Player) -> None:
    """A pair that an edit took away."""
    await with_edit(player)


async def reach_folded(player: Player) -> None:
    """Its namespace folded."""
    await with_edit(player)
    await player.press("space")


async def reach_now(player: Player) -> None:
    """At the beginning there is no difference."""
    await open_reach(player)


async def wake(player: Player) -> None:
    """What the edit came to, with a connection that stays open."""
    await after_edit(player)


async def wake_kill(player: Player) -> None:
    """What a kill came to, and what a dial met meanwhile."""
    await after_kill(player)


async def wake_deleted(player: Player) -> None:
    """A Service is deleted: many clients lose it."""
    await player.press("colon")
    await player.type("delete svc/shop/catalog")
    await player.press("enter")
    await open_wake(player)


async def flows(player: Player) -> None:
    """An outage with two causes."""
    await flows_after_kill(player)


async def service(player: Player) -> None:
    """A Service that outside clients reach."""
    await player.go_to("Service/shop/web")
    await player.press("d")


async def rule(player: Player) -> None:
    """What a rule says that answers cite, and where it was read."""
    await player.press("colon")
    await player.type("rule NP-23")
    await player.press("enter")


async def view_help(player: Player) -> None:
    """The keys of such a screen."""
    await after_edit(player)
    await player.press("question_mark")


PICTURES: dict[str, tuple[Story, tuple[int, int]]] = {
    "views-reach": (reach, (120, 36)),
    "views-reach-80x24": (reach, (80, 24)),
    "views-reach-200x60": (reach, (200, 60)),
    "views-reach-folded": (reach_folded, (120, 36)),
    "views-reach-beginning": (reach_now, (120, 36)),
    "views-wake": (wake, (120, 36)),
    "views-wake-80x24": (wake, (80, 24)),
    "views-wake-200x60": (wake, (200, 60)),
    "views-wake-kill": (wake_kill, (120, 36)),
    "views-wake-deleted": (wake_deleted, (120, 36)),
    "views-flows": (flows, (120, 36)),
    "views-flows-80x24": (flows, (80, 24)),
    "views-service": (service, (120, 36)),
    "views-rule": (rule, (120, 36)),
    "views-rule-80x24": (rule, (80, 24)),
    "views-help": (view_help, (120, 36)),
}
"""By name: how to get there, and the size of the terminal."""


@pytest.mark.parametrize("name", PICTURES)
def test_it_looks_as_approved(name: str, picture: SnapshotAssertion) -> None:
    story, size = PICTURES[name]

    async def look(player: Player) -> None:
        await story(player)
        await settled(player)
        assert player.svg() == picture(name=name)

    play(shop(), look, size=size)


def test_each_screen_of_this_kind_has_a_picture() -> None:
    pictured = {name.split("-")[1] for name in PICTURES}

    assert {screen.WORD for screen in ViewScreen.__subclasses__()} <= pictured
