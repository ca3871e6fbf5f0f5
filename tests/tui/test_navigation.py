"""Finding things: filters, kinds, namespaces, marks, what uses what, views back and on, and panes by number."""

from __future__ import annotations

import pytest

from kwake.errors import UsageError
from kwake.objects.kinds import Pod
from kwake_tui.filtering import Index, parse_filter
from kwake_tui.panes.cluster import ClusterPane
from kwake_tui.panes.path import PathPane
from kwake_tui.panes.tree import TreeState, tree
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.prompt import Prompt
from tests.tui.player import Player, play, shop


async def command(player: Player, text: str) -> None:
    await player.press("colon")
    await player.type(text)
    await player.press("enter")


def pods(player: Player, workload: str) -> list[str]:
    cluster = player.session.world.cluster
    return [str(pod.key) for pod in cluster.pods_of(cluster.resolve(workload))]


def test_a_filter_keeps_rows_as_one_types_and_esc_takes_it_away() -> None:
    async def story(player: Player) -> None:
        all_rows = player.rows("#cluster")
        await player.press("slash")
        await player.type("cart")
        kept = player.rows("#cluster")
        targets = [line.target for line in player.desk.query_one("#cluster", LineList).lines]
        assert set(pods(player, "deploy/shop/cart")) <= set(targets)
        assert not set(pods(player, "deploy/shop/web")) & set(targets)
        assert len(kept) < len(all_rows)
        assert "/cart" in str(player.desk.query_one("#cluster").border_subtitle)

        await player.press("enter")
        assert player.desk.pane == "cluster"
        assert player.rows("#cluster") == kept

        await player.press("escape")
        assert player.rows("#cluster") == all_rows

    play(shop(), story)


def test_filters_by_label_by_absence_and_by_letters() -> None:
    async def story(player: Player) -> None:
        pane = player.desk.query_one("#cluster", LineList)

        async def kept(text: str) -> list[str]:
            await command(player, f"filter {text}")
            return [line.target for line in pane.lines if line.target.startswith("Pod/shop/")]

        everything = await kept("")
        labelled = await kept("-l app=cart")
        others = await kept("!cart")
        letters = await kept("-f crt")

        assert labelled == pods(player, "deploy/shop/cart")
        assert set(others) == set(everything) - set(labelled)
        assert set(labelled) <= set(letters)

    play(shop(), story)


def test_a_filter_that_keeps_nothing_says_so() -> None:
    async def story(player: Player) -> None:
        await player.press("j", "j", "j")
        all_rows, stood = player.rows("#cluster"), player.app.screen.query_one(ClusterPane).target
        await player.press("slash")
        await player.type("quux")
        pane = player.app.screen.query_one(ClusterPane)
        all_hidden = "".join(line.left[0].text for line in pane.lines)
        assert all_hidden == "nothing matches /quux: it hides 61 rows; esc here clears it"
        assert all(line.left[0].cells <= pane.size.width - 2 for line in pane.lines)
        await player.press("enter", "j", "ctrl+k")
        assert player.rows("#keys") == ["▲ put the cursor on a pod first"]

        await player.press("escape")
        assert player.rows("#cluster") == all_rows
        assert player.app.screen.query_one(ClusterPane).target == stood

    play(shop(), story)


def test_a_group_says_how_many_of_its_rows_a_filter_keeps() -> None:
    async def story(player: Player) -> None:
        await player.press("slash")
        await player.type("web")
        assert player.row("#cluster", "svc") == "▾ svc  1 of 6"
        assert player.row("#cluster", "np") == "▾ np  1 of 2"
        await player.press("escape")
        assert "▾ svc  6" in player.rows("#cluster")
        await command(player, "services")
        assert "▾ svc  6" in player.rows("#cluster")

    play(shop(), story)


def test_a_filter_for_a_pod_that_died_says_so_in_its_pane() -> None:
    async def story(player: Player) -> None:
        pod = pods(player, "deploy/shop/cart")[0]
        await command(player, f"filter {pod.rpartition('/')[2]}")
        await player.press("ctrl+k")
        await command(player, "scale deploy/shop/search 2")
        await player.until(lambda: "nothing matches" in player.rows("#cluster")[0])
        assert "".join(player.rows("#cluster")).replace(" ", "").endswith("eschereclearsit")
        await player.press("escape")
        assert player.row("#cluster", "deploy cart").endswith("2/2")

    play(shop(), story)


