"""The way into the lessons."""

from __future__ import annotations

from collections.abc import Sequence

from kwake.errors import UsageError
from kwake_tui.action_words import number
from kwake_tui.desk import Desk
from kwake_tui.lessons import LESSONS


def learn(desk: Desk, words: Sequence[str] = ()) -> None:
    """Open the lessons over the session, under its profile; with a number, that one. Raises UsageError, and what
    opening the sample raises."""
    from kwake_tui.screens.learn import LearnScreen, begin  # it is a main screen, and that one imports this

    if isinstance(desk, LearnScreen):
        raise UsageError("these are the lessons: esc leaves them")
    lesson = number(words[0], "the number of a lesson") if words else 1
    if not 1 <= lesson <= len(LESSONS):
        raise UsageError(f"{lesson}: there are lessons 1 to {len(LESSONS)}")
    desk.open(LearnScreen(begin(desk.session.world.profile.name, lesson)))
