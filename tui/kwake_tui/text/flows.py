"""How dials fare through the time that an action needs, as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwake.dataplane.path import Outcome
from kwake.objects.event import Clock
from kwake.objects.time import clock
from kwake.scenario.availability import Span
from kwake_tui.glyphs import OUTCOMES
from kwake_tui.sureness import sure_words
from kwake_tui.text.columns import columns


def span_lines(name: str, spans: Sequence[Span], indent: int = 2) -> list[str]:
    """A flow, and each span under it: since when, how dials end, how long and of which clocks, and why."""
    lines = columns([[name]], indent)
    rows = []
    for span in spans:
        why = span.reason if span.outcome is not Outcome.DELIVERED else ""
        fails = f": {span.fails}" if span.fails else ""
        ends, lasts = (
            f"{OUTCOMES[span.outcome]}{fails}{sure_words(span.basis, span.outcome)}",
            span.sum_text or "from then on",
        )
        rows.append([clock(span.from_ms), ends, lasts, why, span.cite])
    return lines + columns(rows, indent + 2)


def spans_json(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """The same as plain values; times in milliseconds of simulated time, `toMs` null for a span without end."""
    return [
        {
            "outcome": span.outcome.value,
            "basis": span.basis.value,
            "fromMs": span.from_ms,
            "toMs": span.to_ms,
            "reason": span.reason,
            **({"cite": span.cite} if span.cite else {}),
            "clocks": [clock_json(term.clock, term.sign) for term in span.terms],
        }
        for span in spans
    ]


def clock_json(term: Clock, sign: int = 1) -> dict[str, Any]:
    """A clock as a term of a sum: its milliseconds are negative where it is taken away."""
    return {"name": term.name, "ms": sign * term.ms, "basis": term.basis.value}
