"""The last row: what the focused pane can do now, or a notice."""

from __future__ import annotations

import re

from kwake_tui.keymap import EDITOR_KEYS
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import Line, Span

MOST = 6
"""Keys that are offered at once."""

NEW_HERE = "new here? {command} learn opens five short lessons"
"""To whom has done nothing yet."""

ENTER = {"path": "the rule", "connections": "its path"}
"""What enter does on a row, where that is not what it does everywhere."""

TYPING = "typing"
"""The editor while letters are text: a pane of its own, as far as keys go."""

RIGHT = ("command", "help", "help-typing")
"""What is offered everywhere; where `:` and `?` would be typed only the last, and there only."""


def key_line(
    pane: str,
    able: frozenset[str],
    width: int,
    keymap: Keymap = AS_IT_COMES,
    *,
    may_flip: bool = False,
    after: tuple[Span, ...] = (),
) -> Line:
    """The keys of a pane, as many as fit `after` something else; faint where they cannot act, which they say when
    pressed.

    In the cluster one place is for the path that is shown: it is opened, or, where a policy keeps it, flipped.
    """
    other = ("open" if may_flip else "flip") if pane == "cluster" else ""
    if pane == TYPING:
        offered = [(keymap.shown(name), word, True) for name, word in EDITOR_KEYS if name not in RIGHT]
    else:
        offered = [("enter", ENTER[pane], True)] if pane in ENTER else []
        if pane == "editor":
            offered += [(keymap.shown(name), name, True) for name in ("apply", "revert") if name in able]
        mine = (key for key in keymap.keys if pane in key.panes and key.act != other)
        offered += [(key.shown, key.word, key.act in able) for key in mine]
        offered += [("esc", "back", True)] if pane == "editor" else []
        offered = offered[:MOST]
    right = _right(keymap, RIGHT[2:] if pane == TYPING else RIGHT[:2])
    spans = [*after, Span("   ")] if after else []
    spans += [Span(f" {TYPING} ", "you", chip=True), Span("   ")] if pane == TYPING else []
    room = width - sum(span.cells for span in (*spans, *right)) - 1
    for shown, word, acts in offered:
        room -= len(shown) + len(word) + 4
        if room < 0:
            break
        spans += [Span(shown, "you" if acts else "faint", bold=acts), Span(f" {word}   ", "muted" if acts else "faint")]
    return Line(tuple(spans), right)


def _right(keymap: Keymap, names: tuple[str, ...]) -> tuple[Span, ...]:
    told = [(name, f" {name.partition('-')[0]}{'' if name == names[-1] else '   '}") for name in names]
    return tuple(
        span for name, word in told for span in (Span(keymap.shown(name), "you", bold=True), Span(word, "muted"))
    )


def with_keys(text: str, keymap: Keymap) -> Line:
    """A text of ours with keys that stand out in the place of the names in braces: `{trace} traces`."""
    text = text.replace("{command} ", "{command}") if keymap.shown("command") == ":" else text
    parts = [part for part in re.split(r"(\{[a-z0-9-]+\})", text) if part]
    return Line(
        tuple(
            Span(keymap.spelt(part), "you", bold=True) if part.startswith("{") else Span(part, "muted")
            for part in parts
        )
    )


def notice_line(words: str, role: str) -> Line:
    """A notice instead of the keys, until the next key."""
    glyph = {"warn": "▲ ", "bad": "× ", "ok": "✓ "}.get(role, "")
    return Line((Span(glyph, role), Span(words)))
