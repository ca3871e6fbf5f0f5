"""Manifests for the tests' own small clusters."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]


def node(name: str, number: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {"podCIDR": f"10.244.{number}.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": f"192.168.0.{10 + number}"}]},
    }


def namespace(name: str, **labels: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod_spec(port: int = 8080, port_name: str = "http", protocol: str = "TCP", **more: Any) -> Manifest:
    ports = [{"name": port_name, "containerPort": port, "protocol": protocol}]
    return {"containers": [{"name": "main", "image": "example/app:1", "ports": ports}], **more}


def deployment(name: str, replicas: int = 1, namespace: str = "shop", spec: Manifest | None = None) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec or pod_spec()},
        },
    }


def bare_pod(name: str, namespace: str = "shop", spec: Manifest | None = None, **labels: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {"app": name}},
        "spec": spec or pod_spec(),
    }


def service(name: str, port: int = 80, target: int | str = "http", namespace: str = "shop", protocol: str = "TCP",
            **spec: Any) -> Manifest:  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"app": name},
            "ports": [{"name": "main", "port": port, "targetPort": target, "protocol": protocol}],
            **spec,
        },
    }


def default_deny(namespace: str = "shop", name: str = "default-deny", *types: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": list(types) or ["Ingress"]},
    }


def shop(*more: Manifest, replicas: int = 2) -> list[Manifest]:
    """Three nodes; `client`, `web` behind a Service, and a bare pod `lone` behind another."""
    return [
        *(node(name, number) for number, name in enumerate(("node-a", "node-b", "node-c"))),
        namespace("shop"),
        deployment("client"),
        deployment("web", replicas),
        service("web"),
        bare_pod("lone"),
        service("lone"),
        *more,
    ]
