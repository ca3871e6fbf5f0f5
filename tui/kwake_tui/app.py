"""The console's application: theme, palette, and the one screen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from textual.app import App, SystemCommand
from textual.screen import Screen

from kwake.world import World
from kwake_tui.desk import Desk
from kwake_tui.keymap import KEYS
from kwake_tui.opened import Opened
from kwake_tui.recording import Recorder, state_folder
from kwake_tui.recovery import offer
from kwake_tui.screens.main import MainScreen
from kwake_tui.session import Session, second_profile
from kwake_tui.theme import DEEP, KWAKE_DEEP

INTERNAL_ERROR = 70
"""What the process ends with when the console itself fails; Textual has then printed the traceback."""


Started = Callable[[Desk], None]
"""What the console begins with."""


class KwakeApp(App[int]):
    """The console."""

    CSS_PATH = "console.tcss"
    TITLE = "kwake"
    HORIZONTAL_BREAKPOINTS = [  # Textual declares it on the instance
        (0, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # as above

    def __init__(self, session: Session, *, recorder: Recorder | None = None, started: Started | None = None) -> None:
        super().__init__()
        self._recorder = recorder
        self._started = started
        self.register_theme(KWAKE_DEEP)
        self.theme = KWAKE_DEEP.name
        self._start = session

    def get_default_screen(self) -> Screen[None]:
        """The main screen on the beginning of the session."""
        return MainScreen(self._start, self._recorder, self._started)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our roles under any theme that Textual brings."""
        return DEEP

    def action_help_quit(self) -> None:
        """ctrl+c, where nothing is selected: say how one leaves."""
        screen = self.screen
        if isinstance(screen, MainScreen):
            screen.say("esc, then q leaves" if screen.pane == "editor" or screen.is_prompting else "q leaves")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: Textual's own, and every key of the console."""
        yield from super().get_system_commands(screen)
        if isinstance(screen, MainScreen):
            for key in KEYS:
                yield SystemCommand(f"{key.word} ({key.shown})", key.help, lambda act=key.act: screen.action_act(act))


def _short_title(title: str, paths: tuple[str, ...]) -> str:
    """The name of a snapshot in few cells: of one given by path its last part, of several the first and how many."""
    if not paths or title != " ".join(paths):
        return title
    first = Path(paths[0]).resolve().name if paths[0] != "-" else "stdin"
    return f"{first} +{len(paths) - 1}" if len(paths) > 1 else first


def run(world: World, *, title: str, opened: Opened, second: str | None = None, started: Started | None = None) -> int:
    """Run the console on a world, beside a second profile, until it is left; the exit status of the process."""
    second = second or second_profile(world.profile.name)
    return run_session(Session.start(world, _short_title(title, opened.snapshot), second, opened), started=started)


def run_session(session: Session, recorder: Recorder | None = None, started: Started | None = None) -> int:
    """Run the console on a session until it is left; the exit status of the process.

    What is done is kept by the recorder, one in the user's state folder unless another is given, until then. It begins
    with `started`; unless one is given, with the offer to restore sessions that crashed.
    """
    keeper = recorder or Recorder(state_folder())
    app = KwakeApp(session, recorder=keeper, started=started or (lambda desk: offer(desk, keeper)))
    app.run()
    if not app.return_code:
        keeper.end()
        return 0
    if keeper.is_keeping:
        sys.stderr.write(f"kwake: what was done is kept: kwake --resume {keeper.name}\n")
    return INTERNAL_ERROR
