"""Clusters as third-party answers describe them, read from their manifests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kwake.cluster import Cluster, Record, record
from kwake.objects.document import Manifest
from kwake.sources import read

TEMPLATES = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "CronJob")


def cases(truth: Path, name: str) -> list[dict[str, Any]]:
    """The cases of a file of answers."""
    found: list[dict[str, Any]] = json.loads((truth / name).read_text("utf-8"))
    return found


def cluster_of(truth: Path, manifests: list[str]) -> Cluster:
    """The cluster of these files, with one pod for each workload that only has a template."""
    snapshot = read([truth / "manifests" / name for name in manifests], lenient=True)
    records = [Record(entry.document, entry.value) for entry in snapshot.entries]
    addresses = (f"100.64.{n // 250}.{n % 250 + 1}" for n in itertools.count())
    made = [pod for kept in records for pod in _pods(kept, addresses)]
    return Cluster({r.key: r for r in (*records, *made)})


def _pods(kept: Record, addresses: Iterator[str]) -> Iterator[Record]:
    """A pod of a workload's template, or an address for a pod without one."""
    manifest = kept.manifest
    kind, metadata = kept.key.kind, manifest["metadata"]
    if kind == "Pod" and not kept.manifest.get("status", {}).get("podIP"):
        status = {**(manifest.get("status") or {}), "podIP": next(addresses), "podIPs": None}
        yield record({**manifest, "status": status})
    if kind not in TEMPLATES:
        return
    spec = manifest["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else manifest["spec"]
    template: Manifest = spec["template"]
    owner = {"apiVersion": manifest["apiVersion"], "kind": kind, "name": metadata["name"], "controller": True}
    named = {"name": f"{metadata['name']}-pod", "namespace": kept.key.namespace, "ownerReferences": [owner]}
    labels = (template.get("metadata") or {}).get("labels") or {}
    yield record(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**named, "labels": labels}, "spec": template.get("spec") or {},
         "status": {"phase": "Running", "podIP": next(addresses)}},
        made=f"made by {kind} {metadata['name']}",
    )  # fmt: skip
