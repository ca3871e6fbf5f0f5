"""What stands on a terminal in which no pane fits: one row that says so."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from kwake_tui.lines import Line, Span
from kwake_tui.widgets.line_bar import LineBar

LEAST = Size(60, 15)
"""The smallest terminal that shows a pane."""
SMALL = Size(80, 24)
"""Below it the timeline gives its rows to the pane."""


def is_below(size: Size, other: Size) -> bool:
    """Whether a terminal is narrower or lower."""
    return size.width < other.width or size.height < other.height


class TinyScreen(Screen[None]):
    """Over whatever is open, which stays as it is until the terminal grows."""

    def compose(self) -> ComposeResult:
        """One row."""
        yield LineBar(id="status")

    def on_mount(self) -> None:
        """Say it."""
        self.query_one(LineBar).show(lambda width: (self._words(width),))

    def on_screen_resume(self) -> None:
        """Nothing that was opened over it keeps it once the terminal has grown."""
        if not is_below(self.app.size, LEAST):
            self.dismiss()

    def _words(self, width: int) -> Line:
        size = self.app.size
        needs = (Span("needs ", "muted"), Span(f"{LEAST.width}x{LEAST.height}"))
        here = Span(f", here {size.width}x{size.height}", "muted")
        return Line((*needs, here), spare=2)
