"""The last row: what the focused pane can do now, or a notice."""

from __future__ import annotations

from kwake_tui.keymap import EDITOR_KEYS, KEYS
from kwake_tui.lines import Line, Span

MOST = 6
"""Keys that are offered at once."""

RIGHT = (
    Span(":", "you", bold=True),
    Span(" command   ", "muted"),
    Span("?", "you", bold=True),
    Span(" help", "muted"),
)
"""What is offered everywhere but where it would be typed."""


def key_line(pane: str, able: frozenset[str], width: int) -> Line:
    """The keys of a pane, as many as fit; faint where they cannot act, which they say when pressed."""
    if pane == "editor":
        offered = [(key, word, True) for key, word in EDITOR_KEYS]
    else:
        offered = [(key.shown, key.word, key.act in able) for key in KEYS if pane in key.panes][:MOST]
    right = () if pane == "editor" else RIGHT
    room = width - sum(span.cells for span in right) - 1
    spans: list[Span] = []
    for shown, word, acts in offered:
        room -= len(shown) + len(word) + 4
        if room < 0:
            break
        spans += [Span(shown, "you" if acts else "faint", bold=acts), Span(f" {word}   ", "muted" if acts else "faint")]
    return Line(tuple(spans), right)


def notice_line(words: str, role: str) -> Line:
    """A notice instead of the keys, until the next key."""
    glyph = {"warn": "▲ ", "bad": "× ", "ok": "✓ "}.get(role, "")
    return Line((Span(glyph, role), Span(words)))
