"""The console's application: theme, palette, and the one screen."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.app import App, SystemCommand
from textual.filter import LineFilter, NoColor
from textual.geometry import Size
from textual.screen import Screen

from kwake.errors import KwakeError
from kwake_tui.appearance import Look
from kwake_tui.palettes import DEEP, FOAM, SIXTEEN, SIXTEEN_LIGHT
from kwake_tui.plain_signs import PlainSigns
from kwake_tui.screens.opening import OpeningScreen, Progress
from kwake_tui.screens.tiny import LEAST, SMALL, TinyScreen, is_below
from kwake_tui.theme import PREFIX, THEMES

if TYPE_CHECKING:  # the model is imported when the first frame stands
    from kwake.world import World
    from kwake_tui.desk import Desk
    from kwake_tui.live import Live
    from kwake_tui.opened import Opened
    from kwake_tui.recording import Recorder
    from kwake_tui.screens.main import MainScreen
    from kwake_tui.session import Session

INTERNAL_ERROR = 70
"""What the process ends with when the console itself fails; Textual has then printed the traceback."""


class Begun(NamedTuple):
    """What the console begins with."""

    session: Session
    recorder: Recorder | None = None
    """Keeps what is done, if anything does."""
    started: Callable[[Desk], None] | None = None
    """Does something once the panes stand."""
    live: Live | None = None
    """The live cluster that it follows, if it is one."""


class KwakeApp(App[int]):
    """The console."""

    CSS_PATH = "console.tcss"
    TITLE = "kwake"
    HORIZONTAL_BREAKPOINTS = [  # Textual declares it on the instance
        (0, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall"), (50, "-lofty")]  # as above

    def __init__(
        self,
        begun: Begun | Callable[[], Begun],
        title: str = "",
        look: Look | None = None,
        progress: Progress | None = None,
    ) -> None:
        """With a beginning, or with what makes it: that is carried out when the first frame stands, and `progress`
        tells how far it is.

        Where it raises a KwakeError the console ends, and `failure` has it.
        """
        super().__init__()
        look = look or Look()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = PREFIX + look.theme.value
        self.set_class(look.is_ascii, "-ascii")
        self._line_filters = [PlainSigns()] if look.is_ascii else []
        self.keymap = look.keymap
        self.set_keymap(self.keymap.textual)
        self._begun = begun
        self._title = title
        self._progress = progress
        self.failure: KwakeError | None = None

    def get_default_screen(self) -> Screen[None]:
        """The main screen on the beginning of the session, or what stands there until it is opened."""
        if isinstance(self._begun, Begun):
            return self._main(self._begun)
        return OpeningScreen(self._title, self._progress)

    def on_ready(self) -> None:
        """The first frame stands: open what is to be opened."""
        if not isinstance(self._begun, Begun):
            self.run_worker(self._open(self._begun), exclusive=True)

    def on_resize(self, event: events.Resize) -> None:
        """Below some sizes panes have less around them, or nothing fits at all."""
        self.set_class(is_below(event.size, SMALL), "-small")
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        """Cover what does not fit; it stays as it is below."""
        if is_below(size, LEAST) != isinstance(self.screen, TinyScreen):
            if isinstance(self.screen, TinyScreen):
                self.pop_screen()
            else:
                self.push_screen(TinyScreen())

    async def _open(self, begin: Callable[[], Begun]) -> None:
        opening = self.screen_stack[0]
        try:
            begun = await asyncio.to_thread(begin)
        except KwakeError as error:
            self.failure = error
            self.exit(return_code=error.exit_code)
            return
        if isinstance(self.screen, TinyScreen):
            await self.pop_screen()
        await self.push_screen(self._main(begun))
        self._fit(self.size)
        if isinstance(opening, OpeningScreen):
            opening.rest()
            for key in opening.typed:
                self.post_message(events.Key(key.key, key.character))

    def _main(self, begun: Begun) -> MainScreen:
        from kwake_tui.screens.main import MainScreen

        return MainScreen(begun.session, begun.recorder, begun.started, begun.live)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our roles under any theme that Textual brings."""
        theme = self.current_theme
        if theme.ansi:
            return (SIXTEEN if theme.dark else SIXTEEN_LIGHT).roles
        return (DEEP if theme.dark else FOAM).roles

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, our signs in ASCII, and under NO_COLOR none of the terminal's colours either."""
        bare = [NoColor()] if self.no_color and self.native_ansi_color else []
        return [*super().get_line_filters(), *bare, *self._line_filters]

    def action_help_quit(self) -> None:
        """ctrl+c, where nothing is selected: say how one leaves."""
        if (screen := self._desk) is not None:
            leaves = f"{self.keymap.shown('quit')} leaves"
            screen.say(f"esc, then {leaves}" if screen.pane == "editor" or screen.is_prompting else leaves)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every key of the console, on the screen that it was called from; elsewhere Textual's own."""
        from kwake_tui.screens.main import MainScreen

        if not isinstance(screen, MainScreen):
            yield from super().get_system_commands(screen)
            return
        for key in self.keymap.keys:
            yield SystemCommand(f"{key.word} ({key.shown})", key.help, lambda act=key.act: screen.action_act(act))

    @property
    def _desk(self) -> MainScreen | None:
        """The main screen, where it is on top."""
        if isinstance(self.screen, OpeningScreen | TinyScreen):
            return None
        from kwake_tui.screens.main import MainScreen

        return self.screen if isinstance(self.screen, MainScreen) else None


def _short_title(title: str, paths: tuple[str, ...]) -> str:
    """The name of a snapshot in few cells: of one given by path its last part, of several the first and how many."""
    if not paths or title != " ".join(paths):
        return title
    first = Path(paths[0]).resolve().name if paths[0] != "-" else "stdin"
    return f"{first} +{len(paths) - 1}" if len(paths) > 1 else first


def session_on(world: World, title: str, opened: Opened, second: str | None = None) -> Session:
    """The beginning of a session on a snapshot that was opened, beside a second profile."""
    from kwake_tui.session import Session, second_profile

    second = second or second_profile(world.profile.name)
    return Session.start(world, _short_title(title, opened.snapshot), second, opened)


def run(begin: Callable[[], Begun], title: str, look: Look, progress: Progress | None = None) -> int:
    """Run the console until it is left; the exit status of the process. Raises what `begin` raises.

    What is done is kept until then: by the recorder that it begins with, else by one in the user's state folder. It
    begins with the offer to restore sessions that crashed, unless it has something else to begin with.
    """
    kept: list[Recorder] = []
    keymap = look.keymap

    def keeping() -> Begun:
        from kwake_tui.recording import Recorder, state_folder
        from kwake_tui.recovery import offer
        from kwake_tui.screens.findings import grave_words

        begun = begin()
        keeper = begun.recorder or Recorder(state_folder())
        kept.append(keeper)

        def start(desk: Desk) -> None:
            grave = grave_words(begun.session.world.findings, keymap)
            if grave:
                desk.greet(grave)
            offer(desk, keeper)

        return Begun(begun.session, keeper, begun.started or start, live=begun.live)

    app = KwakeApp(keeping, title, look, progress)
    app.run(mouse=look.takes_mouse)
    if app.failure is not None:
        raise app.failure
    if not kept:
        return app.return_code or 0
    (keeper,) = kept
    if not app.return_code:
        keeper.end()
        return 0
    if keeper.is_keeping:
        sys.stderr.write(f"kwake: what was done is kept: kwake --resume {keeper.name}\n")
    return INTERNAL_ERROR
