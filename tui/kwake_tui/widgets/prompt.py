"""The `:` prompt: one row, with completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from kwake_tui.widgets.in_order import Field

Completions = Callable[[str], list[str]]


class _Completer(Suggester):
    def __init__(self, completions: Completions) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completions = completions

    async def get_suggestion(self, value: str) -> str | None:
        """The best line that goes on from what is typed."""
        return next((line for line in self._completions(value) if line.startswith(value) and line != value), None)


class Prompt(Field):
    """Shown only while one types a command."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(self, completions: Completions) -> None:
        super().__init__(id="prompt", compact=True, suggester=_Completer(completions), select_on_focus=False)
        self._completions = completions
        self.cursor_blink = False

    def action_complete(self) -> None:
        """Take over the best completion; another tab goes on to the next one."""
        lines = self._completions(self.value)
        if lines == [self.value] or not lines:
            return
        self.value = lines[0] if lines[0] != self.value else lines[1]
        self.cursor_position = len(self.value)
