"""Other looks of a console that runs."""

from __future__ import annotations

from textual.filter import Monochrome

from kwake_tui.app import KwakeApp
from kwake_tui.theme import PREFIX

NO_COLOR = "no-color"
LOOKS = ("foam", "colour-blind", NO_COLOR)
"""Beside the dark one; NO_COLOR is put on last and for good."""


def put_on(app: KwakeApp, look: str) -> None:
    """Change the look of a console that runs: another theme, or as one that began under NO_COLOR."""
    if look == NO_COLOR:
        app.no_color = True
        app._filters.append(Monochrome())
        for screen in app.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh()
    app.theme = PREFIX + ("deep" if look == NO_COLOR else look)
