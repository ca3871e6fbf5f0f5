"""Where the settings are and what holds, as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kwake_tui.appearance import Look
from kwake_tui.keymap import KEYS, shown
from kwake_tui.keys import Keymap, default_keys
from kwake_tui.palettes import PALETTES
from kwake_tui.scenario_files import brief_path
from kwake_tui.text.columns import columns

_HELP = {key.act: key.help for key in KEYS}


def config_lines(file: Path, sessions: Path, look: Look) -> list[str]:
    """The file and the folder, each choice with who made it, and every key by its name."""
    choices = (("theme", look.theme), ("ascii", look.ascii), ("mouse", look.mouse))
    rows = [["settings", brief_path(str(file)), "" if file.exists() else "not there"]]
    rows += [["sessions", brief_path(str(sessions)), ""]]
    rows += [[name, said.value, f"by {said.by}" if said.by != "the default" else said.by] for name, said in choices]
    keys = [[name, " ".join(map(shown, keys_of(look.keymap, name))), _note(look.keymap, name)] for name in NAMES]
    themes = [[palette.name, palette.help] for palette in PALETTES.values()]
    lines = [*columns(rows), "", "themes", *columns(themes, 2), "", "keys", *columns(keys, 2)]
    return [*lines, "", "the settings may say, for instance", *(f"  {line}" for line in EXAMPLE)]


NAMES = tuple(default_keys())
"""All that a key can do."""
EXAMPLE = ("theme: foam", "ascii: false", "mouse: true", "keys:", "  kill: ctrl+x", "  pane-1: [f1, alt+1]")
"""What the file may say."""


def keys_of(keymap: Keymap, name: str) -> tuple[str, ...]:
    """The keys of what has a name."""
    return keymap.bound.get(name) or default_keys()[name]


def _note(keymap: Keymap, name: str) -> str:
    was = f"  (was {' '.join(map(shown, default_keys()[name]))})" if name in keymap.bound else ""
    return f"{keymap.spelt(_HELP.get(name) or _FIXED_HELP[name])}{was}"


_FIXED_HELP = {
    "down": "the row below",
    "up": "the row above",
    "page-down": "a page down",
    "page-up": "a page up",
    "first": "the first row",
    "last": "the last row",
    "fold": "fold; to the left in a matrix",
    "unfold": "unfold; to the right in a matrix",
    "mark": "mark the row for the next action",
    "next-pane": "the next pane",
    "pane-before": "the pane before",
    **{f"pane-{number}": f"to pane {number}" for number in range(1, 6)},
    "apply": "apply what is edited",
    "revert": "give up what is edited",
    "fix": "what in the edited text would turn the flow",
    "preview": "all that the edited text would change",
    "zoom-typing": "the editor alone or all panes, while one types too",
    "help-typing": "the help, while one types too",
}


def config_json(file: Path, sessions: Path, look: Look) -> dict[str, Any]:
    """The same as plain values."""
    choices = {"theme": look.theme, "ascii": look.ascii, "mouse": look.mouse}
    return {
        "version": 1,
        "settings": {"file": str(file), "exists": file.exists()},
        "sessions": str(sessions),
        **{name: {"value": said.value, "by": said.by} for name, said in choices.items()},
        "keys": {name: list(keys_of(look.keymap, name)) for name in default_keys()},
    }
