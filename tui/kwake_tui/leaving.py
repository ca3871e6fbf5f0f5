"""The way out of the console, which loses nothing unasked."""

from __future__ import annotations

from kwake_tui.desk import Desk
from kwake_tui.names import short
from kwake_tui.screens.leave import LeaveScreen, Leaving, Lost
from kwake_tui.session import Session, action_title

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


def _lost(session: Session, edited: str) -> tuple[Lost, ...]:
    """What leaving now would lose; nothing where it would lose nothing."""
    unsaved, timeline = session.unsaved, session.timeline
    found: list[Lost] = []
    if unsaved:
        done = sum(entry in timeline.path for entry in unsaved)
        titles = tuple(action_title(timeline.entries[entry].action) for entry in unsaved)
        found.append(Lost(_counted(done, len(unsaved) - done), titles))
    if edited:
        found.append(Lost(f"{short(edited)} is edited, not applied"))
    return tuple(found)


def _counted(done: int, undone: int) -> str:
    """`2 actions are not saved, 1 more is undone`; of undone ones alone `2 undone actions stand in no file`."""
    if not done:
        return "1 undone action stands in no file" if undone == 1 else f"{undone} undone actions stand in no file"
    more = f", {undone} more {'is' if undone == 1 else 'are'} undone" if undone else ""
    return f"1 action is not saved{more}" if done == 1 else f"{done} actions are not saved{more}"
