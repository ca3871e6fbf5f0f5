"""All moments of the timeline as rows, branches too."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.objects.time import clock
from kwake.timeline import Timeline
from kwake_tui.lines import Line, Span
from kwake_tui.session import action_title


def moment_lines(timeline: Timeline) -> tuple[Line, ...]:
    """One row a moment, those that follow under it; a second and further branch is indented."""
    return tuple(_rows(timeline))


def _rows(timeline: Timeline) -> Iterator[Line]:
    later = [number for number, entry in enumerate(timeline.entries) if number and entry.parent is None]
    ahead = [*((number, 1) for number in reversed(later)), (0, 0)]
    while ahead:
        number, depth = ahead.pop()
        yield _row(timeline, number, depth)
        after = timeline.children(number)
        ahead += [(first, depth) for first in after[:1]]
        ahead += [(branch, depth + 1) for branch in reversed(after[1:])]


def _row(timeline: Timeline, number: int, depth: int) -> Line:
    entry = timeline.entries[number]
    here, on_way = number == timeline.current, number in timeline.path
    glyph, role = ("◉", "you") if here else ("●", "text1") if on_way else ("○", "muted")
    stem = "  " * max(depth - 1, 0) + "└ " * bool(depth)
    facts = (Span("here  ", "you"),) if here else ()
    return Line(
        (
            Span(f"{number:>3} ", "faint"),
            Span(stem, "rule"),
            Span(f"{glyph} ", role),
            Span(action_title(entry.action), role, bold=here),
        ),
        (*facts, Span(clock(timeline.taken_ms(number)), "muted")),
        target=f"moment:{number}",
    )
