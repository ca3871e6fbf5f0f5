"""Owners and nodes that a snapshot names but does not hold, made from the pods that name them.

Dumps are often `kubectl get pods` alone. What is made here carries `Record.made`, and `kwake check` lists it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from kwake.cluster import Cluster, Record, record
from kwake.objects.document import Manifest
from kwake.objects.key import GROUP_OF_KIND, Key, group_of, key
from kwake.objects.kinds import LISTENS_ANNOTATION, KubeObject, Node, OwnerReference, Pod, ReplicaSet, Workload
from kwake.profiles.profile import Profile

ASSUMED_NODES = (("node-a", "10.244.0.0/24", "192.168.0.11"),
                 ("node-b", "10.244.1.0/24", "192.168.0.12"),
                 ("node-c", "10.244.2.0/24", "192.168.0.13"))  # fmt: skip
"""Name, podCIDR and InternalIP of the nodes of a snapshot that names none: enough to see traffic cross nodes."""

NO_NODE = "assumed: the snapshot names no node"

HASH_LABEL = "pod-template-hash"
_MADE_BY_CONTROLLERS = frozenset(
    {"controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name",
     "apps.kubernetes.io/pod-index"}
)  # fmt: skip
_API_VERSIONS = {"apps": "apps/v1", "batch": "batch/v1", "": "v1"}


def infer(cluster: Cluster, profile: Profile | None = None) -> Cluster:
    """The cluster with the missing nodes and owners of its pods, and with three nodes if it names none at all.

    An owner reference without a kind says too little and infers nothing.
    """
    cluster = _with(cluster, _named_nodes(cluster))
    cluster = _with(cluster, _owners_of_pods(cluster))
    cluster = _with(cluster, _owners_of_replica_sets(cluster))
    needs_nodes = cluster.all(Pod) or any(isinstance(item.value, Workload) for item in cluster)
    if needs_nodes and not cluster.all(Node):
        nodes = (_node(name, address, pod_cidr) for name, pod_cidr, address in ASSUMED_NODES)
        cluster = _with(cluster, (record(manifest, made=NO_NODE) for manifest in nodes))
    return cluster


def _with(cluster: Cluster, records: Iterable[Record]) -> Cluster:
    return cluster.with_changes({item.key: item for item in records})


def _node(name: str, address: str, pod_cidr: str = "") -> Manifest:
    addresses = [{"type": "InternalIP", "address": address}] if address else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]} if pod_cidr else {},
        "status": {
            "addresses": [*addresses, {"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _named_nodes(cluster: Cluster) -> Iterator[Record]:
    """A node's address is what its pods give as hostIP (PD-21)."""
    pods_of: defaultdict[str, list[Pod]] = defaultdict(list)
    for pod in cluster.all(Pod):
        if pod.spec.node_name and cluster.node(pod.spec.node_name) is None:
            pods_of[pod.spec.node_name].append(pod)
    for name, pods in sorted(pods_of.items()):
        told = next((pod for pod in pods if pod.status.host_ip or pod.spec.host_network), pods[0])
        address = told.status.host_ip or (told.ip if told.spec.host_network else "")
        yield record(_node(name, address), made=_from(told))


def _from(pod: Pod) -> str:
    return f"inferred from pod {pod.metadata.namespace}/{pod.metadata.name}"


# -- owners -------------------------------------------------------------------------------------------------------


def owner_key(value: KubeObject, owner: OwnerReference) -> Key:
    """The key that an owner reference means: Kubernetes' own kinds are found without an apiVersion, too."""
    group = group_of(owner.api_version, owner.kind) if owner.api_version else GROUP_OF_KIND.get(owner.kind, "")
    namespace = "" if owner.kind == "Node" and not group else value.metadata.namespace
    return Key(owner.kind, namespace, owner.name, group)


def _owners_of_pods(cluster: Cluster) -> Iterator[Record]:
    pods_of: defaultdict[Key, list[Pod]] = defaultdict(list)
    references: dict[Key, OwnerReference] = {}
    for pod in cluster.all(Pod):
        owner = pod.controller
        if owner is None or not owner.kind or not owner.name:
            continue
        wanted = owner_key(pod, owner)
        if wanted not in cluster and cluster.controller_of(pod) is None:
            pods_of[wanted].append(pod)
            references.setdefault(wanted, owner)
    for wanted, pods in sorted(pods_of.items()):
        yield record(_owner(cluster, wanted, references[wanted], pods), made=_from(pods[0]))


