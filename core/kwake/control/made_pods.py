"""The manifests that workload controllers write: ReplicaSets of Deployments, pods of everything (PD-5, PD-6)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from kwake.cluster import Cluster, Record, record
from kwake.control.changes import Changes
from kwake.draws import POD_SUFFIX_ALPHABET, Draws
from kwake.objects.document import Manifest
from kwake.objects.key import Key, key

HASH_LABEL = "pod-template-hash"
REVISION_LABEL = "controller-revision-hash"
"""Which revision of its owner's template a pod of a StatefulSet or DaemonSet was made from."""
INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"
_MAX_BASE = 58
"""Letters of a name before its five random ones (`k8s:apiserver/pkg/storage/names` maxGeneratedNameLength)."""
_DAEMON_TOLERATIONS = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


def template_hash(template: Manifest) -> str:
    """The name part of a Deployment's ReplicaSet: eight to ten letters that its template determines.

    The real number is an FNV hash of the Go struct; only that equal templates get equal names is kept here.
    """
    digest = hashlib.sha256(msgspec.json.encode(template, order="deterministic")).digest()
    number = str(int.from_bytes(digest[:4]))
    return "".join(POD_SUFFIX_ALPHABET[ord(letter) % len(POD_SUFFIX_ALPHABET)] for letter in number)


def revision_name(owner: Record) -> str:
    """What the revision label of a pod made from the owner's present template says: a DaemonSet's hash alone, a
    StatefulSet's behind its name."""
    suffix = template_hash((owner.manifest.get("spec") or {}).get("template") or {})
    return suffix if owner.key.kind == "DaemonSet" else f"{owner.key.name}-{suffix}"


def replica_set_of(
    deployment: Record, draws: Draws, *, revision: int = 1, replicas: int | None = None
) -> tuple[Record, Draws]:
    """The ReplicaSet of a Deployment's present template, with as many replicas as the Deployment unless told."""
    manifest = deployment.manifest
    spec = manifest.get("spec") or {}
    template: Manifest = msgspec.json.decode(msgspec.json.encode(spec.get("template") or {}))
    suffix = template_hash(template)
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: suffix}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    selector = spec.get("selector") or {}
    name = f"{deployment.key.name}-{suffix}"
    uid, draws = draws.uid(f"ReplicaSet/{deployment.key.namespace}/{name}")
    replica_set: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": deployment.key.namespace,
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [owner_reference(deployment)],
            "uid": uid,
        },
        "spec": {
            "replicas": spec.get("replicas", 1) if replicas is None else replicas,
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: suffix}},
            "template": template,
        },
    }
    return record(replica_set, made=f"made by Deployment {deployment.key.name}"), draws


