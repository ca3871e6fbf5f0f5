"""Where to: a list of everything that can be dialled, narrowed as one types."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from kwake.cluster import Cluster
from kwake.objects.printable import printable
from kwake_tui.lines import Line, Span
from kwake_tui.names import EXAMPLE, parts, short, targets
from kwake_tui.screens.dialog import Dialog
from kwake_tui.widgets.in_order import Field
from kwake_tui.widgets.line_list import LineList, content


class _Wanted(Field):
    def check_consume_key(self, key: str, character: str | None) -> bool:
        """A sign that no target has is the key of the help."""
        return character != "?" and super().check_consume_key(key, character)


class TargetScreen(Dialog[str]):
    """Asks for the target of a trace."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
    ]
    KEYS = (
        ("letters", "keep the targets that hold them, word by word; any other text can be dialled, too"),
        ("↑ ↓", "another target"),
        ("tab", "takes over the target under the cursor, to change it"),
        ("enter", "traces to the target under the cursor"),
        ("esc", "back, and nothing is traced"),
    )

    note = "enter traces   tab completes   esc back"

    def __init__(self, cluster: Cluster, source: str) -> None:
        super().__init__()
        namespace = parts(source)[1]
        self._source = source
        self._narrowed_to = ""
        self._targets = sorted(targets(cluster), key=lambda target: parts(target)[1] != namespace)

    def compose(self) -> ComposeResult:
        """The question above, the candidates below."""
        with Vertical(id="targets", classes="dialog") as box:
            box.border_title = content((Span(f"Trace  {short(self._source)} → ?"),))
            example = printable(next(iter(self._targets), EXAMPLE))
            yield _Wanted(placeholder=f"{example}, an address, a DNS name, internet", id="wanted", compact=True)
            yield LineList(id="candidates", lit=True)

    def on_mount(self) -> None:
        """Everything at first."""
        self.query_one(Input).cursor_blink = False
        self.set_focus(self.query_one(Input), scroll_visible=False)
        self.query_one("#candidates").can_focus = False
        self._narrow("")

    def _keep_up(self) -> None:
        """Narrow to what is typed by now: keys of one burst come before the message that something was typed."""
        if self._narrowed_to != (wanted := self.query_one(Input).value):
            self._narrow(wanted)

    def _narrow(self, wanted: str) -> None:
        self._narrowed_to = wanted
        found = tuple(target for target in self._targets if all(word in target for word in wanted.split()))
        lines = [Line((Span(target),), target=target) for target in found]
        if wanted.strip() and wanted not in found:
            lines.append(Line((Span("as typed  ", "muted"), Span(wanted, bold=True)), target=wanted))
        self.query_one(LineList).show(lambda width: tuple(lines), lines[0].target if lines else None)

    def on_input_changed(self) -> None:
        """Narrow as one types."""
        self._keep_up()

    def action_choose(self) -> None:
        """Trace to the one under the cursor."""
        self._keep_up()
        if self.query_one(LineList).target:
            self.dismiss(self.query_one(LineList).target)

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """A second click chooses."""
        self.dismiss(event.rows.target)

    def action_move(self, step: int) -> None:
        """Through the candidates, while one types."""
        self._keep_up()
        self.query_one(LineList).action_move(step)

    def action_complete(self) -> None:
        """Take over the candidate, to change it."""
        self._keep_up()
        field = self.query_one(Input)
        field.value = self.query_one(LineList).target or field.value
        field.cursor_position = len(field.value)

    def action_leave(self) -> None:
        """No trace."""
        self.dismiss(None)
