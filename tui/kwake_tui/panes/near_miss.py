"""What nearly let a dial through, as rows: two of them, what differs under each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from kwake.dataplane.path import Missed
from kwake.policy.ends import Half
from kwake_tui.lines import Span, wrap
from kwake_tui.names import brief_names, brief_place

LABEL = "near miss"


class Row(NamedTuple):
    """One row."""

    label: str
    """What stands in the column of labels."""
    words: tuple[Span, ...]
    place: tuple[Span, ...] = ()
    """File and line of what nearly admits, where there is room for them."""


Pair = tuple[Half, Half]

_DIRECTIONS = (" ingress rule ", " egress rule ")
_INDENT = 2
"""Cells that what differs is moved in, where it stands in a row of its own."""


def detail_rows(
    details: Sequence[str], misses: Sequence[Missed], room: int, said: str = "", folders: int = 0
) -> Iterator[Row]:
    """The details of a hop and what nearly let a dial through in rows of at most `room` cells; `said` are the words
    above, which may name a policy; so many `folders` of a file are told."""
    for detail in details:
        yield from (Row("", (Span(row, "muted"),)) for row in wrap(detail, room))
    for miss in misses:
        first, *others = _miss_rows((miss.wanted, miss.found), room, said)
        place = Span(brief_place(miss.by, folders), "faint")
        fits = place.text and sum(span.cells for span in first) + 1 + place.cells <= room
        yield Row(LABEL, first, (place,) if fits else ())
        yield from (Row("", words) for words in others)


def _miss_rows(pair: Pair, room: int, said: str) -> Iterator[tuple[Span, ...]]:
    short = (_shorter(pair[0]), _shorter(pair[1]))
    shortest = (_unnamed(short[0], said), short[1])
    fitting = next((halves for halves in (pair, short, shortest) if _width(halves) <= room), None)
    for half, role in zip(fitting or short, ("text1", "bad"), strict=True):
        if fitting is not None:
            column = max(cell_len(half.head) for half in fitting) + 1
            lead = Span(half.head + " " * (column - cell_len(half.head)), "muted")
            yield lead, Span(half.differs, role, bold=True)
            continue
        for row in wrap(half.head, room) if half.head else ():
            yield (Span(row, "muted"),)
        for row in wrap(half.differs, room - _INDENT):
            yield Span(" " * _INDENT), Span(row, role, bold=True)


def _width(pair: Pair) -> int:
    """Cells of a near miss whose halves stand under each other."""
    return max(cell_len(half.head) for half in pair) + 1 + max(cell_len(half.differs) for half in pair)


def _shorter(half: Half) -> Half:
    """The same for little room: pods by their brief names, and the direction where the hop says it already."""
    head = brief_names(half.head)
    for direction in _DIRECTIONS:
        head = head.replace(direction, " rule ")
    return Half(head, half.differs)


def _unnamed(half: Half, said: str) -> Half:
    """A rule without its policy, where that has just been named alone: `rule 1 admits`."""
    policy, _, rule = half.head.partition(" ")
    return Half(rule, half.differs) if rule.startswith("rule ") and said == f"dropped by {policy}" else half
