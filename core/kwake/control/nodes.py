"""What the node lifecycle controller writes when a node falls silent and when it reports again (PD-17)."""

from __future__ import annotations

from typing import Any

from kwake.cluster import Record
from kwake.control.changes import edited
from kwake.objects.document import Manifest

UNREACHABLE = "node.kubernetes.io/unreachable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_DEFAULT_TOLERATION_S = 300
"""What admission gives every pod that says nothing of the taint (0.2)."""


def unreachable(node: Record) -> Record:
    """The Node whose Ready condition is Unknown, with the taints that keep pods off and drive them away."""
    manifest = node.manifest
    _set_ready(manifest, "Unknown")
    spec = manifest.setdefault("spec", {})
    others = [taint for taint in spec.get("taints") or () if taint.get("key") != UNREACHABLE]
    spec["taints"] = [*others, *({"key": UNREACHABLE, "effect": effect} for effect in ("NoSchedule", "NoExecute"))]
    return edited(node, manifest)


def reachable(node: Record) -> Record:
    """The Node that reports again: ready, without those taints."""
    manifest = node.manifest
    _set_ready(manifest, "True")
    spec = manifest.get("spec") or {}
    if spec.get("taints"):
        spec["taints"] = [taint for taint in spec["taints"] if taint.get("key") != UNREACHABLE]
        if not spec["taints"]:
            del spec["taints"]
    return edited(node, manifest)


def marked_unready(pod: Record) -> Record:
    """A pod of a silent node: its Ready condition is set False, its containers' own stays (MarkPodsNotReady)."""
    manifest = pod.manifest
    conditions: list[dict[str, Any]] = (manifest.get("status") or {}).get("conditions") or []
    if not any(condition.get("type") == "ContainersReady" for condition in conditions):
        conditions.append({"type": "ContainersReady", "status": "True"})
    for condition in conditions:
        if condition.get("type") == "Ready":
            condition["status"] = "False"
    return edited(pod, manifest)


def was_marked_unready(pod: Record) -> bool:
    """Whether all its containers are ready and only the controller says that the pod is not."""
    conditions = {c.get("type"): c.get("status") for c in (pod.manifest.get("status") or {}).get("conditions") or ()}
    return conditions.get("Ready") == "False" and conditions.get("ContainersReady") == "True"


def tolerates_for_s(pod: Manifest) -> int | None:
    """How long a pod may stay on an unreachable node, seconds; None: for ever, as the pods of a DaemonSet may.

    Admission gives 300 s to a pod that says nothing of the taint; of several tolerations the shortest counts
    (`k8s:pkg/controller/tainteviction/taint_eviction.go` getMinTolerationTime).
    """
    matching = [t for t in (pod.get("spec") or {}).get("tolerations") or () if _tolerates(t)]
    if not matching:
        return _DEFAULT_TOLERATION_S
    limits = [int(t["tolerationSeconds"]) for t in matching if t.get("tolerationSeconds") is not None]
    return max(0, min(limits)) if limits else None


def _tolerates(toleration: Manifest) -> bool:
    if toleration.get("effect") not in (None, "", "NoExecute"):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", UNREACHABLE)
    return toleration.get("key") == UNREACHABLE and not toleration.get("value")


def _set_ready(manifest: Manifest, status: str) -> None:
    conditions = manifest.setdefault("status", {}).setdefault("conditions", [])
    for condition in conditions:
        if condition.get("type") == "Ready":
            condition["status"] = status
            return
    conditions.append({"type": "Ready", "status": status})
