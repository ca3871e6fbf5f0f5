"""Exact sets of ports and tables of pairs, asked through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kwake_tui.cli import main

EVALUATE, STEPWISE, CLUSTER = 23, 138, 15

Object = dict[str, Any]
Table = dict[tuple[str, str], str]


def reached(tmp_path: Path, objects: list[Object], capsys: pytest.CaptureFixture[str], *options: str) -> Table:
    """All pairs of pods and addresses of these objects, by `kwake reach`."""
    file = tmp_path / "snapshot.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    code = main(["reach", str(file), "--by", "pod", "-o", "json", *options])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    answer = json.loads(printed.out)
    assert answer["unknown"] == []
    return {(pair["src"], pair["dst"]): pair["connections"] for pair in answer["pairs"]}


@pytest.mark.parametrize("number", range(EVALUATE))
def test_exact_ports_of_a_pair(number: int, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "evaluate.json").read_text())
    assert len(cases) == EVALUATE
    case = cases[number]
    table = reached(tmp_path, case["objects"], capsys)
    for pair in case["expected"]:
        names = [f"{end}[Pod]" if end[0].isalpha() else "0.0.0.0-255.255.255.255" for end in (pair["src"], pair["dst"])]
        told = table.get((names[0], names[1]), "No Connections")
        assert told == pair["connections"], (case["case"], pair)


@pytest.mark.parametrize("number", range(STEPWISE))
def test_tables_of_cyclonus(number: int, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "stepwise.json").read_text())["cases"]
    assert len(cases) == STEPWISE
    wrong = []
    for step in cases[number]["steps"]:
        table = reached(tmp_path, cyclonus_objects(step), capsys)
        names = [f"{pod['namespace']}/{pod['name']}" for pod in step["pods"]]
        for asked, rows in step["truth"].items():
            protocol, port = asked.split()
            for source, row in rows.items():
                for target, letter in zip(names, row, strict=True):
                    told = table.get((f"{source}[Pod]", f"{target}[Pod]"), "No Connections")
                    if source != target and holds(told, protocol, int(port)) is not (letter == "."):
                        wrong.append((asked, source, target, letter, told))
    assert wrong == []


def cyclonus_objects(step: Object) -> list[Object]:
    ports = [
        {"name": f"serve-{number}-{protocol}", "containerPort": number, "protocol": protocol.upper()}
        for number in (80, 81)
        for protocol in ("tcp", "udp", "sctp")
    ]
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
              for name, labels in step["namespaces"].items()]  # fmt: skip
    pods = [running(f"{pod['namespace']}/{pod['name']}", pod["ip"], pod["labels"], ports) for pod in step["pods"]]
    typed = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return [*spaces, *pods, *({**typed, **policy} for policy in step["policies"] or ())]


@pytest.mark.parametrize("number", range(CLUSTER))
def test_facts_of_the_conformance_tests(
    number: int, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = json.loads((truth / "clusternetworkpolicy.json").read_text())
    assert len(corpus["cases"]) == CLUSTER
    wrong = []
    for step in corpus["cases"][number]["steps"]:
        table = reached(tmp_path, [*conformance_objects(corpus["base"], step["namespaces"]), *step["policies"]], capsys)
        for check in step["checks"]:
            told = table.get((f"{check['src']}[Pod]", f"{check['dst']}[Pod]"), "No Connections")
            if holds(told, check["protocol"], check["port"]) is not check["allowed"]:
                wrong.append((step["name"], check, told))
    assert wrong == []


def conformance_objects(base: Object, edited: dict[str, dict[str, str]]) -> list[Object]:
    """Namespaces, nodes, and the pods of the StatefulSets at their addresses."""
    objects: list[Object] = []
    for name, node in base["nodes"].items():
        status = {"addresses": [{"type": "InternalIP", "address": node["ip"]}]}
        objects.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": node["labels"]},
                        "status": status})  # fmt: skip
    at = {node["ip"]: name for name, node in base["nodes"].items()}
    for thing in base["objects"]:
        metadata = thing["metadata"]
        if thing["kind"] == "Namespace":
            labels = edited.get(metadata["name"], metadata["labels"])
            objects.append({**thing, "metadata": {**metadata, "labels": labels}})
            continue
        template = thing["spec"]["template"]
        for name, ip in base["pods"].items():
            home, _, short = name.partition("/")
            if home == metadata["namespace"] and short.startswith(metadata["name"]):
                pod = running(name, ip, template["metadata"]["labels"])
                pod["spec"] = {**template["spec"], **({"nodeName": at[ip]} if ip in at else {})}
                objects.append(pod)
    return objects


def running(name: str, ip: str, labels: dict[str, str], ports: list[Object] | None = None) -> Object:
    home, _, short = name.partition("/")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": short, "namespace": home, "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i", "ports": ports or []}]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
    }


def holds(connections: str, protocol: str, port: int) -> bool:
    """Whether `SCTP 1-3,TCP 80,443` or `All Connections` holds a port."""
    if connections == "All Connections":
        return True
    current = ""
    for word in connections.replace(",", " ").split():
        if not word[0].isdigit():
            current = word
            continue
        low, _, high = word.partition("-")
        if current == protocol and int(low) <= port <= int(high or low):
            return True
    return False
