"""All moments of the timeline, branches too: enter goes to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from kwake.objects.time import clock
from kwake.timeline import Timeline
from kwake_tui.lines import Line, Span
from kwake_tui.session import Session, action_title
from kwake_tui.widgets.line_list import LineList, content


class MomentsScreen(ModalScreen[int | None]):
    """The tree of moments. Answers the number of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,T", "leave", show=False)]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        """One list in a frame."""
        with Vertical(id="page", classes="dialog") as page:
            page.border_title = content((Span("Timeline"),))
            page.border_subtitle = content((Span("enter goes there   esc back", "muted"),))
            yield LineList(id="moments")

    def on_mount(self) -> None:
        """The cursor on the moment where we are."""
        timeline = self._session.timeline
        rows = self.query_one("#moments", LineList)
        rows.show(lambda width: moment_lines(timeline), f"moment:{timeline.current}")
        rows.focus()

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Go to it."""
        event.stop()
        self.dismiss(int(event.rows.target.partition(":")[2]))

    def action_leave(self) -> None:
        """Stay where we are."""
        self.dismiss(None)


def moment_lines(timeline: Timeline) -> tuple[Line, ...]:
    """One row a moment, those that follow under it; a second and further branch is indented."""
    return tuple(_rows(timeline))


def _rows(timeline: Timeline) -> Iterator[Line]:
    ahead = [(0, 0)]
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
    parent = entry.parent
    taken_ms = 0 if parent is None else timeline.entries[parent].world.now_ms
    facts = (Span("here  ", "you"),) if here else ()
    return Line(
        (
            Span(f"{number:>3} ", "faint"),
            Span(stem, "rule"),
            Span(f"{glyph} ", role),
            Span(action_title(entry.action), role, bold=here),
        ),
        (*facts, Span(clock(taken_ms).partition(".")[0], "muted")),
        target=f"moment:{number}",
    )
