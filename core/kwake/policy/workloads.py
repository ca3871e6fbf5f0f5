"""What a pod counts as in tables: the workload that controls it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from kwake.cluster import Cluster
from kwake.objects.base import OwnerReference
from kwake.objects.kinds import Pod


def pod_name(_cluster: Cluster, pod: Pod) -> str:
    """`namespace/name[Pod]`."""
    return f"{pod.metadata.namespace}/{pod.metadata.name}[Pod]"


def workload_name(cluster: Cluster, pod: Pod) -> str:
    """`namespace/name[Kind]` of the controlling owner, `[Pod]` of a pod without one.

    An owner that kwake made for another stands for that one: the Deployment, not the ReplicaSet made for it. Half an
    ownerReference, without a kind, gives `[Pod]` with the owner's name. A static pod, whose owner is its node, is
    nobody's.
    """
    return workload_names(cluster)(pod)


def pod_names(cluster: Cluster) -> Callable[[Pod], str]:
    """`pod_name` for many pods of a cluster."""
    return partial(pod_name, cluster)


def workload_names(cluster: Cluster) -> Callable[[Pod], str]:
    """`workload_name` for many pods of a cluster: the owners of those that share one are looked up once."""
    known: dict[tuple[str, OwnerReference], str] = {}

    def name(pod: Pod) -> str:
        owner = pod.controller
        if owner is None or not owner.name or owner.kind == "Node":
            return pod_name(cluster, pod)
        of = pod.metadata.namespace, owner
        if of not in known:
            known[of] = _owned_name(cluster, pod, owner)
        return known[of]

    return name


def _owned_name(cluster: Cluster, pod: Pod, owner: OwnerReference) -> str:
    kind, name = owner.kind or "Pod", owner.name
    for record in cluster.owners(pod):
        kind, name = record.key.kind, record.key.name
        if not record.made.startswith("made by"):
            break
    return f"{pod.metadata.namespace}/{name}[{kind}]"


_REPLICA_SET = re.compile(r"(.+)-[bcdfghjklmnpqrstvwxz2456789]{4,10}\[ReplicaSet\]")
"""A Deployment's name and the hash of its pod template, in the letters of hashes (`k8s:apimachinery/pkg/util/rand`)."""


def implied_deployment(name: str) -> str:
    """`namespace/name[Deployment]` for a ReplicaSet that is called as a Deployment calls its own; empty for others."""
    matched = _REPLICA_SET.fullmatch(name)
    return f"{matched[1]}[Deployment]" if matched else ""


def proposed_name(cluster: Cluster, pod: Pod) -> str:
    """What to call a pod's workload in the name of an object that is proposed: without a hash, which the next rollout
    changes."""
    name = workload_name(cluster, pod)
    return (implied_deployment(name) or name).partition("[")[0].partition("/")[2]
