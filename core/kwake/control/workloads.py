"""The workload controllers: which pods there should be, and what replaces one that goes (PD-5, PD-7)."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes, edited
from kwake.control.daemon_sets import eligible, reconcile_daemon_set
from kwake.control.jobs import is_over, reconcile_job, replaces_terminating
from kwake.control.made_pods import (
    daemon_pod,
    owner_reference,
    pod_from,
    replica_set_of,
    stateful_pod,
)
from kwake.control.rollout import reconcile_deployment
from kwake.control.stateful_sets import lacks_revision, ordinals, reconcile_stateful_set
from kwake.control.victims import first_to_go
from kwake.draws import Draws
from kwake.objects.basis import Basis
from kwake.objects.key import Key
from kwake.objects.kinds import (
    DaemonSet,
    Deployment,
    Job,
    KubeObject,
    Node,
    Pod,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)
from kwake.objects.selector import LabelSelector


class ReplacementRule(msgspec.Struct, frozen=True):
    """What follows when a pod of some owner is deleted: one row of PD-5."""

    when: str
    """`at once` (the deletionTimestamp is set), `when gone` (the object has left the API), or `never`."""
    same_name: bool
    same_node: bool
    modelled: bool
    """Whether `reconcile` does it; if not, what follows is unknown, for the reason."""
    reason: str
    basis: Basis = Basis.SOURCED


REPLACEMENTS: dict[str, ReplacementRule] = {
    "ReplicaSet": ReplacementRule("at once", False, False, True, "a terminating pod does not count as active"),
    "ReplicationController": ReplacementRule(
        "at once", False, False, True, "a terminating pod does not count as active"
    ),
    "StatefulSet": ReplacementRule("when gone", True, False, True, "its name must be free first"),
    "DaemonSet": ReplacementRule("when gone", False, True, True, "the old pod must be gone from the node first"),
    "Job": ReplacementRule("at once", False, False, True, "a terminating pod counts as failed"),
    "Node": ReplacementRule(
        "when gone", True, True, False, "a static pod: its kubelet runs it whatever the API says", Basis.INFERRED
    ),
}
"""PD-5's table by the kind of the controlling owner."""

_BARE = ReplacementRule("never", False, False, True, "it has no owner")
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"


def replacement_rule(cluster: Cluster, pod: Pod, opened: Cluster | None = None) -> ReplacementRule:
    """What follows when this pod is deleted (PD-5). An owner whose rule is not known is said so, never guessed.

    `opened` is the snapshot, as for `reconcile`.
    """
    if MIRROR_ANNOTATION in pod.metadata.annotations:
        return REPLACEMENTS["Node"]
    owner = pod.controller
    if owner is None:
        return _BARE
    rule = REPLACEMENTS.get(owner.kind)
    if rule is None:
        kind = owner.kind or "an owner of no stated kind"
        return ReplacementRule("", False, False, False, f"what {kind} {owner.name} does is not known", Basis.UNKNOWN)
    if rule.modelled and cluster.controller_of(pod) is None:
        reason = f"its owner {owner.kind} {owner.name} is not in the snapshot"
        return ReplacementRule(rule.when, rule.same_name, rule.same_node, False, reason, Basis.UNKNOWN)
    job = cluster.controller_of(pod) if owner.kind == "Job" else None
    if job is not None and is_over(job):
        return ReplacementRule("never", False, False, True, f"Job {owner.name} is over")
    if job is not None and not replaces_terminating(job):
        return ReplacementRule("when gone", False, False, True, "its podReplacementPolicy is Failed")
    if owner.kind == "StatefulSet" and lacks_revision(cluster, pod, opened):
        reason = f"the revision of {owner.name} that it would be made from is not in the snapshot"
        return ReplacementRule(rule.when, rule.same_name, rule.same_node, False, reason, Basis.UNKNOWN)
    return rule


# -- at open ------------------------------------------------------------------------------------------------------


def initial_pods(cluster: Cluster, draws: Draws) -> tuple[Changes, Draws]:
    """Pods, and ReplicaSets of Deployments, for every workload that was read as a manifest.

    A workload with a status, with pods or with ReplicaSets in the snapshot is taken as it is. CronJobs have no pods
    before their time.
    """
    changes: Changes = {}
    draft = cluster
    for kind in (Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job):
        for value in draft.all(kind):
            owner = draft.record(value.key)
            if owner.manifest.get("status") or _has_dependents(cluster, owner) or _pods_unread(cluster, value):
                continue
            if not value.metadata.uid:
                owner, draws = _with_uid(owner, draws)
                changes[owner.key] = owner
            written, draws = _first_objects(draft, owner, draws)
            changes.update(written)
        draft = cluster.with_changes(changes)
    return changes, draws


