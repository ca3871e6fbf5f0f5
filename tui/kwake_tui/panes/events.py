"""The Events pane: what happened on the way here."""

from __future__ import annotations

from kwake.objects.key import GROUP_OF_KIND
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.names import parts
from kwake_tui.panes.event_rows import event_lines
from kwake_tui.panes.key_line import NEW_HERE, with_keys
from kwake_tui.session import Session
from kwake_tui.widgets.line_list import LineList

EMPTY = Line((Span("nothing has happened yet", "muted"),))


class EventsPane(LineList):
    """The log, newest last."""

    def __init__(self) -> None:
        super().__init__(id="events", classes="pane")
        self.entitle("Events")
        self._session: Session | None = None

    @property
    def subject(self) -> str:
        """What the event under the cursor happened to: an object's reference, `connection:name`, or empty."""
        number = self.target.partition(":")[2]
        if self._session is None or not number:
            return ""
        subject = self._session.events[int(number)].subject
        if subject in self._session.world.connections:
            return f"connection:{subject}"
        return subject if parts(subject)[0] in GROUP_OF_KIND else ""

    def show_session(self, session: Session) -> None:
        """Show the session's events from the last action on; the newest are last."""
        self._session = session
        events = session.events
        fresh = len(session.world.events) if session.follows else 0
        first = max(len(events) - max(fresh if session.moment is None else 1, 1), 0)
        empty = (EMPTY, with_keys(NEW_HERE, keymap_of(self.app)))
        self.entitle("Events", alone=f"{len(events)} event{'s' * (len(events) != 1)}" if events else "")
        target = f"event:{first}"
        self.show(lambda width: event_lines(events, fresh, width) or empty, target)
        top = next((row for row, line in enumerate(self.lines) if line.target == target), 0)
        self.scroll_to(y=top, animate=False, force=True)
