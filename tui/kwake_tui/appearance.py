"""How the console looks, and who says so: an option, the environment, the file of settings, or the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from kwake.errors import UsageError
from kwake_tui.keys import Keymap
from kwake_tui.palettes import DEEP, FOAM, PALETTES, SIXTEEN, SIXTEEN_LIGHT

ALIASES: Final = {"dark": DEEP.name, "light": FOAM.name}
THEME_NAMES: Final = (*PALETTES, *ALIASES)
"""What a theme may be called."""

THEME_VARIABLE: Final = "KWAKE_THEME"
ASCII_VARIABLE: Final = "KWAKE_ASCII"

_SIXTEEN: Final = frozenset({"linux", "screen.linux", "ansi", "cons25", "cygwin", "vt100", "vt102", "vt220",
                             "xterm-16color", "rxvt-16color"})  # fmt: skip
"""Values of TERM that stand for no more than sixteen colours."""
_NO_SIGNS: Final = frozenset({"linux", "screen.linux", "ansi", "cons25", "vt100", "vt102", "vt220"})
"""Values of TERM whose fonts lack our signs."""
_LIGHT: Final = frozenset({"7", "15"})
"""Backgrounds in COLORFGBG that are light."""


class Settings(NamedTuple):
    """What the file of settings says; None where it says nothing."""

    theme: str | None = None
    ascii: bool | None = None
    mouse: bool | None = None
    keymap: Keymap = Keymap()


class Said(NamedTuple):
    """A choice, and who made it."""

    value: str
    by: str = "the default"


class Look(NamedTuple):
    """How the console looks and takes keys."""

    theme: Said = Said(DEEP.name)
    ascii: Said = Said("off")
    mouse: Said = Said("on")
    keymap: Keymap = Keymap()

    @property
    def is_ascii(self) -> bool:
        """Whether our signs are to be in ASCII."""
        return self.ascii.value == "on"

    @property
    def takes_mouse(self) -> bool:
        """Whether clicks are ours; else the terminal selects with them."""
        return self.mouse.value == "on"


def config_file(environ: Mapping[str, str]) -> Path:
    """Where the file of settings is, or would be."""
    home = environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home and Path(home).is_absolute() else Path.home() / ".config") / "kwake" / "config.yaml"


def palette_name(name: str) -> str:
    """A palette by what a theme may be called. Raises UsageError."""
    found = ALIASES.get(name, name)
    if found not in PALETTES:
        raise UsageError(f"{name}: no such theme; there are {', '.join(PALETTES)}")
    return found


def look(theme: str | None, is_ascii: bool, environ: Mapping[str, str], settings: Settings) -> Look:
    """What holds: an option before the environment, before the file, before the terminal. Raises UsageError."""
    mouse = Said("on") if settings.mouse is None else _switch(settings.mouse, "the file")
    return Look(_theme(theme, environ, settings), _ascii(is_ascii, environ, settings), mouse, settings.keymap)


def _switch(on: bool, by: str) -> Said:
    return Said("on" if on else "off", by)


def _theme(option: str | None, environ: Mapping[str, str], settings: Settings) -> Said:
    named = environ.get(THEME_VARIABLE)
    for name, by in ((option, "--theme"), (named or None, THEME_VARIABLE), (settings.theme, "the file")):
        if name is not None:
            try:
                return Said(palette_name(name), by)
            except UsageError as error:
                raise UsageError(f"{by}: {error}") from None
    terminal = environ.get("TERM", "")
    is_light = environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT
    if terminal in _SIXTEEN and environ.get("COLORTERM") not in ("truecolor", "24bit"):
        return Said((SIXTEEN_LIGHT if is_light else SIXTEEN).name, f"TERM={terminal}")
    return Said(FOAM.name, "COLORFGBG") if is_light else Said(DEEP.name)


def _ascii(option: bool, environ: Mapping[str, str], settings: Settings) -> Said:
    if option:
        return Said("on", "--ascii")
    named = environ.get(ASCII_VARIABLE, "")
    if named:
        return _switch(named != "0", ASCII_VARIABLE)
    if settings.ascii is not None:
        return _switch(settings.ascii, "the file")
    terminal = environ.get("TERM", "")
    return Said("on", f"TERM={terminal}") if terminal in _NO_SIGNS else Said("off")
