"""How dials fare through the time that an action needs, as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwake.dataplane.path import Outcome
from kwake.objects.basis import Basis
from kwake.objects.time import clock
from kwake.scenario.availability import Span
from kwake_tui.glyphs import OUTCOMES
from kwake_tui.text.columns import columns


def span_lines(name: str, spans: Sequence[Span], indent: int = 2) -> list[str]:
    """A flow, and each span under it: since when, how dials end, how long and of which clocks, and why."""
    lines = columns([[name]], indent)
    rows = []
    for span in spans:
        sure = "" if span.basis is Basis.SOURCED else f" ({span.basis.value})"
        why = span.reason if span.outcome is not Outcome.DELIVERED else ""
        fails = f": {span.fails}" if span.fails else ""
        ends, lasts = f"{OUTCOMES[span.outcome]}{fails}{sure}", span.sum_text or "from then on"
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
            "clocks": [{"name": t.clock.name, "ms": t.sign * t.clock.ms, "basis": t.clock.basis.value}
                       for t in span.terms],
        }
        for span in spans
    ]  # fmt: skip
