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
    """Which of the moments of its action is shown, `2 of 7`; empty at rest."""


STOP = 25
"""Cells between two stops, where there is room."""
_NARROWEST = 12


def rail(moments: tuple[Moment, ...], width: int) -> tuple[Line, Line]:
    """The two rows for a width in cells; the moments nearest to the present where not all fit."""
    if not moments or width < _NARROWEST:
        return BLANK, BLANK
    shown, hidden = _visible(moments, width)
    cells = min(STOP, max(_NARROWEST, width // len(shown)))
    marks: list[Span] = []
    words: list[Span] = []
    for number, moment in enumerate(shown):
        last = number == len(shown) - 1
        following = "" if last else shown[number + 1].state
        marks.append(Span(_GLYPHS[moment.state], _ROLES[moment.state], bold=moment.state == "here"))
        if not last:
            ahead = following in _AHEAD
            marks.append(Span(("┄" if ahead else "━") * (cells - 1), "faint" if ahead else "muted"))
        words += _label(moment, cells if not last else max(width - cells * number, cells))
    more = (Span(f"{hidden} earlier", "faint"),) if hidden else ()
    return Line(tuple(marks), more), Line(tuple(words))


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
    within = f" event {at.within}" if at.within else ""
    spans += [Span("  "), Span(at.title, bold=True), Span(f" {_time(at)}{within}", "you")]
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
    if moment.state in _AHEAD:
        facts = [Span(f" {moment.state}", "faint")]
    elif moment.state == "here":
        facts = [Span(f" {_time(moment)}", "you"), Span(f" event {moment.within}" if moment.within else " now", "you")]
    else:
        facts = [Span(f" {_time(moment)}", "faint")]
    room = max(cells - 2 - sum(span.cells for span in facts), 4)
    if moment.state == "here" and not moment.within and Span(moment.title).cells > room:
        facts, room = facts[:1], room + facts[1].cells  # its colour says `now` too
    role = "faint" if moment.state in _AHEAD else "text1"
    title = Span(middle_cut(moment.title, room), role, bold=moment.state == "here")
    used = title.cells + sum(span.cells for span in facts)
    return [title, *facts, Span(" " * max(cells - used, 0))]


def _time(moment: Moment) -> str:
    text = clock(moment.now_ms)
    return text if moment.within else text.partition(".")[0]
