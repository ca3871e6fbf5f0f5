"""The evaluator against what other projects say the answer is."""

from __future__ import annotations

import ipaddress
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod
from kwake.policy.difference import difference
from kwake.policy.ends import PolicyEnd, Side
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import Reach, reach
from kwake.policy.workloads import workload_name
from kwake.profiles import Profile, load_profile
from tests.core.policy.clusters import cluster, end, namespace, pod
from tests.core.policy.third_party import cases, cluster_of

Triple = tuple[str, str, str]

THEIRS = load_profile("calico", {"host-network-pods": "selected", "ipblock-matches-pods": "no"})
"""How netpol-analyzer reads what the API leaves open."""


def test_all_pairs_of_netpol_analyzers_cases(truth: Path) -> None:
    wrong = []
    for case in cases(truth, "networkpolicy.json"):
        found = reach(cluster_of(truth, case["manifests"]), THEIRS)
        expected = [(pair["src"], pair["dst"], pair["connections"]) for pair in case["expected"]]
        ours, theirs = _in_common_pieces(_triples(found), expected)
        if ours != theirs or found.unknown:
            wrong.append((case["case"], sorted(ours ^ theirs)[:3]))
    assert wrong == []


def test_np_15_the_cases_that_depend_on_host_network_pods_are_those_known_to(truth: Path) -> None:
    ignoring: Profile = load_profile("calico", {"host-network-pods": "ignored", "ipblock-matches-pods": "no"})
    known = json.loads((truth / "hostnetwork_sensitivity.json").read_text("utf-8"))["hostNetwork"]
    differing = set()
    compared = set()
    for case in cases(truth, "networkpolicy.json"):
        compared.add(case["case"])
        read = cluster_of(truth, case["manifests"])
        hosted = any(p.spec.host_network for p in read.all(Pod))
        if hosted and _triples(reach(read, ignoring)) != _triples(reach(read, THEIRS)):
            differing.add(case["case"])
    assert differing == known.keys() & compared


def _triples(found: Reach) -> list[Triple]:
    return [(pair.src, pair.dst, str(pair.connections)) for pair in found.pairs]


def _in_common_pieces(*lists: list[Triple]) -> list[set[Triple]]:
    """The lists with every address range cut at every border of any."""
    names = {name for triples in lists for src, dst, _ in triples for name in (src, dst)}
    borders = sorted({at for name in names for low, high in _range(name) for at in (low, high + 1)})

    @cache
    def pieces(name: str) -> list[str]:
        spans = ((bisect_left(borders, low), bisect_right(borders, high)) for low, high in _range(name))
        return [str(at) for first, end in spans for at in borders[first:end]] or [name]

    return [{(s, d, what) for src, dst, what in triples for s in pieces(src) for d in pieces(dst)} for triples in lists]


def _range(name: str) -> Iterator[tuple[int, int]]:
    if "[" not in name:
        first, last = name.split("-")
        yield int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last))


def test_each_side_and_its_policies_as_netpol_analyzer_explains_them(truth: Path) -> None:
    compared, wrong = 0, []
    for case in cases(truth, "explain.json"):
        read = cluster_of(truth, case["manifests"])
        policies = compile_policies(read, THEIRS)
        if policies.unread:
            continue
        ends: dict[str, PolicyEnd] = {}
        for item in read.all(Pod):
            ends.setdefault(workload_name(read, item), PolicyEnd(item, item.ip, item.spec.node_name))
        for pair in case["pairs"]:
            if "{" in pair["src"] + pair["dst"]:
                continue  # an ingress controller's view
            sources, targets = (list(_ends(pair[side], ends)) for side in ("src", "dst"))
            for said in pair["verdicts"]:
                for protocol, port in _samples(said["connections"]):
                    for source in sources:
                        for target in targets:
                            verdict = policies.verdict(source, target, protocol, port)
                            compared += 1
                            whole = verdict.allowed is (said["verdict"] == "Allowed")
                            sides = ((verdict.egress, "egress"), (verdict.ingress, "ingress"))
                            if not whole or not all(_same(side, said.get(name)) for side, name in sides):
                                wrong.append((case["case"], pair["src"], pair["dst"], protocol, port, said))
    assert wrong == []
    assert compared > 1000


