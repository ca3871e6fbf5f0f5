"""The colours of the console as data: roles, not hues, one palette for each kind of eye and of terminal.

The roles: what you read, what is strong, labels, punctuation, borders, your doing, the six meanings of an answer (`ok`
to `doubt`), YAML keys, the row under the cursor, and the tints behind what changed just now.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ROLES: Final = ("text1", "strong", "muted", "faint", "rule", "you", "ok", "bad", "warn", "moved", "doubt", "key",
                "cursor", "okbg", "badbg", "youbg")  # fmt: skip
"""Every palette has a colour for each, which Textual knows as a theme variable."""

MEANINGS: Final = ("ok", "bad", "warn", "moved", "doubt", "you")
"""Roles that say something; they must differ from each other."""


class Palette(NamedTuple):
    """Colours by role."""

    name: str
    help: str
    background: str
    panel: str
    roles: dict[str, str]
    is_dark: bool = True
    is_ansi: bool = False
    """In the sixteen colours of the terminal itself."""


def _roles(*colours: str) -> dict[str, str]:
    return dict(zip(ROLES, colours, strict=True))


DEEP: Final = Palette("deep", "dark", "#0e1620", "#1a2736", _roles(
    "#d6e0ea", "#ffffff", "#9dadbe", "#728496", "#2f4053", "#6cb6ff", "#7ad3a0", "#f58a76", "#e6b95f", "#5cc8d0",
    "#bb9df7", "#9db7d3", "#1b2a3b", "#15302b", "#33212a", "#15304d"))  # fmt: skip

FOAM: Final = Palette("foam", "light", "#fbfcfd", "#e6edf4", _roles(
    "#1d2935", "#000000", "#4d5d6d", "#677685", "#bcc8d4", "#0a5fb4", "#0b6e42", "#b42a17", "#855600", "#006b75",
    "#6a3cb5", "#33587f", "#e4ecf5", "#dcf2e6", "#fbe4df", "#d5e6f8"), is_dark=False)  # fmt: skip

COLOUR_BLIND: Final = Palette("colour-blind", "dark, blue against orange", "#0e1620", "#1a2736", _roles(
    "#d6e0ea", "#ffffff", "#9dadbe", "#728496", "#2f4053", "#9a8fff", "#74bdfe", "#e8890c", "#f7e463", "#b5f0f7",
    "#d2b2ac", "#9db7d3", "#1b2a3b", "#12304a", "#3a2810", "#2a2650"))  # fmt: skip
"""Chosen so that every two meanings stay apart for each kind of colour blindness."""

HIGH_CONTRAST: Final = Palette("high-contrast", "on black, every word at 7 to 1 or more", "#000000", "#1c2733", _roles(
    "#ffffff", "#ffffff", "#d0d8e0", "#b4bfca", "#8fa3b8", "#9fd0ff", "#7dffb0", "#ff9d8c", "#ffd966", "#7df3ff",
    "#d9c2ff", "#c9dcf2", "#0f2740", "#05291c", "#360f0b", "#082748"))  # fmt: skip

SIXTEEN: Final = Palette("16", "the terminal's own sixteen colours, on black", "ansi_default", "ansi_default", _roles(
    "ansi_default", "ansi_bright_white", "ansi_white", "ansi_bright_black", "ansi_bright_black", "ansi_bright_blue",
    "ansi_green", "ansi_red", "ansi_yellow", "ansi_cyan", "ansi_magenta", "ansi_white", "ansi_black", "ansi_black",
    "ansi_black", "ansi_black"), is_ansi=True)  # fmt: skip

SIXTEEN_LIGHT: Final = Palette("16-light", "the same, on white", "ansi_default", "ansi_default", _roles(
    "ansi_default", "ansi_black", "ansi_bright_black", "ansi_bright_black", "ansi_bright_black", "ansi_blue",
    "ansi_green", "ansi_red", "ansi_yellow", "ansi_cyan", "ansi_magenta", "ansi_bright_black", "ansi_default",
    "ansi_default", "ansi_default", "ansi_default"), is_dark=False, is_ansi=True)  # fmt: skip
"""Without tints: a light grey behind a word hides it on some terminals, and the cursor has its own mark."""

PALETTES: Final = {
    palette.name: palette for palette in (DEEP, FOAM, COLOUR_BLIND, HIGH_CONTRAST, SIXTEEN, SIXTEEN_LIGHT)
}
"""By name."""
