"""The main screen: a session, shown in the panes and moved by keys, commands and the editor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ClassVar, TypeVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import AwaitMount

from kwake.actions import Action, Apply, KillPod
from kwake.cluster import record
from kwake.dataplane.path import Flow
from kwake.errors import KwakeError, UsageError
from kwake.objects.key import GROUP_OF_KIND, key
from kwake_tui.acts import ACTS
from kwake_tui.commands import completions, run
from kwake_tui.desk import Desk
from kwake_tui.filtering import of_kind, parse_filter
from kwake_tui.flipping import open_fixes
from kwake_tui.keymap import FIXED, KEYS
from kwake_tui.keys import keymap_of
from kwake_tui.leaving import leave
from kwake_tui.live import Live
from kwake_tui.names import is_policy, parts, short
from kwake_tui.panes.cluster import ClusterPane
from kwake_tui.panes.connections import ConnectionsPane
from kwake_tui.panes.editor import EditorPane
from kwake_tui.panes.events import EventsPane
from kwake_tui.panes.path import PathPane
from kwake_tui.panes.pinned import pinned_line
from kwake_tui.panes.status import status_line
from kwake_tui.panes.timeline import TimelineBar
from kwake_tui.preview import refused_lines
from kwake_tui.recording import Recorder
from kwake_tui.screens.editing import EditingScreen
from kwake_tui.screens.pages import yaml_page
from kwake_tui.selecting import selected_by_text
from kwake_tui.session import LiveState, Session, successor
from kwake_tui.trail import Trail, View
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.prompt import Prompt
from kwake_tui.widgets.stayed import Stayed
from kwake_tui.yaml_text import line_of, read_manifest, shown_text

Answer = TypeVar("Answer")

REST_S = 0.05
"""Seconds that the cursor rests before the editor follows it: a held key does not load every object on its way."""


class MainScreen(EditingScreen):
    """Everything at once, on one moment of the session. What keys and commands may ask of it stands in `desk.py`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.key, f"act({key.act!r})", key.help, show=False, priority=True, id=key.act) for key in KEYS),
        Binding(FIXED["apply"], "apply", show=False, priority=True, id="apply"),
        Binding(FIXED["revert"], "of_the_editor('revert')", show=False, priority=True, id="revert"),
        Binding(FIXED["fix"], "of_the_editor('fix')", show=False, priority=True, id="fix"),
        Binding("enter", "submit", show=False, priority=True),
        Binding("escape", "back", show=False, priority=True),
    ]
    """All act when their key arrives, in the order of arrival; `check_action` lets letters through where one types."""

    def __init__(
        self,
        session: Session,
        recorder: Recorder | None = None,
        started: Callable[[Desk], None] | None = None,
        live: Live | None = None,
    ) -> None:
        super().__init__(session)
        self.live = live
        self._recorder = recorder
        self._started = started
        self._resting: Timer | None = None
        self._opening: AwaitMount | None = None
        self._said_at = ""
        self._offers_discard = False
        self._trail = Trail((View(None, "", ""),))

    def on_mount(self) -> None:
        """Show the beginning."""
        self.query_one("#command").display = False
        self.show(self._session)
        if self._started is not None:
            self._started(self)
        if self.live is not None:
            self.live.begin(self)

    def completions(self, text: str) -> list[str]:
        """What the prompt may become."""
        return completions(self, text) if self._prompt_mark == ":" else []

    def can(self, act: str) -> bool:
        """Whether a key can act now."""
        return not ACTS[act].why_not(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key is the screen's: where one types, letters are text."""
        editor = self.query_one(EditorPane)
        types = self.is_prompting or (self.pane == "editor" and editor.is_typing)
        step = parameters[0] if action == "pane" else 0
        indents = types and self.key("next-pane" if step == 1 else "pane-before") in ("tab", "shift+tab")
        mine = {
            "act": not types,
            "pane": not self.is_prompting and not indents,
            "submit": self.is_prompting,
            "apply": not types,
            "of_the_editor": not types and self.pane != "editor",
        }
        return mine.get(action, super().check_action(action, parameters))

    @property
    def session(self) -> Session:
        """Where we are."""
        return self._session

    @property
    def marked(self) -> tuple[str, ...]:
        """The marked objects, in the order of the tree."""
        return self.query_one(ClusterPane).marked_in_order

    def unmark(self) -> None:
        """Take all marks away."""
        self.query_one(ClusterPane).mark(frozenset())
        self.show_keys()

    @property
    def trail(self) -> Trail:
        """What was looked at."""
        return self._trail

    def walk(self, step: int) -> None:
        """Back or on along what was looked at."""
        self._trail = self._trail.moved(step)
        view, pane = self._trail.view, self.query_one(ClusterPane)
        pane.choose_namespace(view.namespace)
        found = parts(view.target)[0] in GROUP_OF_KIND and self._session.world.cluster.find(key(*parts(view.target)))
        if found:
            pane.reveal(view.target)
        self.show(self._session.looking_at(view.flow))

    def _record_view(self) -> None:
        pane = self.query_one(ClusterPane)
        self._trail = self._trail.to(View(self._session.shown_flow, pane.namespace, pane.target))

    def reveal(self, reference: str) -> None:
        """Put the cursor of the cluster on an object; where the tree has no row for it show its YAML."""
        self._record_view()
        if self.query_one(ClusterPane).reveal(reference):
            self.go_to_pane("cluster")
            self._record_view()
        else:
            yaml_page(self, reference)

    def choose_namespace(self, namespace: str) -> None:
        """Show one namespace alone, or all."""
        self._record_view()
        self.query_one(ClusterPane).choose_namespace(namespace)
        self.go_to_pane("cluster")
        self._record_view()
        self.show_keys()

    def keep_kind(self, kind: str) -> None:
        """Show the objects of one kind alone; esc shows all again."""
        self.query_one(ClusterPane).keep(of_kind(kind))
        self.go_to_pane("cluster")

    def show(self, session: Session, target: str | None = None) -> None:
        """Show another moment in every pane."""
        self._session = session
        stood_on = self.query_one(ClusterPane).target
        self._show_cluster(target)
        self.query_one(PathPane).show_session(session)
        self.query_one(ConnectionsPane).show_session(session)
        self.query_one(EventsPane).show_session(session)
        keymap = keymap_of(self.app)
        self.query_one("#pinned", LineBar).show(lambda width: (pinned_line(session, width, keymap),))
        self.query_one(TimelineBar).show_session(session)
        self.query_one("#status", LineBar).show(lambda width: (status_line(session, width),))
        self.show_script(session)
        self._show_editor(stood_on)
        self._record_view()
        self.activate(self.pane)
        self.show_keys()
        unkept = self._recorder.keep(session) if self._recorder is not None else ""
        if unkept:
            self.say(unkept)

    def look_at(self, flow: Flow) -> None:
        """Show the path of a flow; where one pane is shown at a time, that is Path."""
        self.show(self._session.looking_at(flow))
        if self.shows_one_pane:
            self.go_to_pane("path")

    def show_live(self, state: LiveState) -> None:
        """Say in the status line how the live cluster is followed."""
        self._session = session = msgspec.structs.replace(self._session, live=state)
        self.query_one("#status", LineBar).show(lambda width: (status_line(session, width),))

    def _show_cluster(self, target: str | None = None) -> None:
        editor = self.query_one(EditorPane)
        before = self._session.before.cluster if self._session.before else None
        edited = editor.reference if editor.is_edited else ""
        self.query_one(ClusterPane).show_cluster(self._session.world.cluster, before, edited, target)

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
        """A notice in the key line, until the next key or until the cursor stands elsewhere."""
        self._offers_discard = False
        self._said_at = self.query_one(ClusterPane).target
        super().say(words, role)

    def open(self, screen: Screen[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        """Open a dialog or a page."""
        self._opening = self.app.push_screen(screen, answered)

    async def _opened(self) -> None:
        """Wait for a dialog that has just been asked for: the next key is its own."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            await opening

    async def action_act(self, name: str) -> None:
        """A key: do it, or say why it cannot be done."""
        self.hush()
        reason = ACTS[name].why_not(self)
        if reason:
            self.say(reason)
            return
        self.try_to(partial(ACTS[name].run, self))
        await self._opened()

    async def action_help_typing(self) -> None:
        """The help, where its key would be text."""
        ACTS["help"].run(self)
        await self._opened()

    def try_to(self, do: Callable[[], None]) -> None:
        """Do something; where it is refused say why."""
        try:
            do()
        except KwakeError as error:
            self.say(str(error), "bad")

    @on(LineList.Moved, "#cluster")
    def _moved(self, event: LineList.Moved) -> None:
        if event.rows.target != self._said_at:
            self.hush()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST_S, self._rested)

    @on(Stayed)
    def _stayed(self, event: Stayed) -> None:
        self.say(event.reason, "muted")

    @on(LineList.Moved, "#path,#connections,#events")
    def _moved_on(self, event: LineList.Moved) -> None:
        if not isinstance(event, LineList.Chosen):
            self.hush()

    @on(LineList.Chosen, "#cluster")
    async def _chosen(self) -> None:
        await self.action_act("describe")

    @on(LineList.Chosen, "#connections")
    def _connection_chosen(self, event: LineList.Chosen) -> None:
        kind, _, name = event.rows.target.partition(":")
        flow = self._session.pins[int(name)] if kind == "pin" else self._session.world.connections[name].flow
        if flow == self._session.flow and not self.shows_one_pane:
            self.say("its path is shown already", "muted")
            return
        self.look_at(flow)

    @on(LineList.Chosen, "#events")
    def _event_chosen(self, event: LineList.Chosen) -> None:
        """To what it happened to."""
        subject = self._session.events[int(event.rows.target.partition(":")[2])].subject
        connection = f"connection:{subject}"
        if subject in self._session.world.connections:
            pane = self.query_one(ConnectionsPane)
            self.go_to_pane("connections")
            pane.move_to(next(row for row, line in enumerate(pane.lines) if line.target == connection))
        elif parts(subject)[0] in GROUP_OF_KIND and self._session.world.cluster.find(key(*parts(subject))):
            self.reveal(subject)
        else:
            self.say(f"{short(subject)} has no row in the cluster to go to", "muted")

    @on(LineList.Chosen, "#path")
    def _rule_chosen(self, event: LineList.Chosen) -> None:
        reference, _, rule = event.rows.target.partition(" ")
        if not is_policy(reference):
            self.say("no policy decides this row: enter on one that names a policy opens it there", "muted")
            return
        self._look_into(reference)
        editor = self.query_one(EditorPane)
        direction, _, index = rule.partition(" ")
        if editor.reference == reference and direction:
            place = (direction, int(index)) if index else (direction,)
            editor.go_to_line(line_of(editor.area.text, ("spec", *place)))

    @on(EditorPane.Applied)
    def _applied(self, event: EditorPane.Applied) -> None:
        editor = self.query_one(EditorPane)
        if not editor.is_edited:
            self.say("nothing was edited: there is nothing to apply")
            return
        try:
            manifest = read_manifest(event.text)
            self._session = self._session.do(Apply(manifest))
        except KwakeError as error:
            self.say(str(error), "bad")
            editor.preview(refused_lines(error, editor.size.width))
            self._tell_selected(selected_by_text(self._session.world.cluster, event.text))
            return
        applied = self._session.world.cluster.record(record(manifest).key)
        editor.load(str(applied.key), *shown_text(applied.document))
        editor.type(False)
        self.say(f"applied: {short(str(applied.key))}", "ok")
        self.show(self._session)

    @on(EditorPane.Fixing)
    async def _fixing(self, event: EditorPane.Fixing) -> None:
        """What in the text would turn the pinned flow under the cursor of Connections, or the flow that is shown."""
        kind, _, name = self.query_one(ConnectionsPane).target.partition(":")
        flow = self._session.shown_pins[int(name)] if kind == "pin" else self._session.shown_flow
        if flow is None and kind == "connection":
            flow = self._session.world.connections[name].flow
        if flow is None:
            words = f"no flow to flip yet: {self.key('trace')} on a pod traces one, {self.key('pin')} pins it"
            try:
                self._session.world.do(Apply(read_manifest(event.text)))
            except KwakeError as error:  # what is wrong with the text itself comes first
                words = str(error)
            self.say(words)
            return
        open_fixes(self, flow, event.text, self._put)
        await self._opened()

    @on(EditorPane.Edited)
    def _edited(self) -> None:
        self._show_cluster()
        self.activate(self.pane)
        self.show_keys()

    async def action_submit(self) -> None:
        """Do what was typed at the prompt."""
        prompt = self.query_one(Prompt)
        if self._prompt_mark == ":" and prompt.picks and not prompt.take():
            return
        typed = prompt.value
        self.close_prompt()
        self.hush()
        try:
            if self._prompt_mark == "/":
                self._keep(typed)
            else:
                prompt.remember(typed)
                run(self, typed)
        except KwakeError as error:
            self.say(str(error), "bad")
        await self._opened()

    def typed(self, text: str) -> None:
        """A filter acts at each letter; while it cannot be read yet, the last one that could holds."""
        if self._prompt_mark == "/":
            with suppress(UsageError):
                self._keep(text)

    def _keep(self, text: str) -> None:
        rows = self.rows
        if rows is not None:
            rows.keep(parse_filter(text))

    @property
    def _narrowed(self) -> LineList | None:
        """The list in focus, where a filter or marks can be taken away."""
        rows = self.rows
        return rows if rows is not None and (rows.filter is not None or rows.marked) else None

    def action_back(self) -> None:
        """Out one level: of the prompt, a filter, marks, the editor; then it gives up what was typed in the editor."""
        editor = self.query_one(EditorPane)
        narrowed = self._narrowed
        if self.is_prompting:
            if self._prompt_mark == "/" and narrowed is not None:
                narrowed.keep(None)
            self.close_prompt()
        elif narrowed is not None and not self._offers_discard:
            self.hush()
            if narrowed.filter is not None:
                narrowed.keep(None)
            else:
                narrowed.mark(frozenset())
                self.show_keys()
        elif self._offers_discard and self.pane != "editor":
            editor.action_revert()
            self.hush()
            self.say(f"discarded: {short(editor.reference)} is as it was", "ok")
        else:
            if self.pane == "editor":
                self.go_to_pane("cluster")
                self.hush()
            elif not editor.is_edited:
                self.say(f"nothing to go out of: {self.key('quit')} leaves")
            if editor.is_edited:
                name, apply = short(editor.reference), self.key("apply")
                self.say(f"{name} is edited, not applied: {apply} applies, esc again discards")
                self._offers_discard = True

    def action_apply(self) -> None:
        """Apply what is edited, from any pane."""
        self.query_one(EditorPane).action_apply()

    def action_of_the_editor(self, name: str) -> None:
        """A key that acts in the editor alone says so elsewhere."""
        does = {"revert": "gives up what was typed", "fix": "offers edits of the object that is edited"}[name]
        self.say(f"{self.key(name)} {does}, in the editor: {self.key('edit')} goes there", "muted")

    def leave(self, *, at_once: bool = False) -> None:
        """End the console; asks first where something would be lost, but `at_once` never."""
        editor = self.query_one(EditorPane)
        leave(self, editor.reference if editor.is_edited else "", at_once=at_once)

    def hush(self) -> None:
        """The notice has been read, and with it the offer to discard."""
        self._offers_discard = False
        super().hush()
