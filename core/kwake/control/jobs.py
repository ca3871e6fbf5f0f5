"""Jobs: how many pods run at a time, what replaces one that fails, and when the Job gives up (PD-5)."""

from __future__ import annotations

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes, edited
from kwake.control.made_pods import INDEX_ANNOTATION, indexed_pod, pod_from
from kwake.control.victims import first_to_go
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.kinds import Job, Pod

BACKOFF_LIMIT = 6
"""Failures that a Job bears, where it does not say."""
LONGEST_BACKOFF_MS = 360_000
"""`web:concepts/workloads/controllers/job.md`: 10 s, 20 s, 40 s … at most six minutes."""


def wanted(owner: Record) -> int:
    """How many pods a Job wants to run now: none when it is suspended or over."""
    assert isinstance(owner.value, Job)
    if owner.value.spec.suspend or is_over(owner):
        return 0
    at_once = owner.value.spec.parallelism
    completions = _spec(owner).get("completions")
    if completions is None:
        return at_once
    return max(0, min(at_once, int(completions) - int(_status(owner).get("succeeded") or 0)))


def is_over(owner: Record) -> bool:
    """Whether the Job is complete, or has failed."""
    conditions = _status(owner).get("conditions") or ()
    return any(c.get("type") in ("Complete", "Failed") and c.get("status") == "True" for c in conditions)


def replaces_terminating(owner: Record) -> bool:
    """Whether a pod that is on its way out is replaced already: `podReplacementPolicy`, which is Failed where there is
    a podFailurePolicy (`k8s:pkg/apis/batch/v1/defaults.go`)."""
    spec = _spec(owner)
    default = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    return bool((spec.get("podReplacementPolicy") or default) == "TerminatingOrFailed")


def failures(owner: Record) -> int:
    """Pods of it that have failed so far."""
    return int(_status(owner).get("failed") or 0)


def backoff_limit(owner: Record) -> int:
    """How many failures it bears: one more, and it has failed."""
    said = _spec(owner).get("backoffLimit")
    return BACKOFF_LIMIT if said is None else int(said)


def backoff_ms(first_ms: int, failed: int) -> int:
    """How long after its last failure a Job makes the next pod."""
    return int(min(first_ms * 2 ** (min(failed, 32) - 1), LONGEST_BACKOFF_MS)) if failed else 0


def failed_again(owner: Record) -> Record:
    """The Job with one failure more; beyond its limit it has failed."""
    manifest = owner.manifest
    status = {**_status(owner), "failed": failures(owner) + 1}
    if status["failed"] > backoff_limit(owner):
        over = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
        status["conditions"] = [*(status.get("conditions") or ()), over]
    manifest["status"] = status
    return edited(owner, manifest)


def reconcile_job(
    cluster: Cluster, owner: Record, opened: Cluster | None, is_waiting: bool, draws: Draws
) -> tuple[Changes, Draws]:
    """Pods to make, unless it waits after a failure, or to delete; and how many are active then.

    As many as it lacked in the snapshot it goes on lacking.
    """
    before = opened.find(owner.key) if opened is not None else None
    gap = 0
    if opened is not None and before is not None:
        had = active_pods(opened, before)
        gap = wanted(before) - len(had) if had or before.manifest.get("status") else 0
        if wanted(before) and not wanted(owner):
            gap = 0  # suspended, or over, since then: all of them go
    active = active_pods(cluster, owner)
    missing = wanted(owner) - len(active) - gap
    changes: Changes = {}
    if missing > 0 and not is_waiting:
        for _ in range(missing):
            made, draws = _made(cluster, owner, changes, draws)
            changes[made.key] = made
    elif missing < 0:
        changes = {pod.key: None for pod in first_to_go(cluster, active, -missing)}
    if changes:
        manifest = owner.manifest
        manifest["status"] = {**_status(owner), "active": len(active) + (missing if missing < 0 else len(changes))}
        changes[owner.key] = edited(owner, manifest)
    return changes, draws


def active_pods(cluster: Cluster, owner: Record) -> list[Pod]:
    """Its pods that count as running."""
    leaving = not replaces_terminating(owner)
    return [
        pod
        for pod in cluster.controlled_by(owner.key, Pod)
        if not pod.is_terminal and (leaving or not pod.is_terminating)
    ]


def _made(cluster: Cluster, owner: Record, taken: Changes, draws: Draws) -> tuple[Record, Draws]:
    """A new pod; of an Indexed Job with the lowest index that no active or succeeded pod has."""
    if _spec(owner).get("completionMode") != "Indexed":
        return pod_from(owner, draws, cluster, taken)
    done = [p for p in cluster.controlled_by(owner.key, Pod) if p.status.phase == "Succeeded"]
    holders = [*active_pods(cluster, owner), *done, *(r.value for r in taken.values() if r is not None)]
    held = {holder.metadata.annotations.get(INDEX_ANNOTATION) for holder in holders}
    index = next(number for number in range(len(held) + 1) if str(number) not in held)
    return indexed_pod(owner, index, draws, cluster, taken)


def _spec(owner: Record) -> Manifest:
    spec: Manifest = owner.manifest.get("spec") or {}
    return spec


def _status(owner: Record) -> Manifest:
    status: Manifest = owner.manifest.get("status") or {}
    return status
