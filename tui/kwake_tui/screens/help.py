"""The help page: every key, every command, and what the glyphs mean."""

from __future__ import annotations

from kwake_tui.commands import COMMANDS
from kwake_tui.glyphs import FATES, MIGRATED, OUTCOMES
from kwake_tui.keymap import EDITOR_KEYS
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import BLANK, Line, Span, section

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


def help_lines(pane: str, keymap: Keymap = AS_IT_COMES) -> tuple[Line, ...]:
    """All rows, those of the pane that has the focus first."""
    if pane == "editor":
        mine = [_row(keymap.shown(name), word) for name, word in EDITOR_KEYS]
    else:
        mine = [_row(key.shown, key.help) for key in keymap.keys if pane in key.panes]
    rest = [_row(key.shown, key.help) for key in keymap.keys if pane not in key.panes and key.key not in _NUMBERS]
    rest.append(_row("1 … 9", "this namespace of the tree alone"))
    rows = [section(f"keys in {pane.capitalize()}"), *mine, BLANK, section("keys everywhere"), *rest]
    rows += [BLANK, section("moving"), *(_row(keymap.spelt(key), keymap.spelt(words)) for key, words in _MOVING)]
    rows += [BLANK, section("commands, after :"), *(_row(f"{c.name} {c.usage}".strip(), c.help, 32) for c in COMMANDS)]
    rows += [BLANK, section("glyphs")]
    for mark in (*OUTCOMES.values(), *FATES.values(), MIGRATED):
        rows.append(Line((Span(f"{mark.glyph} {mark.word}", mark.role),)))
    return tuple(rows)


def _row(key: str, words: str, cells: int = 12) -> Line:
    return Line((Span(f"{key:<{cells}}", "you", bold=True), Span(words)))
