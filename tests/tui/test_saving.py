"""What was done at the console leaves as a scenario, as manifests and as kubectl commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import kwake
from kwake.actions import KillPod
from kwake.objects.key import Key
from kwake.samples import sample_path
from kwake.world import World
from kwake_tui.cli import main
from kwake_tui.opened import Opened
from kwake_tui.saving import scenario_files
from kwake_tui.scenario_files import named_from
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.session import Session
from tests.tui.player import Player, play, shop

SHOP = Opened((str(sample_path("shop")),))


def read_scenario(data: bytes) -> dict[str, Any]:
    """The scenario in a file, by another reader of YAML."""
    read = yaml.safe_load(data)
    assert isinstance(read, dict)
    return read


async def command(player: Player, text: str) -> None:
    await player.press("colon")
    await player.type(text)
    await player.press("enter")


async def work(player: Player) -> None:
    """A connection is opened, a flow pinned, a pod killed, and one kill undone."""
    await command(player, "trace deploy/shop/web svc/shop/checkout 443")
    await command(player, "pin deploy/shop/web svc/shop/checkout 443")
    await command(player, "open pay")
    pods = player.session.world.cluster.pods_by_namespace["shop"]
    for pod in [pod.metadata.name for pod in pods if pod.metadata.name.startswith(("checkout", "search"))][:2]:
        await command(player, f"kill shop/{pod}")
    await player.press("z")


def said(player: Player) -> str:
    return "".join(player.rows("#keys"))


def test_a_saved_session_is_a_scenario_that_meets_its_own_expectations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my story.yaml"

    async def story(player: Player) -> None:
        await work(player)
        await command(player, f"save {file}")
        assert "saved 2 actions" in said(player)
        assert "1 undone action left out" in said(player)

    play(shop(), story, opened=SHOP)

    assert main(["replay", str(file)]) == 0
    report = capsys.readouterr().out
    assert "open-pay" in report
    assert "expectations met" in report
    assert "sample:shop" in file.read_text()


def test_a_file_is_not_overwritten_unasked(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text("mine")

    async def story(player: Player) -> None:
        await command(player, f"save {file}")
        await player.until(lambda: isinstance(player.app.screen, ConfirmScreen))
        await player.press("enter")
        await player.until(lambda: not isinstance(player.app.screen, ConfirmScreen))
        assert file.read_text() == "mine"
        await command(player, f"save {file}")
        await player.until(lambda: isinstance(player.app.screen, ConfirmScreen))
        await player.press("right", "enter")
        await player.until(lambda: "saved" in said(player))
        assert "kwake: 1" in file.read_text()

    play(shop(), story, opened=SHOP)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("save {0}/story", "write save {0}/story.yaml"),
        ("save {0}/story.txt", "a scenario is YAML"),
        ("save {}/none/story.yaml", "No such file or directory"),
        ("save {}", "a scenario is YAML"),
        ("export {}/cluster.json", "manifests are written as YAML"),
        ("export {}/cluster.yaml changed", "nothing was changed yet"),
        ("kubectl", "nothing was done yet"),
    ],
)
def test_what_cannot_be_written_is_said(typed: str, words: str, tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await command(player, typed.format(tmp_path))
        assert words.format(tmp_path) in said(player)

    play(shop(), story, opened=SHOP)
    assert not list(tmp_path.iterdir())


def test_standard_input_is_saved_beside_the_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = (sample_path("small") / "cluster.yaml").read_bytes()
    world = kwake.open("-", seed=3, stdin=lambda: data)
    session = Session.start(world, "stdin", None, Opened(("-",))).do(KillPod("deploy/demo/checkout#0"))

    for path, text in scenario_files(session, tmp_path / "story.yaml").items():
        path.write_bytes(text)

    assert (tmp_path / "story.snapshot.yaml").read_bytes() == data
    assert main(["replay", str(tmp_path / "story.yaml")]) == 5  # no flow was watched: nothing is expected
    assert "kill-checkout" in capsys.readouterr().out


def manifests(world: World) -> dict[Key, object]:
    return {record.key: record.manifest for record in world.cluster}


@pytest.mark.parametrize("name", ["all.yaml", "folder"])
def test_an_exported_cluster_opens_as_the_same(name: str, tmp_path: Path) -> None:
    worlds = []

    async def story(player: Player) -> None:
        await work(player)
        await command(player, f"export {tmp_path / name}")
        assert "objects in" in said(player)
        worlds.append(player.session.world)

    play(shop(), story, opened=SHOP)

    assert manifests(kwake.open(tmp_path / name)) == manifests(worlds[0])


def test_only_what_was_changed_is_exported_as_one_would_write_it(tmp_path: Path) -> None:
    file = tmp_path / "changed.yaml"

    async def story(player: Player) -> None:
        await work(player)
        await command(player, "scale deploy/shop/cart 3")
        await command(player, "relabel svc/shop/cart team=carts")
        await command(player, f"export {file} changed")
        assert "2 objects" in said(player)

    play(shop(), story, opened=SHOP)

    text = file.read_text()
    assert "replicas: 3" in text
    assert "team: carts" in text
    assert "status" not in text


def test_the_commands_of_kubectl_are_shown() -> None:
    async def story(player: Player) -> None:
        await work(player)
        await command(player, "kubectl")
        await player.until(lambda: bool(player.app.screen.query("#page")))
        rows = player.rows("#page")
        assert rows[0].startswith("# pay: deploy/shop/web dials svc/shop/checkout")
        assert rows[1].startswith("kubectl delete -n shop pod/checkout-")
        assert len(rows) == 2

    play(shop(), story, opened=SHOP)


def test_a_snapshot_is_named_relative_to_the_scenario_and_a_sample_by_its_name(tmp_path: Path) -> None:
    assert named_from(str(tmp_path / "prod.yaml"), tmp_path / "stories") == "../prod.yaml"
    assert named_from(str(sample_path("small")), tmp_path) == "sample:small"
    assert named_from(str(sample_path("small")) + "/", tmp_path) == "sample:small"


def test_a_flow_that_an_action_turned_is_expected_though_nobody_pinned_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "turned.yaml"

    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/search svc/shop/checkout 443")
        await command(player, "scale deploy/shop/cart 3")
        await command(player, "delete netpol/shop/allow-web")
        await command(player, "scale deploy/shop/cart 2")
        await command(player, "trace deploy/shop/web svc/shop/cart 9000")
        await command(player, f"save {file}")

    play(shop(), story, opened=SHOP)

    recorded = read_scenario(file.read_bytes())
    assert list(recorded["flows"]) == ["search-checkout-443"]
    typed = [do["delete"] for step in recorded["steps"] if "delete" in (do := step.get("do", {}))]
    assert typed == ["netpol/shop/allow-web"], "as the user wrote it, though it is told as NetworkPolicy/shop/allow-web"
    assert {step["id"]: step["expect"] for step in recorded["steps"] if "expect" in step} == {
        "beginning": [
            {"flow": "search-checkout-443", "outcome": "dropped", "decided_by": "NetworkPolicy/shop/allow-web"}
        ],
        "delete-allow-web": [{"flow": "search-checkout-443", "outcome": "delivered"}],
    }
    assert main(["replay", str(file)]) == 0
    assert "2 of 2 expectations met" in capsys.readouterr().out


def test_a_flow_that_was_only_looked_at_is_expected_where_nothing_else_is(tmp_path: Path) -> None:
    file = tmp_path / "looked.yaml"

    async def story(player: Player) -> None:
        await command(player, "trace deploy/shop/web svc/shop/cart 9000")
        await command(player, "scale deploy/shop/cart 3")
        await command(player, f"save {file}")

    play(shop(), story, opened=SHOP)

    assert [step["id"] for step in read_scenario(file.read_bytes())["steps"] if "expect" in step] == [
        "beginning",
        "scale-cart",
    ]
