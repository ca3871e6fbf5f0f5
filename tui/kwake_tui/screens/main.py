"""The main screen: the panes, and how they hang together."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from kwake.actions import Action, Apply, KillPod
from kwake.errors import KwakeError
from kwake.objects.key import GROUP_OF_KIND, key
from kwake_tui.acts import ACTS
from kwake_tui.commands import completions, run
from kwake_tui.keymap import KEYS
from kwake_tui.lines import Line, Span
from kwake_tui.names import parts
from kwake_tui.panes.cluster import ClusterPane
from kwake_tui.panes.connections import ConnectionsPane
from kwake_tui.panes.editor import EditorPane
from kwake_tui.panes.events import EventsPane
from kwake_tui.panes.key_line import key_line, notice_line
from kwake_tui.panes.path import PathPane
from kwake_tui.panes.status import status_line
from kwake_tui.panes.tabs import tab_line
from kwake_tui.panes.timeline import TimelineBar
from kwake_tui.preview import preview_lines, refusal_lines
from kwake_tui.session import Session, successor
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.prompt import Prompt
from kwake_tui.yaml_text import editable, read_manifest

REST_S = 0.05
"""Seconds that the cursor rests before the editor follows it: a held key does not load every object on its way."""

PANES = ("cluster", "path", "editor", "connections", "events")


class MainScreen(Screen[None]):
    """Everything at once, on one moment of the session."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.key, f"act({key.act!r})", key.help, show=False) for key in KEYS),
        Binding("tab", "pane(1)", "next pane", show=False),
        Binding("shift+tab", "pane(-1)", "pane before", show=False),
    ]
    AUTO_FOCUS = "#cluster"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._said: tuple[str, str] | None = None
        self._keys = Line()
        self._last_pane = "cluster"
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Status, panes, timeline, key line."""
        yield LineBar(id="status")
        yield LineBar(id="tabs")
        with Horizontal(id="upper"):
            yield ClusterPane(self._session.world.cluster)
            yield PathPane()
            yield EditorPane()
        yield ConnectionsPane()
        yield EventsPane()
        yield TimelineBar(id="timeline")
        yield LineBar(id="keys")
        with Horizontal(id="command"):
            colon = LineBar(id="colon")
            colon.show(lambda width: (Line((Span(":", "you", bold=True),)),))
            yield colon
            yield Prompt(lambda text: completions(self, text))

    def on_mount(self) -> None:
        """Show the beginning."""
        self.query_one("#command").display = False
        self.show(self._session)

    # -- what keys and commands ask for (see desk.py) -----------------------------------------------------------

    @property
    def session(self) -> Session:
        """Where we are."""
        return self._session

    @property
    def pane(self) -> str:
        """The pane that has the focus."""
        focused: Widget | None = self.focused
        while focused is not None and focused.id not in PANES:
            focused = focused.parent if isinstance(focused.parent, Widget) else None
        return (focused.id if focused is not None else None) or "cluster"

    @property
    def chosen(self) -> str:
        """What the cursor stands on."""
        if self.pane == "connections":
            return self.query_one(ConnectionsPane).target
        target = self.query_one(ClusterPane).target
        return "" if target.startswith(("group:", "gone:")) else target

    def show(self, session: Session, target: str | None = None) -> None:
        """Show another moment in every pane."""
        self._session = session
        editor = self.query_one(EditorPane)
        before = session.before.cluster if session.before else None
        edited = editor.reference if editor.is_edited else ""
        self.query_one(ClusterPane).show_cluster(session.world.cluster, before, edited, target)
        self.query_one(PathPane).show_session(session)
        self.query_one(ConnectionsPane).show_session(session)
        self.query_one(EventsPane).show_session(session)
        self.query_one(TimelineBar).show_timeline(session.timeline)
        self.query_one("#status", LineBar).show(lambda width: (status_line(session, width),))
        self._follow()
        self._activate(self.pane)
        self._show_keys()

    def attempt(self, action: Action) -> bool:
        """Carry out an action; where it is refused say why."""
        before = self._session.world.cluster
        try:
            session = self._session.do(action)
        except KwakeError as error:
            self.say(str(error), "bad")
            return False
        new = successor(before, session.world.cluster, action.pod) if isinstance(action, KillPod) else ""
        self.show(session, new or None)
        return True

    def say(self, words: str, role: str = "warn") -> None:
        """A notice in the key line, until the next key."""
        self._said = (words, role)
        self._show_keys()

    def edit(self, reference: str) -> None:
        """Put an object into the editor and go there."""
        editor = self.query_one(EditorPane)
        record = self._session.world.cluster.get(reference)
        if not (editor.is_edited and editor.reference == str(record.key)):
            editor.load(str(record.key), editable(record.manifest))
        editor.area.focus()

    def prompt(self, text: str = "") -> None:
        """Open the command prompt over the key line."""
        prompt = self.query_one(Prompt)
        prompt.value = text
        self.query_one("#command").display = True
        self.query_one("#keys").display = False
        prompt.focus()

    # -- wiring -------------------------------------------------------------------------------------------------

    def action_act(self, name: str) -> None:
        """A key: do it, or say why it cannot be done."""
        self._said = None
        reason = ACTS[name].why_not(self)
        if reason:
            self.say(reason)
            return
        self._show_keys()
        try:
            ACTS[name].run(self)
        except KwakeError as error:
            self.say(str(error), "bad")

    def action_pane(self, step: int) -> None:
        """To the next pane."""
        name = PANES[(PANES.index(self.pane) + step) % len(PANES)]
        self._focus(name)

    def _focus(self, name: str) -> None:
        pane = self.query_one(f"#{name}")
        self._activate(name)
        (pane.area if isinstance(pane, EditorPane) else pane).focus()

    def _activate(self, name: str) -> None:
        """Where only one pane fits, it is this one."""
        for pane in self.query(".pane"):
            pane.set_class(pane.id == name, "-active")
        self.query_one("#upper").set_class(name in PANES[:3], "-active")
        edited = self.query_one(EditorPane).is_edited
        self.query_one("#tabs", LineBar).show(lambda width: (tab_line(self._session, name, edited),))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Other keys for another pane."""
        if isinstance(event.widget, Prompt):
            return
        if self.pane != self._last_pane:
            self._said = None
        self._last_pane = self.pane
        self._activate(self.pane)
        self._show_keys()

    def _show_keys(self) -> None:
        line = notice_line(*self._said) if self._said else key_line(self.pane, lambda act: not ACTS[act].why_not(self))
        if line != self._keys:
            self._keys = line
            self.query_one("#keys", LineBar).show(lambda width: (line,))

    def _follow(self) -> None:
        """The editor shows what the cursor of the cluster stands on, unless something is edited there."""
        editor = self.query_one(EditorPane)
        target = self.query_one(ClusterPane).target
        kind, namespace, name = parts(target)
        record = self._session.world.cluster.find(key(kind, namespace, name)) if kind in GROUP_OF_KIND else None
        if record is not None and not editor.is_edited:
            editor.load(target, editable(record.manifest))

    @on(LineList.Moved, "#cluster")
    def _moved(self) -> None:
        self._said = None
        self._show_keys()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST_S, self._follow)

    @on(LineList.Chosen, "#cluster")
    def _chosen(self) -> None:
        self.edit(self.chosen)

    @on(LineList.Chosen, "#connections")
    def _connection_chosen(self, event: LineList.Chosen) -> None:
        name = event.rows.target.partition(":")[2]
        self.show(self._session.looking_at(self._session.world.connections[name].flow))

    @on(EditorPane.Applied)
    def _applied(self, event: EditorPane.Applied) -> None:
        editor = self.query_one(EditorPane)
        try:
            manifest = read_manifest(event.text)
            session = self._session.do(Apply(manifest))
        except KwakeError as error:
            self.say(str(error), "bad")
            editor.preview(refusal_lines("the API server says", error, editor.size.width))
            return
        else:
            self._session = session
            record = self._session.world.cluster.get(editor.reference)
            editor.load(editor.reference, editable(record.manifest))
            self.show(self._session)

    @on(EditorPane.Left)
    def _left(self) -> None:
        self.query_one(ClusterPane).focus()

    @on(EditorPane.Typed)
    def _typed(self, event: EditorPane.Typed) -> None:
        editor = self.query_one(EditorPane)
        editor.preview(preview_lines(self._session, event.text, editor.size.width))

    @on(Input.Submitted, "#prompt")
    def _submitted(self, event: Input.Submitted) -> None:
        self._close_prompt()
        try:
            run(self, event.value)
        except KwakeError as error:
            self.say(str(error), "bad")

    @on(Prompt.Left)
    def _close_prompt(self) -> None:
        self.query_one("#command").display = False
        self.query_one("#keys").display = True
        self._focus(self._last_pane)
