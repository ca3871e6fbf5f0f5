"""What keys and commands may ask of the main screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.app import App
from textual.screen import Screen

from kwake.actions import Action
from kwake.dataplane.path import Flow
from kwake_tui.session import LiveState, Session
from kwake_tui.trail import Trail
from kwake_tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from kwake_tui.live import Live

Answer = TypeVar("Answer")


class Desk(Protocol):
    """The main screen, seen from a key or a command."""

    @property
    def pane(self) -> str:
        """The pane that has the focus."""
        ...

    @property
    def app(self) -> App[object]:
        """The application, to open dialogs and to leave."""
        ...

    @property
    def session(self) -> Session:
        """Where we are."""
        ...

    @property
    def chosen(self) -> str:
        """What the cursor stands on: an object's reference, `connection:name`, or empty."""
        ...

    @property
    def pointed(self) -> str:
        """The same, but in Path and Events, whose rows are no objects, the object that the row tells of."""
        ...

    def key(self, name: str) -> str:
        """The key of something that a key does, as people write it."""
        ...

    @property
    def live(self) -> Live | None:
        """The live cluster under the session, if it is one."""
        ...

    def show_live(self, state: LiveState) -> None:
        """Say in the status line how the live cluster is followed."""
        ...

    def show(self, session: Session, target: str | None = None) -> None:
        """Show another moment, the cursor on a target if one is named."""
        ...

    def attempt(self, action: Action) -> bool:
        """Carry out an action; where it is refused say why, and answer False."""
        ...

    def look_at(self, flow: Flow) -> None:
        """Show the path of a flow; where one pane is shown at a time, that is Path."""
        ...

    def say(self, words: str, role: str = "warn") -> None:
        """A notice in the key line, until the next key."""
        ...

    def greet(self, words: str) -> None:
        """The same beside the keys, as to who has pressed none yet."""
        ...

    def edit(self, reference: str) -> None:
        """Put an object into the editor and go there."""
        ...

    def open(self, screen: Screen[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        """Open a dialog or a page; keys wait until it is there."""
        ...

    def try_to(self, do: Callable[[], None]) -> None:
        """Do something later, as when a dialog was answered; where it is refused say why."""
        ...

    def leave(self, *, at_once: bool = False) -> None:
        """End the console; asks first where something would be lost, but `at_once` never."""
        ...

    def zoom(self) -> None:
        """Show the pane that has the focus alone, or all again; says so where only one has room anyway."""
        ...

    def prompt(self, text: str = "", mark: str = ":") -> None:
        """Open the prompt, for a command or, after `/`, for a filter."""
        ...

    @property
    def marked(self) -> tuple[str, ...]:
        """The references of the marked objects, in the order of the tree."""
        ...

    def unmark(self) -> None:
        """Take all marks away."""
        ...

    @property
    def rows(self) -> LineList | None:
        """The list that has the focus; None in the editor."""
        ...

    @property
    def cites(self) -> tuple[str, ...]:
        """The ids of rules that rows cite, each once, those of the list that has the focus first."""
        ...

    def reveal(self, reference: str) -> None:
        """Put the cursor of the cluster on an object."""
        ...

    def choose_namespace(self, namespace: str) -> None:
        """Show one namespace alone, or all with an empty name."""
        ...

    def keep_kind(self, kind: str) -> None:
        """Show the objects of one kind alone."""
        ...

    @property
    def trail(self) -> Trail:
        """What was looked at."""
        ...

    def walk(self, step: int) -> None:
        """Back or on along what was looked at."""
        ...
