"""StatefulSets: one pod an ordinal, made again under its name once the old one is gone (PD-5, PD-6), and updated from
the highest ordinal down."""

from __future__ import annotations

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes
from kwake.control.made_pods import stateful_pod
from kwake.control.revisions import completed, current_template, labelled, present_revision
from kwake.control.rollout import resolved
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import Key, key
from kwake.objects.kinds import Pod, StatefulSet


def ordinals(owner: Record) -> range:
    """The ordinals that a StatefulSet wants pods for (`spec.ordinals.start`)."""
    assert isinstance(owner.value, StatefulSet)
    spec = owner.manifest.get("spec") or {}
    start = (spec.get("ordinals") or {}).get("start") or 0
    return range(start, start + owner.value.spec.replicas)


def reconcile_stateful_set(
    cluster: Cluster, owner: Record, opened: Cluster | None, draws: Draws
) -> tuple[Changes, Draws]:
    """Pods to make and to delete now; with OrderedReady one at a time, and only while those before are ready.

    `k8s:pkg/controller/statefulset/stateful_set_control.go` updateStatefulSet. A pod that ended is deleted first. An
    ordinal that the snapshot has no pod for stays without one; so does one below the partition whose revision the
    snapshot does not hold.
    """
    parallel = (owner.manifest.get("spec") or {}).get("podManagementPolicy") == "Parallel"
    wanted = ordinals(owner)
    changes: Changes = {}
    healthy = True
    for ordinal in wanted:
        name = _pod_key(owner, ordinal)
        pod = cluster.pod(name.namespace, name.name)
        if pod is None and _was_missing(opened, owner, name):
            continue
        if pod is None:
            made, draws = _made(cluster, owner, opened, ordinal, draws)
            if made is not None:
                changes[name] = made
        elif pod.is_terminal and not pod.is_terminating:
            changes[name] = None
        if pod is None or not _is_healthy(pod):
            healthy = False
            if not parallel:
                return changes, draws
    condemned = [pod for pod in _own_pods(cluster, owner) if _ordinal(owner, pod) not in wanted]
    for pod in sorted(condemned, key=lambda pod: -_ordinal(owner, pod)):
        if not pod.is_terminating:
            changes[pod.key] = None
        if not parallel or not healthy:
            break
    if condemned and not parallel:
        return changes, draws
    return {**_updated(cluster, owner, opened), **changes}, draws


def _made(
    cluster: Cluster, owner: Record, opened: Cluster | None, ordinal: int, draws: Draws
) -> tuple[Record | None, Draws]:
    """The pod of an ordinal, of the revision that it is to have; None where that is not known."""
    source = owner_of_ordinal(cluster, owner, opened, ordinal)
    if source is None:
        return None, draws
    made, draws = stateful_pod(source, ordinal, draws)
    return (labelled(made, present_revision(owner, opened).name) if source is owner else made), draws


def owner_of_ordinal(cluster: Cluster, owner: Record, opened: Cluster | None, ordinal: int) -> Record | None:
    """The StatefulSet with the template that a new pod of this ordinal is made from: below the partition the current
    revision's, not the newest (None where the snapshot does not hold it)."""
    below = ordinal < ordinals(owner).start + _partition(owner)
    return current_template(cluster, owner, opened) if below else owner


def lacks_revision(cluster: Cluster, pod: Pod, opened: Cluster | None) -> bool:
    """Whether a StatefulSet's pod would be made again from a revision that the snapshot does not hold."""
    owner = cluster.controller_of(pod)
    if owner is None or _ordinal(owner, pod) not in ordinals(owner):
        return False
    return owner_of_ordinal(cluster, owner, opened, _ordinal(owner, pod)) is None


def _updated(cluster: Cluster, owner: Record, opened: Cluster | None) -> Changes:
    """Pods of an earlier revision to delete now: from the highest ordinal down to the partition, as many at a time as
    may be unavailable; with OnDelete none."""
    if _strategy(owner).get("type") == "OnDelete":
        return {}
    least, most = _partition(owner), _most_unavailable(owner)
    wanted = list(ordinals(owner))
    pods = {ordinal: cluster.pod(owner.key.namespace, _pod_key(owner, ordinal).name) for ordinal in wanted}
    down = sum(pod is None or not _is_healthy(pod) for pod in pods.values())
    revision = present_revision(owner, opened)
    changes: Changes = {}
    for ordinal in reversed(wanted[least:]):
        pod = pods[ordinal]
        if pod is None:
            return changes
        if not revision.has(pod) and not pod.is_terminating:
            if most > 1 and down + len(changes) >= most:
                return changes
            changes[pod.key] = None
            if most == 1:
                return changes
        elif most == 1 and not _is_healthy(pod):
            return changes
    return changes or (completed(owner, opened) if not least and not down else {})


def _strategy(owner: Record) -> Manifest:
    strategy: Manifest = (owner.manifest.get("spec") or {}).get("updateStrategy") or {}
    return strategy


def _partition(owner: Record) -> int:
    return int((_strategy(owner).get("rollingUpdate") or {}).get("partition") or 0)


def _most_unavailable(owner: Record) -> int:
    """`maxUnavailable`, one where it is not given (`k8s:pkg/controller/statefulset/stateful_set_utils.go`)."""
    value = (_strategy(owner).get("rollingUpdate") or {}).get("maxUnavailable", 1)
    return max(1, resolved(value, len(ordinals(owner))))


def _is_healthy(pod: Pod) -> bool:
    """Running, ready, and not on its way out; `minReadySeconds` is not waited for."""
    return pod.is_ready and not pod.is_terminating and not pod.is_terminal


def _pod_key(owner: Record, ordinal: int) -> Key:
    return key("Pod", owner.key.namespace, f"{owner.key.name}-{ordinal}")


def _was_missing(opened: Cluster | None, owner: Record, pod: Key) -> bool:
    """Whether the snapshot had the StatefulSet with this ordinal, and no pod for it."""
    before = opened.find(owner.key) if opened is not None else None
    if opened is None or before is None or not before.manifest.get("status"):
        return False
    return pod not in opened and any(_pod_key(owner, ordinal) == pod for ordinal in ordinals(before))


def _own_pods(cluster: Cluster, owner: Record) -> list[Pod]:
    return [pod for pod in cluster.controlled_by(owner.key, Pod) if _ordinal(owner, pod) >= 0]


def _ordinal(owner: Record, pod: Pod) -> int:
    """The number behind the StatefulSet's name, -1 if there is none."""
    number = pod.metadata.name.removeprefix(f"{owner.key.name}-")
    return int(number) if number.isdigit() else -1