def _pods_unread(cluster: Cluster, value: KubeObject) -> bool:
    """Whether it may well have pods, and they were not read: nothing is made in their place."""
    return cluster.misses(Pod, value.metadata.namespace)


def _first_objects(cluster: Cluster, owner: Record, draws: Draws) -> tuple[Changes, Draws]:
    changes: Changes = {}
    match owner.value:
        case Deployment():
            made, draws = replica_set_of(owner, draws)
            return {made.key: made}, draws
        case StatefulSet():
            for ordinal in ordinals(owner):
                made, draws = stateful_pod(owner, ordinal, draws)
                changes[made.key] = made
        case DaemonSet():
            for node in cluster.all(Node):
                if eligible(owner, node):
                    made, draws = daemon_pod(owner, node.metadata.name, draws, cluster, changes)
                    changes[made.key] = made
        case Job():
            return reconcile_job(cluster, owner, None, False, draws)
        case _:
            for _ in range(_wanted(owner)):
                made, draws = pod_from(owner, draws, cluster, changes)
                changes[made.key] = made
    return changes, draws


def _wanted(owner: Record) -> int:
    """How many pods a workload wants at a time."""
    match owner.value:
        case ReplicaSet() | ReplicationController() | StatefulSet():
            return owner.value.spec.replicas
        case _:
            return 0


def _has_dependents(cluster: Cluster, owner: Record) -> bool:
    """Whether the snapshot has something that this workload controls."""
    kind = ReplicaSet if isinstance(owner.value, Deployment) else Pod
    return bool(cluster.controlled_by(owner.key, kind))


def _with_uid(owner: Record, draws: Draws) -> tuple[Record, Draws]:
    manifest = owner.manifest
    uid, draws = draws.uid(str(owner.key))
    manifest["metadata"] = {**manifest["metadata"], "namespace": owner.key.namespace, "uid": uid}
    return edited(owner, manifest), draws


# -- afterwards ---------------------------------------------------------------------------------------------------


def reconcile(
    cluster: Cluster,
    draws: Draws,
    opened: Cluster | None = None,
    waiting: frozenset[Key] = frozenset(),
    namespace: str = "",
    known: Cluster | None = None,
) -> tuple[Changes, Draws]:
    """What the workload controllers write now; a pod to delete is a change to None (its deletion is graceful).

    `opened` is the snapshot: a workload that had too few or too many pods in it keeps that gap, since its controller
    could not, or the dump does not show them all. `waiting` are Jobs that wait after a failure. `namespace` alone is
    looked at where it is named: owners and what they own are of one namespace. `known` is the cluster that they last
    made sure of: a Deployment with all that it owns as it was there is as it should be.
    """
    changes: Changes = {}
    settled: set[Key] = set()
    for deployment in cluster.all(Deployment, namespace):
        if known is not None and (own := _untouched(known, cluster, deployment)):
            settled |= own
            continue
        written, draws = reconcile_deployment(cluster, deployment, opened, draws)
        changes.update(written)
    draft = cluster.with_changes(changes)
    bare: dict[str, list[Pod]] = {}
    for pod in draft.all(Pod, namespace):
        if not pod.metadata.owner_references and _is_active(pod):
            bare.setdefault(pod.metadata.namespace, []).append(pod)
    for kind in (ReplicaSet, ReplicationController):
        for value in draft.all(kind, namespace):
            if value.metadata.deletion_timestamp is None and (bare or value.key not in settled):
                unowned = [pod for pod in bare.get(value.metadata.namespace, ()) if pod.key not in changes]
                written, draws = _reconcile_replicas(draft, draft.record(value.key), unowned, opened, draws)
                changes.update(written)
    for ordered in draft.all(StatefulSet, namespace):
        if ordered.metadata.deletion_timestamp is None:
            written, draws = reconcile_stateful_set(draft, draft.record(ordered.key), opened, draws)
            changes.update(written)
    for daemon in draft.all(DaemonSet, namespace):
        if daemon.metadata.deletion_timestamp is None:
            written, draws = reconcile_daemon_set(draft, draft.record(daemon.key), opened, draws)
            changes.update(written)
    for job in draft.all(Job, namespace):
        if job.metadata.uid and job.metadata.deletion_timestamp is None:
            owner = draft.record(job.key)
            written, draws = reconcile_job(draft, owner, opened, job.key in waiting, draws)
            changes.update(written)
    return changes, draws


