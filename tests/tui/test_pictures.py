"""Pictures of the console, each approved by eye. Update with `pytest tests/tui/test_pictures.py --snapshot-update`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from kwake_tui.panes.editor import EditorPane
from kwake_tui.screens.leave import LeaveScreen
from kwake_tui.screens.service_type import ServiceTypeScreen
from tests.tui.player import Player, Story, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout


async def beginning(player: Player) -> None:
    """As it opens."""


async def main(player: Player) -> None:
    """A path is shown, a connection open, a policy edited under it and not yet applied."""
    await open_checkout(player)
    await edit_policy(player, "app: web", "app: webshop")
    await player.until(lambda: any("∅ dropped" in row for row in player.rows("#preview")))


async def edit(player: Player) -> None:
    """The same, applied: already open and dialled now differ."""
    await main(player)
    await player.press("ctrl+s")


async def kill(player: Player) -> None:
    """The only pod behind a Service is killed; its successor has another IP."""
    await player.go_to("Deployment/shop/web")
    await player.press("t")
    await player.type("search:80")
    await player.press("enter")
    world = player.session.world
    (pod,) = world.cluster.pods_of(world.cluster.resolve("deploy/shop/search"))
    await player.go_to(str(pod.key))
    await player.press("ctrl+k")


async def undone(player: Player) -> None:
    """A kill is undone."""
    await kill(player)
    await player.press("z")


async def service_type(player: Player) -> None:
    """The dialog of a NodePort Service."""
    await open_checkout(player)
    await player.go_to("Service/shop/catalog")
    await player.press("s")
    await player.until(lambda: isinstance(player.app.screen, ServiceTypeScreen))


async def service_type_refused(player: Player) -> None:
    """The same, on the type that the API server refuses."""
    await service_type(player)
    await player.press("down", "down", "down", "down")


async def refusal(player: Player) -> None:
    """The API server's words in the key line."""
    await edit_policy(player, "Ingress", "Sideways")
    await player.press("ctrl+s")


async def trace(player: Player) -> None:
    """Where to?"""
    await player.go_to("Deployment/shop/web")
    await player.press("t")
    await player.type("check")


async def delete(player: Player) -> None:
    """A question."""
    await player.go_to("Service/shop/cart")
    await player.press("ctrl+d")


async def leave(player: Player) -> None:
    """The question of `q` where something would be lost."""
    await kill(player)
    await player.press("q")
    await player.until(lambda: isinstance(player.app.screen, LeaveScreen))


async def describe(player: Player) -> None:
    """A Service and its endpoints."""
    await player.go_to("Service/shop/checkout")
    await player.press("d")


async def help_page(player: Player) -> None:
    """Keys and commands."""
    await player.press("question_mark")


async def prompt(player: Player) -> None:
    """A command with its completion."""
    await player.press("colon")
    await player.type("scale deploy/shop/ca")


async def path(player: Player) -> None:
    """The Path pane alone, at 80x24."""
    await open_checkout(player)


async def connections(player: Player) -> None:
    """The Connections pane has the focus."""
    await edit(player)
    await player.press("tab")


PICTURES: dict[str, tuple[Story, tuple[int, int]]] = {
    "beginning": (beginning, (120, 36)),
    "main": (main, (120, 36)),
    "edit": (edit, (120, 36)),
    "kill": (kill, (120, 36)),
    "undone": (undone, (120, 36)),
    "service-type": (service_type, (120, 36)),
    "service-type-refused": (service_type_refused, (120, 36)),
    "refusal": (refusal, (120, 36)),
    "trace": (trace, (120, 36)),
    "delete": (delete, (120, 36)),
    "leave": (leave, (120, 36)),
    "describe": (describe, (120, 36)),
    "help": (help_page, (120, 36)),
    "prompt": (prompt, (120, 36)),
    "connections": (connections, (120, 36)),
    "cluster-80x24": (beginning, (80, 24)),
    "path-80x24": (path, (80, 24)),
    "main-200x60": (main, (200, 60)),
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


async def settled(player: Player) -> None:
    """Wait until the editor has followed the cursor and nothing moves any more."""
    editor = player.desk.query_one(EditorPane)
    target = player.desk.chosen
    if not editor.is_edited and "/" in target and player.desk.pane == "cluster":
        await player.until(lambda: editor.reference == target)
    await at_rest(player)


async def at_rest(player: Player) -> None:
    """Wait until nothing moves any more."""
    await stands(player, screen_of)


async def stands(player: Player, look: Callable[[Player], object]) -> None:
    """Wait until two looks one after the other are alike, and nothing is still to come."""
    before, now = None, look(player)
    while before != now:
        await player.pilot.pause()
        await player.until(lambda: not is_due(player))
        before, now = now, look(player)


def is_due(player: Player) -> bool:
    """Whether something is still to come at its time, as a preview after the last key."""
    nodes = [node for screen in player.app.screen_stack for node in (screen, *screen.walk_children())]
    timers = [timer for node in nodes for timer in node._timers if timer._repeat is not None]
    return any(timer._task is not None and not timer._task.done() for timer in timers)


def screen_of(player: Player) -> str:
    """The picture without the number that every picture has of its own."""
    return re.sub(r"terminal-\d+", "terminal", player.svg())
