"""Switch a Service's type: what each type keeps, allocates, releases or why it is refused, before it is done."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Click
from textual.widgets import Button

from kwake.actions import Action, SetServiceType
from kwake.scenario.kubectl import type_command
from kwake_tui.keymap import FIXED
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Span
from kwake_tui.screens.dialog import Dialog
from kwake_tui.screens.kubectl import KubectlScreen
from kwake_tui.screens.type_trials import Trial, Ways, detail_lines, service_of, trial, trials, type_lines, ways_round
from kwake_tui.session import Session
from kwake_tui.widgets.in_order import Field
from kwake_tui.widgets.line_list import LineList, content


class ServiceTypeScreen(Dialog[Action]):
    """Answers with the action, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("q", "letter('leave')", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("j", "letter('move', 1)", show=False, priority=True),
        Binding("k", "letter('move', -1)", show=False, priority=True),
        Binding(FIXED["first"], "edge(0)", show=False, priority=True, id="first"),
        Binding(FIXED["last"], "edge(1)", show=False, priority=True, id="last"),
        Binding(FIXED["page-down"], "page(1)", show=False, priority=True, id="page-down"),
        Binding(FIXED["page-up"], "page(-1)", show=False, priority=True, id="page-up"),
        Binding("left", "beside(-1)", show=False, priority=True),
        Binding("right", "beside(1)", show=False, priority=True),
        Binding("y", "letter('patch')", show=False, priority=True),
        Binding("h", "letter('beside', -1)", show=False, priority=True),
        Binding("l", "letter('beside', 1)", show=False, priority=True),
        Binding("enter", "named", show=False, priority=True),
    ]

    KEYS = (
        ("↑ ↓ j k", "another type; home and end too"),
        ("page keys", "through the details"),
        ("tab ← →", "between the types and the buttons"),
        ("enter", "to the button of the type; ExternalName first takes its name; on a button what it says"),
        ("y", "the kubectl command that would switch a real cluster's Service"),
        ("esc q", "back, and nothing is done"),
    )

    def __init__(self, session: Session, reference: str) -> None:
        super().__init__()
        self._session = session
        self._reference = reference
        self._trials = trials(session.world, reference)
        self._ways: dict[Trial, Ways] = {}
        self._detailed = ""

    def compose(self) -> ComposeResult:
        """The types, the details of one, and two buttons."""
        with Vertical(id="service-type", classes="dialog") as box:
            box.border_title = content((Span(f"Switch type  {self._reference}"),))
            yield LineList(id="types", lit=True)
            yield Field(placeholder="the name it stands for, as api.example.com", id="external-name", compact=True)
            details = LineList(id="details")
            details.can_focus = False
            yield details
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button("Switch", id="yes", compact=True)

    def on_mount(self) -> None:
        """The first type that would change something, and nothing that acts under the finger."""
        rows = self.query_one("#types", LineList)
        first = next((trial.type for trial in self._trials if trial.after and not trial.is_now), self._trials[0].type)
        self._show_types(first)
        rows.styles.height = len(self._trials) + 1
        self.query_one(Field).cursor_blink = False
        self.set_focus(rows, scroll_visible=False)
        self._detail(first)
        self.watch(self.query_one("#details"), "place", self.hush, init=False)

    @property
    def hint(self) -> str:
        """What acts where the focus is; where the details are longer than the box, which rows are in sight."""
        match self.focused:
            case Button(id="yes", label=words):
                return f"enter {str(words).replace('Switch', 'switches')}   esc back"
            case Button():
                return "enter cancels   esc back"
            case Field():
                return f"{'enter to its button   ' if self._trial.after is not None else ''}↑ ↓ type   esc back"
        place = self.query_one("#details", LineList).place
        pages = f"{keymap_of(self.app).shown('page-down')} {place}" if place else ""
        can, needs_name = self._trial.after is not None and not self._trial.is_now, self._needs_name
        enter = f"enter {'' if place else 'to '}its {'name' if needs_name else 'button'}" if can or needs_name else ""
        patch = f"y {'' if place else 'as a '}patch" if can else ""
        return "   ".join(filter(None, (pages, "↑ ↓ type", enter, patch, "esc back")))

    def on_descendant_focus(self) -> None:
        """Enter does something else."""
        self.tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters and arrows are the name's while one types it."""
        types = isinstance(self.focused, Field)
        mine = {"letter": not types, "beside": not types, "edge": not types, "page": not types, "named": types}
        return mine.get(action, super().check_action(action, parameters))

    def on_input_changed(self) -> None:
        """Try the name as far as it is typed."""
        name = self.query_one(Field).value.strip() or None
        tried = trial(self._session.world, self._reference, "ExternalName", name)
        self._trials = tuple(tried if old.type == tried.type else old for old in self._trials)
        self._show_types("ExternalName")
        self._detail("ExternalName")
        self.tell()

    def _show_types(self, at: str) -> None:
        before = service_of(self._session.world, self._reference)
        found = self._trials
        self.query_one("#types", LineList).show(lambda width: type_lines(found, before, self._reference, width), at)

    @property
    def _trial(self) -> Trial:
        chosen = self.query_one("#types", LineList).target
        return next((trial for trial in self._trials if trial.type == chosen), self._trials[0])

    @property
    def _needs_name(self) -> bool:
        """Whether a name must stand with the type under the cursor."""
        return self._trial.type == "ExternalName" and not self._trial.is_now

    def _detail(self, type_name: str) -> None:
        trial = next(trial for trial in self._trials if trial.type == type_name)
        world, flow = self._session.world, self._session.shown_flow
        details, is_another = self.query_one("#details", LineList), type_name != self._detailed
        self._detailed = type_name
        ways = self._ways.get(trial)
        if ways is None:
            ways = self._ways[trial] = ways_round(trial, world, self._reference)
        details.show(lambda width: detail_lines(trial, world, self._reference, flow, width, ways))
        if is_another:
            details.scroll_home(animate=False)
        self.query_one(Field).display = trial.type == "ExternalName" and not trial.is_now
        button = self.query_one("#yes", Button)
        button.label = f"Switch to {trial.type}"
        button.styles.width = len(str(button.label)) + 2  # as wide as what is reversed under the focus
        button.display = trial.after is not None and not trial.is_now

    @on(LineList.Moved, "#types")
    def _moved(self, event: LineList.Moved) -> None:
        """Another type."""
        self._detail(event.rows.target)

    @on(LineList.Chosen, "#types")
    def _chosen(self) -> None:
        """Enter on a type: its button is next, and does it; ExternalName needs its name first."""
        if self._needs_name:
            self.set_focus(self.query_one(Field), scroll_visible=False)
        else:
            self._to_button()

    def action_named(self) -> None:
        """Enter after the name."""
        self._to_button()

    def action_letter(self, name: str, *parameters: int) -> None:
        """A letter that stands for a key."""
        getattr(self, f"action_{name}")(*parameters)

    def action_beside(self, step: int) -> None:
        """Between the list and the buttons."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def on_click(self, event: Click) -> None:
        """As enter."""
        if event.widget is self.query_one("#types"):
            self._to_button()

    def _to_button(self) -> None:
        if self._can_be_had():
            self.set_focus(self.query_one("#yes", Button), scroll_visible=False)

    def _can_be_had(self) -> bool:
        """Whether the type under the cursor is another one and would be allowed; says why where not."""
        trial = self._trial
        self._detail(trial.type)
        if trial.after is not None and not trial.is_now:
            return True
        self.tell(f"{trial.type} {'is its type already' if trial.is_now else 'cannot be had so: see why below'}")
        return False

    def action_patch(self) -> None:
        """The command that would switch a real cluster's Service."""
        if self._can_be_had():
            command = type_command(self._session.world, self._action)
            self.app.push_screen(KubectlScreen([command], "would make the same change; nothing is run"))

    @property
    def _action(self) -> SetServiceType:
        name = self.query_one(Field).value.strip() if self._trial.type == "ExternalName" else None
        return SetServiceType(self._reference, self._trial.type, name)

    def action_move(self, step: int) -> None:
        """Through the types, from wherever the focus is: what enter would do must not change under it."""
        self._to_types().action_move(step)

    def action_edge(self, end: int) -> None:
        """To the first type or the last, likewise."""
        self._to_types().action_edge(end)

    def _to_types(self) -> LineList:
        rows = self.query_one("#types", LineList)
        self.set_focus(rows, scroll_visible=False)
        return rows

    def action_page(self, pages: int) -> None:
        """Through the details."""
        self.query_one("#details", LineList).action_page(pages)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do it, or not."""
        self.dismiss(self._action if event.button.id == "yes" else None)

    def action_leave(self) -> None:
        """Not."""
        self.dismiss(None)
