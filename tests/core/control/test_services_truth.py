"""What real clusters' API servers stored, and what people deploy, must be taken as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kwake.cluster import Cluster, Record, record
from kwake.control.services import admit
from kwake.draws import Draws
from kwake.errors import Rejected
from kwake.objects.kinds import Service
from kwake.profiles.profile import Profile
from kwake.sources.snapshot import read

ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort", "type", "externalTrafficPolicy", "selector")


def clusters(folder: Path) -> list[tuple[str, Cluster]]:
    """Every dump whose addresses are not hidden."""
    paths = sorted(path for path in (folder / "dumps").iterdir() if path.suffix in (".json", ".yaml"))
    found = []
    for path in paths:
        cluster = Cluster({entry.key: Record(entry.document, entry.value) for entry in read(path).entries})
        if not any("HIDDEN" in ip for service in cluster.all(Service) for ip in service.cluster_ips):
            found.append((path.name, cluster))
    return found


def numbers(spec: dict[str, Any]) -> list[Any]:
    """What an update must leave alone; an older server stored no clusterIPs."""
    kept = [spec.get(field) for field in ALLOCATED if field != "clusterIPs" or "clusterIPs" in spec]
    return [
        *kept,
        [(p.get("name"), p["port"], p.get("nodePort"), p.get("targetPort")) for p in spec.get("ports") or ()],
    ]


def test_every_live_service_put_back_unchanged_keeps_its_numbers(truth: Path, calico: Profile) -> None:
    count, differences = 0, {}
    for name, cluster in clusters(truth):
        for service in cluster.all(Service):
            old = cluster.record(service.key)
            count += 1
            try:
                stored, _ = admit(cluster, old.manifest, old, "put", calico, Draws())
            except Rejected as error:
                differences[f"{name} {service.key}"] = str(error)
                continue
            before = old.manifest["spec"]
            after = {k: v for k, v in stored["spec"].items() if k != "clusterIPs" or "clusterIPs" in before}
            if numbers(after) != numbers(before):
                differences[f"{name} {service.key}"] = f"{numbers(before)} became {numbers(after)}"
    assert differences == {}
    assert count >= 300, "the dumps have hundreds of Services"


def test_a_live_service_can_go_through_node_port_and_back(truth: Path, calico: Profile) -> None:
    """SV-10: ClusterIP to NodePort and back keeps the address, whatever an older server stored."""
    for name, cluster in clusters(truth):
        for service in cluster.all(Service):
            if service.spec.type != "ClusterIP" or service.is_headless:
                continue
            old = cluster.record(service.key)
            there = old.manifest
            there["spec"]["type"] = "NodePort"
            stored, draws = admit(cluster, there, old, "patch", calico, Draws())
            assert all(port["nodePort"] >= 30086 for port in stored["spec"]["ports"]), name
            switched = record(stored)
            back = switched.manifest
            back["spec"]["type"] = "ClusterIP"
            after, _ = admit(cluster.with_changes({old.key: switched}), back, switched, "patch", calico, draws)
            assert after["spec"]["clusterIP"] == service.spec.cluster_ip
            assert not any("nodePort" in port for port in after["spec"]["ports"])


def test_what_people_deploy_is_taken(truth: Path, calico: Profile) -> None:
    count, draws = 0, Draws()
    for folder in sorted((truth / "real-manifests").iterdir()):
        if not folder.is_dir():
            continue
        cluster = Cluster()
        for entry in read(folder, lenient=True).entries:
            if isinstance(entry.value, Service):
                stored, draws = admit(cluster, entry.document.manifest, None, "create", calico, draws)
                made = record(stored)
                cluster = cluster.with_changes({made.key: made})
                count += 1
    assert count >= 20, "the manifests have dozens of Services"
