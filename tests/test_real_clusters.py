"""Clusters that nobody here made: they open, and their own Services, addresses and endpoints answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kwake
from kwake import Outcome
from kwake.objects.kinds import Pod, Service
from kwake.world import World
from kwake_tui.cli import main

DUMPS = (
    "aks-1.26.json", "americancloud-1.24-weave.json", "eks-1.27-vpccni.json", "gke-1.24.json", "hpe-1.21-multus.json",
    "k3s-1.27-civo.json", "k3s-troubleshoot-bundle.json", "kamaji-1.25-tenant.json", "konvoy-1.21-aws-calico.json",
    "kubespray-1.24-calico.yaml", "kurl-1.27-flannel.json", "kurl-longhorn-sbctl.json",
    "onlineboutique-live-netpol.json", "ovh-1.27-canal.yaml", "rancher-1.16-canal.json", "rke2-1.24-oneke.json",
    "sonobuoy-kind-1.21.yaml", "vanillastack-1.19-cilium.json",
)  # fmt: skip
FOLDERS = (
    "real-manifests/argo-cd", "real-manifests/bookinfo", "real-manifests/flannel", "real-manifests/guestbook",
    "real-manifests/ingress-nginx", "real-manifests/metallb", "real-manifests/network-policy-recipes",
    "real-manifests/online-boutique", "real-manifests/podinfo",
    "manifests/tests/onlineboutique", "manifests/tests/onlineboutique_workloads",
    "manifests/tests/minikube_resources", "manifests/tests/acs-security-demos",
)  # fmt: skip
MASKED = {"kurl-longhorn-sbctl.json"}
"""Dumps whose addresses were replaced before they were published: no Service of theirs has one."""


def test_every_dump_is_tried(truth: Path) -> None:
    assert {path.name for path in (truth / "dumps").iterdir()} == set(DUMPS)


@pytest.mark.parametrize("name", [f"dumps/{dump}" for dump in DUMPS])
def test_check_and_reach_open_a_real_cluster(name: str, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(truth / name), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1

    assert main(["reach", str(truth / name), "-o", "json"]) == 0
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    assert pairs


def _kube_dns(world: World) -> Service | None:
    services = [s for s in world.cluster.all(Service) if s.metadata.namespace == "kube-system"]
    for service in services:
        if any(port.port == 53 and port.protocol == "UDP" for port in service.spec.ports) and service.spec.selector:
            return service
    return None


@pytest.mark.parametrize("dump", DUMPS)
def test_a_pod_reaches_the_clusters_dns_and_endpoints_follow_a_kill(dump: str, truth: Path) -> None:
    world = kwake.open(str(truth / "dumps" / dump))
    service = _kube_dns(world)
    if not world.cluster.all(Service):
        assert dump == "onlineboutique-live-netpol.json", "the one dump without Services"
        return
    assert service is not None
    client = next(
        pod
        for pod in world.cluster.all(Pod)
        if pod.is_ready and not pod.spec.host_network and pod.metadata.namespace != "kube-system"
    )

    path = world.trace(str(client.key), f"{service.metadata.name}.kube-system", 53, "UDP")

    if dump in MASKED:
        assert path.outcome is Outcome.UNKNOWN
        return
    assert path.outcome is Outcome.DELIVERED, path
    assert any(service.spec.cluster_ip in hop.text for hop in path.branches[0].hops)
    real = {ip for p in world.cluster.all(Pod) if _selected(p, service) and p.is_ready for ip in p.ips}
    assert {branch.ip for branch in path.branches} == real
    victim = path.branches[0].pod
    assert victim is not None

    after = world.do(kwake.KillPod(victim, force=True)).settle()

    addresses = {a for s in after.cluster.slices_by_service[service.key] for e in s.endpoints for a in e.addresses}
    assert path.branches[0].ip not in addresses
    replacement = {ip for p in after.cluster.all(Pod) if _selected(p, service) and p.is_ready for ip in p.ips}
    assert addresses == replacement
    assert len(replacement) == len(real), "a Deployment's pod is replaced"


def _selected(pod: Pod, service: Service) -> bool:
    wanted = service.spec.selector.items()
    return pod.metadata.namespace == service.metadata.namespace and wanted <= pod.metadata.labels.items()


@pytest.mark.parametrize("folder", FOLDERS)
def test_published_manifests_open(folder: str, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(truth / folder)]) == 0, capsys.readouterr().err
    assert main(["reach", str(truth / folder), "-o", "json"]) == 0
