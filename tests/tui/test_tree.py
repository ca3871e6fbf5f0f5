"""The rows of the Cluster pane."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import msgspec

from kwake.actions import Delete, KillPod, Scale, SetServiceType, SilenceNode
from kwake.cluster import Cluster, record
from kwake.scenario.moments import moments
from kwake_tui.panes.tree import Made, TreeState, folded_at_start, tree
from tests.tui.player import plain, shop


def pod(name: str, ip: str, owner: str, uid: str, *, ready: bool = True) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": owner, "uid": owner, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": [reference]},
        "status": {"podIP": ip, "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


STATSD = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "statsd", "namespace": "shop"}}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "statsd", "namespace": "shop"},
    "spec": {"clusterIP": "10.96.0.31"},
}


def cluster(*manifests: dict[str, Any]) -> Cluster:
    records = [record(manifest) for manifest in manifests]
    return Cluster({item.key: item for item in records})


def rows(shown: Cluster, state: TreeState | None = None) -> list[str]:
    return [plain(line) for line in tree(shown, state or TreeState())]


def test_pods_stand_under_their_workload_with_their_address() -> None:
    shown = cluster(STATSD, pod("statsd-0", "10.244.2.6", "statsd", "a"), pod("statsd-1", "10.244.1.15", "statsd", "b"))

    assert rows(shown) == [
        "▾ ns shop  2/2",
        "▾ sts statsd  2/2",
        "● 0  10.244.2.6",
        "● 1  10.244.1.15",
    ]


def test_a_pod_that_is_not_ready_counts_as_such() -> None:
    shown = cluster(STATSD, pod("statsd-0", "10.244.2.6", "statsd", "a", ready=False))

    assert rows(shown)[1:] == ["▾ sts statsd  0/1", "◐ 0  10.244.2.6"]


def test_a_killed_pod_stands_struck_through_above_its_successor() -> None:
    before = cluster(STATSD, pod("statsd-0", "10.244.2.6", "statsd", "a"))
    after = cluster(STATSD, pod("statsd-0", "10.244.2.9", "statsd", "b"))

    lines = tree(after, TreeState(before=before))

    gone, born = lines[2], lines[3]
    assert (plain(gone), gone.tint) == ("× 0  10.244.2.6", "badbg")
    assert gone.left[2].strike and gone.right[0].strike
    assert (plain(born), born.tint) == ("● 0  10.244.2.9", "okbg")


def test_a_service_without_ready_endpoints_is_empty() -> None:
    assert "○ statsd  10.96.0.31" in rows(cluster(SERVICE))


def test_folded_rows_hide_what_is_under_them() -> None:
    shown = cluster(STATSD, SERVICE, pod("statsd-0", "10.244.2.6", "statsd", "a"))

    assert rows(shown, TreeState(frozenset({"StatefulSet/shop/statsd", "group:shop/svc"}))) == [
        "▾ ns shop  1/1",
        "▸ sts statsd  1/1",
        "▸ svc  1",
    ]


def test_the_namespace_with_most_pods_begins_open() -> None:
    other = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}}
    shown = cluster(other, STATSD, pod("statsd-0", "10.244.2.6", "statsd", "a"))

    assert folded_at_start(shown) == {"Namespace/ops", "group:nodes"}


def test_an_edited_object_says_so() -> None:
    shown = cluster(SERVICE)
    state = msgspec.structs.replace(TreeState(), edited="Service/shop/statsd")

    assert "○ statsd edited  10.96.0.31" in rows(shown, state)


def test_a_silent_node_and_a_cordoned_one_say_so() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, "spec": {"podCIDR": "10.244.0.0/24"}}
    silent = {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    cordoned = {"spec": {"unschedulable": True}}

    shown = [rows(cluster({**node, **more}), TreeState())[-1] for more in ({}, silent, cordoned)]

    assert shown == ["● a  10.244.0.0/24", "◐ a  silent", "● a  cordoned"]


def test_rows_that_were_made_before_are_those_that_would_be_made_anew() -> None:
    made: Made = {}
    worlds = [shop()]
    for action in (
        KillPod("deploy/shop/search#0"),
        Scale("deploy/shop/web", 3),
        Delete("svc/shop/cart"),
        SilenceNode("node/node-a"),
        SetServiceType("svc/shop/checkout", "NodePort"),
    ):
        worlds += moments(worlds[-1].do(action))
    folds = [frozenset[str](), frozenset({"Namespace/shop"}), frozenset({"group:shop/svc", "Deployment/shop/web"})]
    edits = ["", "Service/shop/web", "Deployment/shop/cart"]
    for now, before in [*pairwise(worlds), *pairwise(reversed(worlds))]:
        for edited, folded in [*product(edits, folds), *((e, f) for f, e in product(folds, edits))]:
            for compared in (None, before.cluster):
                state = TreeState(folded, compared, edited)

                assert tree(now.cluster, state, made) == tree(now.cluster, state)
    assert made


def test_rows_of_a_namespace_where_nothing_changed_are_not_made_again() -> None:
    made: Made = {}
    before = shop()
    rows = {line.target: line for line in tree(before.cluster, TreeState(), made)}
    after = before.do(KillPod("deploy/shop/cart#0")).settle()
    again = {line.target: line for line in tree(after.cluster, TreeState(before=before.cluster), made)}

    assert again["Namespace/ops"] is rows["Namespace/ops"]
    assert again["Namespace/shop"] is not rows["Namespace/shop"]
