"""EndpointSlices against Kubernetes' own unit tests, and against what real clusters' controllers wrote."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kwake.cluster import Cluster, Record, record
from kwake.control.desired_endpoints import desired_endpoints, families_of, ports_on, target_port
from kwake.control.endpoints import Backend, service_slices, usable
from kwake.control.slices import CONTROLLER
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.objects.kinds import MANAGED_BY_LABEL, EndpointSlice, ForZone, Hints, Pod, Service
from kwake.sources.snapshot import read
from tests.core.control.objects import cluster_of, node

Case = dict[str, Any]


GATE_OFF = "PSTD disabled"
"""Cases of clusters before 1.34, without the gate PreferSameTrafficDistribution."""


def named(manifest: Manifest, name: str) -> Manifest:
    """The manifest with the names that the cases leave out; one has its labels beside its metadata."""
    metadata = {"name": name, "namespace": "test", **manifest.get("metadata", {})}
    if "labels" in manifest:
        metadata["labels"] = manifest["labels"]
    return {**manifest, "metadata": metadata}


def service_in(case: Case) -> Service:
    value = record(named(case["input"]["service"], "foo")).value
    assert isinstance(value, Service)
    return value


def pod_in(case: Case) -> Pod:
    value = record(named(case["input"]["pod"], "pod1")).value
    assert isinstance(value, Pod)
    return value


def written(case: Case) -> list[EndpointSlice]:
    """The slices after a sync of the case's Service, pods and nodes."""
    given = case["input"]
    names = {pod["spec"]["nodeName"] for pod in given["pods"] if pod["spec"].get("nodeName")}
    nodes = given.get("nodes", given.get("existing_nodes"))
    if nodes is None:
        nodes = [node(name) for name in sorted(names)]
    cluster = cluster_of(named(given["service"], "foo"), *given["pods"], *nodes)
    (service,) = cluster.all(Service)
    changes, _ = service_slices(cluster, service, Draws(), prefer_same=GATE_OFF not in case.get("case", ""))
    return list(cluster.with_changes(changes).all(EndpointSlice))


def check_endpoint(case: Case) -> None:
    given, pod = case["input"], pod_in(case)
    service = service_in(case)
    existing = given["node"] or node(pod.spec.node_name)
    cluster = cluster_of(named(given["service"], "foo"), named(given["pod"], "pod1"), existing)
    (group,) = desired_endpoints(cluster, service, given["address_type"]).values()
    wanted = {name: value for name, value in case["expected"]["endpoint"].items() if value is not None}
    assert {name: value for name, value in group[0].items() if name != "targetRef"} == wanted


def check_ports(case: Case) -> None:
    expected = {(p["name"], p["protocol"], p["port"], p.get("appProtocol", "")) for p in case["expected"]["ports"]}
    assert set(ports_on(pod_in(case), service_in(case))) == expected


def check_find_port(case: Case) -> None:
    given = case["input"]["service_port"]
    service = record(
        named({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 1, **given}]}}, "foo")
    ).value
    assert isinstance(service, Service)
    found = target_port(pod_in(case), service.spec.ports[0])
    assert found == (case["expected"]["port"] if case["expected"]["found"] else None)


def check_families(case: Case) -> None:
    assert sorted(families_of(service_in(case))) == sorted(case["expected"]["address_types"])


def check_reconciled(case: Case) -> None:
    items = written(case)
    expected = case["expected"]["endpoints_by_address_type"]
    assert sorted({item.address_type for item in items}) == sorted(expected)
    for family, wanted in expected.items():
        found = [e for item in items if item.address_type == family for e in item.endpoints]
        shown = [
            {
                "addresses": list(e.addresses),
                "conditions": {"ready": e.ready, "serving": e.serving, "terminating": e.terminating},
                "zone": e.zone or None,
                "nodeName": e.node_name or None,
                "hostname": e.hostname or None,
            }
            for e in found
        ]
        assert shown == [{"zone": None, "nodeName": None, "hostname": None} | endpoint for endpoint in wanted]
    for item in items:
        assert item.metadata.labels == case["expected"]["slice_labels"]


