"""All pairs as text."""

from __future__ import annotations

from typing import Any

from kwake.policy.reach import Reach
from kwake_tui.text.columns import columns


def reach_lines(reach: Reach) -> list[str]:
    """One pair a row, what is unknown after them with its reason. A pair that may not talk is absent."""
    rows = [[pair.src, "→", pair.dst, str(pair.connections)] for pair in reach.pairs]
    lines = columns(rows) or ["nobody may talk to anybody"]
    if reach.unknown:
        lines += ["", "? unknown", *columns([[u.src, "→", u.dst, u.reason] for u in reach.unknown], indent=2)]
    return lines


def reach_json(reach: Reach) -> dict[str, Any]:
    """The stable form of `kwake reach -o json`."""
    return reach.as_form()
