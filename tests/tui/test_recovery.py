"""The offer after a crash: restore, discard, later; and the same from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import kwake
from kwake.actions import KillPod, Scale
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.cli import main
from kwake_tui.opened import Opened
from kwake_tui.recording import JOURNAL, Recorder, crashed
from kwake_tui.recovery import offer
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.screens.recover import RecoverScreen
from kwake_tui.session import Session
from tests.tui.player import Player, shop
from tests.tui.test_recording import SMALL, left_behind, small, worked


def start(sessions: Path, story: Callable[[Player], Awaitable[None]]) -> None:
    """A console that keeps its session in a folder, on another cluster than the one that crashed."""

    async def run() -> None:
        recorder = Recorder(sessions)
        app = KwakeApp(Begun(Session.start(shop(), "shop", None), recorder, lambda desk: offer(desk, recorder)))
        app.animation_level = "none"
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.pause()
            await story(Player(app, pilot))
        recorder.let_go()

    asyncio.run(run())


def offers(player: Player) -> bool:
    return isinstance(player.app.screen, RecoverScreen)


def said(player: Player) -> str:
    return "".join(player.rows("#keys"))


def test_a_session_that_crashed_is_offered_and_restored(tmp_path: Path) -> None:
    session = worked()
    left_behind(tmp_path, session)

    async def story(player: Player) -> None:
        await player.until(lambda: offers(player))
        assert player.rows("#sessions")[0].startswith("small  6 actions, the last one shown:")
        await player.press("enter")
        await player.until(lambda: not offers(player))
        assert player.session.world == session.world
        assert player.session.title == "small"
        assert "restored: 6 actions" in said(player)
        await player.press("Z", "Z")
        assert player.session.world == session.redo().redo().world

    start(tmp_path, story)
    assert len(crashed(tmp_path)[0]) == 1  # this console did not end as it should, either


def test_later_keeps_it(tmp_path: Path) -> None:
    name = left_behind(tmp_path, worked())

    async def story(player: Player) -> None:
        await player.until(lambda: offers(player))
        await player.press("escape")
        await player.until(lambda: not offers(player))
        assert f"kwake --resume {name}" in said(player)
        assert player.session.title == "shop"

    start(tmp_path, story)
    start(tmp_path, story)


def test_discard_removes_it_and_the_next_one_is_offered(tmp_path: Path) -> None:
    left_behind(tmp_path, worked())
    left_behind(tmp_path, small().do(Scale("deploy/demo/web", 3)))

    async def story(player: Player) -> None:
        await player.until(lambda: offers(player))
        for left in (2, 1):
            assert len(player.rows("#sessions")) == 2 * left
            await player.press("right", "right", "enter")
            await player.until(lambda: isinstance(player.app.screen, ConfirmScreen))
            assert "not to be undone" in player.rows("#words")[-1]
            await player.press("right", "enter")
            await player.until(lambda: not isinstance(player.app.screen, ConfirmScreen))
        assert not offers(player)

    start(tmp_path, story)
    assert not list(tmp_path.iterdir())


def test_keys_that_were_typed_before_the_offer_came_up_discard_nothing(tmp_path: Path) -> None:
    left_behind(tmp_path, worked())

    async def story(player: Player) -> None:
        await player.until(lambda: offers(player))
        await player.type("trace deploy/ops/statsd svc/shop/checkout")
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, ConfirmScreen))
        await player.press("enter")
        await player.until(lambda: offers(player))

    start(tmp_path, story)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_restored_says_why_and_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_bytes(Path(SMALL, "cluster.yaml").read_bytes())
    session = Session.start(kwake.open(file), "x", None, Opened((str(file),)))
    left_behind(tmp_path / "sessions", session.do(KillPod("demo/client")))
    file.unlink()

    async def story(player: Player) -> None:
        await player.until(lambda: offers(player))
        await player.press("enter")
        await player.until(lambda: not offers(player))
        assert "cannot be restored, and is kept" in said(player)
        assert "there is no such file" in said(player)

    start(tmp_path / "sessions", story)
    assert len(crashed(tmp_path / "sessions")[0]) == 1


def test_the_offer_names_a_file_that_was_changed_since_and_restores_what_holds(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_bytes(Path(SMALL, "cluster.yaml").read_bytes())
    session = Session.start(kwake.open(file), "x", None, Opened((str(file),)))
    left_behind(tmp_path / "sessions", session.do(Scale("deploy/demo/web", 3)).do(KillPod("demo/client")))
    file.write_text(file.read_text().replace("name: client", "name: caller"))

    async def story(player: Player) -> None:
        await player.until(lambda: offers(player))
        assert "cluster.yaml is not what it was: what still holds is restored" in player.rows("#sessions")[1]
        await player.press("enter")
        await player.until(lambda: not offers(player))
        assert "restored: 1 action; the snapshot is not what it was" in said(player)
        assert "1 left out: kill client" in said(player)

    start(tmp_path / "sessions", story)


def test_a_console_keeps_each_action_and_says_where_it_cannot(tmp_path: Path) -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("scale deploy/shop/cart 3")
        await player.press("enter")

    start(tmp_path / "state", story)
    ((kept,), _) = crashed(tmp_path / "state")
    assert kept.journal.actions == 1

    async def unkept(player: Player) -> None:
        await story(player)
        assert "not kept for the case of a crash" in said(player)
        assert player.session.timeline.current == 1

    (tmp_path / "file").write_text("")
    start(tmp_path / "file" / "sessions", unkept)


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "kwake" / "sessions"


Capture = pytest.CaptureFixture[str]


def test_sessions_that_crashed_are_listed_and_discarded(sessions: Path, capsys: Capture) -> None:
    assert main(["sessions"]) == 0
    assert capsys.readouterr().out == "no session crashed\n"
    name = left_behind(sessions, worked())

    assert main(["sessions"]) == 0
    assert f"{name}  " in (shown := capsys.readouterr().out)
    assert "small  6 actions" in shown
    assert main(["sessions", "-o", "json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["sessions"]
    assert (listed["name"], listed["actions"], listed["snapshot"]) == (name, 6, [SMALL])

    assert main(["sessions", "--discard", name]) == 0
    assert tuple(capsys.readouterr()) == ("no session crashed\n", f"kwake: discarded {name}\n")
    assert main(["sessions", "--discard", name]) == 2
    assert "no session of this name" in capsys.readouterr().err


def test_one_that_cannot_be_read_is_listed_with_the_reason(sessions: Path, capsys: Capture) -> None:
    name = left_behind(sessions, worked())
    (sessions / name / JOURNAL).write_text("{}")

    assert main(["sessions"]) == 0
    assert f"{name}  cannot be restored: not a session of this kwake" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume"], "--resume needs a terminal"),
        (["story-of-mine.yaml", "--resume"], "a session brings its own snapshot"),
    ],
)
def test_resume_says_what_it_needs(arguments: list[str], words: str, sessions: Path, capsys: Capture) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
