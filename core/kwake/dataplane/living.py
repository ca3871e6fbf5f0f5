"""Whether the pod at an end of a connection still lives: the very pod, with the very address."""

from __future__ import annotations

from kwake.dataplane.connection import PodEnd
from kwake.dataplane.view import View
from kwake.objects.kinds import Pod
from kwake.objects.reference import parse_reference

UNCONFIRMED = "unconfirmed"
"""The pod's object is gone, and its node does not say whether its processes are (PD-13)."""
LOST = "lost"
"""The machine is off: nobody answers, and nobody says so (CX-19c)."""


def pod_of(view: View, end: PodEnd) -> Pod | None:
    """The pod object of this uid, if it is still there."""
    reference = parse_reference(end.pod)
    pod = view.cluster.pod(reference.namespace, reference.name)
    return pod if pod is not None and pod.metadata.uid == end.uid else None


def is_down(view: View, pod: Pod, port: int, protocol: str) -> bool | None:
    """Whether the container that listens there is down now; None where which one does is not declared (PD-2)."""
    uid = pod.metadata.uid
    if uid in view.stopped:
        return True
    containers = pod.port_containers
    down = {c.name for c in containers if f"{uid}/{c.name}" in view.stopped}
    if not down:
        return False
    declared = {c.name for c in containers if any((p.container_port, p.protocol) == (port, protocol) for p in c.ports)}
    return bool(declared & down) if declared else None


def how_it_is(view: View, end: PodEnd, port: int = 0, protocol: str = "TCP") -> str:
    """`alive`; `graceful`, `killed` or `lost` as its processes ended, `unconfirmed` where nobody knows; `crashed`
    while the container that listens on the port is down, `perhaps crashed` where that is not known; `moved` if its
    sandbox was made anew, with another address (PD-3)."""
    if end.uid in view.exits:
        return view.exits[end.uid]
    pod = pod_of(view, end)
    if pod is None:
        return "killed"
    down = is_down(view, pod, port, protocol)
    if down is not False:
        return "crashed" if down else "perhaps crashed"
    if pod.is_terminal:
        return "graceful" if pod.status.phase == "Succeeded" else "killed"
    return "alive" if end.ip in pod.ips else "moved"
