"""What pods that do not exist yet could do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from kwake.cluster import NAME_LABEL
from kwake.objects.kinds import Pod
from kwake.policy.connections import NONE, ConnectionSet
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.exposure import ANYWHERE, Exposure, Supposed, exposure, supposed
from kwake.policy.partly import UNLIKE
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import Pair
from kwake.profiles.load import load_profile
from tests.core.policy.brute_force import End, Object, Reading, World
from tests.core.policy.clusters import cluster, namespace, pod, policy
from tests.core.policy.random_clusters import LABELS, PORTS, PROTOCOLS, TEAMS, Maker
from tests.core.policy.test_brute_force import name_in
from tests.core.policy.test_partly import of_set

OF_SPACES = {"team": TEAMS, "app": LABELS["app"]}
DB = pod("shop/db", ip="10.0.1.2", app="db")


def of(*manifests: dict[str, Any]) -> Exposure:
    return exposure(cluster(namespace("shop"), DB, *manifests), load_profile("calico"))


def ingress(*rules: dict[str, Any]) -> dict[str, Any]:
    return policy("shop/db", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": list(rules)})


def reaching(found: Exposure) -> dict[str, str]:
    return {pair.src: str(pair.connections) for pair in found.ingress}


def test_a_pod_that_no_policy_selects_is_open_to_all() -> None:
    assert reaching(of()) == {"entire-cluster": "All Connections"}


def test_a_pod_that_is_isolated_is_open_to_whom_rules_mean() -> None:
    rule = {"from": [{"podSelector": {"matchLabels": {"role": "client"}}}], "ports": [{"port": 5432}]}

    assert reaching(of(ingress(rule))) == {"shop/[pod with {role=client}]": "TCP 5432"}


def test_a_namespace_that_is_named_counts_by_its_name() -> None:
    rule = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "new"}}}]}

    assert reaching(of(ingress(rule))) == {"new/[all pods]": "All Connections"}


def test_pods_that_may_or_may_not_be_meant_are_not() -> None:
    rule = {"from": [{"namespaceSelector": {}, "podSelector": {"matchExpressions": [
        {"key": "role", "operator": "NotIn", "values": ["test"]}]}}]}  # fmt: skip

    assert "entire-cluster" not in reaching(of(ingress(rule)))


def test_pods_like_those_that_exist_are_left_to_reach() -> None:
    web = pod("shop/web", ip="10.0.1.1", app="web")

    assert reaching(of(web, ingress({"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}))) == {
        "entire-cluster": "All Connections"  # web itself is open
    }


def test_what_a_policy_of_another_kind_may_decide_is_unknown() -> None:
    unread = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
              "metadata": {"name": "c", "namespace": "shop"},
              "spec": {"endpointSelector": {}, "ingress": [{}]}}  # fmt: skip
    found = of(unread)

    assert found.ingress == () and "CiliumNetworkPolicy/shop/c" in found.unknown[0].reason


def test_what_new_pods_could_do_with_some_pods_of_a_workload_only_is_counted() -> None:
    pods = [of_set(pod(f"shop/s-{n}", ip=f"10.0.2.{n + 1}", role="main" if n == 0 else "copy"), "s") for n in range(3)]
    deny = policy("shop/deny", {"podSelector": {"matchLabels": {"role": "copy"}}})
    found = of(*pods, deny)

    [row] = [pair for pair in found.ingress if pair.dst == "shop/s[StatefulSet]"]
    assert (row.src, row.always, str(row.partly)) == (ANYWHERE, NONE, "All Connections for 1 of 3 pods")
    assert "shop/s[StatefulSet]" not in [line["dst"] for line in found.as_form()["ingress_exposure"]]
    assert found.as_form()["partial"] == [
        {"src": ANYWHERE, "dst": "shop/s[StatefulSet]", "connections": "All Connections",
         "shares": [{"connections": "All Connections", "pairs": 1}], "of": 3, "unit": "pods", "reason": UNLIKE}
    ]  # fmt: skip


def test_a_line_that_follows_for_some_pods_of_a_workload_only_stays() -> None:
    pods = [of_set(pod(f"shop/s-{n}", ip=f"10.0.2.{n + 1}", role="main" if n == 0 else "copy"), "s") for n in range(2)]
    rule = {"from": [{"podSelector": {"matchLabels": {"role": "client"}}}], "ports": [{"port": 80}]}
    clients = policy("shop/clients", {"podSelector": {"matchLabels": {"role": "copy"}}, "ingress": [rule]})

    found = {pair.src: pair for pair in of(*pods, clients).ingress if pair.dst == "shop/s[StatefulSet]"}

    assert str(found["entire-cluster"].partly) == "All Connections for 1 of 2 pods"
    assert str(found["shop/[pod with {role=client}]"].always) == "TCP 80"


@pytest.mark.parametrize("seed", [
    pytest.param(seed, marks=() if 175 <= seed < 200 else pytest.mark.slow) for seed in range(500)
])  # fmt: skip
def test_what_is_said_of_pods_to_come_is_true_of_each_of_them(seed: int) -> None:
    """By a second reading, of pods with every mixture of labels in every namespace, old or new."""
    objects = Maker(seed).cluster(admin=False)
    profile = load_profile("calico", {"ipblock-matches-pods": "no", "host-network-pods": "ignored"})
    made = cluster(*objects)
    found = exposure(made, profile, "pod")
    wrong = []
    for direction, pairs, own, other in ((EGRESS, found.egress, "src", "dst"), (INGRESS, found.ingress, "dst", "src")):
        ends = list(made.all(Pod))
        likes = {one.name: one for one in supposed(compile_policies(made, profile), direction, ends)}
        for pair in pairs:
            like = likes[getattr(pair, other)]
            for labels, home, world in pods_to_come(objects, like):
                coming = pod(f"{home}/new", ip="10.250.0.1", node="n9")
                coming["metadata"]["labels"] = labels
                new = End("10.250.0.1", coming)
                real = next(end for end in world.ends() if name_in(made, end) == getattr(pair, own))
                target = new if direction == EGRESS else real
                wrong += [
                    (pair, labels, home, protocol, port)
                    for protocol in PROTOCOLS
                    for port in PORTS
                    if pair.connections.holds(protocol, port)
                    and not world.side(direction, real, new, target, protocol, port)
                ]
    assert wrong == []


def pods_to_come(objects: list[Object], like: Supposed) -> Iterator[tuple[dict[str, str], str, World]]:
    """Pods that may be meant: their labels, their namespace, and the cluster with that namespace."""
    homes = {o["metadata"]["name"]: o["metadata"]["labels"] for o in objects if o["kind"] == "Namespace"}
    spaces = [*((homes[name], name) for name in homes), *((labels, "c") for labels in mixtures(OF_SPACES))]
    for more, home in spaces:
        carried = {**more, NAME_LABEL: home}
        if (like.home or home) != home or not like.namespaces.matches(carried):
            continue
        world = World([*objects, *([namespace(home, **more)] if home not in homes else [])],
                      Reading(host_network_pods=False, blocks_hold_pods=False))  # fmt: skip
        yield from ((labels, home, world) for labels in mixtures(LABELS) if like.pods.matches(labels))


def mixtures(keys: dict[str, tuple[str, ...]]) -> list[dict[str, str]]:
    """Every way to carry these labels, or not, or with a value that nobody names."""
    ways = product(*((None, *values, "other") for values in keys.values()))
    return [{key: value for key, value in zip(keys, way, strict=True) if value is not None} for way in ways]


@pytest.mark.parametrize("seed", range(100))
def test_workloads_are_counted_as_their_pods_one_by_one_say_it(seed: int) -> None:
    objects = Maker(seed).cluster(admin=False)
    made = cluster(*(of_set(thing, "s") if thing["kind"] == "Pod" else thing for thing in objects))
    by_pod, by_workload = (exposure(made, load_profile("calico"), by) for by in ("pod", "workload"))
    for singly, together, own, other in (
        (by_pod.egress, by_workload.egress, "src", "dst"),
        (by_pod.ingress, by_workload.ingress, "dst", "src"),
    ):
        said = _by_own(singly, own, other)
        rows = {(getattr(pair, own), getattr(pair, other)): pair for pair in together}
        for workload in {row[0] for row in rows}:
            home = workload.partition("/")[0]
            pods = [f"{home}/{t['metadata']['name']}[Pod]" for t in objects
                    if t["kind"] == "Pod" and t["metadata"]["namespace"] == home]  # fmt: skip
            for like in {name for one in pods for name in said[one]}:
                each = Counter(said[one].get(like, said[one].get(ANYWHERE, NONE)) for one in pods)
                assert _counted(rows[workload, like], len(pods)) == +each


def _by_own(pairs: tuple[Pair, ...], own: str, other: str) -> defaultdict[str, dict[str, ConnectionSet]]:
    found: defaultdict[str, dict[str, ConnectionSet]] = defaultdict(dict)
    for pair in pairs:
        assert pair.partly is None
        found[getattr(pair, own)][getattr(pair, other)] = pair.connections
    return found


def _counted(row: Pair, pods: int) -> Counter[ConnectionSet]:
    """Between how many pods what passes; nothing for the rest."""
    if row.partly is None:
        return Counter({row.connections: pods})
    counts = Counter({share.connections: share.pairs for share in row.partly.shares})
    counts[NONE] = row.partly.of - counts.total()
    return +counts
