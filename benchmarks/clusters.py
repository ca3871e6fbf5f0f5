"""Clusters of any size, always the same for a seed, as the manifests that people keep in Git.

Few workloads are large and most have one to four pods, as in every cluster dump that we have opened; a Service for most
workloads, a policy for about every thirty pods, pods of fifty on a node. The proportions are ours, not a survey's.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]


def cluster(pods: int, seed: int = 1) -> list[Manifest]:
    """Nodes, namespaces, Deployments with this many pods between them, Services and policies."""
    rng = random.Random(seed)
    nodes = max(pods // 50, 3)
    names = [f"team-{number:02}" for number in range(max(min(pods // 250, 100), 2))]
    found: list[Manifest] = [_node(number) for number in range(nodes)]
    found += [_object("v1", "Namespace", "", name, labels={"team": name}) for name in names]
    left, number = pods, 0
    while left:
        replicas = min(left, _replicas(rng))
        namespace, app = rng.choice(names), f"app-{number:04}"
        found.append(_deployment(namespace, app, replicas, rng.choice(("front", "back", "data"))))
        if rng.random() < 0.8:
            found.append(_service(namespace, app))
        if rng.random() < replicas / 30:
            found.append(_policy(namespace, app, rng.choice(("front", "back"))))
        left, number = left - replicas, number + 1
    return found


def write(path: Path, manifests: list[Manifest]) -> None:
    """As one JSON List."""
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))


def _replicas(rng: random.Random) -> int:
    return rng.randint(20, 120) if rng.random() < 0.12 else rng.randint(1, 4)


def _object(version: str, kind: str, namespace: str, name: str, **more: Any) -> Manifest:
    labels = more.pop("labels", {})
    metadata = {"name": name, "labels": labels} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata} | more


def _node(number: int) -> Manifest:
    name = f"node-{number:03}"
    address = {"type": "InternalIP", "address": f"192.168.{number // 250}.{number % 250 + 1}"}
    return _object("v1", "Node", "", name, spec={"podCIDR": f"10.{number // 256}.{number % 256}.0/24"},
                   status={"addresses": [address]})  # fmt: skip


def _deployment(namespace: str, app: str, replicas: int, tier: str) -> Manifest:
    labels = {"app": app, "tier": tier}
    container = {"name": "main", "image": f"{app}:1", "ports": [{"name": "http", "containerPort": 8080}]}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": app}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return _object("apps/v1", "Deployment", namespace, app, labels=labels, spec=spec)


def _service(namespace: str, app: str) -> Manifest:
    spec = {"selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return _object("v1", "Service", namespace, app, spec=spec)


def _policy(namespace: str, app: str, tier: str) -> Manifest:
    peer = {"podSelector": {"matchLabels": {"tier": tier}}}
    spec = {"podSelector": {"matchLabels": {"app": app}}, "ingress": [{"from": [peer], "ports": [{"port": 8080}]}]}
    return _object("networking.k8s.io/v1", "NetworkPolicy", namespace, f"{app}-from-{tier}", spec=spec)
