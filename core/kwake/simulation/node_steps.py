"""A node that falls silent and one that reports again: what its pods become, by the controllers' clocks (PD-17)."""

from __future__ import annotations

from kwake.cluster import Record
from kwake.control.changes import Changes
from kwake.control.nodes import (
    OUT_OF_SERVICE,
    marked_unready,
    reachable,
    tolerates_for_s,
    unreachable,
    was_marked_unready,
)
from kwake.control.pods import grace_seconds, ready
from kwake.dataplane.living import LOST
from kwake.objects.basis import Basis
from kwake.objects.event import Clock
from kwake.objects.kinds import Node, Pod
from kwake.simulation.draft import Draft
from kwake.simulation.ending import down, force_delete, let_exit, living, terminate
from kwake.simulation.tasks import (
    BecomeReady,
    CollectOrphans,
    EvictByTaint,
    ExitProcesses,
    MakeSandbox,
    NoticeSilence,
    StartContainers,
)


def silence(draft: Draft, node: Node, lost: bool) -> None:
    """From now on the node's kubelet reports nothing; with `lost` its pods answer nobody either (CX-19c)."""
    name = node.metadata.name
    draft.silent |= {name}
    if lost:
        draft.lost |= {name}
        for pod in _pods_on(draft, name):
            draft.exits.setdefault(pod.metadata.uid, LOST)
    if not node.is_silent:
        draft.schedule(NoticeSilence(name), draft.profile.clock("node-monitor-grace"))


def wake(draft: Draft, node: Node) -> None:
    """The node reports again: what waited for its kubelet is done; what was lost starts anew, elsewhere on its range
    (PD-3)."""
    name = node.metadata.name
    draft.silent -= {name}
    draft.lost -= {name}
    pods = _pods_on(draft, name)
    uids = {pod.metadata.uid for pod in pods}
    draft.pending = [
        item
        for item in draft.pending
        if not (isinstance(item.task, NoticeSilence) and item.task.node == name)
        and not (isinstance(item.task, EvictByTaint) and item.task.uid in uids)
    ]
    draft.change({node.key: reachable(draft.cluster.record(node.key))})
    for pod in pods:
        _resume(draft, draft.cluster.record(pod.key), pod)


def _resume(draft: Draft, record: Record, pod: Pod) -> None:
    """What the kubelet does with one of its pods when it is back."""
    uid = pod.metadata.uid
    has_ended = uid in draft.exits
    if pod.is_terminating and has_ended:
        how = draft.exits[uid]
        draft.schedule(ExitProcesses(pod.key, uid, "killed" if how == LOST else how))
    elif pod.is_terminating:
        let_exit(draft, record, pod, grace_seconds(record))
    elif has_ended:
        del draft.exits[uid]
        draft.stopped |= {uid}
        draft.change({pod.key: ready(record, False)})
        draft.schedule(MakeSandbox(pod.key, uid), draft.profile.clock("sandbox"))
    elif not pod.ips:
        draft.schedule_once(MakeSandbox(pod.key, uid), draft.profile.clock("sandbox"))
    elif down(draft, uid):
        draft.schedule_once(StartContainers(pod.key, uid), draft.profile.clock("container-start"))
    elif was_marked_unready(record):
        draft.schedule(BecomeReady(pod.key, uid))


def notice_silence(draft: Draft, task: NoticeSilence) -> None:
    """The grace is over: the Node is Unknown and tainted, its pods are not ready, and their eviction is counted."""
    node = draft.cluster.node(task.node)
    if node is None or task.node not in draft.silent:
        return
    pods = _pods_on(draft, task.node)
    changes: Changes = {node.key: unreachable(draft.cluster.record(node.key))}
    changes |= {pod.key: marked_unready(draft.cluster.record(pod.key)) for pod in pods if pod.is_ready}
    draft.change(changes)
    count = len(changes) - 1
    words = f"{task.node} is Unknown and tainted unreachable; {count} of its pods are marked not ready"
    draft.tell("node-unreachable", node.key, words, "node lifecycle", rule="PD-17")
    for pod in pods:
        seconds = None if pod.is_terminating else tolerates_for_s(draft.cluster.record(pod.key).manifest)
        if seconds is not None:
            source = "0.2: 300 s, or what the pod tolerates"
            clock = Clock("toleration-seconds", 1000 * seconds, Basis.SOURCED, source)
            draft.schedule(EvictByTaint(pod.key, pod.metadata.uid), clock)


def evict(draft: Draft, task: EvictByTaint) -> None:
    """The time that a pod tolerates an unreachable node is over: it is asked to go, and nobody confirms that."""
    pod = living(draft, task.pod, task.uid)
    if pod is not None and not pod.is_terminating:
        terminate(draft, pod.key, actor="taint eviction")


def collect_orphans(draft: Draft, task: CollectOrphans) -> None:
    """Pods whose Node is gone are force-deleted, and those that terminate on one that is out of service (PD-18). The
    machine may run on: nobody knows."""
    node = draft.cluster.node(task.node)
    if node is not None and not (is_out_of_service(node) and node.is_silent):
        return
    for pod in draft.cluster.all(Pod):
        if pod.spec.node_name == task.node and (node is None or pod.is_terminating):
            why = f"its Node {task.node} is no more" if node is None else f"{task.node} is out of service"
            words = f"{pod.metadata.name} is removed: {why}"
            draft.tell("pod-gone", pod.key, words, "pod garbage collector", rule="PD-18")
            force_delete(draft, pod)


def is_out_of_service(node: Node) -> bool:
    """Whether somebody has said that the machine is off for good."""
    return any(taint.get("key") == OUT_OF_SERVICE for taint in node.spec.taints)


def _pods_on(draft: Draft, node: str) -> list[Pod]:
    return [pod for pod in draft.cluster.all(Pod) if pod.spec.node_name == node and not pod.is_terminal]
