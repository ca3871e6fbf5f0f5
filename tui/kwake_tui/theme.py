"""Palettes as Textual themes, and the styles of words in them."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from kwake_tui.palettes import PALETTES, Palette

PREFIX = "kwake-"
"""What the names of our themes begin with, among those that Textual brings."""


def _theme(palette: Palette) -> Theme:
    roles = palette.roles
    return Theme(
        name=PREFIX + palette.name,
        primary=roles["you"],
        secondary=roles["moved"],
        accent=roles["you"],
        success=roles["ok"],
        error=roles["bad"],
        warning=roles["warn"],
        foreground=roles["text1"],
        background=palette.background,
        surface=palette.background,
        panel=palette.panel,
        dark=palette.is_dark,
        ansi=palette.is_ansi,
        variables={
            **roles,
            "panel": palette.panel,
            "surface": palette.background,
            "block-cursor-background": roles["cursor"],
            "block-cursor-foreground": roles["text1"],
            "input-cursor-background": roles["text1"],
            "input-cursor-foreground": palette.background,
            "input-selection-background": roles["youbg"],
            "border": roles["you"],
            "border-blurred": roles["rule"],
            "scrollbar": roles["rule"],
            "scrollbar-background": palette.background,
            "ansi-background": palette.background,
            "ansi-foreground": roles["text1"],
        },
    )


THEMES = tuple(_theme(palette) for palette in PALETTES.values())
"""All of ours."""


@lru_cache(256)
def colour(name: str) -> RichColor:
    """A theme variable's colour, as `#0e1620` or `ansi_bright_blue`."""
    return Color.parse(name).rich_color


@lru_cache(1024)
def style(
    foreground: str, background: str, *, bold: bool = False, strike: bool = False, reverse: bool = False
) -> Style:
    """A style in two of the theme's colours."""
    return Style(color=colour(foreground), bgcolor=colour(background), bold=bold, strike=strike, reverse=reverse)
