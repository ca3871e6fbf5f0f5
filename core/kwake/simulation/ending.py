"""How pods end: asked to go, by force, or with nobody there to confirm it; and what becomes of their address."""

from __future__ import annotations

import msgspec

from kwake.cluster import Record
from kwake.control.ipam import release
from kwake.control.jobs import backoff_limit, backoff_ms, failed_again, failures, is_over, replaces_terminating, wanted
from kwake.control.pods import exit_delay_ms, failed, terminating
from kwake.dataplane.living import LOST, UNCONFIRMED
from kwake.objects.basis import Basis
from kwake.objects.event import Clock
from kwake.objects.key import Key
from kwake.objects.kinds import Job, Pod
from kwake.simulation.draft import Draft
from kwake.simulation.tasks import ExitProcesses, MakeSandbox, RetryJob


def living(draft: Draft, pod: Key, uid: str) -> Pod | None:
    """The pod, if it is still this very one."""
    found = draft.cluster.find(pod)
    value = found.value if found is not None else None
    return value if isinstance(value, Pod) and value.metadata.uid == uid else None


def terminate(draft: Draft, key: Key, *, actor: str, grace: int | None = None) -> None:
    """Ask a pod to go: it is marked, and its processes end by themselves or by force (PD-10)."""
    record = draft.cluster.record(key)
    assert isinstance(record.value, Pod)
    pod = record.value
    if pod.is_terminating:
        _shorten(draft, record, pod, grace)
        return
    if not pod.spec.node_name or pod.is_terminal:
        # Nothing runs: the API server removes it at once.
        remove_pod(draft, pod, "killed")
        return
    grace_s = _grace_seconds(pod, grace)
    draft.change({key: terminating(record, draft.now_ms, grace_s)})
    if actor != "controller":
        _count_failure(draft, pod, is_leaving=True)
    draft.tell("pod-terminating", key, f"{key.name} is terminating, grace {grace_s} s", actor, rule="PD-10")
    if reports(draft, pod):
        let_exit(draft, record, pod, grace_s)
    else:
        words = f"{key.name} stays terminating: {pod.spec.node_name} does not report, nobody confirms its end"
        draft.tell("pod-stuck", key, words, "kubelet", rule="PD-17")


def _grace_seconds(pod: Pod, grace: int | None) -> int:
    """A negative one counts as a second (`k8s:pkg/registry/core/pod/strategy.go` CheckGracefulDelete)."""
    seconds = pod.spec.termination_grace_period_seconds if grace is None else grace
    return 1 if seconds < 0 else seconds


def let_exit(draft: Draft, record: Record, pod: Pod, grace_s: int) -> None:
    """The processes end by themselves, or by force when the grace is over (PD-10)."""
    ms, parts = exit_delay_ms(record, draft.profile, grace_s)
    how = "graceful"
    if ms < sum(clock.ms for clock in parts):
        parts, how = [Clock("grace-period", ms, Basis.SOURCED, "terminationGracePeriodSeconds")], "killed"
    draft.schedule(ExitProcesses(pod.key, pod.metadata.uid, how), *parts)


def _shorten(draft: Draft, record: Record, pod: Pod, grace: int | None) -> None:
    """A second deletion may only shorten the grace (`k8s:apiserver/pkg/registry/rest/delete.go` BeforeDelete)."""
    uid = pod.metadata.uid
    exits = [item for item in draft.pending if isinstance(item.task, ExitProcesses) and item.task.uid == uid]
    if grace is None or not exits:
        return
    grace_s = _grace_seconds(pod, grace)
    if draft.now_ms + grace_s * 1000 < exits[0].due_ms:
        draft.pending = [item for item in draft.pending if item not in exits]
        draft.change({pod.key: terminating(record, draft.now_ms, grace_s)})
        killed = Clock("grace-period", grace_s * 1000, Basis.SOURCED, "gracePeriodSeconds of the second deletion")
        draft.schedule(ExitProcesses(pod.key, uid, "killed"), killed)


