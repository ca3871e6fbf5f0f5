"""Odd and hostile snapshots opened in the console: a notice that can be read, and the rest works.

What is refused ends the console with the words of the command line, see test_cli_bad_input.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import kwake
from kwake.errors import KwakeError
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.findings import grave_words
from kwake_tui.session import Session
from tests.tui.player import Player, play
from tests.tui.test_cli_bad_input import LAUGHS, POD, POLICY, RUNNING

REST = """\
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: rest, labels: {app: server}}
spec: {containers: [{name: a, image: b, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: rest}
spec: {containers: [{name: a, image: b}]}
---
apiVersion: v1
kind: Service
metadata: {name: server, namespace: rest}
spec: {selector: {app: server}, ports: [{port: 80}]}
"""
"""What must go on working beside whatever is odd."""

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: demo}\nspec: {selector: {app: none}, ports: "
OWNED = (
    "namespace: demo, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: gone, uid: u, controller: true}]"
)

ODD: dict[str, tuple[str, str]] = {
    "unknown-kind": ("apiVersion: example.com/v9\nkind: Gadget\nmetadata: {name: g, namespace: demo}\n", "Gadget"),
    "cilium": ("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: demo}\n"
               "spec: {endpointSelector: {}}\n", "CiliumNetworkPolicy"),
    "two-pods-of-one-ip": (RUNNING.replace("NAME", "a") + "---\n" + RUNNING.replace("NAME", "b"), "10.0.0.7"),
    "selects-nothing": (SERVICE + "[{port: 80}]}\n", "Service/demo/s"),
    "dangling-owner": (POD.replace("NAME", "p").replace("namespace: demo", OWNED), "ReplicaSet/demo/gone"),
    "escape-codes": (POD.replace("NAME", "p").replace("namespace: demo", "namespace: demo, annotations: "
                     '{"a": "\\e[2J\\e]0;x\\a"}'), ""),
    "pod-without-ip": (POD.replace("NAME", "p") + "status: {phase: Pending}\n", ""),
}  # fmt: skip
"""What is taken in: the snapshot, and what the page of findings names."""


def opened(tmp_path: Path, text: str, *, lenient: bool = False) -> kwake.World:
    """A snapshot of an odd part and the rest."""
    file = tmp_path / "odd.yaml"
    file.write_text(text + REST, encoding="utf-8")
    return kwake.open(file, lenient=lenient)


async def use_the_rest(player: Player) -> None:
    """Trace, open, kill and undo in the part that is sound."""
    before = player.session.world
    await player.press("colon")
    await player.type("open pay po/rest/client svc/rest/server:80")
    await player.press("enter")
    assert player.session.world.connections["pay"].fate.value == "open"
    await player.press("colon")
    await player.type("kill rest/server")
    await player.press("enter")
    assert len(player.session.timeline.path) == 3
    await player.press("z", "z")
    assert player.session.world == before


@pytest.mark.parametrize("which", ODD)
def test_what_is_odd_is_listed_and_the_rest_works(which: str, tmp_path: Path) -> None:
    text, named = ODD[which]

    async def story(player: Player) -> None:
        await player.press("0", "G", "g")
        await player.press("colon")
        await player.type("check")
        await player.press("enter")
        assert isinstance(player.app.screen, ChoiceScreen)
        assert any(named in row for row in player.rows("#choice"))
        await player.press("escape")
        await use_the_rest(player)
        assert "\x1b" not in "".join(strip.text for strip in player.app.screen._compositor.render_strips())

    play(opened(tmp_path, text), story)


def test_enter_on_a_finding_goes_to_its_object(tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("check")
        await player.press("enter", "g", "enter")
        assert player.desk.chosen == "Service/demo/s"

    play(opened(tmp_path, ODD["selects-nothing"][0]), story)


def test_beside_a_long_path_the_object_of_a_finding_is_named_in_full(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20)
    folder.mkdir()

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("check")
        await player.press("enter")
        assert any("Service/demo/s" in row and " odd.yaml:" in row for row in player.rows("#choice"))

    play(opened(folder, ODD["selects-nothing"][0]), story, size=(80, 24))


def test_what_is_skipped_leniently_is_unknown_in_the_console_too(tmp_path: Path) -> None:
    world = opened(tmp_path, POLICY + "---\n" + POD.replace("NAME", "a"), lenient=True)

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("trace po/rest/client po/demo/a 80")
        await player.press("enter")
        assert player.rows("#path")[0].startswith("? unknown")
        await use_the_rest(player)

    play(world, story)
    assert "unknown" in grave_words(world.findings)


def test_a_folder_with_helm_templates_in_it(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "web.yaml").write_text("kind: Pod\nmetadata: {{ .Values.meta }}\n", encoding="utf-8")
    (tmp_path / "rest.yaml").write_text(REST, encoding="utf-8")
    world = kwake.open(tmp_path)

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("check")
        await player.press("enter")
        assert any("templates" in row for row in player.rows("#choice"))
        await player.press("escape")
        await use_the_rest(player)

    play(world, story)


@pytest.mark.parametrize(
    "content",
    [LAUGHS.encode(), b"kind: Pod\n\tmetadata: {}\n", b"\xffkind: Pod\n", b"kind: P\0od\n", POLICY.encode(),
     b'{"kind": "List", "items": [{"kind": "Pod", "api', b"kind: Pod\nkind: Pod\n",
     b"apiVersion: v9\nkind: Pod\nmetadata: {name: g, namespace: demo}\n",
     (POD.replace("NAME", "twin") + "---\n" + POD.replace("NAME", "twin") + "status: {phase: Failed}\n").encode(),
     b"a: b\n" * (13 * 1024 * 1024)],
    ids=["laughs", "tab", "not-utf-8", "nul", "cidr", "half-a-list", "duplicate-key", "version", "two-of-one-name",
         "65-megabytes"],
)  # fmt: skip
def test_what_is_refused_ends_the_console_with_its_reason(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)

    async def run() -> KwakeError | None:
        app = KwakeApp(lambda: Begun(Session.start(kwake.open(file), "bad", None)), "bad")
        async with app.run_test(), asyncio.timeout(10):
            while app.failure is None:
                await asyncio.sleep(0.01)
        return app.failure

    failure = asyncio.run(run())
    assert "bad.yaml" in str(failure)
