"""Where the panes are, which of them has the focus, and the line of keys under them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.events import Click, DescendantFocus
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets.input import Selection

from kwake_tui.keymap import FIXED, KEYS
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.panes.cluster import ClusterPane
from kwake_tui.panes.connections import ConnectionsPane
from kwake_tui.panes.editor import EditorPane
from kwake_tui.panes.events import EventsPane
from kwake_tui.panes.key_line import TYPING, key_line, notice_line
from kwake_tui.panes.path import PathPane
from kwake_tui.panes.tabs import tab_at, tab_line
from kwake_tui.panes.timeline import TimelineBar
from kwake_tui.script import script_line
from kwake_tui.session import Session
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import LineList
from kwake_tui.widgets.prompt import Prompt, Suggestions

PANES = ("cluster", "path", "editor", "connections", "events")
"""In the order of `tab`."""

LEAST_FOR_ALL = (100, 30)
"""Cells from which on all panes are shown at once; as the application's breakpoints have it."""

UPPER = PANES[:3]
"""Those in the upper row."""


class PanesScreen(Screen[None]):
    """Status, panes, timeline and key line; what they show and do is the main screen's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(FIXED["next-pane"], "pane(1)", "next pane", show=False, priority=True, id="next-pane"),
        Binding(FIXED["pane-before"], "pane(-1)", "pane before", show=False, priority=True, id="pane-before"),
        *(
            Binding(FIXED[f"pane-{n}"], f"to_pane({n})", show=False, priority=True, id=f"pane-{n}")
            for n in range(1, len(PANES) + 1)
        ),
    ]
    AUTO_FOCUS = "#cluster"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._said: tuple[str, str] | None = None
        self._is_greeting = False
        self._keys: tuple[object, ...] = ()
        self._last_pane = PANES[0]
        self._prompt_mark = ":"

    def compose(self) -> ComposeResult:
        """All panes at once; where only one fits, the style sheet shows the active one."""
        yield LineBar(id="status")
        yield LineBar(id="script")
        yield LineBar(id="tabs")
        with Horizontal(id="upper"):
            yield ClusterPane(self._session.world.cluster)
            yield PathPane()
            yield EditorPane()
        with Container(id="lower"):
            yield ConnectionsPane()
            yield EventsPane()
        yield LineBar(id="pinned")
        yield TimelineBar(id="timeline")
        yield LineBar(id="keys")
        suggestions = Suggestions()
        yield suggestions
        with Horizontal(id="command"):
            yield LineBar(id="colon")
            yield Prompt(self.completions, suggestions)

    @property
    def chosen(self) -> str:
        """What the cursor stands on; in the editor the object that it shows."""
        if self.pane == "connections":
            return self.query_one(ConnectionsPane).target
        if self.pane == "editor":
            return self.query_one(EditorPane).reference
        target = self.query_one(ClusterPane).target
        return "" if target.startswith(("group:", "gone:")) else target

    @property
    def pointed(self) -> str:
        """The same, but in Path and Events, whose rows are no objects, the object that the row tells of."""
        rows = self.rows
        return rows.subject if isinstance(rows, PathPane | EventsPane) else self.chosen

    def show_script(self, session: Session) -> None:
        """The step of the scenario, where one is stepped along."""
        bar, script, place, keymap = (
            self.query_one("#script", LineBar),
            session.script,
            session.place,
            keymap_of(self.app),
        )
        bar.display = script is not None
        bar.show(lambda width: (script_line(script, place, width, keymap),) if script and place else ())

    def completions(self, text: str) -> list[str]:
        """What the prompt may become; nothing on a screen that takes no commands."""
        return []

    def can(self, act: str) -> bool:
        """Whether a key can act now; none can on a screen that has no acts."""
        return False

    def key(self, name: str) -> str:
        """The key of something that a key does, as people write it."""
        return keymap_of(self.app).shown(name)

    @property
    def is_prompting(self) -> bool:
        """Whether a command is typed."""
        return isinstance(self.focused, Prompt)

    @property
    def pane(self) -> str:
        """The pane that has the focus."""
        focused: Widget | None = self.focused
        while focused is not None and focused.id not in PANES:
            focused = focused.parent if isinstance(focused.parent, Widget) else None
        return (focused.id if focused is not None else None) or PANES[0]

    def action_to_pane(self, number: int) -> None:
        """To a pane by its number."""
        self._said = None
        name = PANES[number - 1]
        if name == self.pane and not self.is_prompting:
            self.say("this is that pane", "muted")
        else:
            self.go_to_pane(name)

    def action_pane(self, step: int) -> None:
        """To the next pane."""
        self._said = None
        self.go_to_pane(PANES[(PANES.index(self.pane) + step) % len(PANES)])

    def go_to_pane(self, name: str) -> None:
        """Give a pane the focus."""
        pane = self.query_one(f"#{name}")
        self._last_pane = name
        self.activate(name)
        self.set_focus(pane.area if isinstance(pane, EditorPane) else pane, scroll_visible=False)

    def activate(self, name: str) -> None:
        """Where only one pane fits, it is this one. Whoever leaves the editor types no more when he comes back."""
        for pane in self.query(".pane"):
            pane.set_class(pane.id == name, "-active")
        self.query_one("#upper").set_class(name in UPPER, "-active")
        self.query_one("#lower").set_class(name not in UPPER, "-active")
        editor, keymap = self.query_one(EditorPane), keymap_of(self.app)
        if name != "editor":
            editor.type(False)
        self.query_one("#tabs", LineBar).show(
            lambda width: (tab_line(self._session, name, editor.reference, editor.is_edited, keymap),)
        )

    @on(Click, "#tabs")
    def _tab_clicked(self, event: Click) -> None:
        """To the pane of the tab."""
        tabs = self.query_one("#tabs", LineBar)
        offset = event.get_content_offset(tabs)
        number = tab_at(tabs.lines[0], offset.x - 1) if offset is not None else None
        if number is not None:
            self.action_to_pane(number)

    @property
    def shows_one_pane(self) -> bool:
        """Whether the pane that has the focus is shown alone."""
        return self.has_class("-narrow") or self.has_class("-low")

    def zoom(self) -> None:
        """The pane that has the focus alone, as where only one fits, or all again; a resize shows all again, too."""
        if self.app.size.width < LEAST_FOR_ALL[0] or self.app.size.height < LEAST_FOR_ALL[1]:
            self.say("one pane is shown alone here anyway: there is no room for more")
            return
        self.toggle_class("-narrow")
        self.activate(self.pane)

    def action_zoom_typing(self) -> None:
        """The same, where the key for it would be text."""
        self.zoom()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Other keys for another pane."""
        if isinstance(event.widget, Prompt):
            return
        if self.pane != self._last_pane:
            self._said = None
        self._last_pane = self.pane
        self.activate(self.pane)
        self.show_keys()

    def on_resize(self) -> None:
        """That a key did nothing is no news any more; a refusal and what was done stay until the next key."""
        if self._said is not None and self._said[1] == "muted":
            self.hush()

    def say(self, words: str, role: str = "warn") -> None:
        """A notice in the key line, until the next key; a muted one until a resize too."""
        self._said, self._is_greeting = (words, role), False
        self.show_keys()

    def greet(self, words: str) -> None:
        """A warning beside the keys, which who has pressed none yet must find, until the next key."""
        self.say(words)
        self._is_greeting = True
        self.show_keys()

    def hush(self) -> None:
        """The notice has been read: a key was pressed."""
        self._said = None
        self.show_keys()

    def show_keys(self) -> None:
        """The key line as it is now."""
        said, editor = self._said, self.query_one(EditorPane)
        able = frozenset(key.act for key in KEYS if self.can(key.act))
        able |= {"apply", "revert"} if editor.is_edited else frozenset[str]()
        pane = TYPING if self.pane == "editor" and editor.is_typing else self.pane
        may_flip = self.query_one(PathPane).is_kept_by_policy
        now = (said, self._is_greeting, pane, able, may_flip)
        if now != self._keys:
            self._keys = now
            bar, keymap = self.query_one("#keys", LineBar), keymap_of(self.app)
            notice = notice_line(*said) if said else Line()
            if said and not self._is_greeting:
                bar.show(lambda width: (notice,))
            else:
                keys = partial(key_line, pane, able, keymap=keymap, may_flip=may_flip, after=notice.left)
                bar.show(lambda width: (keys(width),))

    def prompt(self, text: str = "", mark: str = ":") -> None:
        """Open the prompt over the key line: for a command, or after `/` for a filter of the pane's list."""
        prompt = self.query_one(Prompt)
        self._prompt_mark = mark
        self.query_one("#colon", LineBar).show(lambda width: (Line((Span(mark, "you", bold=True),)),))
        prompt.value = text
        prompt.cursor_position = len(text)
        prompt.offer()
        self.query_one("#command").display = True
        self.query_one("#keys").display = False
        # At once, not as `focus` does: letters that come in one burst with the colon are the command's.
        self.set_focus(prompt, scroll_visible=False)
        if mark == "/":
            # A filter that holds is there to be seen, and gives way to the next that is typed.
            prompt.selection = Selection(0, len(text))

    def close_prompt(self) -> None:
        """Back to the pane that had the focus."""
        self.go_to_pane(self._last_pane)
        self.query_one(Suggestions).display = False
        self.query_one("#command").display = False
        self.query_one("#keys").display = True

    def on_input_changed(self) -> None:
        """Other candidates, or another filter, at each letter."""
        if self.is_prompting:
            self.query_one(Prompt).offer()
            self.typed(self.query_one(Prompt).value)

    def typed(self, text: str) -> None:
        """Something was typed at the prompt; a screen without a filter does nothing."""

    @property
    def rows(self) -> LineList | None:
        """The list of the pane that has the focus, or had it before the prompt; None in the editor."""
        pane = self.query_one(f"#{self._last_pane if self.is_prompting else self.pane}")
        return pane if isinstance(pane, LineList) else None

    @property
    def cites(self) -> tuple[str, ...]:
        """The ids of rules that rows cite, each once, those of the list that has the focus first."""
        lists = [*([self.rows] if self.rows is not None else []), *self.query(LineList)]
        return tuple(dict.fromkeys(line.cite for rows in lists for line in rows.lines if line.cite))
