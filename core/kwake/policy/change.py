"""Changes of objects that policies depend on, in words and as patches, and the cluster after them."""

from __future__ import annotations

from kwake.cluster import NAME_LABEL, Cluster, Record, record
from kwake.objects.document import Manifest
from kwake.objects.json_patch import Change, New
from kwake.objects.key import Key
from kwake.objects.kinds import Pod, ReplicationController, Workload
from kwake.policy.ends import PolicyEnd
from kwake.policy.rules import Seeing

OF_ONE_POD = frozenset({"pod-template-hash", "controller-revision-hash", "pod-template-generation", "job-name",
                        "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid",
                        "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"})  # fmt: skip
"""Labels that controllers give to tell pods of one workload apart."""


def applied(cluster: Cluster, changes: tuple[Change, ...]) -> Cluster:
    """The cluster after these changes. What changes in a workload's template changes in its pods, as a rollout would.

    Raises UsageError where an object is not as a patch expects.
    """
    for change in changes:
        if isinstance(change, New):
            made = record(change.manifest)
            cluster = cluster.with_changes({made.key: made})
            continue
        old = cluster.record(change.key)
        after = _again(old, change.of(old.manifest))
        pods = _rolled_out(cluster, old, after)
        cluster = cluster.with_changes({change.key: after, **pods})
    return cluster


def _again(old: Record, manifest: Manifest) -> Record:
    return record(manifest, old.origin, old.made)


def _rolled_out(cluster: Cluster, old: Record, new: Record) -> dict[Key, Record | None]:
    before, after = old.value, new.value
    if not isinstance(before, Workload | ReplicationController) or not isinstance(
        after, Workload | ReplicationController
    ):
        return {}
    was, is_ = before.spec.template.metadata.labels, after.spec.template.metadata.labels
    changed: dict[Key, Record | None] = {}
    for pod in cluster.pods_of(before.key):
        manifest = cluster.record(pod.key).manifest
        kept = {key: value for key, value in pod.metadata.labels.items() if key not in was}
        manifest["metadata"]["labels"] = {**kept, **is_}
        changed[pod.key] = _again(cluster.record(pod.key), manifest)
    return changed


def identity(cluster: Cluster, pod: Pod) -> dict[str, str]:
    """The labels that tell its workload: what its controller selects by, else its own."""
    for owner in reversed(list(cluster.owners(pod))):
        value = owner.value
        if isinstance(value, Workload | ReplicationController):
            labels = {k: v for k, v in _selected_by(value).items() if k not in OF_ONE_POD}
            if labels and labels.items() <= pod.metadata.labels.items():
                return labels
    return {key: value for key, value in pod.metadata.labels.items() if key not in OF_ONE_POD}


def _selected_by(value: Workload | ReplicationController) -> dict[str, str]:
    selector = value.spec.selector
    return dict(selector) if isinstance(selector, dict) else dict(selector.match_labels)


def peer_of(cluster: Cluster, seeing: Seeing, end: PolicyEnd, home: str) -> Manifest:
    """The peer that means an end and its workload's other pods, in a NetworkPolicy of namespace `home`."""
    pod = seeing.pod(end)
    if pod is None:
        return {"ipBlock": {"cidr": single(end.ip)}}
    peer: Manifest = {"podSelector": selecting(cluster, pod)}
    if pod.metadata.namespace != home:
        peer = {"namespaceSelector": {"matchLabels": {NAME_LABEL: pod.metadata.namespace}}, **peer}
    return peer


def selecting(cluster: Cluster, pod: Pod) -> Manifest:
    """The selector of a pod's workload."""
    labels = identity(cluster, pod)
    return {"matchLabels": labels} if labels else {}


def single(ip: str) -> str:
    """The block of one address."""
    return f"{ip}/128" if ":" in ip else f"{ip}/32"