def owner_reference(owner: Record) -> dict[str, Any]:
    """What an object that this one controls carries."""
    value = owner.value
    return {
        "apiVersion": value.api_version,
        "kind": value.kind,
        "name": value.metadata.name,
        "uid": value.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_from(owner: Record, draws: Draws, cluster: Cluster, taken: Changes) -> tuple[Record, Draws]:
    """A new pod of a workload, with a name that no pod has."""
    namespace, base = owner.key.namespace, owner.key.name[:_MAX_BASE]
    while True:
        suffix, draws = draws.word(f"pod/{owner.key}", 5)
        pod_key = key("Pod", namespace, f"{base}-{suffix}")
        if pod_key not in cluster and taken.get(pod_key) is None:
            break
    return _made(owner, pod_key, _pod(owner, pod_key.name, f"{base}-"), draws)


def stateful_pod(owner: Record, ordinal: int, draws: Draws) -> tuple[Record, Draws]:
    """The pod of a StatefulSet with this ordinal: its name, hostname and subdomain are fixed (PD-6)."""
    name = f"{owner.key.name}-{ordinal}"
    manifest = _pod(owner, name, f"{owner.key.name}-")
    labels = manifest["metadata"].setdefault("labels", {})
    labels["statefulset.kubernetes.io/pod-name"] = name
    labels["apps.kubernetes.io/pod-index"] = str(ordinal)
    labels[REVISION_LABEL] = revision_name(owner)
    spec = owner.manifest.get("spec") or {}
    manifest["spec"]["hostname"] = name
    if spec.get("serviceName"):
        manifest["spec"]["subdomain"] = spec["serviceName"]
    return _made(owner, key("Pod", owner.key.namespace, name), manifest, draws)


def indexed_pod(owner: Record, index: int, draws: Draws, cluster: Cluster, taken: Changes) -> tuple[Record, Draws]:
    """A new pod of an Indexed Job: its index is in its name, its hostname and its labels, and stays with its retries
    (`k8s:pkg/controller/job/indexed_job_utils.go`)."""
    name = f"{owner.key.name}-{index}"[:_MAX_BASE]
    while True:
        suffix, draws = draws.word(f"pod/{owner.key}", 5)
        pod_key = key("Pod", owner.key.namespace, f"{name}-{suffix}")
        if pod_key not in cluster and taken.get(pod_key) is None:
            break
    manifest = _pod(owner, pod_key.name, f"{name}-")
    manifest["metadata"]["labels"][INDEX_ANNOTATION] = str(index)
    manifest["metadata"].setdefault("annotations", {})[INDEX_ANNOTATION] = str(index)
    manifest["spec"].setdefault("hostname", f"{owner.key.name}-{index}")
    return _made(owner, pod_key, manifest, draws)


def daemon_pod(owner: Record, node: str, draws: Draws, cluster: Cluster, taken: Changes) -> tuple[Record, Draws]:
    """The pod of a DaemonSet for one node: bound by affinity, tolerating what drains other pods."""
    made, draws = pod_from(owner, draws, cluster, taken)
    manifest = bound_to(made.manifest, node)
    manifest["metadata"]["labels"][REVISION_LABEL] = revision_name(owner)
    return record(manifest, made=made.made), draws


def bound_to(manifest: Manifest, node: str) -> Manifest:
    """A pod's manifest as the DaemonSet controller writes it for a node (`k8s:pkg/controller/daemon/util`)."""
    return {**manifest, "spec": bound_spec(manifest["spec"], node)}


def bound_spec(spec: Manifest, node: str) -> Manifest:
    """A pod's spec with the affinity that binds it to a node, and tolerations of what drives other pods away."""
    affinity = spec.get("affinity") or {}
    node_affinity = affinity.get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    terms = [{**other, **term} for other in required.get("nodeSelectorTerms") or ()] or [term]
    tolerations = [{"key": name, "operator": "Exists", "effect": effect} for name, effect in _DAEMON_TOLERATIONS]
    if spec.get("hostNetwork"):
        unavailable = "node.kubernetes.io/network-unavailable"
        tolerations.append({"key": unavailable, "operator": "Exists", "effect": "NoSchedule"})
    required = {**required, "nodeSelectorTerms": terms}
    node_affinity = {**node_affinity, "requiredDuringSchedulingIgnoredDuringExecution": required}
    return {
        **spec,
        "affinity": {**affinity, "nodeAffinity": node_affinity},
        "tolerations": [*(spec.get("tolerations") or ()), *tolerations],
    }


def template_pod(owner: Record) -> Manifest:
    """A pod of a workload without a name of its own, to ask where it could run."""
    return _pod(owner, f"{owner.key.name}-?", f"{owner.key.name}-")


def _pod(owner: Record, name: str, generate_name: str) -> Manifest:
    template = (owner.manifest.get("spec") or {}).get("template") or {}
    metadata = template.get("metadata") or {}
    labels = dict(metadata.get("labels") or {})
    if owner.key.kind == "Job":
        labels |= {"batch.kubernetes.io/job-name": owner.key.name, "job-name": owner.key.name}
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "generateName": generate_name,
            "namespace": owner.key.namespace,
            "labels": labels,
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": dict(template.get("spec") or {}),
    }
    if metadata.get("annotations"):
        manifest["metadata"]["annotations"] = dict(metadata["annotations"])
    return manifest


def _made(owner: Record, pod_key: Key, manifest: Manifest, draws: Draws) -> tuple[Record, Draws]:
    manifest["metadata"]["uid"], draws = draws.uid(str(pod_key))
    return record(manifest, made=f"made by {owner.key.kind} {owner.key.name}"), draws
