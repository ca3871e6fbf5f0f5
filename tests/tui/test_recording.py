"""A session is kept as it grows, and is there again after a crash."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

import kwake
from kwake.actions import Action, Apply, KillPod, OpenConnection, Scale
from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake.samples import sample_path
from kwake.scenario.load import load
from kwake_tui.journal import Journal, Restored, journal_of, read_journal, restored
from kwake_tui.opened import Opened
from kwake_tui.recording import JOURNAL, Recorder, crashed, discard, state_folder
from kwake_tui.replaying import session_of
from kwake_tui.session import Session
from tests.core.manifests import shop as manifests
from tests.core.test_world_laws import ACTIONS, START

SMALL = str(sample_path("small"))
PAY = Flow("deploy/demo/web", "svc/demo/checkout", 443)


def small(second: str | None = "cilium", **chosen: str) -> Session:
    world = kwake.open(SMALL, seed=5, overrides={name.replace("_", "."): value for name, value in chosen.items()})
    return Session.start(world, "small", second, Opened((SMALL,)))


def worked() -> Session:
    """A session with an undone branch, an action in the middle of another, a pin, and two undone actions ahead."""
    session = small().looking_at(PAY).pinned(PAY)
    session = session.do(OpenConnection("pay", PAY.source, PAY.target, PAY.port))
    session = session.do(KillPod("deploy/demo/checkout#0")).undo().do(KillPod("deploy/demo/web#0"))
    session = session.step_back().step_back().do(Scale("deploy/demo/web", 4))
    return session.do(KillPod("demo/client")).undo().undo()


def again(session: Session, copy: Path = Path("/nowhere")) -> Restored:
    return restored(read_journal(msgspec.json.encode(journal_of(session))), copy)


def test_a_session_is_the_same_again_with_its_branches_and_the_way_ahead() -> None:
    session = worked()

    found = again(session)

    assert (found.changed, found.lost) == ((), ())
    back, timeline = found.session, session.timeline
    assert [entry.world for entry in back.timeline.entries] == [entry.world for entry in timeline.entries]
    assert [entry.parent for entry in back.timeline.entries] == [entry.parent for entry in timeline.entries]
    assert (back.timeline.current, back.timeline.redo_path) == (timeline.current, timeline.redo_path)
    assert (back.title, back.flow, back.pins, back.opened) == ("small", PAY, (PAY,), session.opened)
    assert back.against == session.against


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_can_be_written_down(name: str) -> None:
    action = ACTIONS[name](START, 0)

    assert msgspec.json.decode(msgspec.json.encode(action), type=Action) == action


def test_what_was_chosen_of_the_profile_comes_back() -> None:
    session = small(None, clock_sandbox="2500ms").do(KillPod("demo/client"))

    assert again(session).session.world == session.world


def test_a_snapshot_from_standard_input_is_kept_with_it(tmp_path: Path) -> None:
    data = (sample_path("small") / "cluster.yaml").read_bytes()
    world = kwake.open("-", seed=1, stdin=lambda: data)
    session = Session.start(world, "stdin", None, Opened(("-",))).do(KillPod("deploy/demo/checkout#0"))
    recorder = Recorder(tmp_path)
    recorder.keep(session)
    recorder.let_go()

    ((kept,), _) = crashed(tmp_path)
    found = Recorder(tmp_path).adopt(kept)

    assert found.session.world == session.world
    assert found.changed == ()


def test_a_world_from_no_file_is_kept_whole(tmp_path: Path) -> None:
    session = Session.start(kwake.open(manifests()), "x", None).do(KillPod("shop/lone"))
    recorder = Recorder(tmp_path)
    recorder.keep(session)
    recorder.let_go()

    ((kept,), _) = crashed(tmp_path)
    found = Recorder(tmp_path).adopt(kept)

    assert found.lost == ()
    drawn = "EndpointSlice"  # the name of one that is made anew is drawn, and this world has drawn less before
    here, there = ({r.key for r in s.world.cluster if r.key.kind != drawn} for s in (found.session, session))
    assert here == there


def test_nothing_is_kept_of_a_session_without_actions(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "state")

    recorder.keep(small().looking_at(PAY))

    assert not recorder.is_keeping
    assert not (tmp_path / "state").exists()


def test_what_is_kept_is_nobody_elses_to_read_and_goes_with_a_clean_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.keep(small().do(KillPod("demo/client")))

    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith(f"{os.getpid()}-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    recorder.end()
    assert not list(tmp_path.iterdir())


def test_each_action_and_each_undo_is_written(tmp_path: Path) -> None:
    recorder, session = Recorder(tmp_path), small()

    def kept() -> Journal:
        (folder,) = tmp_path.iterdir()
        return read_journal((folder / JOURNAL).read_bytes())

    session = session.do(KillPod("demo/client"))
    recorder.keep(session)
    assert (kept().actions, kept().current) == (1, 1)
    session = session.do(Scale("deploy/demo/web", 3)).undo()
    recorder.keep(session)
    assert (kept().actions, kept().current, kept().redo_path) == (2, 1, (2,))
    recorder.keep(session.pinned(PAY))
    assert kept().pins == (PAY,)
    recorder.end()


def test_a_console_that_lives_is_left_alone(tmp_path: Path) -> None:
    first, second = Recorder(tmp_path), Recorder(tmp_path)
    first.keep(small().do(KillPod("demo/client")))
    second.keep(small().do(Scale("deploy/demo/web", 3)))

    assert crashed(tmp_path) == ([], [])
    with pytest.raises(UsageError, match="its console is still there"):
        discard(tmp_path, first.name)

    first.end()
    assert [path.name for path in tmp_path.iterdir()] == [second.name]
    second.end()


def left_behind(tmp_path: Path, session: Session) -> str:
    recorder = Recorder(tmp_path)
    recorder.keep(session)
    name = recorder.name
    recorder.let_go()
    return name


def test_only_one_of_two_consoles_gets_a_session_that_crashed(tmp_path: Path) -> None:
    left_behind(tmp_path, worked())
    ((kept,), _) = crashed(tmp_path)
    first = Recorder(tmp_path)
    first.adopt(kept)

    with pytest.raises(UsageError, match="another console has it"):
        Recorder(tmp_path).adopt(kept)

    assert crashed(tmp_path) == ([], [])
    first.let_go()


def test_a_session_that_was_resumed_and_crashes_again_is_there_again(tmp_path: Path) -> None:
    name = left_behind(tmp_path, worked())
    ((kept,), _) = crashed(tmp_path)
    recorder = Recorder(tmp_path)
    session = recorder.adopt(kept).session.do(Scale("deploy/demo/web", 1))
    recorder.keep(session)
    recorder.let_go()

    ((kept,), _) = crashed(tmp_path)
    assert kept.name == name
    assert kept.journal.actions == len(session.timeline.entries) - 1


def test_what_still_holds_is_restored_where_the_snapshot_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    session = Session.start(kwake.open(file), "x", "cilium", Opened((str(file),)))
    session = session.do(Scale("deploy/demo/web", 3)).do(KillPod("demo/client")).do(Scale("deploy/demo/checkout", 2))
    file.write_text(file.read_text().replace("name: client", "name: caller"))

    found = again(session)

    assert found.changed == (f"{file} was changed",)
    assert len(found.lost) == 2
    assert found.lost[0].startswith("kill client: demo/client: there is no Pod demo/client; did you mean")
    assert found.session.timeline.current == 1


@pytest.mark.parametrize("data", [b"", b"{", b'{"version": 1}', b"\xff", b"[]"])
def test_a_file_that_is_no_session_is_said_and_can_be_discarded(data: bytes, tmp_path: Path) -> None:
    name = left_behind(tmp_path, worked())
    (tmp_path / name / JOURNAL).write_bytes(data)

    kept, (bad,) = crashed(tmp_path)

    assert kept == []
    assert bad.name == name
    assert "not a session" in bad.reason
    discard(tmp_path, name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", ".", "..", "none", "../x"])
def test_only_sessions_are_discarded(name: str, tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "x").mkdir()

    with pytest.raises(UsageError, match="no session"):
        discard(tmp_path / "sessions", name)

    assert (tmp_path / "x").is_dir()


def test_where_nothing_can_be_written_that_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder, session = Recorder(tmp_path / "file" / "sessions"), small()

    words = recorder.keep(session.do(KillPod("demo/client")))

    assert "this session is not kept for the case of a crash" in words
    assert "Not a directory" in words
    assert recorder.keep(session.do(Scale("deploy/demo/web", 3))) == ""


def test_the_folder_is_where_the_xdg_specification_says() -> None:
    assert state_folder({"XDG_STATE_HOME": "/x"}) == Path("/x/kwake/sessions")
    assert state_folder({"XDG_STATE_HOME": "relative"}) == Path.home() / ".local/state/kwake/sessions"


def test_the_text_of_an_applied_manifest_is_kept() -> None:
    manifest = small().world.cluster.get("netpol/demo/checkout-from-web").manifest
    session = small().do(Apply({**manifest, "spec": {"podSelector": {}}}))

    assert again(session).session.world == session.world


@pytest.mark.parametrize("name", ["kill", "edit"])
def test_a_scenario_is_stepped_along_again_where_one_was(name: str, tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    story = (sample_path("small") / "scenarios" / f"{name}.yaml").read_text()
    file.write_text(story.replace("../cluster.yaml", "sample:small"))
    (scenario,) = load(file)
    session = session_of(scenario)
    assert session.script is not None
    script = session.script.go_to(2)
    session = msgspec.structs.replace(session, script=script).do(Scale("deploy/demo/web", 3))

    found = again(session).session.script

    assert found is not None
    assert found.at == 2
    assert [stop.entry for stop in found.stops] == [stop.entry for stop in script.stops]
    assert [stop.verdict for stop in found.stops] == [stop.verdict for stop in script.stops]


def test_a_scenario_that_is_another_one_by_now_is_not_stepped_along(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    story = (sample_path("small") / "scenarios" / "kill.yaml").read_text().replace("../cluster.yaml", "sample:small")
    file.write_text(story)
    (scenario,) = load(file)
    session = session_of(scenario)

    file.write_text(story.replace("kill: ", "restart-container: "))
    found = again(session)

    assert found.session.script is None
    assert found.session.world == session.world
    assert found.lost == ()