def _owner(cluster: Cluster, wanted: Key, reference: OwnerReference, pods: list[Pod]) -> Manifest:
    """An object that could have made these pods; of a kind that kwake does not know, just its name."""
    labels = _common(pod.metadata.labels for pod in pods)
    metadata: dict[str, Any] = {"name": wanted.name}
    if wanted.namespace:
        metadata["namespace"] = wanted.namespace
    if reference.uid:
        metadata["uid"] = reference.uid
    if wanted.namespace:
        metadata["labels"] = labels
    manifest: Manifest = {
        "apiVersion": _API_VERSIONS.get(wanted.group, reference.api_version) if wanted.kind in GROUP_OF_KIND
        else reference.api_version or "v1",
        "kind": wanted.kind,
        "metadata": metadata,
    }  # fmt: skip
    if wanted.kind == "Node":
        return {**_node(wanted.name, pods[0].status.host_ip), "metadata": metadata}
    spec = _spec(cluster, wanted, pods, labels)
    if spec is not None:
        manifest["spec"] = spec
        living = [pod for pod in pods if not pod.is_terminal]
        manifest["status"] = {"replicas": len(living), "readyReplicas": sum(pod.is_ready for pod in living)}
    if wanted.kind == "ReplicaSet" and (deployment := _deployment(cluster, wanted, labels)):
        metadata["ownerReferences"] = [deployment]
    return manifest


def _spec(cluster: Cluster, wanted: Key, pods: list[Pod], labels: dict[str, str]) -> dict[str, Any] | None:
    """`spec` of a workload with the template of its first pod; None for other kinds."""
    selector = {name: text for name, text in labels.items() if name not in _MADE_BY_CONTROLLERS}
    first = cluster.record(pods[0].key).manifest
    pod_spec = {n: v for n, v in (first.get("spec") or {}).items() if n not in ("nodeName", "hostname")}
    metadata: dict[str, Any] = {"labels": selector}
    listens = _common(pod.metadata.annotations for pod in pods).get(LISTENS_ANNOTATION)
    if listens is not None:
        metadata["annotations"] = {LISTENS_ANNOTATION: listens}
    template = {"metadata": metadata, "spec": pod_spec}
    living = sum(not pod.is_terminal for pod in pods)
    spec: dict[str, Any] = {"selector": {"matchLabels": selector}, "template": template}
    match wanted.kind, wanted.group:
        case (("ReplicaSet" | "Deployment"), "apps"):
            return {"replicas": living, **spec}
        case "StatefulSet", "apps":
            return {"replicas": living, "serviceName": pods[0].spec.subdomain, **spec}
        case "DaemonSet", "apps":
            return spec
        case "Job", "batch":
            return {"parallelism": max(living, 1), "completions": len(pods), **spec}
        case "ReplicationController", "":
            return {"replicas": living, "selector": selector, "template": template}
        case _:
            return None


def _common(maps: Iterable[dict[str, str]]) -> dict[str, str]:
    """The entries that all maps share, in the first one's order."""
    first, *others = maps
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}


def _deployment(cluster: Cluster, replica_set: Key, labels: dict[str, str]) -> dict[str, Any] | None:
    """A reference to the Deployment that a ReplicaSet `web-7d9f` belongs to, if it is here: name and hash agree."""
    suffix = labels.get(HASH_LABEL)
    if not suffix or not replica_set.name.endswith(f"-{suffix}"):
        return None
    name = replica_set.name.removesuffix(f"-{suffix}")
    found = cluster.find(key("Deployment", replica_set.namespace, name))
    if found is None:
        return None
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": True}
    uid = found.value.metadata.uid
    return {**reference, "uid": uid} if uid else reference


def _owners_of_replica_sets(cluster: Cluster) -> Iterator[Record]:
    """Deployments that ReplicaSets name; of several ReplicaSets the one that runs most pods is its template."""
    sets_of: defaultdict[Key, list[ReplicaSet]] = defaultdict(list)
    for item in cluster.all(ReplicaSet):
        owner = item.controller
        if owner is not None and owner.kind == "Deployment" and owner.name and cluster.controller_of(item) is None:
            sets_of[owner_key(item, owner)].append(item)
    for wanted, sets in sorted(sets_of.items()):
        newest = max(sets, key=lambda item: (item.spec.replicas, item.metadata.name))
        spec = cluster.record(newest.key).manifest.get("spec") or {}
        metadata: dict[str, Any] = {"name": wanted.name, "namespace": wanted.namespace}
        owner = newest.controller
        if owner is not None and owner.uid:
            metadata["uid"] = owner.uid
        manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": _without_hash(spec)}
        made = f"inferred from ReplicaSet {newest.metadata.namespace}/{newest.metadata.name}"
        yield record(manifest, made=made)


def _without_hash(value: Any) -> Any:
    """A ReplicaSet's spec as its Deployment's: without the label that the Deployment's controller adds."""
    if isinstance(value, dict):
        return {name: _without_hash(child) for name, child in value.items() if name != HASH_LABEL}
    if isinstance(value, list):
        return [_without_hash(child) for child in value]
    return value
