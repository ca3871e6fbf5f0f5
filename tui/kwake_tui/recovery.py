"""The offer after a crash, and a session that is resumed by name."""

from __future__ import annotations

from kwake.errors import KwakeError, UsageError
from kwake.objects.printable import printable
from kwake_tui.desk import Desk
from kwake_tui.journal import Restored
from kwake_tui.names import count_actions
from kwake_tui.recording import Kept, Recorder, crashed, discard
from kwake_tui.screens.confirm import ConfirmScreen
from kwake_tui.screens.recover import Answer, RecoverScreen

LAST = "last"


def offer(desk: Desk, recorder: Recorder) -> None:
    """Ask what is to become of sessions that crashed, if there are any."""
    found, _ = crashed(recorder.sessions)
    if not found:
        return

    def answered(answer: Answer | None) -> None:
        if answer is None:
            desk.say(f"kept for later: kwake --resume {found[0].name}, or the next start", "ok")
        elif answer.choice == "restore":
            desk.try_to(lambda: _restore(desk, recorder, answer.kept))
        else:
            _ask(desk, recorder, answer.kept)

    desk.open(RecoverScreen(tuple(found)), answered)


def kept_named(recorder: Recorder, name: str) -> Kept:
    """A session that crashed, by name; `last` is the last one written. Raises UsageError."""
    found, bad = crashed(recorder.sessions)
    for kept in found:
        if name in (kept.name, LAST):
            return kept
    for unreadable in bad:
        if unreadable.name == name:
            raise UsageError(f"{name}: {unreadable.reason}")
    others = ", ".join(kept.name for kept in found)
    raise UsageError(f"{name}: no session that crashed has this name; there {'are ' + others if others else 'is none'}")


def told(again: Restored) -> tuple[str, str]:
    """What to say of a session that is there again, and the role of it."""
    words = f"restored: {count_actions(len(again.session.timeline.entries) - 1)}"
    if again.changed:
        more = f" and {len(again.changed) - 1} more" if len(again.changed) > 1 else ""
        words += f"; the snapshot is not what it was: {again.changed[0]}{more}"
    if again.lost:
        words += f"; {len(again.lost)} left out: {again.lost[0]}"
    return printable(words), "warn" if again.changed or again.lost else "ok"


def _restore(desk: Desk, recorder: Recorder, kept: Kept) -> None:
    try:
        again = recorder.adopt(kept)
    except KwakeError as error:
        raise UsageError(f"cannot be restored, and is kept: {error}") from None
    desk.show(again.session)
    desk.say(*told(again))


def _ask(desk: Desk, recorder: Recorder, kept: Kept) -> None:
    """Nothing brings a discarded session back, and keys typed before the offer came up may have led there."""

    def answered(yes: bool | None) -> None:
        if yes:
            desk.try_to(lambda: _discard(desk, recorder, kept))
        else:
            offer(desk, recorder)

    desk.open(
        ConfirmScreen("Discard", kept.journal.title, f"{count_actions(kept.journal.actions)}, not to be undone"),
        answered,
    )


def _discard(desk: Desk, recorder: Recorder, kept: Kept) -> None:
    discard(recorder.sessions, kept.name)
    desk.say(f"discarded: {kept.journal.title}")
    offer(desk, recorder)
