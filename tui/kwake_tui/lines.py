"""A line of a pane as a value: spans at the left, facts at the right, and how it is fitted into a width.

Names from the cluster are data: no markup is parsed, and control characters are shown, never sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby

import msgspec
from rich.cells import cell_len, set_cell_size

from kwake.objects.printable import printable


class Span(msgspec.Struct, frozen=True, gc=False):
    """Text of one colour role."""

    text: str
    role: str = "text1"
    bold: bool = False
    strike: bool = False
    chip: bool = False
    """Reversed: the chosen one of a row of tabs."""

    @property
    def cells(self) -> int:
        """Its width on the screen."""
        return cell_len(self.text)

    def cut(self, cells: int) -> Span:
        """The span in at most this many cells, cut in the middle: the ends of names tell them apart."""
        if self.cells <= cells:
            return self
        return msgspec.structs.replace(self, text=middle_cut(self.text, cells))


class Line(msgspec.Struct, frozen=True, gc=False):
    """One row. `target` is what the row stands for; without one the cursor passes over it."""

    left: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()
    tint: str = ""
    """Role of the background of what changed just now: `okbg`, `badbg`, `youbg`."""
    shrink: int | None = None
    """Which span of `left` gives way first where there is no room."""
    spare: int | None = None
    """Which span of `left` goes altogether, before that, where there is no room."""
    fill: str = " "
    """What stands between left and right; `─` makes a section's rule."""
    target: str = ""
    stays: bool = False
    """A head of columns: it stays in sight at the top of a list."""
    cite: str = ""
    """The id of the rule that the row rests on; empty where it cites none."""

    def respelt(self, write: Callable[[str], str]) -> Line:
        """The same line in other letters."""

        def written(spans: tuple[Span, ...]) -> tuple[Span, ...]:
            return tuple(msgspec.structs.replace(span, text=write(span.text)) for span in spans)

        return msgspec.structs.replace(self, left=written(self.left), right=written(self.right))


Lines = tuple[Line, ...]

BLANK = Line()

LEAST_SPREAD = 20
"""Cells below which a text is cut rather than spread over rows."""


def section(title: str) -> Line:
    """The heading of a section inside a pane."""
    return Line((Span("── ", "rule"), Span(title, "muted"), Span(" ", "rule")), fill="─")


def middle_cut(text: str, cells: int) -> str:
    """Text in at most this many cells, with `…` in the middle."""
    if cell_len(text) <= cells:
        return text
    if cells <= 1:
        return "…"[:cells]
    head = (cells - 1) // 2
    tail = cells - 1 - head
    return set_cell_size(text, head) + "…" + set_cell_size(text[::-1], tail)[::-1]


def spread(line: Line, width: int) -> tuple[Line, ...]:
    """A line in as many rows as it needs: what would be cut in it goes on below its beginning."""
    taken = sum(span.cells for span in line.right) + (1 if line.right else 0)
    if line.shrink is None or sum(span.cells for span in line.left) + taken <= width:
        return (line,)
    before, yielding, after = line.left[: line.shrink], line.left[line.shrink], line.left[line.shrink + 1 :]
    lead = sum(span.cells for span in before)
    if after or width - lead - taken < LEAST_SPREAD:
        return (line,)
    first, *others = folded(yielding.text, width - lead - taken, 0)
    head = (*before, msgspec.structs.replace(yielding, text=first))
    rows = [Line(head, line.right, line.tint, target=line.target, cite=line.cite)]
    rows += [Line((Span(" " * lead), msgspec.structs.replace(yielding, text=text))) for text in others]
    return tuple(rows)


def wrap(text: str, room: int) -> list[str]:
    """A sentence in rows of at most `room` cells, broken between words; never none."""
    rows = [""]
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows[-1] else word
        if rows[-1] and cell_len(longer) > max(room, 10):
            rows.append(word)
        else:
            rows[-1] = longer
    return rows


_UNIT = re.compile(r"(?:m?s|min|h)(?!\w)")


def folded(text: str, width: int, further_in: int) -> list[str]:
    """A text in rows of `width` cells, the later ones `further_in` cells less: broken between words where that leaves
    a row more than half full, a number never from its unit, else where it must be; no character is lost. Never none."""
    rows: list[str] = []
    room = max(width, 10)
    while cell_len(text) > room:
        fits = len(set_cell_size(text, room).rstrip())
        at = text.rfind(" ", 0, fits + 1) + 1
        if _UNIT.match(text, at) and text[: at - 1][-1:].isdigit():
            at = text.rfind(" ", 0, at - 1) + 1
        at = at if at > fits // 2 else max(fits, 1)
        rows.append(text[:at])
        text = text[at:]
        room = max(width - further_in, 10)
    return [*rows, text]


def shown(spans: Iterable[Span]) -> list[Span]:
    """The spans with control characters made visible, in the colour of doubt."""
    result: list[Span] = []
    for span in spans:
        if printable(span.text) == span.text:
            result.append(span)
            continue
        for unsafe, part in groupby(span.text, key=lambda character: printable(character) != character):
            role = "doubt" if unsafe else span.role
            result.append(msgspec.structs.replace(span, text=printable("".join(part)), role=role))
    return result


def fit(line: Line, width: int) -> list[Span]:
    """The line as spans of exactly `width` cells: facts at the right first, then the left, cut in its middle."""
    if width <= 0:
        return []
    right = shown(line.right)
    right_cells = sum(span.cells for span in right)
    gap = 1 if right else 0
    if right_cells + gap + 4 > width:
        right, right_cells, gap = [], 0, 0
    room = width - right_cells - gap
    left = _narrowed(line, room)
    space = width - sum(span.cells for span in left) - right_cells
    return [*left, Span(line.fill * space, "rule"), *right]


def _narrowed(line: Line, room: int) -> list[Span]:
    spans = shown(line.left)
    if spans and sum(span.cells for span in spans) > room:  # spaces at the end go first
        spans[-1] = msgspec.structs.replace(spans[-1], text=spans[-1].text.rstrip(" "))
    excess = sum(span.cells for span in spans) - room
    if excess > 0 and line.spare is not None:
        without = tuple(Span("") if i == line.spare else span for i, span in enumerate(line.left))
        return _narrowed(msgspec.structs.replace(line, left=without, spare=None), room)
    if excess > 0 and line.shrink is not None:
        yielding = line.left[line.shrink]
        kept = max(yielding.cells - excess, 5)
        narrowed = (*line.left[: line.shrink], yielding.cut(kept), *line.left[line.shrink + 1 :])
        spans = shown(narrowed)
    fitted: list[Span] = []
    for span in spans:
        if span.cells > room:
            if room > 0:
                fitted.append(msgspec.structs.replace(span, text=set_cell_size(span.text, room - 1) + "…"))
            break
        fitted.append(span)
        room -= span.cells
    return fitted
