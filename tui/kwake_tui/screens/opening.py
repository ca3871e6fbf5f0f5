"""What stands on the terminal while a snapshot is read: the panes, empty, and what is being opened."""

from __future__ import annotations

from typing import Protocol

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.screen import Screen
from textual.widgets import Static

from kwake_tui.lines import Line, Lines, Span
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList

SHOWN_S = 0.3
"""Seconds between two looks at the clock."""


class Progress(Protocol):
    """What is known of a cluster while it is read."""

    def lines(self) -> tuple[Lines, Lines]:
        """What is there so far, and how far the reading is."""
        ...

    def end(self) -> None:
        """The user went away: stop."""
        ...


class OpeningScreen(Screen[None]):
    """Keeps the keys that come, for the screen that follows."""

    def __init__(self, title: str, progress: Progress | None = None) -> None:
        super().__init__()
        self._progress = progress
        self._title = title
        self._seconds = 0.0
        self.typed: list[events.Key] = []
        """Keys that came early, in the order of their arrival."""

    def compose(self) -> ComposeResult:
        """The places of what comes."""
        yield LineBar(id="status")
        with Horizontal(id="upper", classes="-active"):
            for name, title in (("cluster", "Cluster"), ("path", "Path"), ("editor", "")):
                classes = "pane -active" if name == "cluster" else "pane"
                shows = self._progress is not None and name in ("cluster", "path")
                pane = LineList(id=name, classes=classes) if shows else Static(id=name, classes=classes)
                pane.border_title = title
                yield pane
        with Container(id="lower"):
            for name in ("connections", "events"):
                pane = Static(id=name, classes="pane")
                pane.border_title = name.capitalize()
                yield pane
        yield LineBar(id="timeline")
        yield LineBar(id="keys")

    def on_mount(self) -> None:
        """Say what is opened, and that it takes its time where it does."""
        title = self._title
        self.query_one("#status", LineBar).show(
            lambda width: (Line((Span("≈ kwake", "you", bold=True), Span(f"  {title}", "strong", bold=True))),)
        )
        self._tell()
        self._clock = self.set_interval(SHOWN_S, self._tick)

    def rest(self) -> None:
        """It is opened: nothing is to be told any more."""
        self._clock.stop()

    def on_unmount(self) -> None:
        """The console ends, perhaps before it has begun."""
        if self._progress is not None:
            self._progress.end()

    def _tick(self) -> None:
        self._seconds += SHOWN_S
        self._tell()

    def _tell(self) -> None:
        taken = f"  {int(self._seconds)} s" if self._seconds >= 1 else ""
        spans = (Span("◐ opening", "you"), Span(f" {self._title}{taken}"), Span("   ctrl+c stops", "muted"))
        self.query_one("#keys", LineBar).show(lambda width: (Line(spans),))
        if self._progress is not None:
            there, reading = self._progress.lines()
            self.query_one("#cluster", LineList).show(lambda width: there)
            self.query_one("#path", LineList).show(lambda width: reading)

    def on_key(self, event: events.Key) -> None:
        """Stop, or keep it."""
        if event.key == "ctrl+c":
            self.app.exit(return_code=130)
        else:
            self.typed.append(event)
        event.stop()
