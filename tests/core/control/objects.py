"""Manifests for the controllers' tests, each as short as its rule allows."""

from __future__ import annotations

from typing import Any

from kwake.cluster import Cluster, Record, record
from kwake.objects.document import Manifest
from kwake.objects.kinds import Pod, Service


def cluster_of(*manifests: Manifest) -> Cluster:
    """A cluster of manifests."""
    records = [record(manifest) for manifest in manifests]
    return Cluster({item.key: item for item in records})


def node(name: str, cidr: str = "", *, zone: str = "", ip: str = "", **spec: Any) -> Manifest:
    """A Node."""
    labels = {"kubernetes.io/hostname": name} | ({"topology.kubernetes.io/zone": zone} if zone else {})
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {**spec, **({"podCIDR": cidr} if cidr else {})},
    }
    if ip:
        manifest["status"] = {"addresses": [{"type": "InternalIP", "address": ip}]}
    return manifest


def pod(
    name: str,
    ip: str = "",
    *,
    labels: dict[str, str] | None = None,
    on: str = "n1",
    is_ready: bool = True,
    terminating: bool = False,
    phase: str = "Running",
    ports: list[dict[str, Any]] | None = None,
    owner: Manifest | None = None,
    namespace: str = "shop",
    **spec: Any,
) -> Manifest:
    """A Pod that runs, with its address and readiness."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": f"u-{name}",
        "labels": labels or {"app": "web"},
    }
    if terminating:
        metadata["deletionTimestamp"] = "2000-01-01T00:00:30Z"
    if owner is not None:
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"].get("uid", ""),
                "controller": True,
            }
        ]
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": "True" if is_ready else "False"}],
    }
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": on, "containers": [{"name": "a", "ports": ports or []}], **spec},
        "status": status,
    }


def service(name: str = "web", ports: list[dict[str, Any]] | None = None, *, uid: str = "s1", **spec: Any) -> Manifest:
    """A Service of the pods app=web, port 80 unless told otherwise."""
    body: dict[str, Any] = {"selector": {"app": "web"}, "ports": [{"port": 80}] if ports is None else ports, **spec}
    if "clusterIP" not in body and body.get("type") != "ExternalName":
        body["clusterIP"] = "10.96.0.7"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", "uid": uid},
        "spec": {field: value for field, value in body.items() if value is not None},
    }


def workload(kind: str, name: str, *, replicas: int = 1, uid: str = "", **spec: Any) -> Manifest:
    """A workload of apps/v1 with pods app=web."""
    manifest: Manifest = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a"}]}},
            **spec,
        },
    }
    if kind == "DaemonSet":
        del manifest["spec"]["replicas"]
    if uid:
        manifest["metadata"]["uid"] = uid
    return manifest


def the_service(cluster: Cluster, name: str = "web") -> Service:
    """The Service of the tests."""
    found = cluster.service("shop", name)
    assert found is not None
    return found


def pods_of(records: dict[Any, Record | None]) -> list[Pod]:
    """The pods among changes, by name."""
    values = [item.value for item in records.values() if item is not None]
    return sorted((value for value in values if isinstance(value, Pod)), key=lambda value: value.metadata.name)
