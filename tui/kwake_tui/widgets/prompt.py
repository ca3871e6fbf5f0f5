"""The prompt: one row to type a command or a filter in, with a list of what the text may become."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from kwake_tui.lines import Line, Span
from kwake_tui.widgets.in_order import Field
from kwake_tui.widgets.line_list import LineList

Completions = Callable[[str], list[str]]

MOST = 200
"""Candidates that are listed; whoever needs more types another letter."""


class _Completer(Suggester):
    def __init__(self, completions: Completions) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completions = completions

    async def get_suggestion(self, value: str) -> str | None:
        """The best line that goes on from what is typed."""
        return next((line for line in self._completions(value) if line.startswith(value) and line != value), None)


class Suggestions(LineList):
    """The candidates, over the prompt."""

    def __init__(self) -> None:
        super().__init__(id="suggestions", lit=True)
        self.can_focus = False

    def offer(self, lines: list[str]) -> None:
        """Show other candidates; none hides the list."""
        rows = tuple(Line((Span(line),), target=line) for line in lines[:MOST])
        self.display = bool(rows)
        self.styles.height = min(len(rows), 6)
        self.show(lambda width: rows, rows[0].target if rows else None)


class Prompt(Field):
    """Shown only while one types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False, priority=True),
        Binding("down", "candidate(1)", show=False, priority=True),
        Binding("up", "candidate(-1)", show=False, priority=True),
    ]

    def __init__(self, completions: Completions, suggestions: Suggestions) -> None:
        super().__init__(id="prompt", compact=True, suggester=_Completer(completions), select_on_focus=False)
        self._completions = completions
        self._suggestions = suggestions
        self._past: list[str] = []
        self._recalled = 0
        self._picked = ""
        self._stem = ""
        self.cursor_blink = False

    def offer(self) -> None:
        """List what the text may become by now."""
        self._picked = ""
        self._stem = self._stem if self.value else ""
        lines = self._completions(self.value)
        self._suggestions.offer([] if lines == [self.value] else lines)

    def remember(self, line: str) -> None:
        """Keep a line that was carried out; `up` in an empty prompt brings it back."""
        self._past = [*(past for past in self._past if past != line), line]
        self._recalled = 0

    def action_candidate(self, step: int) -> None:
        """Through the candidates; in an empty prompt, or one that was recalled, through the lines before."""
        recalled = self._recalled and self.value == self._past[-self._recalled]
        if (not self.value or recalled) and self._past and (step < 0 or recalled):
            self._recalled = max(0, min(self._recalled - step, len(self._past)))
            self.value = self._past[-self._recalled] if self._recalled else ""
            self.cursor_position = len(self.value)
        else:
            self._suggestions.action_move(step)
            self._picked = self._suggestions.target

    @property
    def picks(self) -> bool:
        """Whether one went to a candidate since the last letter."""
        return bool(self._picked)

    def take(self) -> bool:
        """Enter: take over a candidate that was picked; whether the line is whole."""
        if self._picked:
            self.value, self._picked = self._picked, ""
            self.cursor_position = len(self.value)
        return not self.value.endswith(" ") or not self._completions(self.value)

    def action_complete(self) -> None:
        """Take over the candidate under the cursor; where nothing goes on from it, another tab takes the next one."""
        lines = self._completions(self.value)
        if lines == [self.value] or not lines:
            lines = self._completions(self._stem)
            if self.value not in lines:
                return
            best = self.value
        else:
            self._stem = self.value
            chosen = self._suggestions.target
            best = chosen if chosen in lines else lines[0]
        self.value = best if best != self.value else lines[(lines.index(best) + 1) % len(lines)]
        self.cursor_position = len(self.value)