def test_the_title_follows_the_cursor_to_where_a_filter_puts_it() -> None:
    async def story(player: Player) -> None:
        await player.press("slash")
        await player.type("payments")
        await player.press("enter")
        assert str(player.app.screen.query_one(ClusterPane).border_title) == "Cluster  payments"

    play(shop(), story)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("svc", "Service"), ("netpol", "NetworkPolicy"), ("deployments", "Deployment"), ("sts", "StatefulSet")],
)
def test_a_filter_finds_kinds_by_the_names_that_kubectl_has_for_them(text: str, kind: str) -> None:
    async def story(player: Player) -> None:
        await player.press("slash")
        await player.type(text)
        kept = {line.target.partition("/")[0] for line in player.desk.query_one("#cluster", LineList).lines}
        assert {kind} <= kept <= {kind, "Namespace", "group:shop", "group:ops", "group:payments", "group:kube-system"}

    play(shop(), story)


@pytest.mark.parametrize("text", ["svc/checkout", "Service/shop/check", "services/CHECKOUT"])
def test_a_filter_finds_an_object_as_kubectl_writes_it(text: str) -> None:
    lines = tree(shop().cluster, TreeState())
    wanted = parse_filter(text)
    assert wanted is not None

    kept = Index.of(lines).kept(wanted, lambda target: None)

    assert [line.target for line in kept.lines][-kept.own :] == ["Service/shop/checkout"]


@pytest.mark.parametrize("typed", ["app", "web-7", "svc/", "svc/che", "e", "!web", "-f wb"])
def test_rows_found_letter_by_letter_are_those_found_at_once(typed: str) -> None:
    lines = tree(shop().cluster, TreeState())
    begun = Index.of(lines)
    written = [typed[:end] for end in range(1, len(typed) + 1)]
    for text in [*written, *reversed(written), *written]:
        wanted = parse_filter(text)
        if wanted is not None:
            assert begun.kept(wanted, lambda target: None) == Index.of(lines).kept(wanted, lambda target: None)
            kept = [line.target for line in begun.kept(wanted, lambda target: None).lines]
            assert kept == [line.target for line in lines if line.target in kept], "in the order of the rows"


@pytest.mark.parametrize("text", ["(", "-l app in", "-l =x", "*"])
def test_a_filter_that_cannot_be_read_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_filter(text)

    assert text.removeprefix("-l ").strip() in str(refused.value)


def test_a_broken_filter_is_said_and_the_last_good_one_holds() -> None:
    async def story(player: Player) -> None:
        await player.press("slash")
        await player.type("cart(")
        kept = player.rows("#cluster")
        await player.press("enter")

        assert "is no regular expression" in player.rows("#keys")[0]
        assert player.rows("#cluster") == kept

    play(shop(), story)


def test_a_kind_shows_it_alone_and_a_namespace_too() -> None:
    async def story(player: Player) -> None:
        pane = player.desk.query_one(ClusterPane)
        await command(player, "svc")
        stops = [line.target for line in pane.lines if "/" in line.target and not line.target.startswith("group:")]
        assert {target.partition("/")[0] for target in stops} == {"Namespace", "Service"}

        await player.press("escape")
        await command(player, "pods kube-system")
        assert pane.namespace == "kube-system"
        await player.press("escape", "0")
        assert pane.namespace == ""

        await player.press("9")
        assert "no namespace 9" in player.rows("#keys")[0]
        await command(player, "pods nowhere")
        assert "nowhere: no such namespace" in player.rows("#keys")[0]

    play(shop(), story)


def test_marked_pods_are_killed_together_after_a_question() -> None:
    async def story(player: Player) -> None:
        first, second = pods(player, "deploy/shop/web")[:2]
        await player.go_to(first)
        await player.press("space")
        await player.go_to(second)
        await player.press("space")
        assert list(player.desk.marked) == [first, second]
        assert "2 marked" in str(player.desk.query_one("#cluster").border_subtitle)

        await player.press("ctrl+k")
        await player.until(lambda: len(player.app.screen_stack) == 2)
        await player.press("tab", "enter")
        await player.until(lambda: len(player.session.timeline.path) == 3)

        assert not player.desk.marked
        assert not {first, second} & set(pods(player, "deploy/shop/web"))

    play(shop(), story)


def test_marks_of_other_kinds_stop_a_kill_and_esc_unmarks() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/cart")
        await player.press("space", "ctrl+k")
        assert "this needs Pods alone; marked are also cart" in player.rows("#keys")[0]

        await player.press("escape")
        assert not player.desk.marked

    play(shop(), story)


def test_used_by_lists_what_refers_to_a_pod_and_enter_goes_there() -> None:
    async def story(player: Player) -> None:
        await player.go_to(pods(player, "deploy/shop/cart")[0])
        await player.press("u")
        await player.until(lambda: bool(player.app.screen.query("#choice")))
        assert player.row("#choice", "sends to it").startswith("svc/cart")

        steps = [line.target for line in player.app.screen.query_one("#choice", LineList).lines]
        await player.press(*["j"] * steps.index("Service/shop/cart"), "enter")
        await player.until(lambda: player.desk.chosen == "Service/shop/cart")

    play(shop(), story)


