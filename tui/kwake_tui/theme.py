"""The colours of the console: one theme of our own, its roles as Textual theme variables."""

from __future__ import annotations

from textual.theme import Theme

DEEP = {
    "text1": "#d6e0ea",
    "strong": "#ffffff",
    "muted": "#9dadbe",
    "faint": "#728496",
    "rule": "#2f4053",
    "you": "#6cb6ff",
    "ok": "#7ad3a0",
    "bad": "#f58a76",
    "warn": "#e6b95f",
    "moved": "#5cc8d0",
    "doubt": "#bb9df7",
    "key": "#9db7d3",
    "cursor": "#1b2a3b",
    "okbg": "#15302b",
    "badbg": "#33212a",
    "youbg": "#15304d",
}
"""Roles: what you read, what is strong, labels, punctuation, borders, your doing, and the six meanings of an answer."""

BACKGROUND = "#0e1620"
PANEL = "#1a2736"

KWAKE_DEEP = Theme(
    name="kwake-deep",
    primary=DEEP["you"],
    secondary=DEEP["moved"],
    accent=DEEP["you"],
    success=DEEP["ok"],
    error=DEEP["bad"],
    warning=DEEP["warn"],
    foreground=DEEP["text1"],
    background=BACKGROUND,
    surface=BACKGROUND,
    panel=PANEL,
    dark=True,
    variables={
        **DEEP,
        "block-cursor-background": DEEP["cursor"],
        "block-cursor-foreground": DEEP["text1"],
        "input-cursor-background": DEEP["text1"],
        "input-cursor-foreground": BACKGROUND,
        "input-selection-background": DEEP["youbg"],
        "border": DEEP["you"],
        "border-blurred": DEEP["rule"],
        "scrollbar": DEEP["rule"],
        "scrollbar-background": BACKGROUND,
    },
)
"""The dark theme."""