def _untouched(known: Cluster, now: Cluster, deployment: Deployment) -> set[Key]:
    """The Deployment and its ReplicaSets, if they and their pods are what they were; clusters share what did not
    change, so that is a matter of identity. Empty otherwise."""
    before, after = (c.owned_by(deployment.key) for c in (known, now))
    if (
        before is not after
        or known.value(Deployment, deployment.metadata.namespace, deployment.metadata.name) is not deployment
    ):
        return set()
    keys = {value.key for value in after}
    return keys | {deployment.key} if all(known.owned_by(k) is now.owned_by(k) for k in keys) else set()


def _reconcile_replicas(
    cluster: Cluster, owner: Record, bare: list[Pod], opened: Cluster | None, draws: Draws
) -> tuple[Changes, Draws]:
    """Pods of a ReplicaSet or ReplicationController: orphan, adopt, then create or delete (PD-5, PD-7)."""
    changes: Changes = {}
    selector = _selector(owner.value)
    active: list[Pod] = []
    for pod in cluster.controlled_by(owner.key, Pod):
        if _is_active(pod) and _same_uid(pod, owner.value):
            if selector is not None and not selector.matches(pod.metadata.labels):
                changes[pod.key] = _orphaned(cluster.record(pod.key), owner)
            else:
                active.append(pod)
    for pod in bare:
        if selector is not None and selector.matches(pod.metadata.labels):
            changes[pod.key] = _adopted(cluster.record(pod.key), owner)
            active.append(pod)
    missing = _wanted(owner) - len(active) - _gap(opened, owner.key)
    for _ in range(missing):
        made, draws = pod_from(owner, draws, cluster, changes)
        changes[made.key] = made
    if missing < 0:
        for pod in first_to_go(cluster, active, -missing):
            changes[pod.key] = None
    return changes, draws


def _gap(opened: Cluster | None, owner: Key) -> int:
    """How many pods a workload lacked in the snapshot (negative: had too many)."""
    found = opened.find(owner) if opened is not None else None
    if opened is None or found is None:
        return 0
    active = [pod for pod in opened.controlled_by(owner, Pod) if _is_active(pod) and _same_uid(pod, found.value)]
    return _wanted(found) - len(active) if active or found.manifest.get("status") else 0


def _selector(value: KubeObject) -> LabelSelector | None:
    """None where it would select everything (a ReplicaSet's selector is never empty, a dump's may be missing), or not
    even the pods of its own template: the API server refuses that, in examples it stands, and pods would be made and
    orphaned without end."""
    match value:
        case ReplicaSet(spec=spec):
            selector = spec.selector
        case ReplicationController(spec=spec):
            selector = LabelSelector(spec.selector or spec.template.metadata.labels)
        case _:
            return None
    return None if selector.is_empty or not selector.matches(spec.template.metadata.labels) else selector


def _is_active(pod: Pod) -> bool:
    """Whether a ReplicaSet counts it (PD-5)."""
    return not pod.is_terminal and not pod.is_terminating


def _same_uid(pod: Pod, owner: KubeObject) -> bool:
    """Whether the pod's owner is this very object, not an earlier one of its name; dumps leave uids out."""
    reference = pod.controller
    return reference is None or not reference.uid or not owner.metadata.uid or reference.uid == owner.metadata.uid


def _orphaned(pod: Record, owner: Record) -> Record:
    """The pod without its owner: it runs on, and nobody replaces it (PD-7)."""
    manifest = pod.manifest
    metadata = manifest["metadata"]
    rest = [o for o in metadata.get("ownerReferences") or () if o.get("name") != owner.key.name]
    metadata["ownerReferences"] = rest
    if not rest:
        del metadata["ownerReferences"]
    return edited(pod, manifest)


def _adopted(pod: Record, owner: Record) -> Record:
    """A pod that nobody controls and that the selector matches (PD-7, inferred)."""
    manifest = pod.manifest
    manifest["metadata"]["ownerReferences"] = [owner_reference(owner)]
    return edited(pod, manifest)
