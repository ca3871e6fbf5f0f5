"""Sessions that a crash left behind, as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kwake_tui.names import count_actions
from kwake_tui.recording import Kept, Unreadable
from kwake_tui.scenario_files import brief_path
from kwake_tui.text.columns import columns


def sessions_lines(found: Sequence[Kept], bad: Sequence[Unreadable]) -> list[str]:
    """A row a session, the last one first, and how to resume it."""
    if not found and not bad:
        return ["no session crashed"]
    rows = []
    for kept in found:
        journal = kept.journal
        count = count_actions(journal.actions)
        written = datetime.fromtimestamp(kept.written_s).strftime("%Y-%m-%d %H:%M")
        rows.append([kept.name, written, journal.title, count, " ".join(map(brief_path, journal.opened.snapshot))])
    lines = columns(rows)
    lines += [f"{unreadable.name}  cannot be restored: {unreadable.reason}" for unreadable in bad]
    return [*lines, "", "kwake --resume NAME goes on with one, kwake sessions --discard NAME removes it"]


def sessions_json(found: Sequence[Kept], bad: Sequence[Unreadable]) -> dict[str, Any]:
    """The same as plain values."""
    sessions = [
        {
            "name": kept.name,
            "written": datetime.fromtimestamp(kept.written_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title": kept.journal.title,
            "actions": kept.journal.actions,
            "snapshot": list(kept.journal.opened.snapshot),
            "profile": kept.journal.profile,
            "seed": kept.journal.seed,
        }
        for kept in found
    ]
    unreadable = [{"name": item.name, "reason": item.reason} for item in bad]
    return {"version": 1, "sessions": sessions, "unreadable": unreadable}
