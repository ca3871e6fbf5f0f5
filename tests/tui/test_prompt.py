"""The `:` prompt: commands, completion, refusals; and the keys that open pages."""

from __future__ import annotations

from kwake.objects.kinds import Service
from kwake_tui.widgets.prompt import Prompt
from tests.tui.player import Player, play, shop


async def command(player: Player, text: str) -> None:
    await player.press("colon")
    await player.type(text)
    await player.press("enter")


def test_tab_completes_commands_and_names() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("sca")
        await player.press("tab")
        prompt = player.desk.query_one(Prompt)
        assert prompt.value == "scale "

        await player.type("cart")
        await player.press("tab")
        assert prompt.value == "scale deploy/shop/cart"

    play(shop(), story)


def test_scale_relabel_and_delete_act() -> None:
    async def story(player: Player) -> None:
        await command(player, "scale deploy/shop/cart 3")
        await command(player, "relabel svc/shop/cart team=carts")
        await command(player, "delete svc/shop/search")

        cluster = player.session.world.cluster
        assert len(cluster.pods_of(cluster.resolve("deploy/shop/cart"))) == 3
        assert cluster.get("svc/shop/cart").value.metadata.labels["team"] == "carts"
        assert "search" not in [service.metadata.name for service in cluster.all(Service)]

    play(shop(), story)


def test_trace_and_open_take_references() -> None:
    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/web svc/shop/cart:9000")
        await command(player, "open basket")
        await command(player, "open pay deploy/shop/web svc/shop/checkout:443")

        assert player.rows("#path")[0].startswith("✓ delivered")
        assert list(player.session.world.connections) == ["basket", "pay"]

        await command(player, "close pay")
        assert "○ closed" in player.row("#connections", "pay")

    play(shop(), story)


def test_an_external_name_is_given_with_set_type() -> None:
    async def story(player: Player) -> None:
        await command(player, "set-type svc/shop/search ExternalName search.example.com")

        assert "search.example.com" in " ".join(player.rows("#cluster"))

    play(shop(), story)


def test_what_cannot_be_done_is_said_and_nothing_happens() -> None:
    async def story(player: Player) -> None:
        for text, words in (
            ("frobnicate", "frobnicate: no such command; ? and :help list all"),
            ("trcae", "trcae: no such command; is it trace?"),
            ("ru", "ru: which one: run, rule"),
            ("de", "de: which one: delete, describe, deployments"),
            ("kill", "write kill POD"),
            ("kill shop/nobody", "there is no Pod shop/nobody"),
            ("scale deploy/shop/cart many", "expected a number"),
            ("re svc/shop/cart", "which one: restart, relabel, replace, redo"),
        ):
            await command(player, text)
            assert words in player.rows("#keys")[0]
        assert len(player.session.timeline.path) == 1

    play(shop(), story)


def test_undo_and_redo_take_how_many_actions_or_all() -> None:
    async def story(player: Player) -> None:
        for text in ("undo all", "redo all"):
            await command(player, text)
            assert f"nothing to {text.split()[0]}" in player.rows("#keys")[0]
        for replicas in (3, 4, 5):
            await command(player, f"scale deploy/shop/cart {replicas}")

        await command(player, "undo 2")
        assert player.session.timeline.current == 1
        await command(player, "undo 2")
        assert "2: 1 action to undo; undo all takes all" in player.rows("#keys")[0]
        await command(player, "undo all")
        assert player.session.timeline.current == 0
        assert player.session.world == shop()
        await command(player, "redo 2")
        assert player.session.timeline.current == 2
        await command(player, "redo all")
        assert player.session.timeline.current == 3

        await player.press("colon")
        await player.type("undo ")
        await player.press("tab", "enter")
        assert player.session.timeline.current == 0

    play(shop(), story)


def test_tab_goes_on_to_the_next_command_that_fits() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("ru")
        prompt = player.desk.query_one(Prompt)
        taken = []
        for _ in range(2):
            await player.press("tab")
            taken.append(prompt.value)
        assert taken == ["run", "rule "]

    play(shop(), story)


def test_the_first_letters_of_a_kind_stand_for_it_where_no_command_begins_so() -> None:
    async def story(player: Player) -> None:
        await command(player, "netw")
        assert [row for row in player.rows("#cluster") if "allow-web" in row]
        assert not [row for row in player.rows("#cluster") if "deploy" in row]
        await player.press("escape")
        await command(player, "help")
        assert any(row.startswith("undo [ACTIONS]") for row in player.rows("#page"))

    play(shop(), story)


def test_escape_leaves_the_prompt_without_doing_anything() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("quit")
        await player.press("escape")

        assert not player.desk.query_one("#command").display
        assert player.desk.pane == "cluster"

    play(shop(), story)


def test_describe_help_and_yaml_open_pages() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/checkout")
        await player.press("d")
        assert len([row for row in player.rows("#page") if "ready" in row]) == 3
        await player.press("escape", "y")
        assert "kind: Service" in player.rows("#page")
        await player.press("escape", "question_mark")
        assert any(row.startswith("ctrl+k") for row in player.rows("#page"))
        await player.press("escape")
        assert player.desk.pane == "cluster"

    play(shop(), story)


def test_q_leaves_with_status_0() -> None:
    async def story(player: Player) -> None:
        await player.press("q")

        assert player.app.return_value == 0

    play(shop(), story)


def test_port_and_protocol_may_stand_apart_and_nothing_is_left_over() -> None:
    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/web svc/kube-system/kube-dns 53 udp")
        flow = player.session.shown_flow
        assert flow is not None
        assert (flow.port, flow.protocol) == (53, "UDP")

        for text, words in (
            ("trace deploy/shop/web svc/shop/cart 53 udp now", "now: not understood"),
            ("trace deploy/shop/web svc/shop/cart 53 icmp", "icmp: no such protocol"),
            ("trace deploy/shop/web svc/shop/cart:9000 53", "two ports"),
            ("kill shop/web shop/cart", "shop/cart: not understood; write kill POD"),
            ("undo twice", "twice: expected a number of actions, or all"),
        ):
            await command(player, text)
            assert words in player.rows("#keys")[0]
        assert player.session.shown_flow == flow

    play(shop(), story)


def test_describe_and_yaml_take_an_object() -> None:
    async def story(player: Player) -> None:
        await command(player, "describe svc/shop/checkout")
        assert len([row for row in player.rows("#page") if "ready" in row]) == 3
        await player.press("escape")
        await command(player, "yaml svc/shop/checkout")
        assert "kind: Service" in player.rows("#page")

    play(shop(), story)


def test_ctrl_c_says_how_one_leaves() -> None:
    async def story(player: Player) -> None:
        await player.press("ctrl+c")
        assert player.rows("#keys")[0] == "▲ q leaves"

    play(shop(), story)
