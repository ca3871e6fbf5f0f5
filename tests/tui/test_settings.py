"""The file of settings: keys bound otherwise, and what is wrong said with file, line and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kwake.errors import KwakeError
from kwake_tui.appearance import Look, Settings, config_file
from kwake_tui.cli import main
from kwake_tui.keys import TAKEN, clash, default_keys, key_name
from kwake_tui.settings import parse_settings, read_settings
from kwake_tui.widgets.line_list import LineList
from tests.tui.player import Player, play, shop


def settings(text: str) -> Settings:
    """Settings of a text."""
    return parse_settings(text.encode(), "config.yaml")


def bound(text: str) -> Look:
    """A look with the keys of a text."""
    return Look(keymap=settings(text).keymap)


def test_no_key_of_the_table_clashes_or_cannot_be_typed() -> None:
    assert clash({}) is None
    assert not {key for keys in default_keys().values() for key in keys} & set(TAKEN)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("?", "question_mark"),
        (",", "comma"),
        ("/", "slash"),
        ("Z", "Z"),
        ("ctrl+X", "ctrl+x"),
        ("f5", "f5"),
        ("shift+alt+left", "alt+shift+left"),
        ("ctrl+]", "ctrl+right_square_bracket"),
        ("+", "plus"),
        ("esc", "escape"),
        ("question_mark", "question_mark"),
    ],
)
def test_keys_as_people_write_them(written: str, name: str) -> None:
    assert key_name(written) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("theme: mauve\n", "config.yaml:1: theme: expected one of deep, foam"),
        ("ascii: maybe\n", "config.yaml:1: ascii: expected true or false, found 'maybe'"),
        ("them: deep\n", "config.yaml:1: them: there is no such key; did you mean theme?"),
        ("theme: deep\nkeys:\n  kil: ctrl+x\n", "config.yaml:3: keys.kil: nothing has this name; did you mean kill?"),
        ("keys:\n  kill: strg+x\n", "config.yaml:2: keys.kill: 'strg+x' is no key"),
        ("keys:\n  kill: ctrl+m\n", "config.yaml:2: keys.kill: ctrl+m cannot be bound: terminals send it as enter"),
        ("keys:\n\n  kill: z\n", "config.yaml:3: keys.kill: z would be kill and undo"),
        ("keys:\n  kill: j\n", "config.yaml:2: keys.kill: j would be kill and down"),
        ("keys:\n  kill: []\n", "config.yaml:2: keys.kill: expected a key, or a list of them"),
        ("keys: [kill]\n", "config.yaml:1: keys: expected a map"),
        ("theme: deep\ntheme: foam\n", "config.yaml:2:"),
        ("keys:\n\tkill: x\n", "config.yaml:2:"),
        ("theme: deep\n---\nascii: true\n", "config.yaml:3: one document is all that there may be"),
        ("- deep\n", "config.yaml:1: expected a map"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_key(text: str, expected: str) -> None:
    with pytest.raises(KwakeError) as caught:
        settings(text)

    assert str(caught.value).startswith(expected)
    assert caught.value.exit_code == 2


def test_an_empty_file_and_none_say_nothing(tmp_path: Path) -> None:
    assert settings("") == settings("# theme: deep\n") == read_settings(tmp_path / "no") == Settings()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"theme: \xff")

    with pytest.raises(KwakeError, match=r"config\.yaml: not UTF-8"):
        read_settings(file)


def test_the_file_is_in_the_xdg_place(tmp_path: Path) -> None:
    assert config_file({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "kwake" / "config.yaml"
    assert config_file({"XDG_CONFIG_HOME": "relative"}) == Path.home() / ".config" / "kwake" / "config.yaml"


def test_a_key_that_was_bound_otherwise_acts_and_is_told_everywhere() -> None:
    async def story(player: Player) -> None:
        pane = player.desk.query_one("#cluster", LineList)
        await player.go_to(next(line.target for line in pane.lines if line.target.startswith("Pod/shop/")))
        assert "f8 kill" in player.rows("#keys")[0]
        done = []
        for key in ("ctrl+k", "f8", "U"):
            await player.press(key)
            done.append(len(player.session.timeline.path) - 1)
        assert done == [0, 1, 0]

        await player.press("f9")
        rows = player.rows("#page")
        assert any(row.startswith("f8") and "U undoes it" in row for row in rows)

    play(shop(), story, look=bound("keys: {kill: f8, undo: U, help: f9}"))


def test_moving_and_panes_can_be_bound_too() -> None:
    async def story(player: Player) -> None:
        before = player.desk.chosen
        await player.press("ctrl+n")
        assert player.desk.chosen != before
        await player.press("f2")
        assert player.desk.pane == "path"

    play(shop(), story, look=bound("keys: {down: [down, ctrl+n], pane-2: f2}"))


def test_two_keys_may_change_places() -> None:
    assert bound("keys: {undo: Z, redo: z}").keymap.shown("undo") == "Z"


def test_kwake_config_says_where_and_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "kwake" / "config.yaml"
    file.parent.mkdir()
    file.write_text("theme: light\nkeys:\n  kill: [f8, ctrl+x]\n", encoding="utf-8")

    assert main(["config"]) == 0
    out = capsys.readouterr().out
    assert str(file) in out
    assert "foam" in out and "by the file" in out
    assert "f8 ctrl+x" in out and "(was ctrl+k)" in out

    assert main(["config", "-o", "json"]) == 0
    form = json.loads(capsys.readouterr().out)
    assert form["settings"] == {"file": str(file), "exists": True}
    assert form["theme"] == {"value": "foam", "by": "the file"}
    assert form["keys"]["kill"] == ["f8", "ctrl+x"]


def test_a_wrong_file_ends_the_console_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "kwake" / "config.yaml"
    file.parent.mkdir()
    file.write_text("keys:\n  kil: x\n", encoding="utf-8")

    assert main(["config"]) == 2
    assert f"{file}:2: keys.kil" in capsys.readouterr().err


def test_what_the_config_prints_as_an_example_can_be_read() -> None:
    from kwake_tui.text.config import EXAMPLE

    assert settings("\n".join(EXAMPLE)).theme == "foam"
