"""The help page: every key, every command, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from kwake.objects.basis import Basis
from kwake_tui.commands import COMMANDS
from kwake_tui.glyphs import FATES, MIGRATED, OUTCOMES
from kwake_tui.keymap import EDITOR_KEYS
from kwake_tui.keys import Keymap
from kwake_tui.lines import BLANK, Line, Span, section, wrap

_MOVING = (
    ("{next-pane}", "the next pane; {pane-before} the one before; or click"),
    ("j k g G", "move in a pane; arrows, page keys and the wheel too"),
    ("{pane-1} … {pane-5}", "to a pane: Cluster, Path, the editor, Connections, Events"),
    ("h l", "fold and unfold in the cluster; sideways along the lines of a text"),
    ("{mark}", "mark the object in the cluster; {kill}, {delete} and {restart} then act on all marked; esc unmarks"),
    ("enter", "fold, unfold, or show what is known of an object; a connection's path; the rule of a hop"),
    ("ctrl+p", "the palette"),
    ("shift+drag", "selects as the terminal does, in most of them; kwake config tells how to leave the mouse to it"),
)


_NUMBERS = "123456789"


def help_lines(pane: str, keymap: Keymap, width: int) -> tuple[Line, ...]:
    """All rows for a width in cells, those of the pane that has the focus first; no sentence is cut."""
    mine = [(key.shown, key.help) for key in keymap.keys if pane in key.panes]
    mine += [(keymap.shown(name), f"while typing: {word}") for name, word in EDITOR_KEYS if pane == "editor"]
    rest = [(key.shown, key.help) for key in keymap.keys if pane not in key.panes and key.key not in _NUMBERS]
    rest.append(("1 … 9", "this namespace of the tree alone"))
    moving = [(keymap.spelt(key), keymap.spelt(words)) for key, words in _MOVING]
    commands = [(f"{command.name} {command.usage}".strip(), command.help) for command in COMMANDS]
    rows: list[Line] = []
    for title, told, cells in (
        (f"keys in {pane.capitalize()}", mine, _KEY),
        ("keys everywhere", rest, _KEY),
        ("moving", moving, _KEY),
        (f"commands, after {keymap.shown('command')}", commands, _COMMAND),
    ):
        rows += [section(title), *(row for key, words in told for row in _rows(key, words, cells, width)), BLANK]
    rows.append(section("glyphs"))
    for mark in (*OUTCOMES.values(), *FATES.values(), MIGRATED):
        rows.append(_told(f"{mark.glyph} {mark.word}", mark.role, _MEANINGS[mark.word]))
    rows += [BLANK, section("how sure an answer is; nothing is said of one that is sourced")]
    rows += [row for basis, words in _SURE for row in _rows(basis.value, words, _KEY, width)]
    rows += _rows("NP-2", keymap.spelt(_CITED), _KEY, width)
    return tuple(rows)


_MEANINGS = {
    "delivered": "a dial gets there",
    "refused": "a dial is answered with no, at once",
    "dropped": "nobody answers a dial: it waits until it gives up",
    "unresolved": "DNS has no answer for the name",
    "mixed": "some dials get there and others do not, by the endpoint that they meet",
    "unknown": "kwake cannot tell, and says why",
    "open": "the connection lives",
    "stalled": "nothing arrives any more, and it may resume",
    "closed": "it was ended in order",
    "reset": "it was cut off by an answer (RST)",
    "failed": "it never opened: its dial did not get there",
    "migrated": "it lives on at another backend",
}


def _told(word: str, role: str, words: str) -> Line:
    return Line((Span(f"{word:<{_KEY + 2}}", role), Span(words, "muted")), shrink=1)


_SURE = (
    (Basis.SOURCED, "read in code, documentation or a test, which is cited"),
    (Basis.INFERRED, "follows from such facts, not itself read"),
    (Basis.ASSUMED, "a default that the snapshot does not say, as that every declared port listens"),
    (Basis.UNKNOWN, "not known; the reason stands beside it"),
)


_CITED = "at the right, the id of the rule behind a row: {command}rule NP-2 tells what it says"


_KEY, _COMMAND = 12, 32
"""Cells of a key, and of a command with what may follow it."""


def _rows(key: str, words: str, cells: int, width: int) -> Iterator[Line]:
    if cell_len(key) >= cells:
        yield Line((Span(key, "you", bold=True),), shrink=0)
        key = ""
    for row in wrap(words, max(width - cells, 20)):
        yield Line((Span(f"{key:<{cells}}", "you", bold=True), Span(row)))
        key = ""
