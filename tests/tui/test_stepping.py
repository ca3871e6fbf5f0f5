"""One event back and on, any moment of the timeline, and flows that are watched."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kwake.actions import KillPod
from kwake.dataplane.connection import Fate
from kwake.dataplane.path import Flow, Outcome
from kwake.samples import sample_path
from kwake.scenario.load import load
from kwake_tui.replaying import session_of
from kwake_tui.session import Session, path_in
from tests.tui.player import Player, play, shop

PAY = Flow("Deployment/shop/web", "Service/shop/checkout", 443)


def killed() -> Session:
    """A session in which a pod of checkout was killed."""
    session = Session.start(shop(), "shop", "cilium").looking_at(PAY).pinned(PAY)
    pod = next(p for p in session.world.cluster.pods_by_namespace["shop"] if p.metadata.name.startswith("checkout"))
    return session.do(KillPod(str(pod.key)))


def test_back_to_the_beginning_and_on_again_gives_the_same_worlds() -> None:
    session = killed()
    rested = session.world
    seen = [session.world.now_ms]
    for _ in range(len(session.moments) - 1):
        session = session.step_back()
        seen.append(session.world.now_ms)
    assert seen == sorted(seen, reverse=True)
    assert session.moment == 0
    assert session.step_back().timeline.current == 0
    again = session.step_back().step_on()
    assert again.moment == 0
    for _ in range(len(again.moments) - 1):
        again = again.step_on()
    assert again.moment is None
    assert again.world is rested


def test_the_second_profile_is_shown_at_the_same_time() -> None:
    session = killed().step_back().step_back()
    assert session.second is not None
    assert session.second.now_ms == session.world.now_ms
    assert session.second.profile.name == "cilium"


def waiting() -> Session:
    """The beginning of a scenario that waits for ten seconds before its action, beside cilium."""
    (scenario,) = load(sample_path("small") / "scenarios" / "edit.yaml")
    return session_of(scenario)


def same_time(session: Session) -> bool:
    """Whether both profiles are at one time."""
    return session.second is not None and session.second.now_ms == session.world.now_ms


def test_the_wait_of_a_scenario_goes_by_under_the_second_profile_too() -> None:
    session = waiting()
    assert session.world.now_ms == 10_000 and same_time(session)
    landed = session.redo()
    assert landed.world.now_ms == 10_500 and same_time(landed)


def test_a_wait_at_the_very_beginning_goes_by_there_too(tmp_path: Path) -> None:
    file = tmp_path / "waits.yaml"
    steps = "steps: [{id: kill, after: 10s, do: {kill: pod/demo/client}}]"
    file.write_text(f"kwake: 1\nname: waits\nsnapshot: ['sample:small']\n{steps}\n")
    (scenario,) = load(file)
    session = session_of(scenario)
    assert session.timeline.current == 0 and session.world.now_ms == 10_000 and same_time(session)


def test_after_a_wait_no_difference_is_told_before_it_is_there() -> None:
    landed = waiting().redo()
    assert landed.second is not None and landed.second.connections["pay"].fate is Fate.STALLED
    before = landed.step_back()
    assert before.world.now_ms == 10_000 and same_time(before)
    assert before.second is not None and before.second.connections["pay"].fate is Fate.OPEN
    assert path_in(before.second, before.pins[0]).outcome is Outcome.DELIVERED


def test_the_step_before_never_lies_later() -> None:
    session = waiting()
    assert session.script is not None
    last = msgspec.structs.replace(session, script=session.script.go_to(3))
    for opened in (session, last):  # the last step undoes the second: it ends at the entry at which all begins
        for earlier in (msgspec.structs.replace(opened, moment=0), opened.go_to(0)):
            place = earlier.place
            assert place is not None and earlier.world.now_ms == 0
            assert place.next(-1) < 0 and place.next(1) == 1


def test_undo_and_a_branch_after_a_wait_keep_both_profiles_at_one_time() -> None:
    landed = waiting().redo()
    assert same_time(landed.undo()) and same_time(landed.undo().redo())
    kill = KillPod("demo/client")
    assert same_time(landed.undo().do(kill))
    branched = landed.step_back().do(kill)
    assert same_time(branched) and same_time(branched.step_back())
    assert branched.undo().world.now_ms == 10_000 and same_time(branched.undo())


def test_an_action_in_the_middle_of_another_is_a_branch_that_undo_leads_back_to() -> None:
    session = killed()
    middle = session.step_back().step_back()
    other = next(p for p in middle.world.cluster.pods_by_namespace["shop"] if p.metadata.name.startswith("web"))
    branched = middle.do(KillPod(str(other.key)))
    assert len(branched.timeline.path) == 3
    back = branched.undo()
    assert back.world is middle.world
    assert back.step_on().world.now_ms > middle.world.now_ms
    assert branched.go_to(1).world is session.world


def test_a_pinned_flow_has_a_step_for_each_action() -> None:
    session = killed()
    assert session.pin_history(0) == (Outcome.DELIVERED, Outcome.DELIVERED)
    assert session.undo().pin_history(0) == (Outcome.DELIVERED,)
    assert session.pinned(session.pins[0]).pins == ()


def test_two_sessions_from_one_do_not_share_what_they_worked_out() -> None:
    start = Session.start(shop(), "shop", None).pinned(PAY)
    first, second = (start.do(KillPod(str(pod.key))) for pod in start.world.cluster.pods_by_namespace["shop"][:2])
    assert first.moments[-1].cluster is not second.moments[-1].cluster
    assert first.fared(PAY) != second.fared(PAY) or first.world.cluster != second.world.cluster


def test_keys_step_and_pin_and_go_to_a_moment() -> None:
    async def story(player: Player) -> None:
        await player.type(":trace deploy/shop/web svc/shop/checkout 443")
        await player.press("enter")
        await player.press("p")
        assert player.row("#connections", "pinned").endswith("✓ delivered")
        (pod,) = player.session.world.cluster.pods_of(player.session.world.cluster.resolve("deploy/shop/search"))
        await player.go_to(str(pod.key))
        await player.press("ctrl+k")
        await player.until(lambda: len(player.session.timeline.path) == 2)
        rested = player.session.world.now_ms
        await player.press("comma")
        assert player.session.world.now_ms < rested
        assert " of " in "".join(player.rows("#timeline"))
        await player.press("full_stop")
        assert player.session.world.now_ms == rested
        await player.press("full_stop")
        assert player.session.before is None
        await player.press("full_stop")
        assert "nothing comes after" in "".join(player.rows("#keys"))
        await player.press("T")
        await player.until(lambda: bool(player.app.screen.query("#choice")))
        await player.press("k", "enter")
        await player.until(lambda: player.session.timeline.current == 0)
        await player.press("Z")
        assert player.session.timeline.current == 1
        await player.type(":unpin 1")
        await player.press("enter")
        assert player.session.pins == ()

    play(shop(), story)


def test_while_stepping_the_path_knows_nothing_of_what_comes_later() -> None:
    async def story(player: Player) -> None:
        await player.type(":trace deploy/shop/web svc/shop/checkout 443")
        await player.press("enter")
        pod = next(p for p in shop().cluster.pods_by_namespace["shop"] if p.metadata.name.startswith("checkout"))
        player.desk.attempt(KillPod(str(pod.key)))
        await player.until(lambda: any("until then ± 1 of 3 dials fail for 1 s" in row for row in player.rows("#path")))
        last = len(player.session.moments) - 1
        for moment in range(last - 1, -1, -1):
            await player.press("comma")
            assert player.session.moment == moment
            said = "  ".join(player.rows("#path"))
            over = player.session.world.now_ms >= 2000
            assert ("again since 0:02.0" in said, "until then" in said, "until it came to rest" in said) == (over,) * 3

    play(shop(), story)
