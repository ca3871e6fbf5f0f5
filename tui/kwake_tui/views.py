"""Opens the screens beside the main one, from a key or a command."""

from __future__ import annotations

from collections.abc import Sequence

from kwake.dataplane.path import Flow
from kwake.errors import ReferenceNotFound
from kwake.objects.kinds import Pod
from kwake.policy.workloads import workload_name
from kwake_tui.action_words import number
from kwake_tui.desk import Desk
from kwake_tui.screens.flows import FlowsScreen
from kwake_tui.screens.reach import reach_screen
from kwake_tui.screens.view import ViewScreen
from kwake_tui.screens.wake import wake_screen


def open_reach(desk: Desk, words: Sequence[str] = ()) -> None:
    """Who may talk to whom; what changed since the last action, or since a moment. Raises UsageError."""
    _open(desk, reach_screen(desk.session, _moment(words), _workload(desk)))


def open_wake(desk: Desk, words: Sequence[str] = ()) -> None:
    """What changed for traffic since the last action, or since a moment. Raises UsageError."""
    _open(desk, wake_screen(desk.session, _moment(words)))


def open_flows(desk: Desk, words: Sequence[str] = ()) -> None:
    """How flows and connections fared through the last action, and who knew what when."""
    del words
    _open(desk, FlowsScreen(desk.session))


def _workload(desk: Desk) -> str:
    """The workload under the cursor as tables name it; of a Service that of its first pod. Empty on anything else."""
    cluster = desk.session.world.cluster
    try:
        chosen = cluster.resolve(desk.chosen)
        pods = cluster.pods_of(chosen)
    except ReferenceNotFound:
        return ""
    pod = cluster.value(Pod, chosen.namespace, chosen.name) if chosen.kind == "Pod" else next(iter(pods), None)
    return workload_name(cluster, pod) if pod is not None else ""


def _moment(words: Sequence[str]) -> int | None:
    return number(words[0], "the number of a moment") if words else None


def _open(desk: Desk, screen: ViewScreen) -> None:
    def answered(answer: Flow | str | None) -> None:
        if isinstance(answer, Flow):
            desk.look_at(answer)
        elif answer:
            desk.edit(answer)

    desk.open(screen, answered)
