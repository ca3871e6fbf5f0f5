"""The way out of the console, which loses nothing unasked."""

from __future__ import annotations

from kwake_tui.desk import Desk
from kwake_tui.names import short
from kwake_tui.screens.leave import LeaveScreen, Leaving
from kwake_tui.session import Session, action_title

_NAMED = 3
"""Actions that the question names; of more it says how many."""

FILE = "what-if.yaml"
"""The name that a scenario is offered."""


def leave(desk: Desk, edited: str, *, at_once: bool = False) -> None:
    """End the console; asks first where actions stand in no file, or `edited` is not applied, but `at_once` never."""
    lost = _lost(desk.session, edited)
    if not lost or at_once:
        desk.app.exit(0)
        return

    def answered(answer: Leaving | None) -> None:
        if answer == "leave":
            desk.app.exit(0)
        elif answer == "save":
            desk.prompt(f"save {FILE}")

    desk.open(LeaveScreen(lost, desk.key("quit"), can_save=bool(desk.session.unsaved)), answered)


def _lost(session: Session, edited: str) -> tuple[str, ...]:
    """What leaving now would lose, in rows; none where it would lose nothing."""
    unsaved = session.unsaved
    rows: list[str] = []
    if unsaved:
        titles = [action_title(session.timeline.entries[number].action) for number in unsaved]
        more = f" and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
        rows.append("1 action is not saved" if len(titles) == 1 else f"{len(titles)} actions are not saved")
        rows.append(f"{', '.join(titles[:_NAMED])}{more}")
    if edited:
        rows.append(f"{short(edited)} is edited, not applied")
    return tuple(rows)
