"""The lessons: what is right is asked of the model; the console of a lesson leaves the user's session alone."""

from __future__ import annotations

import json

import msgspec
import pytest

import kwake
from kwake.actions import Apply, Scale
from kwake.profiles.load import bundle_names
from kwake.samples import sample_path
from kwake_tui.cli import main
from kwake_tui.lessons import LESSONS, SAMPLE, SEED, Lesson, confirmed, prepare, taught
from kwake_tui.screens.learn import LearnScreen, begin
from kwake_tui.teaching import Stage, choice_lines, text_lines
from kwake_tui.yaml_text import editable, read_manifest
from tests.tui.player import Player, play, shop

NAMES = [lesson.name for lesson in LESSONS]


@pytest.mark.parametrize("profile", bundle_names())
def test_the_model_confirms_exactly_one_answer_of_each_lesson(profile: str) -> None:
    world = kwake.open(sample_path(SAMPLE), profile, SEED)

    for lesson in LESSONS:
        assert len(confirmed(lesson, taught(lesson, world))) == 1, lesson.name


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_answer_depends_on_the_seed(seed: int) -> None:
    world = kwake.open(sample_path(SAMPLE), seed=seed)

    right = [confirmed(lesson, taught(lesson, world)) for lesson in LESSONS]

    reference = kwake.open(sample_path(SAMPLE), seed=SEED)
    assert right == [confirmed(lesson, taught(lesson, reference)) for lesson in LESSONS]


def test_an_answer_is_another_one_where_the_model_says_so() -> None:
    (lesson,) = [lesson for lesson in LESSONS if lesson.name == "edit"]

    right = {
        name: confirmed(lesson, taught(lesson, kwake.open(sample_path(SAMPLE), name, SEED)))
        for name in ("calico", "cilium", "flannel")
    }

    assert len(set(right.values())) == 3


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_a_lesson_can_be_begun(lesson: Lesson) -> None:
    world = prepare(lesson, kwake.open(sample_path(SAMPLE), seed=SEED))

    assert world.cluster.get(lesson.cursor)
    assert 2 <= len(lesson.choices) <= 4
    assert all(rule.source for rule in lesson.rules)


@pytest.mark.parametrize("number", range(len(LESSONS)), ids=NAMES)
@pytest.mark.parametrize("stage", ["predict", "do", "told"])
def test_its_words_fit_into_the_pane_of_a_small_terminal(number: int, stage: Stage) -> None:
    begun = begin("calico")
    wrong = next(at for at in range(4) if at not in confirmed(LESSONS[number], taught(LESSONS[number], begun.world)))
    teaching = msgspec.structs.replace(begun, number=number, stage=stage, chosen=wrong)

    rows = len(text_lines(teaching, 74)) + 1 + len(choice_lines(teaching))

    assert rows <= 14


# -- at the console -----------------------------------------------------------------------------------------------


def learning(player: Player) -> LearnScreen:
    screen = player.app.screen
    assert isinstance(screen, LearnScreen)
    return screen


def stage(player: Player) -> str:
    return learning(player).teaching.stage


def shown(player: Player) -> list[str]:
    return [*player.rows("#lesson-text"), *player.rows("#lesson-choices")]


async def open_lessons(player: Player) -> None:
    await player.press("colon")
    await player.type("learn")
    await player.press("enter")
    await player.until(lambda: isinstance(player.app.screen, LearnScreen))
    await player.until(lambda: bool(player.app.screen.query("#lesson-choices")) and bool(shown(player)))
    await player.until(lambda: player.app.screen.query_one("#lesson-choices").has_focus)


def test_predict_do_and_be_told() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        assert "What does its successor keep?" in shown(player)
        await player.press("j", "enter")
        assert stage(player) == "do"
        await player.press("enter")
        assert stage(player) == "told"
        rows = shown(player)
        assert rows[0] == "✓ as you predicted: its name; the IP is another one"
        assert any(row.startswith("PD-5") for row in rows)
        assert any("sessions-0 had 10.244." in row for row in rows)

    play(shop(), story)


def test_a_wrong_prediction_is_told_with_what_the_model_says() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        await player.press("enter", "enter")
        rows = shown(player)
        assert rows[0] == "the model says: its name; the IP is another one"
        assert rows[1] == "× you predicted: its name and its IP"
        assert learning(player).teaching.right == 0

    play(shop(), story)


def test_the_action_by_ones_own_hand_counts_and_another_one_does_not() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        await player.press("j", "enter")
        screen = learning(player)
        await player.press("tab")
        assert screen.pane == "cluster"
        await player.press("ctrl+k")
        await player.until(lambda: stage(player) == "told")
        await player.press("enter")
        await player.until(lambda: screen.teaching.number == 1)
        await player.press("enter")
        assert not screen.attempt(Scale("deploy/shop/none", 1))
        assert screen.attempt(Scale("deploy/shop/cart", 3))
        assert stage(player) == "do"
        assert "about another action" in "".join(player.rows("#keys"))
        await player.press("enter")
        assert stage(player) == "told"
        assert screen.session.timeline.current == 1  # on the lesson's own beginning, not after the other action

    play(shop(), story)


