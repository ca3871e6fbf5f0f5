"""Evictions, one at a time or those of a whole node: what budgets hold back is tried again (PD-15, PD-16)."""

from __future__ import annotations

from kwake.control.changes import edited
from kwake.control.disruption import Answer, eviction
from kwake.control.workloads import MIRROR_ANNOTATION
from kwake.errors import Rejected, UsageError
from kwake.objects.basis import Basis
from kwake.objects.kinds import Node, Pod
from kwake.simulation.draft import Draft
from kwake.simulation.ending import terminate
from kwake.simulation.tasks import RetryDrain


def evict(draft: Draft, pod: Pod) -> None:
    """Ask the Eviction API for one pod; where its answer is not known, the pod stays. Raises Rejected in its words."""
    answer = eviction(draft.cluster, pod)
    if not answer.code:
        _tell_unknown(draft, pod, answer)
        return
    if answer.code != 200:
        raise Rejected(str(pod.key), answer.reason, code=answer.code)
    _go(draft, pod, answer)


def drain(draft: Draft, node: Node, force: bool) -> None:
    """As `kubectl drain --ignore-daemonsets --delete-emptydir-data`: cordon, then evict all that may be.

    Raises UsageError for pods that nobody would make again, unless `force`.
    """
    name = node.metadata.name
    bare = [pod for pod in _to_evict(draft, name) if draft.cluster.controller_of(pod) is None]
    if bare and not force:
        names = ", ".join(pod.metadata.name for pod in bare)
        raise UsageError(f"cannot delete Pods that declare no controller (force overrides): {names}")
    record = draft.cluster.record(node.key)
    manifest = record.manifest
    manifest.setdefault("spec", {})["unschedulable"] = True
    draft.change({node.key: edited(record, manifest)})
    _attempt(draft, name, ())


def retry_drain(draft: Draft, task: RetryDrain) -> None:
    """Try again what the budgets refused; where nothing moves any more, say so and stop."""
    if draft.cluster.node(task.node) is not None:
        _attempt(draft, task.node, task.refused)


def _attempt(draft: Draft, node: str, before: tuple[str, ...]) -> None:
    refused: dict[str, str] = {}
    unknown = False
    for pod in _to_evict(draft, node):
        answer = eviction(draft.cluster, pod)
        if answer.code == 200:
            _go(draft, pod, answer)
        elif not answer.code:
            _tell_unknown(draft, pod, answer)
            unknown = True
        elif answer.code == 429:
            refused[pod.metadata.name] = answer.reason
        elif pod.metadata.name not in before:
            words = f"{pod.metadata.name} cannot be evicted: {answer.reason}"
            draft.tell("eviction-failed", pod.key, words, "apiserver", rule="PD-16")
    names = tuple(refused)
    if not names and unknown:
        words = f"which pods leave {node} is not known"
        draft.tell("drain-unknown", f"Node/{node}", words, "you", rule="PD-16", basis=Basis.UNKNOWN)
    elif not names:
        draft.tell("node-drained", f"Node/{node}", f"every pod of {node} that may go was asked to", "you", rule="PD-16")
    elif names == before and not draft.pending:
        words = f"{', '.join(names)} of {node} will never go: {refused[names[0]]}"
        draft.tell("drain-stuck", f"Node/{node}", words, "you", rule="PD-16", basis=Basis.INFERRED)
    else:
        if names != before:
            words = f"{', '.join(names)} of {node} may not go now, tried again: {refused[names[0]]}"
            draft.tell("eviction-refused", f"Node/{node}", words, "apiserver", rule="PD-16")
        draft.schedule(RetryDrain(node, names), draft.profile.clock("drain-retry"))


def _to_evict(draft: Draft, node: str) -> list[Pod]:
    """The pods of a node that a drain asks for: not a DaemonSet's, not static ones, not those that go already."""
    return [
        pod
        for pod in draft.cluster.all(Pod)
        if pod.spec.node_name == node
        and not pod.is_terminating
        and MIRROR_ANNOTATION not in pod.metadata.annotations
        and not ((owner := draft.cluster.controller_of(pod)) is not None and owner.key.kind == "DaemonSet")
    ]


def _tell_unknown(draft: Draft, pod: Pod, answer: Answer) -> None:
    words = f"whether {pod.metadata.name} is evicted is not known: {answer.reason}"
    draft.tell("eviction-unknown", pod.key, words, "apiserver", rule="PD-16", basis=Basis.UNKNOWN)


def _go(draft: Draft, pod: Pod, answer: Answer) -> None:
    words = f"{pod.metadata.name} is evicted: {answer.reason}"
    draft.tell("pod-evicted", pod.key, words, "apiserver", rule="PD-16")
    terminate(draft, pod.key, actor="apiserver")
