"""References, and what is told of those that name nothing."""

from __future__ import annotations

import pytest

import kwake
from kwake.actions import Action, Delete, DrainNode, KillPod, Relabel, Scale, SetServiceType
from kwake.errors import ReferenceNotFound
from kwake.samples import sample_path


def test_a_workload_of_another_kind_is_what_a_name_most_likely_means() -> None:
    cluster = kwake.open(sample_path("shop"), seed=7).cluster

    with pytest.raises(ReferenceNotFound, match="did you mean DaemonSet/ops/node-agent"):
        cluster.resolve("deploy/ops/node-agent")
    with pytest.raises(ReferenceNotFound, match="did you mean Service/"):
        cluster.resolve("svc/ops/node-agent")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (KillPod("shop/web-1"), "kill pod shop/web-1"),
        (KillPod("po/shop/web-1"), "kill pod shop/web-1"),
        (KillPod("deploy/shop/web#0"), "kill pod Deployment/shop/web#0"),
        (KillPod("backend(pay)"), "kill pod backend(pay)"),
        (Scale("shop/web", 3), "scale Deployment/shop/web to 3"),
        (Scale("sts/shop/web", 3), "scale StatefulSet/shop/web to 3"),
        (SetServiceType("shop/web", "NodePort"), "set type of Service/shop/web to NodePort"),
        (Relabel("shop/web-1", {"app": None}), "label Pod/shop/web-1 app-"),
        (DrainNode("node-a"), "drain node-a"),
        (DrainNode("no/node-a"), "drain node-a"),
        (Delete("ns/shop"), "delete Namespace/shop"),
    ],
)
def test_an_action_names_what_it_is_about_in_the_one_way_that_keys_are_written(action: Action, words: str) -> None:
    assert str(action) == words


def test_cnp_is_a_cilium_policy_where_a_namespace_is_named_and_else_one_of_the_whole_cluster() -> None:
    policies = [
        {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "l7", "namespace": "shop"}},
        {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
         "metadata": {"name": "guard"},
         "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}}},
    ]  # fmt: skip
    cluster = kwake.open(policies).cluster

    assert str(cluster.resolve("cnp/shop/l7")) == "CiliumNetworkPolicy/shop/l7"
    assert str(cluster.resolve("ciliumnetworkpolicies/shop/l7")) == "CiliumNetworkPolicy/shop/l7"
    assert str(cluster.resolve("cnp/guard")) == "ClusterNetworkPolicy/guard"
    with pytest.raises(ReferenceNotFound, match=r"no ClusterNetworkPolicy l7; did you mean CiliumNetworkPolicy/shop/"):
        cluster.resolve("cnp/l7")
    both = "; cnp/NAME is a ClusterNetworkPolicy, cnp/NAMESPACE/NAME a CiliumNetworkPolicy"
    with pytest.raises(ReferenceNotFound, match=f"no CiliumNetworkPolicy ops/none{both}"):
        kwake.open([]).cluster.resolve("cnp/ops/none")
