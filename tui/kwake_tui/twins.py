"""What prints the same as a view of the console: for scripts, for screen readers, without a terminal."""

from __future__ import annotations

from typing import Final, NamedTuple


class Twin(NamedTuple):
    """A view, and the command that prints the same."""

    view: str
    screen: str
    """The class of the screen that shows it; empty for a pane of the main one."""
    command: str


TWINS: Final[tuple[Twin, ...]] = (
    Twin("Cluster, and all panes at once", "MainScreen", "kwake SNAPSHOT…"),
    Twin("While a snapshot is read", "OpeningScreen", "kwake SNAPSHOT…"),
    Twin("Where no pane fits", "TinyScreen", "kwake SNAPSHOT…"),
    Twin("While a live cluster is read; followed", "OpeningScreen", "kwake check --context NAME"),
    Twin("Path", "", "kwake trace SNAPSHOT… --from A --to B --port P"),
    Twin("Editor, its preview", "", "kwake yaml SNAPSHOT… OBJECT; kwake what-if SNAPSHOT… --do 'apply FILE'"),
    Twin("Connections, Events, Timeline", "", "kwake what-if SNAPSHOT… --do ACTION [--do ACTION]"),
    Twin("Reach", "ReachScreen", "kwake reach SNAPSHOT…"),
    Twin("Wake", "WakeScreen", "kwake what-if SNAPSHOT… --do ACTION"),
    Twin("Flows, Who knows", "FlowsScreen", "kwake what-if SNAPSHOT… --do ACTION --flow NAME=FROM,TO:PORT"),
    Twin("Describe, a Service, YAML", "ReaderScreen", "kwake describe SNAPSHOT… OBJECT; kwake yaml SNAPSHOT… OBJECT"),
    Twin("Used by, moments", "ChoiceScreen", "kwake describe SNAPSHOT… OBJECT; kwake what-if SNAPSHOT… --do ACTION"),
    Twin("A rule", "ReaderScreen", "kwake rule ID"),
    Twin("Check", "ChoiceScreen", "kwake check SNAPSHOT…"),
    Twin("Flip: what would turn a path", "FlipScreen", "kwake trace SNAPSHOT… --from A --to B --flip"),
    Twin("kubectl commands", "KubectlScreen", "kwake kubectl SCENARIO"),
    Twin("Service type", "ServiceTypeScreen", "kwake what-if SNAPSHOT… --do 'set-type SERVICE TYPE'"),
    Twin("Trace to", "TargetScreen", "kwake trace SNAPSHOT… --from A --to B --port P"),
    Twin("Are you sure?", "ConfirmScreen", "kwake what-if SNAPSHOT… --do 'delete OBJECT'"),
    Twin("Leave, and what would be lost", "LeaveScreen", "kwake sessions; kwake --resume NAME"),
    Twin("Lessons", "LearnScreen", "kwake learn"),
    Twin("A session that crashed", "RecoverScreen", "kwake sessions; kwake --resume NAME"),
    Twin("Help: keys and commands", "HelpScreen", "kwake config"),
)  # fmt: skip
"""Every screen, and the panes of the main one."""
