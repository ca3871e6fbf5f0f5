"""What keys and commands may ask of the main screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from textual.app import App
from textual.screen import Screen

from kwake.actions import Action
from kwake_tui.session import Session

Answer = TypeVar("Answer")


class Desk(Protocol):
    """The main screen, seen from a key or a command."""

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

    def show(self, session: Session, target: str | None = None) -> None:
        """Show another moment, the cursor on a target if one is named."""
        ...

    def attempt(self, action: Action) -> bool:
        """Carry out an action; where it is refused say why, and answer False."""
        ...

    def say(self, words: str, role: str = "warn") -> None:
        """A notice in the key line, until the next key."""
        ...

    def edit(self, reference: str) -> None:
        """Put an object into the editor and go there."""
        ...

    def open(self, screen: Screen[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
        """Open a dialog or a page; keys wait until it is there."""
        ...

    def leave(self) -> None:
        """End the console; asks first where something is edited and not applied."""
        ...

    def prompt(self, text: str = "") -> None:
        """Open the command prompt."""
        ...
