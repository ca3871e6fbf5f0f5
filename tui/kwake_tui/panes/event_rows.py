"""What happened, when and by whom, as rows; the newest last."""

from __future__ import annotations

from kwake.objects.basis import Basis
from kwake.objects.event import Event
from kwake.objects.time import clock
from kwake_tui.lines import Line, Span

ACTOR = 14
"""Cells of the actor's column."""


def event_lines(events: tuple[Event, ...], fresh: int, width: int) -> tuple[Line, ...]:
    """One row an event; the last `fresh` of them are what the last action set off."""
    del width
    first_fresh = len(events) - fresh
    return tuple(_row(event, number, number >= first_fresh) for number, event in enumerate(events))


def _row(event: Event, number: int, fresh: bool) -> Line:
    you = event.actor == "you"
    sure = () if event.basis is Basis.SOURCED else (Span(f"{event.basis.value} ", "muted"),)
    return Line(
        (
            Span(f"{clock(event.time_ms):<9}", "text1" if fresh else "muted"),
            Span(event.actor.ljust(ACTOR - 1)[: ACTOR - 1] + " ", "you" if you else "muted", bold=you),
            Span(event.text, "text1" if fresh else "muted"),
        ),
        (*sure, Span(event.rule, "faint")) if event.rule else sure,
        target=f"event:{number}",
    )
