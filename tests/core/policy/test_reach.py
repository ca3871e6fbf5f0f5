"""All pairs: names, ranges, unions, and the stable form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kwake.cluster import Cluster, record
from kwake.errors import UsageError
from kwake.policy.connections import ALL, NONE, one
from kwake.policy.reach import reach
from kwake.profiles import load_profile
from tests.core.policy.clusters import cluster, namespace, pod, policy

WORLD = "0.0.0.0-255.255.255.255"
DENY_ALL = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def pairs(of: Cluster, by: str = "workload", **overrides: str) -> dict[tuple[str, str], str]:
    chosen = load_profile("calico", {field.replace("_", "-"): value for field, value in overrides.items()})
    return {(pair.src, pair.dst): str(pair.connections) for pair in reach(of, chosen, by).pairs}


def owned(manifest: dict[str, Any], **owner: Any) -> dict[str, Any]:
    metadata = {**manifest["metadata"], "ownerReferences": [{"controller": True, **owner}]}
    return {**manifest, "metadata": metadata}


def test_connections_are_written_by_protocol_with_joined_ranges() -> None:
    several = one("UDP", 53, 53) | one("TCP", 443, 443) | one("TCP", 80, 80) | one("SCTP", 1, 2) | one("SCTP", 3, 3)
    assert str(several) == "SCTP 1-3,TCP 80,443,UDP 53"
    assert (str(ALL), str(NONE)) == ("All Connections", "No Connections")
    assert str(ALL & one("TCP", 1, 65535)) == "TCP 1-65535"


def test_without_policies_everybody_reaches_everybody() -> None:
    of = cluster(pod("a/x", ip="10.0.0.1"), pod("a/y", ip="10.0.0.2"))
    x, y = "a/x[Pod]", "a/y[Pod]"
    assert pairs(of) == dict.fromkeys([(x, y), (y, x), (x, WORLD), (y, WORLD), (WORLD, x), (WORLD, y)], str(ALL))


def test_pairs_that_may_not_talk_are_absent() -> None:
    assert pairs(cluster(pod("a/x", ip="10.0.0.1"), pod("a/y", ip="10.0.0.2"), policy("a/deny", DENY_ALL))) == {}


def test_outside_addresses_are_cut_at_the_borders_of_ip_blocks() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
    of = cluster(pod("a/x", ip="172.16.0.1"), policy("a/p", {"podSelector": {}, "ingress": [{"from": [block]}]}))
    assert [src for src, dst in pairs(of) if dst == "a/x[Pod]"] == [
        "10.0.0.0-10.0.255.255",
        "10.2.0.0-10.255.255.255",
    ]


def test_ipv6_addresses_are_listed_where_a_policy_names_some() -> None:
    spec = {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]}
    of = cluster(pod("a/x", ip="fd00::1"), policy("a/p", spec))
    assert [src for src, dst in pairs(of) if dst == "a/x[Pod]"] == ["2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]


def test_ends_of_two_ip_versions_do_not_talk() -> None:
    assert ("a/x[Pod]", "a/y[Pod]") not in pairs(cluster(pod("a/x", ip="fd00::1"), pod("a/y", ip="10.0.0.2")))


def test_a_pair_has_what_one_of_its_pods_may_and_a_workload_is_not_listed_to_itself() -> None:
    set_ = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "s"}
    of = cluster(
        owned(pod("a/s-0", ip="10.0.0.1", n="0"), **set_),
        owned(pod("a/s-1", ip="10.0.0.2", n="1"), **set_),
        pod("a/db", ip="10.0.0.3", app="db"),
        policy("a/p", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [
            {"from": [{"podSelector": {"matchLabels": {"n": n}}}], "ports": [{"port": int(n) + 1}]} for n in "01"]}),
    )  # fmt: skip
    found = pairs(of)
    assert found["a/s[StatefulSet]", "a/db[Pod]"] == "TCP 1-2"
    assert ("a/s[StatefulSet]", "a/s[StatefulSet]") not in found
    assert pairs(of, "pod")["a/s-1[Pod]", "a/db[Pod]"] == "TCP 2"
    assert ("a/s-0[Pod]", "a/s-1[Pod]") in pairs(of, "pod")


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1"}, "a/web-1[ReplicaSet]"),
        ({"name": "half"}, "a/half[Pod]"),
        ({"apiVersion": "v1", "kind": "Node", "name": "minikube"}, "a/x[Pod]"),
    ],
)
def test_a_pod_counts_as_its_controller(owner: dict[str, Any], name: str) -> None:
    of = cluster(owned(pod("a/x", ip="10.0.0.1"), **owner))
    assert pairs(of) == {(name, WORLD): str(ALL), (WORLD, name): str(ALL)}


@pytest.mark.parametrize(
    ("made", "name"), [("", "a/web-1[ReplicaSet]"), ("made by Deployment web", "a/web[Deployment]")]
)
def test_a_replica_set_stands_for_itself_unless_kwake_made_it(made: str, name: str) -> None:
    apps: dict[str, Any] = {"apiVersion": "apps/v1"}
    deployment = record({**apps, "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"}})
    by_deployment = owned({"metadata": {"name": "web-1", "namespace": "a"}}, **apps, kind="Deployment", name="web")
    replica_set = record({**apps, "kind": "ReplicaSet", **by_deployment}, made=made)
    one_pod = record(owned(pod("a/x", ip="10.0.0.1"), **apps, kind="ReplicaSet", name="web-1"))
    of = Cluster({r.key: r for r in (deployment, replica_set, one_pod)})
    assert {src for src, _ in pairs(of)} == {WORLD, name}


def test_ended_pods_are_no_ends_but_their_workload_is_listed() -> None:
    done = pod("a/job-1", ip="10.0.0.1")
    done["status"]["phase"] = "Succeeded"
    job = {"apiVersion": "batch/v1", "kind": "Job", "name": "job"}
    assert pairs(cluster(done)) == {}
    assert pairs(cluster(owned(done, **job)), "pod") == {}
    assert set(pairs(cluster(owned(done, **job)))) == {("a/job[Job]", WORLD), (WORLD, "a/job[Job]")}


def test_np_14_a_pod_on_the_hosts_network_reaches_the_pods_of_its_node() -> None:
    of = cluster(
        pod("a/agent", ip="192.168.0.1", node="n1", host_network=True),
        pod("a/near", ip="10.0.0.1", node="n1"),
        pod("a/far", ip="10.0.0.2", node="n2"),
        policy("a/deny", DENY_ALL),
    )
    inside = {pair for pair in pairs(of) if WORLD not in pair}
    assert inside == {("a/agent[Pod]", "a/near[Pod]")}
    unknown = reach(of, load_profile()).unknown
    assert [(pair.src, pair.dst) for pair in unknown] == [("a/near[Pod]", "a/agent[Pod]")]
    assert pairs(of, host_network_pods="selected") == {}


def test_labels_of_an_implied_namespace_make_pairs_unknown_only_beyond_what_is_sure() -> None:
    team = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    spec = {
        "podSelector": {},
        "ingress": [{"from": [team]}, {"from": [{"podSelector": {"matchLabels": {"app": "x"}}}]}],
    }
    of = cluster(pod("a/x", ip="10.0.0.1", app="x"), pod("a/y", ip="10.0.0.2", app="y"), policy("a/p", spec))
    found = reach(of, load_profile())
    assert [(pair.src, pair.dst) for pair in found.pairs if WORLD not in (pair.src, pair.dst)] == [
        ("a/x[Pod]", "a/y[Pod]")
    ]
    assert [(pair.src, pair.dst) for pair in found.unknown] == [("a/y[Pod]", "a/x[Pod]")]


def test_the_json_form_is_stable() -> None:
    of = cluster(pod("a/x", ip="10.0.0.1"), namespace("a"), policy("a/p", {"podSelector": {}}))
    assert json.loads(reach(of, load_profile()).to_json()) == {
        "version": 1,
        "pairs": [{"src": "a/x[Pod]", "dst": WORLD, "connections": "All Connections"}],
        "partial": [],
        "unknown": [],
    }


def test_by_something_else_is_refused() -> None:
    with pytest.raises(UsageError, match="by node: say workload or pod"):
        reach(cluster(), load_profile(), "node")
