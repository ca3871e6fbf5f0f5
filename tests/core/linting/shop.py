"""A small shop with its name server and its monitoring, and what people write about it."""

from __future__ import annotations

from typing import Any

from kwake.linting.lint import lint
from kwake.objects.document import Manifest
from kwake.objects.finding import Finding
from kwake.profiles.load import load_profile
from tests.core.policy.clusters import cluster, namespace, pod, policy

WEB = pod("shop/web", ip="10.0.1.1", app="web", ports=[{"name": "http", "containerPort": 8080}])
DB = pod("shop/db", ip="10.0.1.2", app="db", ports=[{"name": "pg", "containerPort": 5432}])
DNS = pod("kube-system/coredns", ip="10.0.9.1")
DNS["metadata"]["labels"] = {"k8s-app": "kube-dns"}
PROMETHEUS = pod("monitoring/prometheus", ip="10.0.2.1", app="prometheus")
SHOP = (namespace("shop"), namespace("kube-system"), namespace("monitoring", team="ops"), WEB, DB, DNS, PROMETHEUS)
DNS_SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {"clusterIP": "10.96.0.10", "selector": {"k8s-app": "kube-dns"},
             "ports": [{"port": 53, "protocol": "UDP"}]},
}  # fmt: skip
ASK_DNS = {"ports": [{"port": 53, "protocol": "UDP"}]}


def service(name: str, port: int, target: int | str, **spec: Any) -> Manifest:
    space, _, short = name.partition("/")
    ports = [{"name": "web", "port": port, "targetPort": target}]
    selector = {"app": "web"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": short, "namespace": space},
            "spec": {"clusterIP": "10.96.0.20", "selector": selector, "ports": ports, **spec}}  # fmt: skip


def of(*manifests: Manifest, profile: str = "calico") -> list[Finding]:
    return list(lint(cluster(*SHOP, *manifests), load_profile(profile)))


def ingress(*rules: Any, app: str = "web", **spec: Any) -> Manifest:
    chosen = {"podSelector": {"matchLabels": {"app": app}}}
    return policy("shop/p", {**chosen, "policyTypes": ["Ingress"], "ingress": list(rules), **spec})


def egress(*rules: Any, app: str = "web", **spec: Any) -> Manifest:
    chosen = {"podSelector": {"matchLabels": {"app": app}}}
    return policy("shop/p", {**chosen, "policyTypes": ["Egress"], "egress": list(rules), **spec})


def labels(**wanted: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": wanted}}


def in_namespace(**wanted: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": wanted}}