def check_hints(case: Case) -> None:
    """The case gives endpoints; pods and nodes that have them are made for it."""
    pods, nodes = [], {}
    for number, endpoint in enumerate(case["input"]["endpoints"]):
        name = endpoint.get("nodeName") or f"unnamed-{number}"
        nodes[name] = node(name, zone=endpoint.get("zone") or "")
        ready = "True" if endpoint["conditions"].get("ready") else "False"
        pods.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"p{number}", "namespace": "test", "labels": {"a": "b"}},
                "spec": {"nodeName": name, "containers": [{"name": "a"}]},
                "status": {"podIP": endpoint["addresses"][0], "conditions": [{"type": "Ready", "status": ready}]},
            }
        )
    distribution = case["input"].get("traffic_distribution") or ""
    spec = {
        "selector": {"a": "b"},
        "ports": [{"port": 80}],
        "clusterIP": "10.96.0.1",
        "trafficDistribution": distribution,
    }
    service = {"apiVersion": "v1", "kind": "Service", "spec": spec}
    items = written({"input": {"service": service, "pods": pods, "nodes": list(nodes.values())}})
    found = {e.addresses[0]: e.hints for item in items for e in item.endpoints}
    for endpoint in case["expected"]["endpoints"]:
        hints = endpoint.get("hints") or {}
        got = found[endpoint["addresses"][0]]
        assert [h.name for h in got.for_zones] == [h["name"] for h in hints.get("forZones") or ()]
        assert [h.name for h in got.for_nodes] == [h["name"] for h in hints.get("forNodes") or ()]


def check_hint_counts(case: Case) -> None:
    endpoints = [e for item in written(case) for e in item.endpoints]
    zones = Counter(h.name for e in endpoints for h in e.hints.for_zones)
    zones["(none)"] = sum(not e.hints.for_zones for e in endpoints)
    assert +zones == Counter(case["expected"]["zone_hint_counts"])
    crossing = sum(any(h.name != e.zone for h in e.hints.for_zones) for e in endpoints)
    assert crossing == case["expected"]["endpoints_with_cross_zone_hint"]


def check_missing_node(case: Case) -> None:
    assert sum(len(item.endpoints) for item in written(case)) == case["expected"]["desired_endpoints"]


def check_counts(case: Case) -> None:
    items = written(case)
    assert [len(item.endpoints) for item in items] == case["expected"]["slice_lengths"]
    if "all_endpoints_ready" in case["expected"]:
        assert all(e.ready for item in items for e in item.endpoints) == case["expected"]["all_endpoints_ready"]


CHECKS: dict[str, Callable[[Case], None]] = {
    "pod-to-endpoint": check_endpoint,
    "endpoint-ports": check_ports,
    "find-port": check_find_port,
    "address-types": check_families,
    "reconcile": check_reconciled,
    "traffic-distribution-hints": check_hints,
    "reconcile-traffic-distribution": check_hint_counts,
    "pod-on-missing-node": check_missing_node,
    "reconcile-counts": check_counts,
}


@pytest.mark.parametrize("kind", CHECKS)
def test_kubernetes_own_expectations(truth: Path, kind: str) -> None:
    cases = json.loads((truth / "endpointslices.json").read_text())["cases"]
    assert {case["kind"] for case in cases} <= set(CHECKS), "a kind of case that no check reads"
    failed = {}
    for case in cases:
        if case["kind"] == kind:
            try:
                CHECKS[kind](case)
            except AssertionError as error:
                failed[case["case"]] = str(error)
    assert not failed


# -- topology -----------------------------------------------------------------------------------------------------


def backend_of(given: Case) -> Backend:
    """An endpoint of a topology case; the node asked about is called `here`."""
    ip, _, port = given["endpoint"].rpartition(":")
    hints = Hints(*(tuple(ForZone(name) for name in given[f] or ()) for f in ("zone_hints", "node_hints")))
    where = "here" if given["local"] else "elsewhere"
    return Backend(ip, int(port), None, where, "", given["ready"], given["serving"], given["terminating"],
                   key("EndpointSlice", "ns1", "svc1-1"), hints)  # fmt: skip


@pytest.mark.rule("EP-6")
def test_ep_6_kubernetes_own_expectations_of_topology(truth: Path) -> None:
    failed = {}
    for case in json.loads((truth / "topology.json").read_text())["cases"]:
        endpoints = tuple(map(backend_of, case["endpoints"]))
        name, zone = case["node"]["name"], case["node"]["zone"] or ""
        # Local endpoints are on `here`; hints name nodes by their own name.
        hinted = tuple(msgspec.structs.replace(b, hints=_renamed(b.hints, name)) for b in endpoints)
        answers = {
            policy: usable(hinted, "here", zone, policy, node_hints=case["prefer_same_gate"])
            for policy in ("Cluster", "Local")
        }
        for field, policy in (("cluster", "Cluster"), ("local", "Local")):
            wanted = case["expected"][field]
            found = sorted(f"{b.ip}:{b.port}" for b in answers[policy].backends)
            if wanted is not None and found != sorted(wanted):
                failed[f"{case['case']}: {field}"] = (found, wanted)
        if any(a.has_any_anywhere for a in answers.values()) != case["expected"]["has_any_usable_anywhere"]:
            failed[f"{case['case']}: anywhere"] = ([], [])
    assert not failed


