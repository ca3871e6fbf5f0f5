"""One family of shapes for one kind of meaning: a glyph, a word and a colour role, never one of them alone."""

from __future__ import annotations

from typing import NamedTuple

from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.path import Outcome


class Mark(NamedTuple):
    """How a meaning is shown."""

    glyph: str
    word: str
    role: str

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


OUTCOMES: dict[Outcome, Mark] = {
    Outcome.DELIVERED: Mark("✓", "delivered", "ok"),
    Outcome.REFUSED: Mark("×", "refused", "bad"),
    Outcome.DROPPED: Mark("∅", "dropped", "bad"),
    Outcome.UNRESOLVED: Mark("◇", "unresolved", "bad"),
    Outcome.MIXED: Mark("±", "mixed", "warn"),
    Outcome.UNKNOWN: Mark("?", "unknown", "doubt"),
}
"""Ticks and crosses are verdicts."""

FATES: dict[Fate, Mark] = {
    Fate.OPEN: Mark("●", "open", "ok"),
    Fate.STALLED: Mark("◐", "stalled", "warn"),
    Fate.CLOSED: Mark("○", "closed", "muted"),
    Fate.RESET: Mark("×", "reset", "bad"),
    Fate.FAILED: Mark("×", "failed", "bad"),
}
"""Circles are things that live."""

MIGRATED = Mark("↳", "migrated", "moved")
READY = Mark("●", "ready", "ok")
STARTING = Mark("◐", "not ready", "warn")
PENDING = Mark("○", "pending", "muted")
GONE = Mark("×", "gone", "bad")


def connection_mark(connection: Connection) -> Mark:
    """How a connection stands; one that lives on at another backend has migrated."""
    if connection.migrated and connection.fate is Fate.OPEN:
        return MIGRATED
    return FATES[connection.fate]


LOST = Mark("−", "lost", "bad")
GAINED = Mark("+", "gained", "ok")
INTERRUPTED = Mark("◐", "interrupted", "warn")
REROUTED = Mark("~", "rerouted", "moved")
OTHER_PORTS = Mark("~", "other ports", "moved")
OTHERWISE = Mark("~", "fails otherwise", "moved")
POLICIES = Mark("~", "policies alone", "moved")
CUT = Mark("×", "cut", "bad")
NEVER_OPEN = Mark("×", "never opened", "bad")
STAYS = Mark("●", "stays open", "ok")
KEPT = Mark("=", "the same", "muted")
"""What differs between two moments."""
