"""kube-proxy's own expectations through `kwake trace`: Services, slices and a node as files, packets as dials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kwake
from kwake_tui.cli import main

Case = dict[str, Any]
OUTCOMES = {"reject": {"refused"}, "drop": {"dropped"}, "accept": {"delivered"}}
"""`no-match` is no outcome: the proxy leaves the packet alone, and what else answers decides."""


def cluster_of(case: Case) -> list[Case]:
    """The case's manifests with the pods and nodes that its slices and packets imply."""
    here: Case = case["node"]
    slices = [manifest for manifest in case["manifests"] if manifest["kind"] == "EndpointSlice"]
    endpoints = [endpoint for item in slices for endpoint in item["endpoints"]]
    nodes = {here["name"]} | {endpoint["nodeName"] for endpoint in endpoints if endpoint.get("nodeName")}
    pods = {ip: e.get("nodeName") or here["name"] for e in endpoints for ip in e["addresses"]}
    for packet in case["packets"]:
        if packet["from"]["kind"].startswith("pod"):
            pods.setdefault(packet["from"]["ip"], here["name"])
    made = [_node(name, here if name == here["name"] else {"ips": [f"192.168.77.{n}"]}) for n, name in _numbered(nodes)]
    made += [_pod(f"p{n}", ip, pods[ip]) for n, ip in _numbered(pods)]
    return [*case["manifests"], *made]


def _numbered(names: Any) -> Iterator[tuple[int, str]]:
    return enumerate(sorted(names), start=1)


def _node(name: str, given: Case) -> Case:
    labels = {"topology.kubernetes.io/zone": given["zone"]} if given.get("zone") else {}
    addresses = [{"type": "InternalIP", "address": ip} for ip in given["ips"]]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "status": {"addresses": addresses, "conditions": [{"type": "Ready", "status": "True"}]}}  # fmt: skip


def _pod(name: str, ip: str, node: str) -> Case:
    status = {
        "phase": "Running",
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "ns1", "uid": name},
            "spec": {"nodeName": node, "containers": [{"name": "c"}]}, "status": status}  # fmt: skip


def setup_of(case: Case) -> list[str]:
    """How the case's kube-proxy is started, as fields of the profile."""
    here = case["node"]
    fields = {
        "proxy": case["mode"],
        "masquerade-all": "yes" if here["masquerade_all"] else "no",
        "node-port-addresses": ",".join(here["nodeport_addresses"]) or "default",
        "localhost-node-ports": "no" if here.get("localhost_nodeports") is False else "yes",
        "local-detection": "none" if here["detect_local"]["type"] == "none" else "pods",
    }
    return [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]


def faults(case: Case, file: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """What `kwake trace` says otherwise than kube-proxy's test."""
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": cluster_of(case)}))
    here = case["node"]["name"]
    for packet in case["packets"]:
        source = f"node/{here}" if packet["from"]["kind"] == "localhost" else packet["from"]["ip"]
        entry = ["--at", here] if packet["from"]["kind"] == "external" else []
        asked = [
            "--from",
            source,
            "--to",
            packet["to"],
            "--port",
            str(packet["port"]),
            "--protocol",
            packet["protocol"],
        ]
        code = main(["trace", str(file), *asked, *entry, *setup_of(case), "-o", "json"])
        said = capsys.readouterr()
        if code not in (0, 4):
            yield f"{case['case']} {packet['name']}: {said.err}"
            continue
        path, result = json.loads(said.out), packet["result"]
        outcomes = {branch["outcome"] for branch in path["branches"]}
        sent = {_shown(b) for b in path["branches"] if any(hop["kind"] == "nat" for hop in b["hops"])}
        if isinstance(result, dict):
            right = outcomes == {"delivered"} and sent == set(result["endpoints"])
        else:
            right = not sent and outcomes == OUTCOMES.get(result, outcomes - {"delivered"})
        # A node's own packets bear its address before and after.
        rewritten = any(hop["kind"] == "snat" for branch in path["branches"] for hop in branch["hops"])
        if packet["from"]["kind"] not in ("this-node", "localhost"):
            right = right and rewritten == packet["masquerade"]
        if not right:
            yield f"{case['case']} {packet['name']}: {outcomes} {sent} source rewritten: {rewritten}, not {result}"


def _shown(branch: Case) -> str:
    ip = branch["ip"]
    return f"[{ip}]:{branch['port']}" if ":" in ip else f"{ip}:{branch['port']}"


@pytest.mark.rule("SV-40")
@pytest.mark.rule("SV-42")
@pytest.mark.rule("SV-43")
@pytest.mark.rule("SV-44")
@pytest.mark.rule("SV-45")
@pytest.mark.rule("SV-47")
@pytest.mark.rule("SV-49")
@pytest.mark.rule("SV-50")
@pytest.mark.rule("EP-6")
@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_trace_handles_every_packet_as_kube_proxy_does(
    mode: str, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [c for c in json.loads((truth / "services.json").read_text())["cases"] if c["mode"] == mode]
    assert sum(len(case["packets"]) for case in cases) >= 100
    found = [fault for case in cases for fault in faults(case, tmp_path / "cluster.json", capsys)]
    assert found == []


@pytest.mark.rule("EP-6")
@pytest.mark.rule("EP-20")
def test_trace_finds_the_endpoints_that_kube_proxy_uses_on_a_node(truth: Path) -> None:
    """Topology cases as clusters: a pod of the node dials the ClusterIP, somebody outside the node's port."""
    found = []
    for case in json.loads((truth / "topology.json").read_text())["cases"]:
        here = {"name": case["node"]["name"] or "this-node", "ips": ["192.168.0.2"], "zone": case["node"]["zone"]}
        client = {"from": {"kind": "pod", "ip": "10.9.9.9"}}
        world = kwake.open(cluster_of({**case, "node": here, "packets": [client]}))
        (service,) = (m for m in case["manifests"] if m["kind"] == "Service")
        asked = case["service"]
        dials = [("10.9.9.9", service["spec"]["clusterIP"], 80, "", asked.get("internal_policy_local"))]
        if asked.get("node_port"):
            dials.append(("internet", "192.168.0.2", asked["node_port"], here["name"], asked["external_policy_local"]))
        for source, address, port, entry, is_local in dials:
            wanted = case["expected"]["local" if is_local else "cluster"]
            branches = world.trace(source, address, port, at=entry).branches
            sent = {f"{b.ip}:{b.port}" for b in branches if any(hop.kind == "nat" for hop in b.hops)}
            if wanted is not None and sent != set(wanted):
                found.append(f"{case['case']} {source}: {sent}, not {wanted}")
    assert found == []