def reports(draft: Draft, pod: Pod) -> bool:
    """Whether the pod's kubelet is known to do what is asked of it (PD-13, PD-17)."""
    node = draft.cluster.node(pod.spec.node_name)
    return node is not None and not node.is_silent and pod.spec.node_name not in draft.silent


def force_delete(draft: Draft, pod: Pod) -> None:
    """Remove the object at once (PD-13). Where the node does not report, nobody knows whether the processes end:
    their connections become unknown, and their address is not free."""
    if reports(draft, pod) or not pod.spec.node_name:
        remove_pod(draft, pod, "killed")
    else:
        remove_pod(draft, pod, LOST if draft.exits.get(pod.metadata.uid) == LOST else UNCONFIRMED)


def remove_pod(draft: Draft, pod: Pod, how: str) -> None:
    """The pod's object is removed; its processes are gone (`graceful` or `killed`) and its address is free, unless
    nobody confirms that (`unconfirmed`, or `lost` with its machine)."""
    uid = pod.metadata.uid
    draft.exits[uid] = how
    draft.stopped -= down(draft, uid)
    draft.drop_tasks_of(uid)
    draft.forget_environments([pod])
    if not pod.is_terminating:
        _count_failure(draft, pod, is_leaving=True)
    _count_failure(draft, pod, is_leaving=False)
    draft.change({pod.key: None})
    if how not in (UNCONFIRMED, LOST):
        free_address(draft, pod)


def fail_pod(draft: Draft, pod: Pod) -> None:
    """Its containers have ended for good: it stays as an object, and its address is free (PD-14)."""
    uid = pod.metadata.uid
    draft.stopped -= down(draft, uid)
    draft.drop_tasks_of(uid)
    draft.change({pod.key: failed(draft.cluster.record(pod.key))})
    words = f"{pod.metadata.name} has failed: its restartPolicy is Never"
    draft.tell("pod-failed", pod.key, words, "kubelet", rule="PD-14")
    for is_leaving in (True, False):
        _count_failure(draft, pod, is_leaving=is_leaving)
    free_address(draft, pod)


def _count_failure(draft: Draft, pod: Pod, *, is_leaving: bool) -> None:
    """Let the pod's Job count a failure, once: when the pod is leaving, or, by its podReplacementPolicy, when it is
    gone. The next pod waits (`job-backoff`, doubled with each failure)."""
    job = draft.cluster.controller_of(pod)
    if job is None or not isinstance(job.value, Job) or pod.is_terminal or not wanted(job):
        return
    if replaces_terminating(job) is not is_leaving:
        return
    counted = failed_again(job)
    draft.change({job.key: counted})
    count = failures(counted)
    if is_over(counted):
        words = f"{job.key.name} has failed: {count} pods did, its backoffLimit is {backoff_limit(job)}"
        draft.tell("job-failed", job.key, words, "job controller", rule="PD-5")
        return
    first = draft.profile.clock("job-backoff")
    draft.pending = [item for item in draft.pending if item.task != RetryJob(job.key)]
    draft.schedule(RetryJob(job.key), msgspec.structs.replace(first, ms=backoff_ms(first.ms, count)))


def down(draft: Draft, uid: str) -> set[str]:
    """What is down of a pod: all of it, or single containers."""
    return down_by_pod(draft).get(uid, set())


def down_by_pod(draft: Draft) -> dict[str, set[str]]:
    """What is down of each pod that is not all up, by uid: for steps that ask of many."""
    found: dict[str, set[str]] = {}
    for entry in draft.stopped:
        found.setdefault(entry.partition("/")[0], set()).add(entry)
    return found


def free_address(draft: Draft, pod: Pod) -> None:
    """Give the pod's address back to its node's range (PD-25), and let pods that wait for one try again (PD-24)."""
    if pod.spec.host_network or not pod.ip:
        return
    node = pod.spec.node_name
    draft.addressing = release(draft.addressing, node, pod.ip, draft.profile, draft.now_ms)
    for waiting in draft.cluster.living_pods_by_node.get(node, ()):
        if not waiting.ips and not waiting.is_terminating and waiting.status.phase in ("", "Pending"):
            draft.schedule_once(MakeSandbox(waiting.key, waiting.metadata.uid), draft.profile.clock("sandbox"))
