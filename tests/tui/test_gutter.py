"""The editor counts lines as the file does from which it shows them, so that a cited line is found."""

from __future__ import annotations

from pathlib import Path

import pytest

import kwake
from kwake.samples import sample_path
from kwake.world import World
from kwake_tui.panes.editor import EditorPane
from kwake_tui.yaml_text import shown_text
from tests.tui.player import Player, play
from tests.tui.test_saving import command

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: deny-web
  namespace: demo
spec:
  # nobody may talk to the window
  podSelector:
    matchLabels:
      app: web
  policyTypes:
    - Ingress
"""
ABOVE = 120
"""Lines of the file over the policy."""


def world(tmp_path: Path, policy: str = POLICY) -> World:
    file = tmp_path / "policies.yaml"
    file.write_text("# in order\n" * (ABOVE - 1) + "---\n" + policy + "---\n")
    return kwake.open([sample_path("small") / "cluster.yaml", file])


def editor(player: Player) -> EditorPane:
    return player.desk.query_one(EditorPane)


def said(player: Player) -> str:
    return "".join(player.rows("#keys"))


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_lines_of_a_file_have_its_numbers_until_an_edit_is_applied(tmp_path: Path, size: tuple[int, int]) -> None:
    async def story(player: Player) -> None:
        await command(player, "edit netpol/demo/deny-web")
        area = editor(player).area
        assert (area.text, area.line_number_start) == (POLICY, ABOVE + 1)
        assert area.gutter_width == len("133") + 2

        await player.press(*["down"] * 9, "end", "s")
        assert area.text.splitlines()[9] == "      app: webs"
        assert area.line_number_start == ABOVE + 1
        await player.press("ctrl+r")
        assert (area.text, area.line_number_start) == (POLICY, ABOVE + 1)

        await player.press("end", "s", "ctrl+s")
        assert "applied" in said(player)
        assert area.line_number_start == 1
        assert "# nobody" not in area.text, "it is kwake's text by now"
        await player.press("z")
        assert (area.text, area.line_number_start) == (POLICY, ABOVE + 1)

    play(world(tmp_path), story, size=size)


def test_the_line_that_a_path_cites_is_the_one_of_the_gutter(tmp_path: Path) -> None:
    shown = world(tmp_path)
    cited = shown.trace("pod/demo/client", "svc/demo/web", 80).decided_by[0]
    assert cited.line is not None

    text, first = shown_text(shown.cluster.get("netpol/demo/deny-web").document)

    assert text.splitlines()[cited.line - first] == "  podSelector:"


def test_what_is_wrong_with_the_text_is_told_with_the_number_of_the_gutter(tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await command(player, "edit netpol/demo/deny-web")
        await player.press(*["down"] * 4, "end", "colon", "space", "x", "ctrl+s")
        assert f"line {ABOVE + 5}: " in said(player)
        assert any(f"line {ABOVE + 5}: " in row for row in player.rows("#preview"))

    play(world(tmp_path), story)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    matchLabels:\n      app: web\n", "    matchLabels: {app: web}\n"),
        ("# nobody", "# \u202enobody"),
        ("  namespace: demo\n", "  namespace: demo\n  uid: 3a1b\n"),
    ],
    ids=["in one line", "an unseen sign", "a field of the server"],
)
def test_what_would_not_be_shown_as_it_stands_is_written_by_kwake_from_line_1(
    old: str, new: str, tmp_path: Path
) -> None:
    assert old in POLICY

    async def story(player: Player) -> None:
        await command(player, "edit netpol/demo/deny-web")
        area = editor(player).area
        assert area.line_number_start == 1
        assert "# nobody" not in area.text
        assert area.text.startswith("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n")

    play(world(tmp_path, POLICY.replace(old, new)), story)
