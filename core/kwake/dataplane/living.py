"""Whether the pod at an end of a connection still lives: the very pod, with the very address."""

from __future__ import annotations

from kwake.dataplane.connection import PodEnd
from kwake.dataplane.view import View
from kwake.objects.kinds import Pod
from kwake.objects.reference import parse_reference


def pod_of(view: View, end: PodEnd) -> Pod | None:
    """The pod object of this uid, if it is still there."""
    reference = parse_reference(end.pod)
    pod = view.cluster.pod(reference.namespace, reference.name)
    return pod if pod is not None and pod.metadata.uid == end.uid else None


def how_it_is(view: View, end: PodEnd) -> str:
    """`alive`; `graceful`, `killed` or `lost` as its processes ended; `crashed` while its containers are down;
    `moved` if its sandbox was made anew, with another address (PD-3)."""
    if end.uid in view.exits:
        return view.exits[end.uid]
    pod = pod_of(view, end)
    if pod is None:
        return "killed"
    if end.uid in view.stopped:
        return "crashed"
    if pod.is_terminal:
        return "graceful" if pod.status.phase == "Succeeded" else "killed"
    return "alive" if end.ip in pod.ips else "moved"
