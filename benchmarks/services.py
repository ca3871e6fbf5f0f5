"""What a what-if costs in a large cluster, and how it grows: `python -m benchmarks.services [PODS …]`.

A Service for every five pods, a tenth of them with node ports. Seconds of the processor, the least of several runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import kwake

Manifest = dict[str, Any]
PODS_OF_A_SERVICE = 5
NAMESPACES = 50


def cluster(pods: int) -> list[Manifest]:
    """A dump: nodes, Deployments with their ReplicaSets and pods, Services."""
    nodes = max(3, pods // 100)
    found = [_node(number) for number in range(nodes)]
    given = [1] * nodes
    for app in range(pods // PODS_OF_A_SERVICE):
        found += _app(app)
        for at in range(PODS_OF_A_SERVICE):
            number = (app * PODS_OF_A_SERVICE + at) % nodes
            given[number] += 1
            found.append(_pod(app, at, number, f"{_prefix(number)}.{given[number]}"))
    return found


def _prefix(number: int) -> str:
    return f"10.{128 + number // 256}.{number % 256}"


def _object(kind: str, name: str, app: int, version: str = "v1", owner: Manifest | None = None) -> Manifest:
    labels = {"app": f"app{app}", **({"pod-template-hash": "abc"} if owner else {})}
    metadata: Manifest = {"name": name, "namespace": f"ns{app % NAMESPACES}", "uid": f"{kind}-{name}", "labels": labels}
    if owner:
        metadata |= {"ownerReferences": [{**owner, "controller": True}]}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _node(number: int) -> Manifest:
    address = {"type": "InternalIP", "address": f"192.168.{number // 250}.{number % 250 + 1}"}
    status = {"addresses": [address], "conditions": [{"type": "Ready", "status": "True"}]}
    metadata = {"name": f"node-{number}", "labels": {"topology.kubernetes.io/zone": f"zone-{number % 3}"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"podCIDR": f"{_prefix(number)}.0/24"},
            "status": status}  # fmt: skip


_CONTAINERS = [{"name": "main", "image": "app", "ports": [{"name": "http", "containerPort": 8080}]}]


def _app(app: int) -> list[Manifest]:
    name = f"app{app}"
    made = []
    owner: Manifest | None = None
    for kind, own in (("Deployment", name), ("ReplicaSet", f"{name}-abc")):
        labels = {"app": name, **({"pod-template-hash": "abc"} if owner else {})}
        template = {"metadata": {"labels": labels}, "spec": {"containers": _CONTAINERS}}
        spec = {"replicas": PODS_OF_A_SERVICE, "selector": {"matchLabels": labels}, "template": template}
        made.append({**_object(kind, own, app, "apps/v1", owner), "spec": spec})
        owner = {"apiVersion": "apps/v1", "kind": kind, "name": own, "uid": f"{kind}-{own}"}
    port: Manifest = {"name": "http", "port": 80, "targetPort": "http"}
    if app % 10 == 0:
        port["nodePort"] = 30000 + app // 10
    ip = f"10.96.{app // 250}.{app % 250 + 2}"
    spec = {"type": "ClusterIP" if app % 10 else "NodePort", "clusterIP": ip, "clusterIPs": [ip], "ports": [port],
            "selector": {"app": name}}  # fmt: skip
    return [*made, {**_object("Service", name, app), "spec": spec}]


def _pod(app: int, at: int, node: int, ip: str) -> Manifest:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"app{app}-abc", "uid": f"ReplicaSet-app{app}-abc"}
    status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
              "conditions": [{"type": "Ready", "status": "True"}]}  # fmt: skip
    return {**_object("Pod", f"app{app}-abc-{at}", app, owner=owner), "status": status,
            "spec": {"nodeName": f"node-{node}", "containers": _CONTAINERS}}  # fmt: skip


def least(action: Callable[[], object], runs: int = 10) -> float:
    """Milliseconds of the processor, the least of several runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times) * 1000


def measured(pods: int) -> dict[str, float]:
    """Milliseconds for opening a dump, a kill until all has settled, a switch of type until then, and a trace."""
    manifests = cluster(pods)
    load = least(lambda: kwake.open(manifests), 2)
    world = kwake.open(manifests)
    return {
        "load": load,
        "kill": least(lambda: world.do(kwake.KillPod("ns5/app5-abc-1")).settle()),
        "switch": least(lambda: world.do(kwake.SetServiceType("ns5/app5", "NodePort")).settle()),
        "trace": least(lambda: world.trace("ns6/app6-abc-1", "svc/ns5/app5", 80)),
    }


if __name__ == "__main__":
    for size in [int(word) for word in sys.argv[1:]] or [100, 1000, 10_000]:
        print(f"{size:>7} pods  " + "  ".join(f"{name} {ms:,.1f} ms" for name, ms in measured(size).items()))
