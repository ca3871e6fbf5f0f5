"""Text widgets that take keys in the order in which they come.

Textual runs a priority binding when a key arrives, a letter one queue later and any other binding two queues later,
so keys that come in one burst overtake each other. Here letters and bindings all act when they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.widgets import Input, TextArea
from textual.widgets.text_area import Selection

from kwake_tui.widgets.stayed import Stayed

STOP = 2
"""Cells from one stop of tab to the next: a level of YAML."""


def at_once(bindings: Iterable[BindingType]) -> list[BindingType]:
    """The same bindings, acting when their key arrives."""
    return [
        Binding(b.key, b.action, b.description, show=b.show, priority=True) if isinstance(b, Binding) else Binding(*b)
        for b in bindings
    ]


class Field(Input):
    """One row to type in."""

    BINDINGS: ClassVar[list[BindingType]] = at_once(Input.BINDINGS)

    def _forward_event(self, event: Event) -> None:
        if isinstance(event, Key) and event.is_printable and event.character is not None:
            self.replace(event.character, *self.selection)
        else:
            super()._forward_event(event)


class TextField(TextArea):
    """Rows of YAML to type in: a new one begins below the one that enter leaves, or further in after a colon."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(TextArea.BINDINGS),
        Binding("tab", "indent", show=False, priority=True),
        Binding("shift+tab", "outdent", show=False, priority=True),
    ]

    def _forward_event(self, event: Event) -> None:
        if isinstance(event, Key) and (event.is_printable or event.key == "enter") and not self.read_only:
            typed = f"\n{self._indentation}" if event.key == "enter" else event.character or ""
            self.replace(typed, *self.selection, maintain_selection_offset=False)
        else:
            super()._forward_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where the text is only read, tab is another's key."""
        if action in ("indent", "outdent"):
            return not self.read_only
        return super().check_action(action, parameters)

    def action_indent(self) -> None:
        """On to the next stop; where rows are selected, all of them are moved there."""
        if self.selection.is_empty:
            self.replace(
                " " * (STOP - self.cursor_location[1] % STOP), *self.selection, maintain_selection_offset=False
            )
        else:
            self._shift(1)

    def action_outdent(self) -> None:
        """The row of the cursor, or all that are selected, back to the stop before."""
        self._shift(-1)

    def _shift(self, stops: int) -> None:
        """Begin the selected rows so many stops further in; blank ones stay."""
        start, end = sorted(self.selection)
        first, last = start[0], max(start[0], end[0] - (end[1] == 0))
        rows = [self.document.get_line(row) for row in range(first, last + 1)]
        moved = [_begun(row, stops) for row in rows]
        if moved == rows:
            self.post_message(Stayed("this begins at the left edge already"))
            return
        by = {first + at: len(new) - len(row) for at, (row, new) in enumerate(zip(rows, moved, strict=True))}
        kept = [(row, max(column + by.get(row, 0), 0)) for row, column in self.selection]
        self.replace("\n".join(moved), (first, 0), (last, len(rows[-1])))
        self.selection = Selection(*kept)

    @property
    def _indentation(self) -> str:
        row, column = min(self.selection)
        left = self.document.get_line(row)[:column]
        return left[: len(left) - len(left.lstrip(" "))] + ("  " if left.rstrip().endswith(":") else "")


def _begun(row: str, stops: int) -> str:
    """A row that begins so many stops further in, or back."""
    text = row.lstrip(" ")
    level = (len(row) - len(text)) / STOP
    return " " * (max((floor(level) if stops > 0 else ceil(level)) + stops, 0) * STOP) + text if text else row
