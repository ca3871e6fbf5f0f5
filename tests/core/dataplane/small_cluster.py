"""Small clusters from a few words: pods, Services with their slices, policies, nodes."""

from __future__ import annotations

from typing import Any

from kwake.cluster import Cluster, record
from kwake.dataplane.view import View, settled_view
from kwake.objects.document import Manifest
from kwake.profiles.load import load_profile

NODES = {"node-a": "192.168.0.1", "node-b": "192.168.0.2", "node-c": "192.168.0.3"}


def node(name: str, ip: str, **labels: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": f"10.244.{ip.rpartition('.')[2]}.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": ip}]},
    }


def pod(
    name: str,
    ip: str,
    node: str = "node-a",
    *,
    labels: dict[str, str] | None = None,
    namespace: str = "shop",
    port: int = 8080,
    listens: str | None = None,
    ready: bool = True,
    terminating: bool = False,
    host_network: bool = False,
    uid: str = "",
    owner: str = "",
    dns_policy: str = "ClusterFirst",
    protocol: str = "TCP",
) -> Manifest:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": uid or f"uid-{namespace}-{name}",
        "labels": labels if labels is not None else {"app": name.partition("-")[0]},
    }
    if listens is not None:
        metadata["annotations"] = {"kwake.dev/listens": listens}
    if terminating:
        metadata["deletionTimestamp"] = "2000-01-01T00:00:00Z"
    if owner:
        metadata["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": owner, "controller": True}
        ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "nodeName": node,
            "hostNetwork": host_network,
            "dnsPolicy": dns_policy,
            "containers": [{"name": "app", "ports": [{"name": "http", "containerPort": port, "protocol": protocol}]}],
        },
        "status": {
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "hostIP": NODES.get(node, ""),
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def deployment(name: str, namespace: str = "shop") -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}}},
    }


def service(
    name: str,
    ip: str = "10.96.0.10",
    *,
    port: int = 80,
    target: int | str = 8080,
    namespace: str = "shop",
    protocol: str = "TCP",
    type: str = "ClusterIP",
    node_port: int = 0,
    ingress: list[dict[str, str]] | None = None,
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> Manifest:
    ports: dict[str, Any] = {"name": "main", "port": port, "targetPort": target, "protocol": protocol}
    if node_port:
        ports["nodePort"] = node_port
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"type": type, "clusterIP": ip, "ports": [ports], "selector": {"app": name}, **spec},
    }
    if ingress is not None:
        manifest["status"] = {"loadBalancer": {"ingress": ingress}}
    return manifest


def endpoint_slice(
    of: str,
    *pods: Manifest,
    port: int = 8080,
    namespace: str = "shop",
    protocol: str = "TCP",
) -> Manifest:
    """The slice that the controller makes of these pods, as they are (EP-3)."""
    endpoints = []
    for item in pods:
        metadata, status = item["metadata"], item["status"]
        serving = status["conditions"][0]["status"] == "True"
        terminating = "deletionTimestamp" in metadata
        endpoints.append(
            {
                "addresses": [status["podIP"]],
                "conditions": {"ready": serving and not terminating, "serving": serving, "terminating": terminating},
                "nodeName": item["spec"]["nodeName"],
                "targetRef": {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"],
                              "uid": metadata["uid"]},
            }
        )  # fmt: skip
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{of}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": of}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "main", "port": port, "protocol": protocol}],
    }


def policy(name: str, selects: dict[str, str] | None = None, namespace: str = "shop", **spec: Any) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": selects or {}}, **spec},
    }


def deny_ingress(selects: dict[str, str] | None = None, name: str = "default-deny") -> Manifest:
    return policy(name, selects, policyTypes=["Ingress"])


def deny_egress(selects: dict[str, str] | None = None, name: str = "no-egress") -> Manifest:
    return policy(name, selects, policyTypes=["Egress"])


def cluster(*manifests: Manifest) -> Cluster:
    """These objects, and three nodes."""
    nodes = [node(name, ip) for name, ip in NODES.items()]
    records = [record(manifest) for manifest in (*nodes, *manifests)]
    return Cluster({item.key: item for item in records})


def view(*manifests: Manifest, profile: str = "calico", **fields: str) -> View:
    """A settled view of these objects."""
    return settled_view(cluster(*manifests), load_profile(profile, fields))
