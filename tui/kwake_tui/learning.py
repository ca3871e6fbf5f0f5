"""The way into the lessons."""

from __future__ import annotations

from kwake.errors import UsageError
from kwake_tui.desk import Desk


def learn(desk: Desk) -> None:
    """Open the lessons over the session, under its profile. Raises what opening the sample raises."""
    from kwake_tui.screens.learn import LearnScreen, begin  # it is a main screen, and that one imports this

    if isinstance(desk, LearnScreen):
        raise UsageError("these are the lessons: esc leaves them")
    desk.open(LearnScreen(begin(desk.session.world.profile.name)))
