"""The edits that would turn a path, to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from kwake.objects.basis import Basis
from kwake.objects.json_patch import Fix
from kwake.policy.flip import Flip
from kwake_tui.lines import BLANK, Line, Span
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.kubectl import KubectlScreen
from kwake_tui.text.flips import command, effects
from kwake_tui.widgets.line_list import LineList


class FlipScreen(ChoiceScreen):
    """Answers `flip:` and the number of the chosen edit; shows each as kubectl would make it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "patch", show=False, priority=True)]

    def __init__(self, title: str, note: str, flips: Sequence[Flip], subject: str) -> None:
        super().__init__(title, f"{note}   y as a patch   esc back", tuple(flip_rows(flips)))
        self._flips, self._subject = flips, subject

    def action_patch(self) -> None:
        """The commands that would make the edit under the cursor in a real cluster."""
        flip = self._flips[int(self.query_one("#choice", LineList).target.partition(":")[2])]
        commands = [line for change in flip.changes for line in command(change)]
        self.app.push_screen(KubectlScreen(commands, self._subject))


def flip_rows(flips: Sequence[Flip]) -> Iterator[Line]:
    """A row for each edit, under it the objects that it changes and what else it opens and closes."""
    for number, flip in enumerate(flips):
        mark, role = ("✓ passes", "ok") if flip.allowed else ("∅ is dropped", "bad")
        sure = "" if flip.basis is Basis.SOURCED else f" {flip.basis.value}"
        yield Line((Span(flip.words),), (Span(f"{mark}{sure}", role),), shrink=0, target=f"flip:{number}")
        for change in flip.changes:
            what = "changes" if isinstance(change, Fix) else "makes"
            yield Line((Span(f"  {what} {change.key}", "muted"),), shrink=0)
        for line in effects(flip):
            yield Line((Span(f"  {line}", "muted" if line.startswith("nothing") else "text1"),), shrink=0)
        yield BLANK
