"""Flows through the time of the last action, and who knew what when."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from kwake.dataplane.path import Flow
from kwake.scenario.knowing import Knowledge, who_knows
from kwake_tui.filtering import parse_filter
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.panes.event_rows import event_lines
from kwake_tui.panes.events import EMPTY
from kwake_tui.panes.knowing import knowing_lines
from kwake_tui.panes.lanes import Lane, flow_lines, lanes_of
from kwake_tui.panes.sides import Sides
from kwake_tui.screens.view import ViewKey, ViewScreen
from kwake_tui.session import Session, action_title, since
from kwake_tui.widgets.line_list import LineList, content


class FlowsScreen(ViewScreen):
    """Lanes over an axis of time, and a table of the components below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma", "step(-1)", show=False, priority=True, id="back"),
        Binding("full_stop", "step(1)", show=False, priority=True, id="on"),
    ]
    TWIN: ClassVar[str] = "kwake what-if SNAPSHOT --do ACTION --flow NAME=FROM,TO:PORT"
    WORD: ClassVar[str] = "flows"
    KEYS: ClassVar[tuple[ViewKey, ...]] = (
        ViewKey("enter", "trace", "the path of the flow in the main screen"),
        ViewKey("tab", "who knows", "to the pane below and back", "next-pane"),
        ViewKey(",", "action before", "the same view of the action before", "back"),
        ViewKey(".", "action after", "the same view of the action after", "on"),
        ViewKey("/", "filter", "keep rows of the pane: text, !text", "filter"),
    )
    AUTO_FOCUS = "#flows"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._lanes: tuple[Lane, ...] = ()

    def panes(self) -> tuple[Widget, ...]:
        """The lanes over the table; in a large terminal the events beside that, and both paths."""
        flows = LineList(id="flows", classes="view-pane")
        knows = LineList(id="knows", classes="view-pane")
        knows.border_title = content((Span("Who knows"),))
        happened = LineList(id="happened", classes="view-pane")
        happened.border_title = content((Span("Events"),))
        return flows, Horizontal(knows, happened, id="below"), Sides()

    def on_mount(self) -> None:
        """Show the last action."""
        super().on_mount()
        self._show()

    def summary(self, width: int) -> Line:
        """What was done, and how long it took to settle."""
        del width
        session = self.session
        if since(session)[0] is None:
            return Line((Span("nothing was done yet", "muted"),))
        count = len(session.moments)
        lasted = (session.moments[-1].now_ms - session.moments[0].now_ms) / 1000
        return Line(
            (
                Span(f"{(count := len(session.moments))} moment{'s' * (count != 1)}", bold=True),
                Span(f" in {lasted:g} s until all settled", "muted"),
            )
        )

    def _show(self) -> None:
        session = self.session
        self._lanes = session.once(("lanes", session.shown_pins, session.shown_flow), lambda: lanes_of(session))
        flows, knows = self.query_one("#flows", LineList), self.query_one("#knows", LineList)
        action = session.timeline.entries[session.timeline.current].action
        flows.border_title = content((Span(f"Flows  {action_title(action)}" if action else "Flows"),))
        keymap = keymap_of(self.app)
        flows.show(lambda width: flow_lines(session, self._lanes, width, keymap))
        found = session.once(("knows",), lambda: _knowledge(session))
        knows.show(lambda width: knowing_lines(found, session.moments[0].now_ms, session.moments[-1], width))
        events = session.moments[-1].events
        happened = self.query_one("#happened", LineList)
        happened.show(lambda width: event_lines(events, len(events), width) or (EMPTY,), "")
        self._show_sides()
        # A list keeps its cursor in sight, and that alone: the scale above the first lane must not go.
        self.call_after_refresh(flows.scroll_home, animate=False)

    @property
    def _flow(self) -> Flow | None:
        """The flow under the cursor."""
        kind, _, name = self.query_one("#flows", LineList).target.partition(":")
        session = self.session
        if kind == "connection":
            return session.moments[-1].connections[name].flow
        flows = (*session.shown_pins, *((session.shown_flow,) if session.shown_flow else ()))
        return flows[int(name)] if kind == "flow" else None

    def _show_sides(self) -> None:
        before, _ = since(self.session)
        self.query_one(Sides).tell(before, self.session.moments[-1], self._flow)

    def keep(self, text: str) -> None:
        """Keep rows of the lanes. Raises UsageError for a filter that cannot be read."""
        self.query_one("#flows", LineList).keep(parse_filter(text))

    def action_step(self, step: int) -> None:
        """The action before or after this one."""
        self.hush()
        path, ahead = self.session.timeline.path, self.session.timeline.redo_path
        if step < 0 and len(path) < 3:
            self.say("this is the first action" if len(path) == 2 else "nothing was done yet")
        elif step > 0 and not ahead:
            self.say("this is the last action")
        else:
            self.session = self.session.undo() if step < 0 else self.session.redo()
            super().on_mount()
            self._show()

    @property
    def idle(self) -> frozenset[str]:
        """At the first action there is none before, at the last none after."""
        timeline = self.session.timeline
        words = (("action before", len(timeline.path) > 2), ("action after", bool(timeline.redo_path)))
        return frozenset(word for word, acts in words if not acts)

    @on(LineList.Chosen, "#flows")
    def _chosen(self) -> None:
        flow = self._flow
        if flow is not None:
            self.dismiss(flow)

    @on(LineList.Moved, "#flows")
    def _moved(self) -> None:
        self._show_sides()


def _knowledge(session: Session) -> tuple[Knowledge, ...]:
    before, _ = since(session)
    return who_knows(before, session.moments) if before is not None else ()
