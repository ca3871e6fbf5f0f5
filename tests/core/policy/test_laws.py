"""What holds for every set of policies; and a plain reading of the rules against the evaluator and reach."""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import given, settings, strategies as st

from kwake.cluster import Cluster
from kwake.objects.document import Manifest
from kwake.policy.connections import NONE, PROTOCOLS, ConnectionSet, one
from kwake.policy.reach import reach
from kwake.profiles import load_profile
from tests.core.policy.clusters import ask, cluster, namespace, pod, policy

NAMESPACES = {"a": {"team": "x"}, "b": {"team": "y"}}
LABELS: list[dict[str, str]] = [{"app": "web"}, {"app": "db", "track": "old"}, {"app": "db"}, {}]
PORTS = ({"name": "main", "containerPort": 80}, {"name": "main", "containerPort": 53, "protocol": "UDP"})


def labelled(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels}}


PODS = [
    labelled(pod(f"{home}/p{number}", ip=f"10.{ord(home)}.0.{number}", ports=PORTS[: number % 3]), labels)
    for home in NAMESPACES
    for number, labels in enumerate(LABELS)
]
OUTSIDE = ("9.9.9.9", "10.200.0.1")
NAMES = [f"{p['metadata']['namespace']}/{p['metadata']['name']}" for p in PODS]

keys, values = st.sampled_from(["app", "track", "team"]), st.sampled_from(["web", "db", "old", "x"])
expressions = st.one_of(
    st.builds(lambda key, operator, value: {"key": key, "operator": operator, "values": [value]},
              keys, st.sampled_from(["In", "NotIn"]), values),
    st.builds(lambda key, operator: {"key": key, "operator": operator}, keys,
              st.sampled_from(["Exists", "DoesNotExist"])),
)  # fmt: skip
selectors = st.one_of(
    st.just({}),
    st.builds(lambda key, value: {"matchLabels": {key: value}}, keys, values),
    st.builds(lambda expression: {"matchExpressions": [expression]}, expressions),
)
blocks = st.sampled_from([
    {"cidr": "0.0.0.0/0"}, {"cidr": "10.0.0.0/8", "except": ["10.97.0.0/16"]}, {"cidr": "10.98.0.1/32"},
    {"cidr": "9.0.0.0/8"},
])  # fmt: skip
peers = st.one_of(
    st.builds(lambda s: {"podSelector": s}, selectors),
    st.builds(lambda s: {"namespaceSelector": s}, selectors),
    st.builds(lambda s, t: {"podSelector": s, "namespaceSelector": t}, selectors, selectors),
    st.builds(lambda block: {"ipBlock": block}, blocks),
)
ports = st.sampled_from([
    {"port": 80}, {"protocol": "UDP"}, {"port": "main"}, {"port": "main", "protocol": "UDP"},
    {"port": 50, "endPort": 90}, {"protocol": "SCTP", "port": 80},
])  # fmt: skip
few_peers, few_ports = st.lists(peers, max_size=2), st.lists(ports, max_size=2)
ingress_rules = st.lists(st.builds(lambda p, q: {"from": p, "ports": q}, few_peers, few_ports), max_size=2)
egress_rules = st.lists(st.builds(lambda p, q: {"to": p, "ports": q}, few_peers, few_ports), max_size=2)
types = st.sampled_from([[], ["Ingress"], ["Egress"], ["Ingress", "Egress"]])
specs = st.builds(
    lambda selector, policy_types, into, out: {
        "podSelector": selector, "policyTypes": policy_types, "ingress": into, "egress": out,
    },
    selectors, types, ingress_rules, egress_rules,
)  # fmt: skip
homes = st.sampled_from(sorted(NAMESPACES))
policy_sets = st.lists(st.tuples(homes, specs), max_size=4)


def of_policies(specifications: list[tuple[str, dict[str, Any]]]) -> Cluster:
    made = [policy(f"{home}/np{number}", spec) for number, (home, spec) in enumerate(specifications)]
    return cluster(*PODS, *(namespace(name, **labels) for name, labels in NAMESPACES.items()), *made)


# -- a plain reading ----------------------------------------------------------------------------------------------


def plainly_selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions", []):
        has = term["key"] in labels
        holds = {"In": has and labels[term["key"]] in term.get("values", []),
                 "NotIn": not has or labels[term["key"]] not in term.get("values", []),
                 "Exists": has, "DoesNotExist": not has}  # fmt: skip
        if not holds[term["operator"]]:
            return False
    return True


def plainly_meant(peer: dict[str, Any], home: str, other: Manifest | str) -> bool:
    if "ipBlock" in peer:
        address = ipaddress.ip_address(other if isinstance(other, str) else other["status"]["podIP"])
        holes = [ipaddress.ip_network(hole) for hole in peer["ipBlock"].get("except", [])]
        return address in ipaddress.ip_network(peer["ipBlock"]["cidr"]) and not any(address in hole for hole in holes)
    if isinstance(other, str):
        return False
    there = other["metadata"]["namespace"]
    labels = {**NAMESPACES[there], "kubernetes.io/metadata.name": there}
    in_namespace = plainly_selected(peer["namespaceSelector"], labels) if "namespaceSelector" in peer else there == home
    return in_namespace and plainly_selected(peer.get("podSelector", {}), other["metadata"]["labels"])


