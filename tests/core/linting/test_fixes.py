"""Whatever a cluster looks like, each fix can be made, is taken by the API server, and mends something."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from kwake.cluster import Cluster
from kwake.control.admission import record_violations
from kwake.linting.lint import lint, lint_services
from kwake.objects.document import Manifest
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Change
from kwake.policy.change import applied
from kwake.profiles.load import load_profile
from kwake.profiles.profile import Profile
from tests.core.policy.clusters import cluster, pod
from tests.core.policy.random_clusters import PORTS, PROTOCOLS, Maker

PROFILES = (
    load_profile("calico"),
    load_profile("cilium"),
    load_profile("calico", {"host-network-pods": "selected", "admin-tiers": "both"}),
    load_profile("antrea"),
)
SEEDS = 600
NAMES = ("main", "side", "sied", "web")
SELECTORS: tuple[dict[str, str], ...] = ({"app": "web"}, {"app": "db"}, {"app": "wbe"}, {"app": "web", "track": "new"})


def services(draw: Random) -> list[Manifest]:
    """Services that may be right, and what leads to them."""
    made = [_service(draw, number) for number in range(draw.randint(0, 3))]
    home = draw.choice("ab")
    backend = {"name": draw.choice(("s0", "s1", "s2x")), "port": draw.choice(({"number": 80}, {"name": "mian0"}))}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": backend}}
    made.append(_object("networking.k8s.io/v1", "Ingress", home, "i", {"rules": [{"http": {"paths": [path]}}]}))
    endpoints = [{"port": draw.choice(("main0", "mian0", "8080"))}]
    spec = {"selector": {}, "namespaceSelector": {"any": draw.random() < 0.5}, "endpoints": endpoints}
    made.append(_object("monitoring.coreos.com/v1", "ServiceMonitor", home, "m", spec))
    made.append(pod(f"{home}/prometheus", ip="10.7.0.1", node="n1", app="prometheus"))
    hook = {"namespace": home, "name": "s0", "port": draw.choice(PORTS)}
    webhooks = [{"name": "x", "clientConfig": {"service": hook}}]
    made.append({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                 "metadata": {"name": "w"}, "webhooks": webhooks})  # fmt: skip
    return made


def _service(draw: Random, number: int) -> Manifest:
    port: dict[str, Any] = {"name": f"main{number}", "port": draw.choice(PORTS), "protocol": draw.choice(PROTOCOLS)}
    if draw.random() < 0.8:
        port["targetPort"] = draw.choice((*PORTS, *NAMES))
    spec = {"type": draw.choice(("ClusterIP", "NodePort", "LoadBalancer")), "clusterIP": f"10.96.0.{number + 1}",
            "selector": draw.choice(SELECTORS), "ports": [port]}  # fmt: skip
    return _object("v1", "Service", draw.choice("ab"), f"s{number}", spec)


def _object(version: str, kind: str, namespace: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def found(of: Cluster, profile: Profile) -> list[Finding]:
    return [*lint(of, profile), *lint_services(of)]


def refused(of: Cluster, fix: Change) -> set[str]:
    item = of.find(fix.key)
    if item is None:
        return set()
    return {re.sub(r"\d+", "", f"{v.field} {v.reason}") for v in record_violations(item)}  # what follows moves up


def mends(before: Cluster, finding: Finding, fix: Change, profile: Profile, findings: list[Finding]) -> bool:
    after = applied(before, (fix,))
    left = found(after, profile)
    assert refused(after, fix) <= refused(before, fix), fix
    same = [[(f.subject, f.text) for f in of].count((finding.subject, finding.text)) for of in (findings, left)]
    return len(left) < len(findings) or same[1] < same[0]


@pytest.mark.parametrize("start", range(0, SEEDS, 100))
def test_each_fix_can_be_made_is_taken_and_mends_something(start: int) -> None:
    count = 0
    for seed in range(start, start + 100):
        maker, profile = Maker(seed), PROFILES[seed % len(PROFILES)]
        before = cluster(*maker.cluster(), *services(maker.random))
        findings = found(before, profile)
        for finding in findings:
            for fix in finding.fixes:
                assert mends(before, finding, fix, profile, findings), (seed, finding, fix.kubectl)
                count += 1

    assert count > 50
