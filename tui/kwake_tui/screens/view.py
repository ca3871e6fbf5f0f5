"""A whole screen beside the main one: status, a summary, its own panes, timeline, and its keys."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake_tui.keymap import FIXED
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.panes.key_line import notice_line
from kwake_tui.panes.status import status_line
from kwake_tui.panes.timeline import TimelineBar
from kwake_tui.screens.reader import HelpScreen
from kwake_tui.session import Session
from kwake_tui.widgets.in_order import Field
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.stayed import Stayed

BORDERS = 4
"""Cells of a pane beside its rows: the border, the cursor's mark and its like at the right."""


class ViewKey(NamedTuple):
    """One key of such a screen, for its key line and its help."""

    shown: str
    word: str
    help: str
    name: str = ""
    """Under which it is bound, where that is one of the names of `keymap`."""


class ViewScreen(Screen[Flow | str | None]):
    """Answers the flow that the main screen is to show, the reference of an object to edit there, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False, priority=True),
        Binding("question_mark", "help", show=False, priority=True, id="help"),
        Binding(FIXED["next-pane"], "other_pane", show=False, priority=True, id="next-pane"),
        Binding(FIXED["pane-before"], "other_pane", show=False, priority=True, id="pane-before"),
        Binding("slash", "filter", show=False, priority=True, id="filter"),
        Binding("enter", "submit", show=False, priority=True),
    ]
    CSS_PATH = "../views.tcss"
    TWIN: ClassVar[str] = ""
    """The command that prints the same."""
    WORD: ClassVar[str] = ""
    """What the screen is called."""
    KEYS: ClassVar[tuple[ViewKey, ...]] = ()
    FILTER: ClassVar[str] = "text, !text"
    """What may be typed as a filter."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._said: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        """The rows that all these screens have, and between them what is the screen's own."""
        yield LineBar(id="status")
        yield LineBar(id="summary")
        yield from self.panes()
        yield TimelineBar(id="timeline")
        field = Field(id="view-filter", placeholder=self.FILTER)
        field.display = False
        yield field
        yield LineBar(id="keys")

    def panes(self) -> tuple[Widget, ...]:
        """The screen's own panes."""
        return ()

    def summary(self, width: int) -> Line:
        """The row under the status line."""
        del width
        return Line()

    def on_mount(self) -> None:
        """Show the session."""
        self.query_one("#status", LineBar).show(lambda width: (status_line(self.session, width),))
        self.query_one("#summary", LineBar).show(lambda width: (self.summary(width),))
        self.query_one(TimelineBar).show_session(self.session, has_keys=False)
        self.show_keys()

    def say(self, words: str, role: str = "warn") -> None:
        """A notice in the key line, until the next key that acts."""
        self._said = (words, role)
        self.show_keys()

    def on_key(self, event: Key) -> None:
        """A key that nothing here takes."""
        if not self.is_typing and event.key not in self.active_bindings:
            keymap = keymap_of(self.app)
            self.say(keymap.of_the_panes(event.key, "goes there") or keymap.unknown(event.key), "muted")

    @on(Stayed)
    def _stayed(self, event: Stayed) -> None:
        self.say(event.reason, "muted")

    def hush(self) -> None:
        """The notice has been read."""
        if self._said is not None:
            self._said = None
            self.show_keys()

    def show_keys(self) -> None:
        """The key line as it is now."""
        said = self._said
        self.query_one("#keys", LineBar).show(
            lambda width: (notice_line(*said) if said else key_row(self.keys, width, self.idle),)
        )

    @property
    def idle(self) -> frozenset[str]:
        """The words of the keys that cannot act now; pressed, they say why."""
        return frozenset()

    @property
    def keys(self) -> tuple[ViewKey, ...]:
        """The screen's keys as they are bound."""
        keymap = keymap_of(self.app)
        return tuple(key._replace(shown=keymap.shown(key.name)) if key.name else key for key in self.KEYS)

    @property
    def is_typing(self) -> bool:
        """Whether a filter is typed."""
        return isinstance(self.focused, Input)

    @property
    def filter_text(self) -> str:
        """What the filter says."""
        return self.query_one(Field).value

    def keep(self, text: str) -> None:
        """Keep what a filter says; all where it is empty. Raises UsageError for one that cannot be read."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a filter is typed, letters are text."""
        del parameters
        if self.is_typing:
            return action in ("submit", "leave")
        return action != "submit"

    def action_filter(self) -> None:
        """Type what is kept."""
        self.hush()
        field = self.query_one(Field)
        field.display = True
        self.query_one("#keys").display = False
        self.set_focus(field, scroll_visible=False)

    @on(Input.Changed)
    def _filter_typed(self, event: Input.Changed) -> None:
        with suppress(UsageError):  # not a filter yet: the last one that was holds
            self.keep(event.value.strip())

    def action_submit(self) -> None:
        """The filter stays as it is typed."""
        self.query_one(Field).display = False
        self.query_one("#keys").display = True
        self.set_focus(self.query(".view-pane").first(), scroll_visible=False)

    def action_leave(self) -> None:
        """Out one level: of the filter's row, of the filter, of the screen."""
        if self.is_typing or self.filter_text:
            self.query_one(Field).value = ""
            self.action_submit()
            self.keep("")
        else:
            self.dismiss(None)

    def action_other_pane(self) -> None:
        """To the screen's next pane."""
        panes = [pane for pane in self.query(".view-pane") if pane.region]
        at = panes.index(self.focused) if self.focused in panes else -1
        self.set_focus(panes[(at + 1) % len(panes)], scroll_visible=False)

    def more_help(self) -> tuple[Line, ...]:
        """What the help says beside the keys."""
        return ()

    def action_help(self) -> None:
        """What the keys do, and which command prints the same."""
        rows = [
            Line(
                (Span(f"{key.shown:<8}", "you", bold=True), Span(f"{key.word:<18}"), Span(key.help, "muted")), shrink=2
            )
            for key in (*self.keys, ViewKey("esc", "back", "to the panes"))
        ]
        rows += self.more_help()
        rows += [Line(), Line((Span("the same on the command line: ", "muted"), Span(self.TWIN)), shrink=1)]
        self.app.push_screen(HelpScreen("Help", self.WORD, tuple(rows)))


def key_row(keys: tuple[ViewKey, ...], width: int, idle: frozenset[str] = frozenset()) -> Line:
    """As many keys as fit, faint where they cannot act; how one leaves and finds help always."""
    right = tuple(
        span for key, word in (("esc", " back   "), ("?", " help"))
        for span in (Span(key, "you", bold=True), Span(word, "muted"))
    )  # fmt: skip
    room = width - sum(span.cells for span in right) - 1
    spans: list[Span] = []
    for key in keys:
        room -= len(key.shown) + len(key.word) + 4
        if room < 0:
            break
        acts = key.word not in idle
        spans += [Span(key.shown, "you" if acts else "faint", bold=acts)]
        spans += [Span(f" {key.word}   ", "muted" if acts else "faint")]
    return Line(tuple(spans), right)
