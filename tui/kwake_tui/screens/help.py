"""The help page: every key, every command, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from kwake_tui.commands import COMMANDS
from kwake_tui.glyphs import FATES, MIGRATED, OUTCOMES
from kwake_tui.keymap import EDITOR_KEYS
from kwake_tui.keys import Keymap
from kwake_tui.lines import BLANK, Line, Span, section, wrap

_MOVING = (
    ("{next-pane}", "the next pane; {pane-before} the one before; or click"),
    ("j k g G", "move in a pane; arrows, page keys and the wheel too"),
    ("{pane-1} … {pane-5}", "to a pane: Cluster, Path, the editor, Connections, Events"),
    ("h l", "fold and unfold in the cluster"),
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
        rows.append(Line((Span(f"{mark.glyph} {mark.word}", mark.role),)))
    return tuple(rows)


_KEY, _COMMAND = 12, 32
"""Cells of a key, and of a command with what may follow it."""


def _rows(key: str, words: str, cells: int, width: int) -> Iterator[Line]:
    if cell_len(key) >= cells:
        yield Line((Span(key, "you", bold=True),), shrink=0)
        key = ""
    for row in wrap(words, max(width - cells, 20)):
        yield Line((Span(f"{key:<{cells}}", "you", bold=True), Span(row)))
        key = ""
