"""The lessons: a console of their own on the sample cluster, with a pane that asks, waits and tells.

The user's own session lies below, untouched.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

import kwake
from kwake.actions import Action
from kwake.samples import sample_path
from kwake_tui.keys import keymap_of
from kwake_tui.lessons import SAMPLE, SEED
from kwake_tui.lines import Span
from kwake_tui.screens.main import MainScreen
from kwake_tui.screens.panes import PANES
from kwake_tui.session import second_profile
from kwake_tui.teaching import LETTERS, NEXT, Teaching, choice_lines, text_lines, title
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList, content


def begin(profile: str = "calico", lesson: int = 1) -> Teaching:
    """A lesson by its number, under a profile and the one beside it. Raises ProfileError."""
    world = kwake.open(sample_path(SAMPLE), profile, SEED)
    return Teaching(world, world.with_profile(second_profile(profile)).settle(), lesson - 1)


class Choices(LineList):
    """The rows to choose from; where a prediction is asked for, a letter is the choice beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(letter, f"screen.predict({at})", show=False, priority=True) for at, letter in enumerate(LETTERS)
    ]


class LessonPane(Vertical):
    """What is told above, what can be chosen below."""

    def compose(self) -> ComposeResult:
        """Two parts of one box."""
        yield LineBar(id="lesson-text")
        yield Choices(id="lesson-choices", lit=True)

    def on_mount(self) -> None:
        """It has the focus at first."""
        self.focus_choices()

    def focus_choices(self) -> None:
        """The choices take the keys."""
        self.screen.set_focus(self.query_one("#lesson-choices"), scroll_visible=False)

    def show_teaching(self, teaching: Teaching) -> None:
        """Show where one is."""
        self.border_title = content((Span(title(teaching)),))
        keymap = keymap_of(self.app)
        waits = {
            "predict": "a letter or enter predicts",
            "do": "enter does it",
            "told": "enter goes on",
            "end": "enter leaves",
        }
        self.border_subtitle = content(
            (Span(f"{waits[teaching.stage]}   {keymap.shown('next-pane')} to the panes   esc leaves"),)
        )
        choices, text = choice_lines(teaching, keymap), self.query_one("#lesson-text", LineBar)
        text.show(lambda width: text_lines(teaching, width))
        text.styles.height = len(text.lines) + 1
        rows = self.query_one("#lesson-choices", LineList)
        rows.styles.height = len(choices)
        rows.show(lambda width: choices, choices[0].target)

    def on_resize(self) -> None:
        """Sentences take more rows where it is narrower."""
        text = self.query_one("#lesson-text", LineBar)
        text.styles.height = len(text.lines) + 1


class LearnScreen(MainScreen):
    """A console in a lesson."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_lesson", show=False, priority=True),
    ]

    def __init__(self, teaching: Teaching) -> None:
        super().__init__(teaching.session())
        self._teaching = teaching

    @property
    def teaching(self) -> Teaching:
        """Where one is in the lessons."""
        return self._teaching

    def on_mount(self) -> None:
        """The first question."""
        super().on_mount()
        self.mount(LessonPane(id="lesson"), after="#script")
        self.call_after_refresh(self._teach, self._teaching)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a prediction is asked for, the letters of the choices are no other keys."""
        if action == "predict":
            offered = len(self._teaching.lesson.choices) if self._predicts else 0
            return isinstance(parameters[0], int) and parameters[0] < offered
        if action == "act" and self._predicts and self.key(str(parameters[0])) in LETTERS:
            return False
        return super().check_action(action, parameters)

    @property
    def _predicts(self) -> bool:
        return self._teaching.stage == "predict" and not self.is_prompting and self._is_asking

    def action_predict(self, choice: int) -> None:
        """The choice of a letter."""
        self._teach(self._teaching.predicted(choice), anew=False)

    def attempt(self, action: Action) -> bool:
        """Carry out an action; if it is the lesson's, tell what came of it."""
        if self._teaching.stage == "predict":
            self.say("predict first: enter on an answer")
            return False
        done = super().attempt(action)
        if done and self._teaching.stage == "do":
            if self._teaching.is_done_in(self.session.world):
                self._teach(self._teaching.told(), anew=False)
            else:
                self.say(f"done, but the lesson is about another action: {self.key('undo')} undoes this one")
        return done

    @on(LineList.Chosen, "#lesson-choices")
    def _answered(self, event: LineList.Chosen) -> None:
        event.stop()
        teaching, target = self._teaching, event.rows.target
        match teaching.stage:
            case "predict":
                self._teach(teaching.predicted(int(target)), anew=False)
            case "do" if target == NEXT:
                if self.session.timeline.current != len(teaching.lesson.prepared):
                    self.show(teaching.session(), teaching.lesson.cursor)
                self.attempt(teaching.lesson.action)
            case "told":
                self._teach(teaching.on())
            case _:
                self.leave()

    def _teach(self, teaching: Teaching, *, anew: bool = True) -> None:
        """Show another moment of the lessons; `anew` on a session of its own."""
        self._teaching = teaching
        if anew and teaching.stage == "predict":
            self.show(teaching.session(), teaching.lesson.cursor)
        pane = self.query_one(LessonPane)
        pane.show_teaching(teaching)
        pane.focus_choices()

    @property
    def _is_asking(self) -> bool:
        choices = self.query("#lesson-choices")  # not there yet while the screen is made
        return bool(choices) and choices.first().has_focus

    def action_pane(self, step: int) -> None:
        """Round the panes, the lesson among them."""
        edge = PANES[-1] if step > 0 else PANES[0]
        if self._is_asking:
            self.go_to_pane(PANES[0] if step > 0 else PANES[-1])
        elif self.pane == edge:
            self.query_one(LessonPane).focus_choices()
        else:
            super().action_pane(step)

    def action_leave_lesson(self) -> None:
        """Back to the question from a pane; from the question out of the lessons."""
        if self.is_prompting or not self._is_asking:
            self.action_back()
            self.query_one(LessonPane).focus_choices()
        else:
            self.leave()

    def leave(self, *, at_once: bool = False) -> None:
        """To the user's own session, which is as it was."""
        del at_once
        self.app.pop_screen()