def test_views_go_back_and_on() -> None:
    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/web svc/shop/cart 9000")
        await command(player, "trace deploy/shop/web svc/shop/checkout 443")
        await player.press("left_square_bracket")
        shown = player.session.shown_flow
        assert shown is not None
        assert shown.target == "svc/shop/cart"

        await player.press("right_square_bracket")
        shown = player.session.shown_flow
        assert shown is not None
        assert shown.target == "svc/shop/checkout"
        await player.press("right_square_bracket")
        assert "no view after this" in player.rows("#keys")[0]

    play(shop(), story)


def test_views_go_back_through_namespaces_and_on() -> None:
    async def story(player: Player) -> None:
        pane = player.desk.query_one(ClusterPane)
        await player.press("3", "0", "left_square_bracket")
        assert pane.namespace == "shop"
        await player.press("left_square_bracket", "right_square_bracket")
        assert pane.namespace == "shop"
        await player.press("right_square_bracket")
        assert pane.namespace == ""

    play(shop(), story)


def test_alt_and_a_number_go_to_a_pane() -> None:
    async def story(player: Player) -> None:
        await player.press("alt+5")
        assert player.desk.pane == "events"
        await player.press("alt+3")
        assert player.desk.pane == "editor"
        await player.press("alt+1")
        assert player.desk.pane == "cluster"

    play(shop(), story)


def test_the_title_says_where_the_cursor_is() -> None:
    async def story(player: Player) -> None:
        target = pods(player, "deploy/shop/cart")[0]
        await player.go_to(target)
        suffix = target.rpartition("-")[2]
        wide = player.app.size.width == 200
        assert str(player.desk.query_one("#cluster").border_title).split("  ") == [
            "Cluster",
            f"shop › cart › {suffix}" if wide else f"cart › {suffix}",
        ]

    play(shop(), story, size=(200, 60))
    play(shop(), story, size=(120, 36))


def test_copy_puts_the_reference_on_the_clipboard() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Service/shop/cart")
        await player.press("c")
        assert player.app.clipboard == "Service/shop/cart"
        assert player.rows("#keys")[0] == "✓ copied Service/shop/cart"

    play(shop(), story)


def test_the_prompt_lists_candidates_and_takes_the_one_that_was_picked() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("un")
        assert player.rows("#suggestions") == ["undo", "unpin"]
        await player.press("down", "enter")
        assert player.desk.query_one(Prompt).display
        assert player.rows("#keys")  # `unpin` takes nothing it must have, so it ran

        await player.press("colon", "up")
        assert player.desk.query_one(Prompt).value.strip() == "unpin"

    play(shop(), story)


def test_a_word_nearly_right_is_named() -> None:
    async def story(player: Player) -> None:
        await command(player, "descirbe svc/shop/cart")
        assert "is it describe?" in player.rows("#keys")[0]

    play(shop(), story)


def test_marks_of_what_is_gone_go_with_it() -> None:
    async def story(player: Player) -> None:
        target = pods(player, "deploy/shop/cart")[0]
        await player.go_to(target)
        await player.press("space")
        await command(player, f"kill {target}")
        assert player.desk.marked == ()
        assert target not in [str(pod.key) for pod in player.session.world.cluster.all(Pod)]

    play(shop(), story)


def test_a_filter_puts_the_cursor_on_what_it_keeps_not_on_a_heading() -> None:
    async def story(player: Player) -> None:
        await player.press("slash")
        await player.type("checkout")
        await player.press("enter")
        assert player.desk.chosen == "Deployment/shop/checkout"
        await player.press("escape", "j", "j", "slash")
        await player.type("ch")
        assert player.desk.chosen.startswith("Pod/shop/checkout")

    play(shop(), story)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_the_path_of_a_connection_that_was_just_opened_is_shown(size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        path = player.desk.query_one(PathPane)
        await command(player, "trace deploy/shop/web svc/shop/search:80")
        await command(player, "open basket deploy/shop/web svc/shop/cart:9000")
        assert player.desk.shows_one_pane is (size[0] == 80)
        assert "cart:9000" in str(path.border_title)
        assert player.session.flow == player.session.world.connections["basket"].flow
        assert path.display
        if player.desk.shows_one_pane:
            assert player.desk.pane == "path"

        await command(player, "open basket deploy/shop/web svc/shop/search:80")
        assert "cart:9000" in str(path.border_title), "the name is taken: it was refused"

        await player.press("z")
        assert "cart:9000" in str(path.border_title), "as after a trace: undo is of actions"
        await player.press("left_square_bracket")
        assert "search:80" in str(path.border_title)
        await player.press("right_square_bracket", "o")
        assert "cart:9000" in str(path.border_title)

    play(shop(), story, size=size)