def _renamed(hints: Hints, name: str | None) -> Hints:
    return Hints(hints.for_zones, tuple(ForZone("here") if h.name == name else h for h in hints.for_nodes))


# -- what real clusters' controllers wrote ------------------------------------------------------------------------


def flat(cluster: Cluster, service: Service) -> set[tuple[Any, ...]]:
    """Every endpoint of a Service's own slices with what traffic depends on."""
    return {
        (address, port and (port.name, port.protocol, port.port), e.ready, e.serving, e.terminating, e.node_name,
         e.target_ref and (e.target_ref.kind, e.target_ref.name, e.target_ref.uid), e.zone, e.hostname)
        for item in cluster.slices_by_service.get(service.key, ())
        if item.metadata.labels.get(MANAGED_BY_LABEL) == CONTROLLER
        for e in item.endpoints
        for address in e.addresses
        for port in item.ports or (None,)
    }  # fmt: skip


def dumps(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "dumps").iterdir() if path.suffix in (".json", ".yaml"))


def compared(path: Path) -> tuple[int, dict[str, str]]:
    """How many Services of a dump were compared, and the differences."""
    cluster = Cluster({entry.key: Record(entry.document, entry.value) for entry in read(path).entries})
    count, differences = 0, {}
    for service in cluster.all(Service):
        real = [
            i
            for i in cluster.slices_by_service.get(service.key, ())
            if i.metadata.labels.get(MANAGED_BY_LABEL) == CONTROLLER
        ]
        if not real:
            continue
        count += 1
        without = cluster.with_changes({item.key: None for item in real})
        changes, _ = service_slices(without, service, Draws())
        ours, theirs = flat(without.with_changes(changes), service), flat(cluster, service)
        if ours != theirs:
            differences[f"{path.name} {service.key}"] = (
                f"ours {sorted(map(str, ours - theirs))} theirs {sorted(map(str, theirs - ours))}"
            )
    return count, differences


def test_live_clusters_have_the_slices_that_we_compute(truth: Path) -> None:
    """Every Service of every dump with EndpointSlices: addresses, ports, conditions, nodes, targets, zones."""
    found = [compared(path) for path in dumps(truth)]
    assert {name: words for _, differences in found for name, words in differences.items()} == {}
    assert sum(count for count, _ in found) >= 100, "the dumps have at least a hundred such Services"


def _listed_in(legacy: Manifest) -> set[tuple[Any, ...]]:
    """Every address and port of an Endpoints object, with what else traffic depends on."""
    return {
        (a["ip"], port and (port.get("name", ""), port.get("protocol", "TCP"), port["port"]), field == "addresses",
         a.get("nodeName", ""), *((a.get("targetRef") or {}).get(name, "") for name in ("kind", "name", "uid")),
         a.get("hostname", ""))
        for subset in legacy.get("subsets") or ()
        for field in ("addresses", "notReadyAddresses")
        for a in subset.get(field) or ()
        for port in subset.get("ports") or (None,)
    }  # fmt: skip


def _desired_as_endpoints(cluster: Cluster, service: Service) -> set[tuple[Any, ...]]:
    """The same of what we compute: an Endpoints object has one family, no terminating pod unless those that are not
    ready are published, and no pod without a port unless the Service is headless and has none (EP-11)."""
    family = (service.spec.ip_families or families_of(service))[0]
    portless = (None,) if service.is_headless and not service.spec.ports else ()
    return {
        (e["addresses"][0], port and port[:3], e["conditions"]["ready"], e.get("nodeName", ""), "Pod",
         e["targetRef"]["name"], e["targetRef"].get("uid", ""), e.get("hostname", ""))
        for ports, endpoints in desired_endpoints(cluster, service, family).items()
        for e in endpoints
        if service.spec.publish_not_ready_addresses or not e["conditions"]["terminating"]
        for port in ports or portless
    }  # fmt: skip


def test_live_clusters_have_the_endpoints_objects_that_we_compute(truth: Path) -> None:
    """Every Service with a selector of every dump with Endpoints: addresses, ports, readiness, nodes, targets."""
    count, differences = 0, {}
    for path in dumps(truth):
        cluster = Cluster({entry.key: Record(entry.document, entry.value) for entry in read(path).entries})
        for service in cluster.all(Service):
            legacy = cluster.find(key("Endpoints", service.metadata.namespace, service.metadata.name))
            if legacy is None or not service.spec.selector or service.spec.type == "ExternalName":
                continue
            count += 1
            ours, theirs = _desired_as_endpoints(cluster, service), _listed_in(legacy.manifest)
            if ours != theirs:
                differences[f"{path.name} {service.key}"] = (sorted(map(str, ours ^ theirs)), len(theirs))
    assert differences == {}
    assert count >= 300, "the dumps have more than three hundred such Services"
