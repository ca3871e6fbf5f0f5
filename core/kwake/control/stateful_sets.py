"""StatefulSets: one pod an ordinal, made again under its name once the old one is gone (PD-5, PD-6)."""

from __future__ import annotations

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes
from kwake.control.made_pods import stateful_pod
from kwake.draws import Draws
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
    ordinal that the snapshot has no pod for stays without one. A change of the template rolls nothing: not modelled.
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
            made, draws = stateful_pod(owner, ordinal, draws)
            changes[name] = made
        elif pod.is_terminal and not pod.is_terminating:
            changes[name] = None
        if pod is None or pod.is_terminating or not pod.is_ready:
            healthy = False
            if not parallel:
                return changes, draws
    condemned = [pod for pod in _own_pods(cluster, owner) if _ordinal(owner, pod) not in wanted]
    for pod in sorted(condemned, key=lambda pod: -_ordinal(owner, pod)):
        if not pod.is_terminating:
            changes[pod.key] = None
        if not parallel or not healthy:
            break
    return changes, draws


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
