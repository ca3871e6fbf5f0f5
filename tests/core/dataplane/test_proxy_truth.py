"""kube-proxy's own tests: node, Services, slices and packets in, endpoints, REJECT, DROP and masquerade out."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from kwake.cluster import Cluster, record
from kwake.dataplane.proxy import Handling, Origin, Packet, ProxyNode, Treatment, handle
from kwake.objects.kinds import Service

WORDS = {
    Treatment.REJECT: "reject",
    Treatment.DROP: "drop",
    Treatment.ACCEPT: "accept",
    Treatment.UNTOUCHED: "no-match",
}
Case = dict[str, Any]


@pytest.fixture(scope="module")
def cases(truth: Path) -> list[Case]:
    found: list[Case] = json.loads((truth / "services.json").read_text())["cases"]
    return found


def proxy_node(node: Case, mode: str) -> ProxyNode:
    return ProxyNode(
        node["name"],
        tuple(node["ips"]),
        node["zone"] or "",
        mode,
        tuple(node.get("service_cidrs") or ()),
        tuple(node["nodeport_addresses"]),
        node["masquerade_all"],
        node.get("localhost_nodeports") is not False,
    )


def origin(packet: Case, node: Case) -> Origin:
    """Local detection is a setting of kube-proxy: by the pods' range, or none at all."""
    detect = node["detect_local"]
    if detect["type"] == "none" and packet["to_kind"]["kind"] == "cluster-ip":
        return Origin.POD
    if packet["from"]["kind"] in ("this-node", "localhost", "node-snatted-to-lb-ip"):
        return Origin.NODE
    if detect["type"] == "none":
        return Origin.OUTSIDE
    source, pods = ip_address(packet["from"]["ip"]), ip_network(detect["cidr"])
    return Origin.POD if source.version == pods.version and source in pods else Origin.OUTSIDE


def answer(handling: Handling) -> Any:
    if handling.treatment is not Treatment.DNAT:
        return WORDS[handling.treatment]
    return {"endpoints": sorted(f"{b.ip}:{b.port}" for b in handling.backends)}


def expected(result: Any) -> Any:
    if isinstance(result, str):
        return result
    return {"endpoints": sorted(endpoint.replace("[", "").replace("]", "") for endpoint in result["endpoints"])}


def wrong_answers(cases: list[Case]) -> tuple[int, list[str]]:
    packets, wrong = 0, []
    for case in cases:
        records = [record(manifest) for manifest in case["manifests"]]
        cluster = Cluster({r.key: r for r in records})
        node = proxy_node(case["node"], case["mode"])
        for packet in case["packets"]:
            packets += 1
            source = packet["from"]["ip"]
            wire = Packet(source, origin(packet, case["node"]), packet["to"], packet["port"], packet["protocol"])
            handling = handle(node, cluster, wire)
            masquerade = any(handling.masquerades(backend, source) for backend in handling.backends)
            got = (answer(handling), masquerade)
            if got != (expected(packet["result"]), packet["masquerade"]):
                wanted = f"{packet['result']} masquerade {packet['masquerade']}"
                wrong.append(f"{case['case']} {packet['name']} {source} -> {packet['to']}: {got}, not {wanted}")
    return packets, wrong


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_kube_proxy_handles_every_packet_alike(cases: list[Case], mode: str) -> None:
    packets, wrong = wrong_answers([case for case in cases if case["mode"] == mode])
    assert packets >= 100
    assert wrong == []


def counted(check: Case, cluster: Cluster, node: ProxyNode) -> int:
    """Service ports with endpoints, but none for this traffic at this node: what kube-proxy drops."""
    total = 0
    for service in cluster.all(Service):
        for port in service.spec.ports:
            inside = Packet("10.0.0.2", Origin.POD, service.cluster_ips[0], port.port, port.protocol)
            outside = Packet("203.0.113.2", Origin.OUTSIDE, node.ips[0], port.node_port, port.protocol)
            wire = inside if check["traffic"] == "internal" else outside
            total += handle(node, cluster, wire).treatment is Treatment.DROP
    return total


@pytest.mark.rule("SV-46")
@pytest.mark.rule("SV-43")
def test_sv_46_and_sv_43_kube_proxys_other_checks(truth: Path) -> None:
    made, wrong = 0, []
    for case in json.loads((truth / "services.json").read_text())["checks"]:
        records = [record(manifest) for manifest in case["manifests"]]
        cluster = Cluster({r.key: r for r in records})
        node = proxy_node(case["node"], case["mode"])
        for check in case["checks"]:
            made += 1
            if check["check"] == "lb-ip-captured-by-kube-proxy":
                wire = Packet("203.0.113.2", Origin.OUTSIDE, check["ip"], check["port"], check["protocol"])
                got: bool | int = handle(node, cluster, wire).frontend == "load-balancer"
            else:
                got = counted(check, cluster, node)
            if got != check["expected"]:
                wrong.append(f"{case['case']} {check}: {got}")
    assert made >= 12
    assert wrong == []
