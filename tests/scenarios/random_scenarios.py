"""Scenarios that nobody would write: steps, times and expectations drawn from a seed, always the same ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kwake.samples import sample_path
from kwake.sources.yaml_writer import to_yaml

Draw = random.Random
PROFILES = ("calico", "calico-ebpf", "cilium", "antrea", "flannel", "kindnet", "calico+nftables", "weave")
PODS = ("deploy/demo/web#0", "deploy/demo/checkout#0", "demo/client")
SERVICES = ("svc/demo/web", "svc/demo/checkout")
FLOWS = {
    "pay": {"from": "deploy/demo/web", "to": "svc/demo/checkout", "port": 443, "hold": True},
    "window": {"from": "pod/demo/client", "to": "svc/demo/web", "port": 80},
    "outside": {"from": "internet", "to": "svc/demo/web", "port": 80},
    "named": {"from": "pod/demo/client", "to": "checkout", "port": 443, "via": "dns"},
}


def _policy(draw: Draw) -> dict[str, Any]:
    label = draw.choice(["web", "checkout", "client", "nobody"])
    rules = draw.choice([[], [{}], [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]])
    spec = {"podSelector": {"matchLabels": {"app": label}}, "policyTypes": ["Ingress"], "ingress": rules}
    metadata = {"name": f"drawn-{draw.randint(0, 2)}", "namespace": "demo"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


ACTIONS: tuple[Callable[[Draw], dict[str, Any]], ...] = (
    lambda draw: {"kill": draw.choice(PODS), **({"force": True} if draw.random() < 0.3 else {})},
    lambda draw: {"restart-container": draw.choice(PODS)},
    lambda draw: {"recreate-sandbox": draw.choice(PODS)},
    lambda draw: {"scale": draw.choice(["deploy/demo/web", "deploy/demo/checkout"]), "replicas": draw.randint(0, 4)},
    lambda draw: {"rollout-restart": draw.choice(["deploy/demo/web", "deploy/demo/checkout"])},
    lambda draw: {"relabel": draw.choice(PODS), "labels": {"app": draw.choice(["web", "checkout", None])}},
    lambda draw: {"apply": _policy(draw)},
    lambda draw: {"delete": "networkpolicy/demo/checkout-from-web"},
    lambda draw: {"set-type": draw.choice(SERVICES), "type": draw.choice(["NodePort", "LoadBalancer", "ClusterIP"])},
    lambda draw: {"replace-service": draw.choice(SERVICES)},
    lambda draw: {"drain": draw.choice(["node-1", "node-2"]), "force": True},
    lambda draw: {"silence-node": draw.choice(["node-1", "node-2"]), "lost": draw.random() < 0.5},
    lambda draw: {"wake-node": draw.choice(["node-1", "node-2"])},
    lambda draw: {"open": "more", "from": "deploy/demo/web", "to": draw.choice(SERVICES)},
    lambda draw: {"undo": draw.randint(1, 2)},
    lambda draw: {"redo": 1},
)


def _expectation(draw: Draw, before: list[str]) -> dict[str, Any]:
    flow = draw.choice(list(FLOWS))
    kinds: list[dict[str, Any]] = [
        {"flow": flow, "outcome": draw.choice(["delivered", "dropped", "refused"])},
        {"flow": flow, "outcome": "delivered", "within": f"{draw.randint(0, 5)}s"},
        {"flow": flow, "outcome": "delivered", "at": f"{draw.randint(0, 5000)}ms", "for": f"{draw.randint(1, 3)}s"},
        {"flow": "pay", "fate": draw.choice(["open", "closed", "reset", "stalled"])},
        {"flow": flow, "share": draw.choice(["1/2", ">= 50%", "100%"])},
        {"flow": flow, "available": f"{draw.randint(0, 100)}%"},
        {"resolves": "checkout", "from": "pod/demo/client", "to": "svc/demo/checkout"},
        {"env": "WEB_SERVICE_PORT", "from": "pod/demo/client", "value": "80"},
        {"object": "svc/demo/web", "field": "spec.type", "value": "ClusterIP"},
    ]
    if before:
        kinds.append({"changed": {"since": draw.choice(before), "max": draw.randint(0, 3)}})
    return draw.choice(kinds)


def random_scenario(number: int) -> dict[str, Any]:
    """The scenario of a number."""
    draw = Draw(number)
    steps: list[dict[str, Any]] = []
    for at in range(draw.randint(1, 6)):
        step: dict[str, Any] = {"id": f"s{at}"}
        if draw.random() < 0.5:
            step["after"] = f"{draw.randint(0, 4000)}ms"
        step["do"] = draw.choice(ACTIONS)(draw)
        step["expect"] = [_expectation(draw, [done["id"] for done in steps]) for _ in range(draw.randint(0, 3))]
        steps.append(step)
    return {
        "kwake": 1,
        "name": f"random {number}",
        "snapshot": str(sample_path("small") / "cluster.yaml"),
        "profile": draw.choice(PROFILES),
        "seed": draw.randint(0, 5),
        "flows": FLOWS,
        "always": [{"flow": "window", "outcome": "delivered"}],
        "steps": steps,
    }


def write_scenarios(folder: Path, numbers: range) -> None:
    """A file for each number, named so that the order of names is that of numbers."""
    folder.mkdir()
    for number in numbers:
        (folder / f"{number:04}.yaml").write_text(to_yaml(random_scenario(number)), encoding="utf-8")
