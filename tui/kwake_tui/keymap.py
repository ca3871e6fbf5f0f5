"""Keys as data: which key, what it does, its word in the key line, and in which panes it is offered there."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """One key of the main screen."""

    key: str
    act: str
    """Name of what it does, in `acts.ACTS`."""
    word: str
    panes: tuple[str, ...]
    """Panes whose key line offers it, in this order of the table. It works wherever it can."""
    help: str
    """What it does; in braces names of other keys."""

    @property
    def shown(self) -> str:
        """The key as people write it."""
        return shown(self.key)


_SHOWN = {
    "colon": ":",
    "question_mark": "?",
    "comma": ",",
    "full_stop": ".",
    "slash": "/",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
}


def shown(key: str) -> str:
    """A key as people write it: `?` for `question_mark`."""
    return _SHOWN.get(key, key)


LISTS = ("cluster", "path", "connections", "events")
"""Panes that are lists."""

KEYS: tuple[Key, ...] = (
    Key("t", "trace", "trace", ("cluster",), "trace from the pod or workload under the cursor; asks for the target"),
    Key("ctrl+k", "kill", "kill", ("cluster",), "delete the pod unasked, its grace period runs; {undo} undoes it"),
    Key("s", "type", "type", ("cluster",), "switch the type of the Service; says first what that changes"),
    Key("o", "open", "open", ("cluster", "path"), "open a connection for the path that is shown, and keep it open"),
    Key("F", "flip", "flip", ("cluster", "path"),
        "flip the path: edits that would turn it, each tried; enter makes one"),
    Key("e", "edit", "edit", ("cluster", "editor"), "type in the object's YAML; {apply} applies, esc goes back"),
    Key("z", "undo", "undo", (*LISTS, "editor"), "undo the last action: clock, connections and all"),
    Key("d", "describe", "describe", ("cluster", "connections", "editor"), "what is known of the object or connection"),
    Key("y", "yaml", "yaml", (), "the object's YAML, to read"),
    Key("r", "restart", "restart", (), "restart the pod's containers: same pod, same IP"),
    Key("ctrl+d", "delete", "delete", (), "delete the object; asks first"),
    Key("x", "close", "close", ("connections",), "close the connection in order"),
    Key("slash", "filter", "filter", (), "keep rows: text, !text, -l app=web, -f letters; empty: all"),
    Key("u", "used-by", "used by", (), "who owns, selects, serves or runs the object; enter goes there"),
    Key("c", "copy", "copy", (), "copy the reference of the row, by the terminal's clipboard (OSC 52)"),
    Key("left_square_bracket", "view-back", "view back", (), "what was looked at before: flow and namespace"),
    Key("right_square_bracket", "view-on", "view on", (), "and forward again"),
    Key("0", "all-namespaces", "all namespaces", (), "all namespaces"),
    *(Key(str(n), f"namespace-{n}", f"namespace {n}", (), f"namespace {n} of the tree alone") for n in range(1, 10)),
    Key("comma", "back", "event back", ("events",), "to the time of the event before, with every pane as it was then"),
    Key("full_stop", "on", "event on", ("events",), "to the time of the next event; at rest marks of what changed go"),
    Key("p", "pin", "pin", ("path", "connections"), "pin the flow that is shown and watch it; again: no more"),
    Key("w", "wake", "wake", ("events",), "the wake of the last action: traffic lost, gained, rerouted, cut"),
    Key("f", "flows", "flows", ("connections", "events"), "flows through the last action; who knew what when"),
    Key("m", "reach", "reach", ("path",), "who may talk to whom, before and after the last action: a matrix"),
    Key("Z", "redo", "redo", ("path", "events"), "redo what was undone"),
    Key("plus", "zoom", "zoom", ("editor",), "this pane alone, as in a small terminal; again: all panes"),
    Key("T", "moments", "moments", (), "all moments of the timeline, branches too; enter goes to one"),
    Key("n", "next-step", "next step", (), "the next step of the scenario that is open ({command} replay FILE)"),
    Key("N", "last-step", "step back", (), "the step of the scenario before"),
    Key("colon", "command", "command", (), "type a command; tab completes"),
    Key("question_mark", "help", "help", (), "this page"),
    Key("q", "quit", "quit", (), "leave; asks where actions are not saved, {quit} again leaves, {command}q! at once"),
)  # fmt: skip
"""All keys. `tab` and `shift+tab` go from pane to pane, `j k h l g G`, arrows and page keys move in one."""

FIXED: dict[str, str] = {
    "down": "down,j",
    "up": "up,k",
    "page-down": "pagedown",
    "page-up": "pageup",
    "first": "home,g",
    "last": "end,G",
    "fold": "left,h",
    "unfold": "right,l",
    "mark": "space",
    "next-pane": "tab",
    "pane-before": "shift+tab",
    # Where a terminal sends alt as an escape, Textual reads alt+2 as the sign ™ of a Mac: so the first is f2.
    **{f"pane-{number}": f"f{number},alt+{number}" for number in range(1, 6)},
    "apply": "ctrl+s",
    "revert": "ctrl+r",
    "fix": "ctrl+f",
    "preview": "ctrl+o",
    "zoom-typing": "ctrl+t",
    "help-typing": "ctrl+g",
}
"""Keys that are offered nowhere but in the help, by the names under which they can be bound otherwise."""

EDITOR_KEYS: tuple[tuple[str, str], ...] = (
    ("apply", "apply"),
    ("esc", "back"),
    ("ctrl+z", "undo"),
    ("fix", "flip"),
    ("preview", "preview"),
    ("zoom-typing", "zoom"),
    ("revert", "revert"),
    ("tab", "indent"),
    ("shift+tab", "outdent"),
    ("help-typing", "help"),
)
"""What the key line offers while one types in the editor: the name of a key, or a key that is always the same."""
