"""What would turn a path, offered and made at the console."""

from __future__ import annotations

from kwake.dataplane.path import Outcome
from kwake.flips import path_flips
from kwake_tui.panes.editor import EditorPane
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.flips import FlipScreen
from kwake_tui.screens.kubectl import KubectlScreen
from kwake_tui.screens.main import MainScreen
from kwake_tui.session import path_in
from kwake_tui.text.flips import command
from kwake_tui.text.page import described
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import POLICY, edit_policy, open_checkout


async def flips_of_a_drop(player: Player) -> None:
    """The policy admits web no longer; what would let it through again."""
    await open_checkout(player)
    await edit_policy(player, "app: web", "app: webshop")
    await player.press("ctrl+s")
    player.desk.go_to_pane("path")
    await player.press("F")
    await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))


def test_enter_makes_the_edit_and_the_path_arrives() -> None:
    async def story(player: Player) -> None:
        await flips_of_a_drop(player)
        assert any("add shop/web to the peers of" in row for row in player.rows("#choice"))
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert any("delivered" in row for row in player.rows("#path"))
        await player.press("z")
        assert any("dropped" in row for row in player.rows("#path"))

    play(shop(), story)


def test_y_shows_the_edit_as_the_command_line_prints_it_and_c_copies_it() -> None:
    async def story(player: Player) -> None:
        await flips_of_a_drop(player)
        assert "y as a patch" in str(player.app.screen.query_one("#page").border_subtitle)
        session = player.session
        assert session.flow is not None
        flip = path_flips(session.world, path_in(session.world, session.flow))[0]
        (patch,) = [line for change in flip.changes for line in command(change)]

        await player.press("y")
        await player.until(lambda: isinstance(player.app.screen, KubectlScreen))
        assert "".join(player.rows("#page")).replace(" ", "") == patch.replace(" ", "")
        await player.press("c")
        assert player.app.clipboard == patch
        await player.press("escape")
        await player.until(lambda: isinstance(player.app.screen, FlipScreen))
        assert player.session is session, "nothing was done"

    play(shop(), story)


def test_esc_changes_nothing() -> None:
    async def story(player: Player) -> None:
        await flips_of_a_drop(player)
        entries = len(player.session.timeline.path)
        await player.press("escape")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert len(player.session.timeline.path) == entries

    play(shop(), story)


def test_a_pods_page_tells_the_policies_that_select_it() -> None:
    rows = described(shop(), "deploy/shop/checkout#0")

    at = rows.index(next(row for row in rows if row.startswith("── policies")))
    told = rows[at + 1 : at + 3]
    assert any(row.startswith("ingress       isolated by") and "1 rule" in row for row in told)
    assert any(row == "egress        not isolated" for row in told)


def editor(player: Player) -> EditorPane:
    return player.desk.query_one(EditorPane)


def test_a_fix_of_the_edited_text_is_typed_and_not_applied() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        typed = editor(player).area.text
        await player.press("ctrl+f")
        await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))
        assert all("NetworkPolicy/shop/allow-web" in row for row in player.rows("#choice") if "changes " in row)
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        assert editor(player).is_typing
        assert editor(player).is_edited
        assert len(player.session.timeline.path) == 2, "the connection alone"

        await player.press("ctrl+z")
        assert editor(player).area.text == typed
        await player.press("ctrl+y", "ctrl+s")
        assert any("✓ delivered" in row for row in player.rows("#path"))

    play(shop(), story)


def test_a_fix_is_of_the_pinned_flow_under_the_cursor() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("pin deploy/shop/search svc/shop/checkout 443")
        await player.press("enter")
        await player.go_to(POLICY)
        await player.press("e", "ctrl+f")
        await player.until(lambda: isinstance(player.app.screen, ChoiceScreen))

        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, MainScreen))
        await player.press("ctrl+s")
        flow = player.session.pins[0]
        assert path_in(player.session.world, flow).outcome is Outcome.DELIVERED

    play(shop(), story)


def test_a_fix_without_a_flow_says_what_is_missing() -> None:
    async def story(player: Player) -> None:
        await player.go_to(POLICY)
        await player.press("e", "ctrl+f")
        assert player.rows("#keys")[0].startswith("▲ no flow to flip yet: t on a pod traces one")

    play(shop(), story)


def test_a_text_that_cannot_turn_the_flow_says_so() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await player.go_to("Service/shop/cart")
        await player.press("e", "ctrl+f")
        assert player.rows("#keys")[0].startswith("▲ no edit of svc/cart alone turns web → svc/checkout:443")

    play(shop(), story)