def test_nothing_is_done_before_a_prediction() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        before = learning(player).session
        assert not learning(player).attempt(Scale("deploy/shop/cart", 3))
        assert learning(player).session is before

    play(shop(), story)


def test_all_lessons_to_the_end_and_the_session_is_as_it_was() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("scale deploy/shop/cart 3")
        await player.press("enter")
        mine = player.session
        await open_lessons(player)
        for lesson in LESSONS:
            seen = taught(lesson, learning(player).teaching.world)
            (right,) = confirmed(lesson, seen)
            await player.press(*["j"] * right, "enter", "enter", "enter")
        assert shown(player)[0] == "5 of 5 predictions were what the model says"
        await player.press("enter")
        await player.until(lambda: player.app.screen is player.desk)
        assert player.session is mine

    play(shop(), story)


def test_tab_goes_round_the_panes_and_back_to_the_lesson() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        choices = player.app.screen.query_one("#lesson-choices")
        await player.press("shift+tab")
        assert learning(player).pane == "events"
        await player.press("tab")
        assert choices.has_focus
        await player.press("tab", "escape")
        assert choices.has_focus

    play(shop(), story)


def test_lessons_are_not_opened_in_lessons() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        await player.press("tab", "colon")
        await player.type("learn")
        await player.press("enter")
        assert "these are the lessons" in "".join(player.rows("#keys"))

    play(shop(), story)


@pytest.mark.parametrize("key", ["escape", "q"])
def test_a_lesson_can_be_left_at_any_time(key: str) -> None:
    async def story(player: Player) -> None:
        mine = player.session
        await open_lessons(player)
        await player.press("enter")
        await player.press(key)
        await player.until(lambda: player.app.screen is player.desk)
        assert player.session is mine

    play(shop(), story)


# -- as text ------------------------------------------------------------------------------------------------------


def test_without_a_terminal_the_lessons_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn"]) == 0
    text = capsys.readouterr().out

    assert text.count("✓ ") == len(LESSONS)
    assert "✓ pay stays open; a new dial is dropped" in text
    assert main(["--learn"]) == 0
    assert capsys.readouterr().out == text


def test_they_are_told_under_another_profile_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--profile", "cilium", "-o", "json"]) == 0

    form = json.loads(capsys.readouterr().out)
    assert (form["version"], form["profile"]) == (1, "cilium")
    (edit,) = [lesson for lesson in form["lessons"] if lesson["name"] == "edit"]
    assert [choice["words"] for choice in edit["choices"] if choice["confirmed"]] == [
        "pay stalls; a new dial is dropped"
    ]


def test_a_letter_is_the_answer_beside_it_and_keys_of_panes_stay_what_they_are() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        await player.press("c")
        assert (stage(player), learning(player).teaching.chosen) == ("do", 2)
        await player.press("enter", "enter")
        await player.until(lambda: learning(player).teaching.number == 1)
        await player.press("tab", "d")
        await player.until(lambda: bool(player.app.screen.query("#page")))

    play(shop(), story)


def test_a_letter_without_an_answer_predicts_nothing() -> None:
    async def story(player: Player) -> None:
        await open_lessons(player)
        assert len(LESSONS[0].choices) == 3
        await player.press("d")
        await player.pilot.pause()
        assert stage(player) == "predict"

    play(shop(), story)


def test_a_lesson_is_opened_by_its_number() -> None:
    async def story(player: Player) -> None:
        for typed, words in (("learn 9", "there are lessons 1 to 5"), ("learn x", "expected the number of a lesson")):
            await player.press("colon")
            await player.type(typed)
            await player.press("enter")
            assert words in "".join(player.rows("#keys"))
        await player.press("colon")
        await player.type("learn 3")
        await player.press("enter")
        await player.until(lambda: isinstance(player.app.screen, LearnScreen))
        await player.until(lambda: bool(player.app.screen.query("#lesson-text")))
        rows = " ".join(shown(player))
        assert "The CNI is calico." in rows
        assert "podSelector: {}, policyTypes: [Ingress]" in rows

    play(shop(), story)


def test_the_policy_of_the_third_lesson_can_be_typed_by_hand() -> None:
    begun = begin(lesson=3)
    world = prepare(begun.lesson, begun.world)
    manifest = read_manifest(editable(world.cluster.get("netpol/shop/allow-web").manifest))
    manifest["metadata"]["name"] = "default-deny-ingress"
    manifest["spec"] = {"podSelector": {}, "policyTypes": ["Ingress"]}

    assert begun.is_done_in(world.do(Apply(manifest)).settle())
