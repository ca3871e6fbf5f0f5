"""What an action comes to, as text and JSON: the console's wake screen for scripts and screen readers."""

from __future__ import annotations

from typing import Any

from kwake.dataplane.path import Path
from kwake_tui.sureness import sure_cells
from kwake_tui.text.columns import columns
from kwake_tui.text.flows import spans_json
from kwake_tui.text.places import places_text
from kwake_tui.wake_row import WakeRow, Why, counted
from kwake_tui.wake_rows import Told, served_words


def wake_lines(found: Told) -> list[str]:
    """Each group with its rows: who, to whom, before, after, why, how sure it is, and where that is written."""
    lines = []
    for group in found.groups:
        lines += ["", *columns([[f"{group.mark} {group.counted}", group.meaning]])]
        lines += columns([_row(row, found.says_why) for row in group.rows], indent=2)
    lines = lines[1:] or ["= nothing changed for traffic"]
    return [*lines, "", *_counted(found)]


def _counted(found: Told) -> list[str]:
    left = f", {found.dials.unlooked} not compared" if found.dials.unlooked else ""
    left += f", {found.interrupted.unfollowed} not followed for an interruption" if found.interrupted.unfollowed else ""
    dials, ends = counted(found.same, "dial"), "ends" if found.same == 1 else "end"
    return [*served_words(found.dials), f"{dials} that the change could touch {ends} as before{left}"]


def _row(row: WakeRow, says_why: bool) -> list[str]:
    """A row; where reasons are not told `kwake trace` tells each."""
    why = row.why if says_why else Why("")
    before = f"{row.before}".strip()
    return [
        ", ".join(row.sources) or row.source,
        "→",
        row.end,
        before,
        "→",
        f"{row.after}",
        why.words,
        "  ".join(filter(None, (*sure_cells(why.basis, why.rule), places_text(why.decided_by, why.words)))),
    ]


def wake_json(found: Told) -> dict[str, Any]:
    """The same as plain values, dials and pairs apart."""
    wake = found.wake
    pairs = {
        word: [change.as_form() for change in changes]
        for word, changes in (("lost", wake.lost), ("gained", wake.gained), ("changed", wake.changed))
    }
    return {
        "dials": [
            {
                "from": change.flow.source,
                "to": change.flow.target,
                "port": change.flow.port,
                "protocol": change.flow.protocol,
                **({"service": change.service} if change.service else {}),
                "turn": change.turn.value if change.turn else None,
                "before": _outcome(change.before),
                "after": _outcome(change.after),
            }
            for change in found.dials.changes
        ],
        "interrupted": [
            {
                "from": one.flow.source,
                "to": one.flow.target,
                "port": one.flow.port,
                "protocol": one.flow.protocol,
                **({"service": one.service} if one.service else {}),
                "spans": spans_json(one.spans),
            }
            for one in found.interrupted.dials
        ],
        "dialsNotFollowed": found.interrupted.unfollowed,
        "dialsAlike": found.dials.same,
        "dialsNotCompared": found.dials.unlooked,
        "pairs": {**pairs, "unknown": [{"src": u.src, "dst": u.dst, "reason": u.reason} for u in wake.unknown]},
        "connections": [
            {
                "name": change.name,
                "before": change.before.fate.value if change.before else None,
                "after": change.after.fate.value if change.after else None,
                "rerouted": change.rerouted,
            }
            for change in wake.connections
        ],
    }


def _outcome(path: Path | None) -> str | None:
    return path.outcome.value if path is not None else None
