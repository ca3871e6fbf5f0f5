"""Which pods go first when there are too many."""

from __future__ import annotations

from collections import Counter

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod


def first_to_go(cluster: Cluster, active: list[Pod], count: int) -> list[Pod]:
    """Whom a ReplicaSet or a Job deletes first: unassigned, pending, not ready, sharing its node with most, newest.

    `k8s:pkg/controller/controller_utils.go` ActivePodsWithRanks. The moment of readiness and restarts are left out;
    pods that the model made have no creation time and count as the newest; the name decides what is left (assumed).
    """
    on_node = Counter(pod.spec.node_name for pod in active)
    phases = {"Pending": 0, "": 0, "Unknown": 1, "Running": 2}
    by_age = sorted(active, key=lambda pod: (_created(cluster, pod), pod.metadata.name), reverse=True)
    ranked = sorted(
        by_age,
        key=lambda pod: (
            bool(pod.spec.node_name),
            phases.get(pod.status.phase, 1),
            pod.is_ready,
            -on_node[pod.spec.node_name],
        ),
    )
    return ranked[:count]


def _created(cluster: Cluster, pod: Pod) -> str:
    """RFC 3339 sorts by text; `~` comes after every digit."""
    return str(cluster.record(pod.key).manifest["metadata"].get("creationTimestamp") or "~")
