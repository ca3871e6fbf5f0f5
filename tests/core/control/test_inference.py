"""Nodes and owners that pods name, made from those pods."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import Cluster, record
from kwake.control.inference import NO_NODE, infer
from kwake.objects.document import Manifest
from kwake.objects.kinds import Deployment, Node, ReplicaSet
from kwake.sources import read


def cluster(*manifests: Manifest) -> Cluster:
    records = [record(entry.document.manifest) for entry in read(list(manifests)).entries]
    return Cluster({item.key: item for item in records})


def owner(kind: str, name: str, api_version: str = "apps/v1") -> list[Manifest]:
    return [{"apiVersion": api_version, "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]


def pod(name: str, phase: str = "Running", spec: Manifest | None = None, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", **metadata},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}], **(spec or {})},
        "status": {"phase": phase, "podIP": "10.0.0.1", "hostIP": "192.168.7.1"},
    }


WEB: dict[str, Any] = {
    "labels": {"app": "web", "pod-template-hash": "7d9f"},
    "ownerReferences": owner("ReplicaSet", "web-7d9f"),
}


def test_a_node_takes_its_address_from_the_host_ip_of_its_pods() -> None:
    node = infer(cluster(pod("a"))).get("node/n1")
    assert isinstance(node.value, Node)
    assert node.value.ip == "192.168.7.1"
    assert node.made == "inferred from pod shop/a"


def test_a_node_that_no_pod_gives_an_address_has_none() -> None:
    manifest = pod("a")
    del manifest["status"]
    node = infer(cluster(manifest)).get("node/n1").value
    assert isinstance(node, Node)
    assert node.internal_ips == ()


def test_a_host_network_pod_lends_its_ip_to_its_node() -> None:
    manifest = pod("a", spec={"hostNetwork": True})
    del manifest["status"]["hostIP"]
    node = infer(cluster(manifest)).node("n1")
    assert node is not None
    assert node.ip == "10.0.0.1"


def test_three_nodes_are_assumed_where_pods_and_workloads_name_none() -> None:
    manifest = pod("a", spec={"nodeName": ""})
    nodes = [item for item in infer(cluster(manifest)) if isinstance(item.value, Node)]
    assert [(n.key.name, n.value.pod_cidrs, n.value.ip, n.made) for n in nodes if isinstance(n.value, Node)] == [
        ("node-a", ("10.244.0.0/24",), "192.168.0.11", NO_NODE),
        ("node-b", ("10.244.1.0/24",), "192.168.0.12", NO_NODE),
        ("node-c", ("10.244.2.0/24",), "192.168.0.13", NO_NODE),
    ]


def test_no_node_is_assumed_where_nothing_needs_one() -> None:
    policies = cluster({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    assert infer(policies) is policies


def test_a_replica_set_has_its_pods_labels_count_and_template() -> None:
    found = infer(cluster(pod("web-7d9f-a", **WEB), pod("web-7d9f-b", **WEB), pod("web-7d9f-c", "Failed", **WEB)))
    item = found.get("rs/shop/web-7d9f")
    assert isinstance(item.value, ReplicaSet)
    assert item.made == "inferred from pod shop/web-7d9f-a"
    assert item.value.metadata.uid == "uid-web-7d9f"
    assert item.value.spec.replicas == 2
    assert item.value.spec.selector.match_labels == WEB["labels"]
    assert item.value.spec.template.spec.node_name == ""
    assert [p.metadata.name for p in found.pods_of(item.key)] == ["web-7d9f-a", "web-7d9f-b", "web-7d9f-c"]


def test_labels_that_pods_do_not_share_select_nothing() -> None:
    one = {**WEB, "labels": {"app": "web", "canary": "yes"}}
    two = {**WEB, "labels": {"app": "web", "canary": "no"}}
    value = infer(cluster(pod("a", **one), pod("b", **two))).get("rs/shop/web-7d9f").value
    assert isinstance(value, ReplicaSet)
    assert value.spec.selector.match_labels == {"app": "web"}


def test_a_replica_set_joins_the_deployment_whose_name_and_hash_it_bears() -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "d1"},
    }
    found = infer(cluster(deployment, pod("web-7d9f-a", **WEB)))
    assert [p.metadata.name for p in found.pods_of(found.resolve("deploy/shop/web"))] == ["web-7d9f-a"]


def test_a_replica_set_stays_alone_where_no_deployment_is_there() -> None:
    found = infer(cluster(pod("web-7d9f-a", **WEB)))
    assert found.all(Deployment) == ()


def test_a_deployment_that_a_replica_set_names_is_inferred_without_the_hash() -> None:
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web-7d9f", "namespace": "shop", "ownerReferences": owner("Deployment", "web")},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web", "pod-template-hash": "7d9f"}},
            "template": {"metadata": {"labels": {"app": "web", "pod-template-hash": "7d9f"}}},
        },
    }
    value = infer(cluster(replica_set)).get("deploy/shop/web").value
    assert isinstance(value, Deployment)
    assert value.spec.replicas == 2
    assert value.spec.selector.match_labels == {"app": "web"}
    assert value.spec.template.metadata.labels == {"app": "web"}


@pytest.mark.parametrize(
    ("kind", "api_version", "selector"),
    [
        ("StatefulSet", "apps/v1", {"app": "db"}),
        ("DaemonSet", "apps/v1", {"app": "db"}),
        ("Job", "batch/v1", {"app": "db"}),
    ],
)
def test_labels_that_controllers_add_are_no_part_of_a_selector(
    kind: str, api_version: str, selector: dict[str, str]
) -> None:
    labels = {"app": "db", "controller-revision-hash": "x", "statefulset.kubernetes.io/pod-name": "db-0"}
    manifest = pod("db-0", labels=labels, ownerReferences=owner(kind, "db", api_version))
    made = infer(cluster(manifest)).get(f"{kind}/shop/db").manifest
    assert made["spec"]["selector"] == {"matchLabels": selector}


def test_an_owner_of_an_unknown_kind_is_made_by_name() -> None:
    manifest = pod("a", ownerReferences=owner("Rollout", "web", "argoproj.io/v1alpha1"))
    found = infer(cluster(manifest))
    [item] = [item for item in found if item.key.kind == "Rollout"]
    assert (item.key.group, item.manifest["metadata"]["uid"]) == ("argoproj.io", "uid-web")
    assert found.controller_of(found.all(type(found.get("shop/a").value))[0]) == item


@pytest.mark.parametrize("api_version", ["", "extensions/v1beta1"])
def test_kubernetes_own_kinds_are_found_by_old_and_missing_groups(api_version: str) -> None:
    manifest = pod("web-7d9f-a", ownerReferences=owner("ReplicaSet", "web-7d9f", api_version))
    found = infer(cluster(manifest))
    assert [p.metadata.name for p in found.pods_of(found.resolve("rs/shop/web-7d9f"))] == ["web-7d9f-a"]


def test_half_an_owner_reference_infers_nothing() -> None:
    found = infer(cluster(pod("a", ownerReferences=[{"name": "web"}])))
    assert sorted(item.key.kind for item in found) == ["Node", "Pod"]


def test_what_is_there_is_left_alone() -> None:
    whole = infer(cluster(pod("web-7d9f-a", **WEB)))
    assert infer(whole) is whole
