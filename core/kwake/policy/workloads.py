"""What a pod counts as in tables: the workload that controls it."""

from __future__ import annotations

import re

from kwake.cluster import Cluster
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
    owner = pod.controller
    if owner is None or not owner.name or owner.kind == "Node":
        return pod_name(cluster, pod)
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
