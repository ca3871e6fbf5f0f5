"""Pairs of workloads whose pods do not all fare alike: counted as the pods one by one say it, and no more claimed."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod
from kwake.policy.connections import NONE, ConnectionSet, one
from kwake.policy.difference import difference
from kwake.policy.partly import SAME_NODE, UNLIKE
from kwake.policy.reach import Pair, Reach, reach
from kwake.policy.reach_view import ReachView
from kwake.policy.table import CellTurn, ReachTable
from kwake.policy.workloads import pod_name, workload_name
from kwake.profiles import load_profile
from tests.core.policy.clusters import cluster, pod, policy
from tests.core.policy.random_clusters import Maker

Object = dict[str, Any]
SEEDS = range(150)
BATCH = 50
SET = {"apiVersion": "apps/v1", "kind": "StatefulSet"}


def of_set(made: Object, name: str) -> Object:
    owner = {**SET, "name": name, "uid": name, "controller": True}
    return {**made, "metadata": {**made["metadata"], "ownerReferences": [owner]}}


def one_unlike() -> list[Object]:
    """Three pods of one StatefulSet, of which policies tell one apart."""
    pods = [of_set(pod(f"a/s-{n}", ip=f"10.0.0.{n + 1}", role="main" if n == 0 else "copy"), "s") for n in range(3)]
    peer = {"podSelector": {"matchLabels": {"role": "main"}}}
    guard = policy(
        "a/p", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [peer], "ports": [{"port": 5432}]}]}
    )
    return [*pods, pod("a/db", ip="10.0.0.9", app="db"), guard]


def pair(table: Reach, src: str, dst: str) -> Pair:
    [found] = [pair for pair in table.pairs if (pair.src, pair.dst) == (src, dst)]
    return found


def test_a_row_claims_no_more_than_is_true_of_all_pods() -> None:
    table = reach(cluster(*one_unlike()), load_profile())
    found = pair(table, "a/s[StatefulSet]", "a/db[Pod]")
    assert found.always == NONE
    assert found.partly is not None
    assert str(found.partly) == "TCP 5432 for 1 of 3 pods"
    assert found.partly.reason == UNLIKE
    assert {"src": found.src, "dst": found.dst} not in [
        {"src": row["src"], "dst": row["dst"]} for row in table.as_form()["pairs"]
    ]
    assert table.as_form()["partial"] == [
        {"src": "a/s[StatefulSet]", "dst": "a/db[Pod]", "connections": "TCP 5432",
         "shares": [{"connections": "TCP 5432", "pairs": 1}], "of": 3, "unit": "pods", "reason": UNLIKE}
    ]  # fmt: skip


def test_a_daemonset_on_the_hosts_network_reaches_its_own_nodes_pods_only() -> None:
    agents = [
        of_set(pod(f"a/agent-{n}", ip=f"192.168.0.{n}", node=f"n{n}", host_network=True), "agent") for n in (1, 2)
    ]
    apps = [of_set(pod(f"a/web-{n}", ip=f"10.0.0.{n}", node=f"n{n}", app="web"), "web") for n in (1, 2)]
    of = cluster(*agents, *apps, policy("a/deny", {"podSelector": {"matchLabels": {"app": "web"}}}))
    found = pair(reach(of, load_profile()), "a/agent[StatefulSet]", "a/web[StatefulSet]")
    assert (found.always, str(found.partly)) == (NONE, "All Connections for 2 of 4 pairs of pods")
    assert found.partly is not None
    assert found.partly.reason == SAME_NODE


def test_a_pod_with_two_addresses_of_which_one_is_blocked_is_no_whole_pair() -> None:
    both: Object = pod("a/x", ip="10.0.0.1")
    both["status"]["podIPs"] = [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]
    other: Object = pod("a/y", ip="10.0.0.2", app="y")
    other["status"]["podIPs"] = [{"ip": "10.0.0.2"}, {"ip": "fd00::2"}]
    peer = {"ipBlock": {"cidr": "10.0.0.0/24"}}
    of = cluster(
        both, other, policy("a/p", {"podSelector": {"matchLabels": {"app": "y"}}, "ingress": [{"from": [peer]}]})
    )
    found = pair(reach(of, load_profile(), "pod"), "a/x[Pod]", "a/y[Pod]")
    assert str(found.partly) == "All Connections for 1 of 2 pairs of addresses"


def test_a_pod_that_has_ended_counts_only_where_no_other_runs() -> None:
    ended = of_set(pod("a/s-9", ip="10.0.0.99", role="main"), "s")
    ended["status"]["phase"] = "Failed"
    table = reach(cluster(*one_unlike(), ended), load_profile())
    assert str(pair(table, "a/s[StatefulSet]", "a/db[Pod]").partly) == "TCP 5432 for 1 of 3 pods"


def test_a_port_that_all_may_use_is_no_partial_row() -> None:
    http_for_all = {"from": [{"podSelector": {}}], "ports": [{"port": 80}]}
    rest = policy("a/q", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [http_for_all]})
    table = reach(cluster(*one_unlike(), rest), load_profile())
    http, db = one("TCP", 80, 80), one("TCP", 5432, 5432)
    found = pair(table, "a/s[StatefulSet]", "a/db[Pod]")
    assert (found.connections, found.always) == (http | db, http)
    assert str(found.partly) == "TCP 80 for 2 of 3 pods, TCP 80,5432 for 1"
    assert ReachView(connections=http).of(table).partial == ()
    assert len(ReachView(connections=db).of(table).partial) == 1


def test_a_pod_that_loses_what_others_keep_is_a_difference() -> None:
    old = one_unlike()
    for made in old[:3]:
        made["metadata"]["labels"]["role"] = "main"
    was, is_ = (reach(cluster(*objects), load_profile()) for objects in (old, one_unlike()))
    [change] = difference(was, is_).changes
    port = one("TCP", 5432, 5432)
    assert (change.before, change.after, change.always_before, change.always_after) == (port, port, port, NONE)
    assert (change.lost(), change.gained()) == (port, NONE)
    assert difference(is_, was).changes[0].gained() == port
    table = ReachTable(was, is_)
    assert table.changed == {("a/s[StatefulSet]", "a/db[Pod]"): CellTurn.CHANGED}


@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_rows_by_workload_count_what_rows_by_pod_say(first: int) -> None:
    partial = sum(compared(seed) for seed in range(first, first + BATCH))
    assert partial


def compared(seed: int) -> int:
    """How many partial rows a cluster has. Pods of a namespace with an even number are of one workload."""
    objects = Maker(seed).cluster()
    for made in objects:
        name = made["metadata"]["name"]
        if made["kind"] == "Pod" and int(name[1:]) % 2 == 0:
            made["metadata"] = of_set(made, "s")["metadata"]
    of, profile = cluster(*objects), load_profile("calico")
    by_pod = {(p.src, p.dst): p.connections for p in reach(of, profile, "pod").pairs}
    unknown = {(u.src, u.dst) for u in reach(of, profile, "pod").unknown}
    counted: defaultdict[tuple[str, str], Counter[ConnectionSet]] = defaultdict(Counter)
    doubted: set[tuple[str, str]] = set()
    for (source, from_), (target, to) in pod_pairs(of):
        if from_ != to:
            counted[source, target][by_pod.get((from_, to), NONE)] += 1
            doubted |= {(source, target)} if (from_, to) in unknown else set()
    table = reach(of, profile, within=True)
    listed = {(p.src, p.dst): p for p in table.pairs if "[" in p.src and "[" in p.dst}
    for ends, counts in counted.items():
        passing = Counter({allowed: count for allowed, count in counts.items() if allowed})
        row = listed.pop(ends, None)
        if row is None or row.partly is None:
            assert len(passing) == len(listed_of(row)), (seed, ends)
            assert dict(passing) == ({row.connections: counts.total()} if row else {}), (seed, ends)
            continue
        assert {share.connections: share.pairs for share in row.partly.shares} == dict(passing), (seed, ends)
        always = counts.copy().popitem()[0]
        for allowed in counts:
            always &= allowed
        assert (row.always, row.partly.of) == (always, counts.total()), (seed, ends)
    assert not listed
    assert {(u.src, u.dst) for u in table.unknown if "[" in u.src and "[" in u.dst} == doubted
    return len(table.partial)


def listed_of(row: Pair | None) -> list[Pair]:
    return [row] if row is not None else []


def pod_pairs(of: Cluster) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Pods of one IP version, each as its workload and itself."""
    pods = [(workload_name(of, pod), pod_name(of, pod), ":" in pod.ip) for pod in of.all(Pod)]
    return [(one[:2], two[:2]) for one in pods for two in pods if one[2] == two[2]]


def test_from_the_own_node_nothing_is_unknown_that_an_unread_policy_could_decide() -> None:
    agent = pod("a/agent", ip="192.168.0.1", node="n1", host_network=True)
    web = pod("a/web", ip="10.0.0.1", node="n1", app="web")
    unread = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c", "namespace": "a"},
              "spec": {"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}}  # fmt: skip
    table = reach(cluster(agent, web, unread), load_profile())
    assert str(pair(table, "a/agent[Pod]", "a/web[Pod]").always) == "All Connections"
    assert ("a/agent[Pod]", "a/web[Pod]") not in [(doubt.src, doubt.dst) for doubt in table.unknown]
