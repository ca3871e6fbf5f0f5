"""The last row: what the focused pane can do now, or a notice."""

from __future__ import annotations

from collections.abc import Callable

from kwake_tui.keymap import EDITOR_KEYS, KEYS
from kwake_tui.lines import Line, Span

MOST = 6
"""Keys that are offered at once."""


def key_line(pane: str, can: Callable[[str], bool]) -> Line:
    """The keys of a pane; faint where they cannot act, which they say when pressed."""
    if pane == "editor":
        offered = [(key, word, True) for key, word in EDITOR_KEYS]
    else:
        offered = [(key.shown, key.word, can(key.act)) for key in KEYS if pane in key.panes][:MOST]
    spans: list[Span] = []
    for number, (shown, word, able) in enumerate(offered):
        spans.append(Span("   " if number else ""))
        spans += [Span(shown, "you" if able else "faint", bold=able), Span(f" {word}", "muted" if able else "faint")]
    if pane == "editor":
        return Line(tuple(spans))
    right = (
        Span(":", "you", bold=True),
        Span(" command   ", "muted"),
        Span("?", "you", bold=True),
        Span(" help", "muted"),
    )
    return Line(tuple(spans), right)


def notice_line(words: str, role: str) -> Line:
    """A notice instead of the keys, until the next key."""
    glyph = {"warn": "▲ ", "bad": "× ", "ok": "✓ "}.get(role, "")
    return Line((Span(glyph, role), Span(words)))
