"""A few rows that only show: the status line, the timeline, the key line, a preview."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from kwake_tui.lines import Line, Span
from kwake_tui.widgets.line_list import Model, laid_out, styled


class LineBar(Widget, can_focus=False):
    """Rows over a model, without a cursor. `margin` cells stay free at each side."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, margin: int = 1) -> None:
        super().__init__(id=id, classes=classes)
        self._margin = margin
        self._model: Model = lambda width: ()

    def show(self, model: Model) -> None:
        """Show another model."""
        self._model = model
        self.refresh()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The rows as they are now."""
        return self._model(max(self.size.width - 2 * self._margin, 0))

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        lines = self.lines
        line = lines[y] if y < len(lines) else Line()
        background = line.tint or "background"
        side = Span(" " * self._margin)
        spans = [side, *laid_out(self.app, line, width - 2 * self._margin), side]
        return Strip([styled(self.app, span, background) for span in spans], width).crop(0, width)
