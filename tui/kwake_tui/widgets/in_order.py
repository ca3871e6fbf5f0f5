"""Text widgets that take keys in the order in which they come.

Textual runs a priority binding when a key arrives, a letter one queue later and any other binding two queues later,
so keys that come in one burst overtake each other. Here letters and bindings all act when they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.widgets import Input, TextArea


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

    BINDINGS: ClassVar[list[BindingType]] = at_once(TextArea.BINDINGS)

    def _forward_event(self, event: Event) -> None:
        if isinstance(event, Key) and (event.is_printable or event.key == "enter") and not self.read_only:
            typed = f"\n{self._indentation}" if event.key == "enter" else event.character or ""
            self.replace(typed, *self.selection, maintain_selection_offset=False)
        else:
            super()._forward_event(event)

    @property
    def _indentation(self) -> str:
        row, column = min(self.selection)
        left = self.document.get_line(row)[:column]
        return left[: len(left) - len(left.lstrip(" "))] + ("  " if left.rstrip().endswith(":") else "")
