"""What became of a flow or a connection, step by step: one glyph an action, the present one last."""

from __future__ import annotations

from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.path import Outcome
from kwake.objects.basis import Basis
from kwake_tui.lines import Span

STEPS = 12
"""Steps that are shown at most, the latest."""

_OUTCOMES = {
    Outcome.DELIVERED: ("━", "ok"),
    Outcome.REFUSED: ("×", "bad"),
    Outcome.DROPPED: ("┄", "bad"),
    Outcome.UNRESOLVED: ("◇", "bad"),
    Outcome.MIXED: ("±", "warn"),
    Outcome.UNKNOWN: ("?", "doubt"),
}
_FATES = {
    Fate.OPEN: ("━", "ok"),
    Fate.STALLED: ("┄", "warn"),
    Fate.CLOSED: ("○", "muted"),
    Fate.RESET: ("×", "bad"),
    Fate.FAILED: ("×", "bad"),
}

Step = tuple[str, str]
"""A glyph and its colour role."""

NOTHING: Step = (" ", "muted")
"""Not open yet, or an end of the flow is not there."""


def dial_step(outcome: Outcome | None) -> Step:
    """A dial made at a step; None: there was nobody to dial."""
    return NOTHING if outcome is None else _OUTCOMES[outcome]


def connection_step(now: Connection | None, before: Connection | None) -> Step:
    """How a connection stood at a step; one that had moved to another backend since the step before says so."""
    if now is None:
        return NOTHING
    if now.basis is Basis.UNKNOWN:
        return "?", "doubt"
    if before is not None and len(now.backends) > len(before.backends):
        return ("▲", "bad") if now.misdelivered else ("↳", "moved")
    if before is not None and before.fate.is_over:
        return NOTHING
    return _FATES[now.fate]


def history_spans(steps: tuple[Step, ...], cells: int) -> list[Span]:
    """The latest steps in exactly this many cells, gap included."""
    shown = steps[-min(STEPS, cells - 1) :] if cells > 1 else ()
    return [*(Span(glyph, role) for glyph, role in shown), Span(" " * (cells - len(shown)))]