def plainly_on_port(entries: list[dict[str, Any]], destination: Manifest | str, protocol: str, port: int) -> bool:
    for entry in entries:
        wanted = entry.get("port")
        if entry.get("protocol", "TCP") != protocol:
            continue
        if isinstance(wanted, str):
            declared = [] if isinstance(destination, str) else destination["spec"]["containers"][0]["ports"]
            numbers = [p["containerPort"] for p in declared
                       if p["name"] == wanted and p.get("protocol", "TCP") == protocol]  # fmt: skip
            if port in numbers[:1]:
                return True
        elif wanted is None or wanted <= port <= entry.get("endPort", wanted):
            return True
    return not entries


def plainly_allowed(policies: list[tuple[str, dict[str, Any]]], source: Manifest | str, target: Manifest | str,
                    protocol: str, port: int) -> bool:  # fmt: skip
    for subject, other, direction, side in ((source, target, "Egress", "to"), (target, source, "Ingress", "from")):
        if isinstance(subject, str):
            continue
        rules = []
        isolated = False
        for home, spec in policies:
            listed = spec["policyTypes"] or (["Ingress", "Egress"] if spec["egress"] else ["Ingress"])
            here = home == subject["metadata"]["namespace"] and direction in listed
            if here and plainly_selected(spec["podSelector"], subject["metadata"]["labels"]):
                isolated = True
                rules += [(home, rule) for rule in spec[direction.lower()]]
        if isolated and not any(
            (not rule[side] or any(plainly_meant(peer, home, other) for peer in rule[side]))
            and plainly_on_port(rule["ports"], target, protocol, port)
            for home, rule in rules
        ):
            return False
    return True


DIALLED = [("TCP", 80), ("TCP", 53), ("UDP", 53), ("SCTP", 80), ("TCP", 91)]
BY_NAME: dict[str, Manifest | str] = {**dict(zip(NAMES, PODS, strict=True)), **{ip: ip for ip in OUTSIDE}}


@settings(max_examples=60, deadline=None)
@given(policy_sets, st.sampled_from(sorted(BY_NAME)), st.sampled_from(sorted(BY_NAME)))
def test_a_verdict_is_what_a_plain_reading_says(
    policies: list[tuple[str, dict[str, Any]]], source: str, target: str
) -> None:
    of = of_policies(policies)
    for protocol, port in DIALLED:
        expected = source == target or plainly_allowed(policies, BY_NAME[source], BY_NAME[target], protocol, port)
        assert ask(of, source, target, port, protocol).allowed is expected


@settings(max_examples=40, deadline=None)
@given(policy_sets)
def test_reach_says_of_every_pair_what_its_verdicts_say(policies: list[tuple[str, dict[str, Any]]]) -> None:
    of = of_policies(policies)
    found = reach(of, load_profile(), "pod")
    listed: dict[tuple[str, str], ConnectionSet] = {(p.src, p.dst): p.connections for p in found.pairs}
    assert found.unknown == ()
    for source in NAMES:
        for target in NAMES:
            if source != target:
                allowed = listed.get((f"{source}[Pod]", f"{target}[Pod]"), NONE)
                for protocol, port in DIALLED:
                    expected = ask(of, source, target, port, protocol).allowed
                    assert allowed.holds(protocol, port) is expected
    for pair, allowed in listed.items():
        for outside in OUTSIDE:
            ends = [outside if _holds(name, outside) else name.removesuffix("[Pod]") for name in pair]
            if outside in ends:
                for protocol, port in DIALLED:
                    assert allowed.holds(protocol, port) is ask(of, ends[0], ends[1], port, protocol).allowed


def _holds(name: str, address: str) -> bool:
    if "[" in name:
        return False
    first, last = map(ipaddress.ip_address, name.split("-"))
    return int(first) <= int(ipaddress.ip_address(address)) <= int(last)


@settings(max_examples=40, deadline=None)
@given(policy_sets, st.sampled_from(["ingress", "egress"]), st.data())
def test_an_added_allow_rule_never_takes_a_pair_away(
    policies: list[tuple[str, dict[str, Any]]], direction: str, data: st.DataObject
) -> None:
    with_rules = [index for index, (_, spec) in enumerate(policies) if spec["policyTypes"]]
    if not with_rules:
        return
    index = data.draw(st.sampled_from(with_rules))
    rule = data.draw(ingress_rules if direction == "ingress" else egress_rules)
    home, spec = policies[index]
    inside = {f"{name}[Pod]" for name in NAMES}
    richer = [*policies]
    richer[index] = home, {**spec, direction: [*spec[direction], *rule]}
    before, after = (
        {
            (p.src, p.dst): p.connections
            for p in reach(of_policies(which), load_profile(), "pod").pairs
            if p.src in inside and p.dst in inside
        }
        for which in (policies, richer)
    )
    for pair, connections in before.items():
        assert connections | after.get(pair, NONE) == after.get(pair, NONE)


@given(st.lists(st.tuples(st.sampled_from(PROTOCOLS), st.integers(1, 40), st.integers(1, 40)), max_size=6))
def test_sets_of_connections_hold_just_what_was_put_in(parts: list[tuple[str, int, int]]) -> None:
    whole, shared = NONE, one("TCP", 10, 30) | one("UDP", 10, 30)
    for protocol, low, high in parts:
        whole |= one(protocol, low, high)
    for protocol in PROTOCOLS:
        for port in range(1, 42):
            inside = any(p == protocol and low <= port <= high for p, low, high in parts)
            assert whole.holds(protocol, port) is inside
            assert (whole & shared).holds(protocol, port) is (inside and protocol != "SCTP" and 10 <= port <= 30)
    assert all(a[1] + 1 < b[0] for p in PROTOCOLS for a, b in zip(whole.of(p), whole.of(p)[1:], strict=False))