def _ends(name: str, ends: dict[str, PolicyEnd]) -> Iterator[PolicyEnd]:
    """The pod of a workload, or the borders of a list of ranges."""
    if "[" in name:
        yield ends[name]
        return
    for part in name.split(","):
        for address in part.strip().split("-"):
            yield PolicyEnd(None, address)


def _samples(connections: str) -> Iterator[tuple[str, int]]:
    """The borders of every range: `TCP:[80,443-445], UDP`."""
    for protocol, ranges in re.findall(r"(TCP|UDP|SCTP)(?::\[([\d,-]+)\])?", connections):
        for part in (ranges or "1-65535").split(","):
            for port in sorted(set(part.split("-"))):
                yield protocol, int(port)


def _same(side: Side, said: dict[str, Any] | None) -> bool:
    """Whether a side says the same, for the same policies and rules."""
    if said is None:
        return True
    if side.allowed is not (said["verdict"] == "Allowed"):
        return False
    admitting, denying = set(), set()
    for reason in said["reasons"]:
        if match := re.match(r"NetworkPolicy '(.+?)' allows connections by \w+ rules? (.+)", reason):
            admitting |= {(match[1], number) for number in re.findall(r"#(\d+)", match[2])}
        elif match := re.match(r"NetworkPolicy '(.+?)' selects", reason):
            denying.add(match[1])
    ours = {(f"{rule.policy.namespace}/{rule.policy.name}", str(rule.index + 1)) for rule in side.admitted_by}
    isolating = {f"{key.namespace}/{key.name}" for key in side.isolated_by}
    return admitting <= ours if side.allowed else denying == isolating


def test_every_table_of_cyclonus(truth: Path) -> None:
    corpus = json.loads((truth / "stepwise.json").read_text("utf-8"))
    profile, wrong, cells = load_profile(), [], 0
    for case in corpus["cases"]:
        for number, step in enumerate(case["steps"]):
            of = _step_cluster(step)
            names = [f"{p['namespace']}/{p['name']}" for p in step["pods"]]
            policies = compile_policies(of, profile)
            for dialled, table in step["truth"].items():
                protocol, port = dialled.split()
                for source, row in table.items():
                    for target, expected in zip(names, row, strict=True):
                        if source == target:
                            continue
                        verdict = policies.verdict(end(of, source), end(of, target), protocol, int(port))
                        cells += 1
                        if _letter(verdict.egress, verdict.ingress) != expected:
                            wrong.append((case["case"], number, dialled, source, target, expected))
    assert wrong == []
    assert cells > 10_000


def _step_cluster(step: dict[str, Any]) -> Cluster:
    ports = [
        {"name": f"serve-{number}-{protocol}", "containerPort": number, "protocol": protocol.upper()}
        for number in (80, 81)
        for protocol in ("tcp", "udp", "sctp")
    ]
    pods = [pod(f"{p['namespace']}/{p['name']}", ip=p["ip"], ports=ports, **p["labels"]) for p in step["pods"]]
    namespaces = [namespace(name, **labels) for name, labels in step["namespaces"].items()]
    typed = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return cluster(*namespaces, *pods, *({**typed, **policy} for policy in step["policies"] or ()))


def _letter(egress: Side, ingress: Side) -> str:
    """How the tables write a verdict."""
    letters: Iterable[tuple[bool | None, bool | None, str]] = (
        (True, True, "."), (True, False, "i"), (False, True, "e"), (False, False, "X"),
    )  # fmt: skip
    return next((letter for e, i, letter in letters if (e, i) == (egress.allowed, ingress.allowed)), "?")


def test_differences_of_netpol_analyzers_cases(truth: Path) -> None:
    compared, wrong = 0, []
    for case in cases(truth, "diff.json"):
        old, new = (cluster_of(truth, case[side]) for side in ("old", "new"))
        if compile_policies(old, THEIRS).unread or compile_policies(new, THEIRS).unread:
            continue
        found = difference(reach(old, THEIRS), reach(new, THEIRS))
        ours = [(c.src, c.dst, f"{c.before} → {c.after}") for c in found.changes]
        theirs = [
            (row["src"], row["dst"], f"{row['old']} → {row['new']}")
            for row in case["expected"]
            if "{" not in row["src"] + row["dst"]  # an ingress controller's view
        ]
        left, right = _in_common_pieces(ours, theirs)
        compared += 1
        if left != right or found.unknown:
            wrong.append((case["case"], sorted(left ^ right)[:3], len(left), len(right)))
    assert wrong == []
    assert compared > 10
