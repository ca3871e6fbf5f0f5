"""What leaves a live session leaves without secrets, as a capture does: its snapshot, its actions, its manifests."""

from __future__ import annotations

from collections import Counter

import msgspec

from kwake.actions import Action, Apply, Patch
from kwake.cluster import Record
from kwake.objects.decode import decode
from kwake.objects.document import document
from kwake.timeline import Timeline
from kwake_live.cleaning import cleaned
from kwake_tui.session import Session


def without_secrets(session: Session) -> Session:
    """The session with actions that may be written to a file. One of files is taken as it is: they are the user's."""
    if not session.opened.live:
        return session
    return msgspec.structs.replace(session, timeline=_clean_timeline(session.timeline))


def clean_record(record: Record) -> Record:
    """An object as a capture has it."""
    doc = document(cleaned(record.manifest, Counter()))
    return Record(doc, decode(doc), record.made)


def _clean_timeline(timeline: Timeline) -> Timeline:
    entries = tuple(
        entry if entry.action is None else msgspec.structs.replace(entry, action=_clean_action(entry.action))
        for entry in timeline.entries
    )
    return msgspec.structs.replace(timeline, entries=entries)


def _clean_action(action: Action) -> Action:
    """The worlds that followed do not depend on what is left out: replayed on the cleaned snapshot, it gives them."""
    match action:
        case Apply():
            return Apply(cleaned(action.manifest, Counter()))
        case Patch():
            return Patch(action.target, cleaned(action.patch, Counter()))
        case _:
            return action
