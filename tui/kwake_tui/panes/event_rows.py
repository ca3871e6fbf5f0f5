"""What happened, when and by whom, as rows; the newest last."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from kwake.objects.event import Event
from kwake.objects.time import clock
from kwake_tui.lines import Line, Span, folded
from kwake_tui.names import brief_names
from kwake_tui.sureness import sure_spans

GAP = 2
"""Cells between two columns."""

ROOMY = 76
"""Cells from which on pods have their whole names, and so have actors."""

ACTOR = 13
"""Cells of an actor's name at most, where there is little room."""


def event_lines(events: tuple[Event, ...], fresh: int, width: int) -> tuple[Line, ...]:
    """An event in as many rows as its text needs; the last `fresh` of them are what the last action set off."""
    first_fresh = len(events) - fresh
    times = max((len(clock(event.time_ms)) for event in events), default=0) + GAP
    actors = max((cell_len(event.actor) for event in events), default=0)
    actors = (actors if width >= ROOMY else min(actors, ACTOR)) + GAP
    return tuple(
        line
        for number, event in enumerate(events)
        for line in _rows(event, number, number >= first_fresh, (times, actors, width))
    )


def _rows(event: Event, number: int, fresh: bool, cells: tuple[int, int, int]) -> Iterator[Line]:
    times, actors, width = cells
    role, you = "text1" if fresh else "muted", event.actor == "you"
    facts = sure_spans(event.sureness, event.rule)
    taken = sum(fact.cells for fact in facts) + (1 if facts else 0)
    text = event.text if width >= ROOMY else brief_names(event.text)
    first, *others = folded(text, width - times - actors - taken, -taken)
    actor = Span(event.actor).cut(actors - GAP).text
    when = (
        Span(clock(event.time_ms).ljust(times), role),
        Span(actor.ljust(actors), "you" if you else "muted", bold=you),
    )
    yield Line((*when, Span(first, role)), facts, target=f"event:{number}", cite=event.rule)
    for row in others:
        yield Line((Span(" " * (times + actors)), Span(row, role)))
