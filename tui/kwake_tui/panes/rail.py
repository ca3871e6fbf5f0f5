"""The timeline as two rows: a rail of moments, and under each its action and time."""

from __future__ import annotations

import msgspec

from kwake.objects.time import clock
from kwake_tui.keys import Keymap
from kwake_tui.lines import BLANK, Line, Span, middle_cut


class Moment(msgspec.Struct, frozen=True):
    """One stop of the rail."""

    title: str
    now_ms: int
    """When its action was taken."""
    state: str
    """`done`, `here`, `undone`, or `to come` as the next steps of a scenario are."""
    within: str = ""
    """Which of the moments at which something happened after its action is shown, `2 of 7`; empty at rest."""


STOP = 25
"""Cells between two stops, where there is room."""
GAP = 2
"""Cells between two labels."""
_NARROWEST = 12
_LEAST = 16
"""Cells of the labels beside the present one, where that needs the rest."""


def rail(moments: tuple[Moment, ...], width: int) -> tuple[Line, Line]:
    """The two rows for a width in cells; the moments nearest to the present where not all fit."""
    if not moments or width < _NARROWEST:
        return BLANK, BLANK
    shown, hidden = _visible(moments, width)
    room = _rooms(shown, width)
    marks: list[Span] = []
    words: list[Span] = []
    for moment, cells, following in zip(shown, room, (*shown[1:], None), strict=True):
        marks.append(Span(_GLYPHS[moment.state], _ROLES[moment.state], bold=moment.state == "here"))
        if following is not None:
            ahead = following.state in _AHEAD
            marks.append(Span(("┄" if ahead else "━") * (cells - 1), "faint" if ahead else "muted"))
        words += _label(moment, cells)
    more = (Span(f"{hidden} earlier", "faint"),) if hidden else ()
    return Line(tuple(marks), more), Line(tuple(words))


def _rooms(shown: tuple[Moment, ...], width: int) -> list[int]:
    """Cells for each label: where we are has what it needs, the others share the rest."""
    equal = min(STOP, max(_NARROWEST, width // len(shown)))
    here = next((number for number, moment in enumerate(shown) if moment.state == "here"), 0)
    others = len(shown) - 1
    need = Span(shown[here].title).cells + sum(fact.cells for fact in _facts(shown[here])) + GAP
    wide = max(equal, min(need, width - others * min(equal, _LEAST)))
    rest = min(STOP, (width - wide) // others) if others else 0
    rooms = [wide if number == here else rest for number in range(len(shown))]
    return [*rooms[:-1], max(width - sum(rooms[:-1]), rooms[-1])]


def short_rail(moments: tuple[Moment, ...], width: int, keymap: Keymap | None) -> Line:
    """One row: the stops that are nearest, the action that led to the present one, and the keys along them."""
    if not moments or width < _NARROWEST:
        return BLANK
    here = next((number for number, moment in enumerate(moments) if moment.state == "here"), 0)
    first = max(0, min(here - _SHORT // 2, len(moments) - _SHORT))
    spans: list[Span] = [Span("…", "faint")] if first else []
    for number, moment in enumerate(moments[first : first + _SHORT]):
        if number:
            ahead = moment.state in _AHEAD
            spans.append(Span("┄" if ahead else "━", "faint" if ahead else "muted"))
        spans.append(Span(_GLYPHS[moment.state], _ROLES[moment.state], bold=moment.state == "here"))
    at = moments[here]
    within = f" moment {at.within}" if at.within else ""
    spans += [Span("  "), Span(at.title, bold=True), Span(f" {clock(at.now_ms)}{within}", "you")]
    if keymap is None:
        return Line(tuple(spans), shrink=len(spans) - 2)
    keys = [(name, word) for name, word, can in (("undo", "undo", here > 0), ("redo", "redo", here + 1 < len(moments)))
            if can]  # fmt: skip
    offered = [span for name, word in keys for span in (Span(f"  {keymap.shown(name)}", "you", bold=True),
                                                       Span(f" {word}", "muted"))]  # fmt: skip
    return Line(tuple(spans), tuple(offered), shrink=len(spans) - 2)


_SHORT = 9
"""Stops in one row."""

_AHEAD = ("undone", "to come")
_GLYPHS = {"done": "●", "here": "◉"} | dict.fromkeys(_AHEAD, "○")
_ROLES = {"done": "muted", "here": "you"} | dict.fromkeys(_AHEAD, "faint")


def _visible(moments: tuple[Moment, ...], width: int) -> tuple[tuple[Moment, ...], int]:
    room = max(width // _NARROWEST if width < 60 else width // 20, 1)
    if len(moments) <= room:
        return moments, 0
    here = next((number for number, moment in enumerate(moments) if moment.state == "here"), 0)
    first = max(0, min(here - room + 2, len(moments) - room))
    return moments[first : first + room], first


def _label(moment: Moment, cells: int) -> list[Span]:
    facts = _facts(moment)
    role = "faint" if moment.state in _AHEAD else "text1"
    room = max(cells - GAP - sum(span.cells for span in facts), 1)
    title = Span(middle_cut(moment.title, room), role, bold=moment.state == "here")
    used = title.cells + sum(span.cells for span in facts)
    return [title, *facts, Span(" " * max(cells - used, 0))]


def _facts(moment: Moment) -> list[Span]:
    """What is said of a moment beside its action."""
    if moment.state in _AHEAD:
        return [Span(f" {moment.state}", "faint")]
    if moment.state == "here":
        which = f"moment {moment.within}" if moment.within else "now"
        return [Span(f" {clock(moment.now_ms)} {which}", "you")]
    return [Span(f" {clock(moment.now_ms)}", "faint")]
