"""What a null means: absent as a field, the empty value as an item or the value of a key."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import record
from kwake.objects.decode import DecodeError, decode
from kwake.objects.document import Manifest, document
from kwake.objects.field_path import dotted
from kwake.objects.kinds import AdminPolicy, NetworkPolicy, Node, Pod, PolicyPort
from tests.core.policy.tier_objects import anp, cnp, rule


def policy(**spec: Any) -> NetworkPolicy:
    manifest = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": spec}
    value = record(manifest).value
    assert isinstance(value, NetworkPolicy)
    return value


def test_a_field_is_absent() -> None:
    assert policy(podSelector=None, ingress=None, policyTypes=None) == policy()
    assert policy(ingress=[{"ports": [{"port": None, "endPort": None, "protocol": None}]}]).spec.ingress[0].ports == (
        PolicyPort(),
    )


def test_a_label_is_empty() -> None:
    assert policy(podSelector={"matchLabels": {"app": None}}).spec.pod_selector.match_labels == {"app": ""}
    metadata = {"name": "a", "labels": {"app": None, "tier": "web"}, "annotations": None}
    pod = record({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).value
    assert isinstance(pod, Pod)
    assert pod.metadata.labels == {"app": "", "tier": "web"}


def test_an_item_is_empty() -> None:
    assert policy(ingress=[None]) == policy(ingress=[{}])
    assert policy(egress=[{"to": [None], "ports": [None]}]) == policy(egress=[{"to": [{}], "ports": [{}]}])
    expression = {"key": "a", "operator": "In", "values": [None]}
    assert policy(podSelector={"matchExpressions": [expression]}).spec.pod_selector.match_expressions[0].values == ("",)


def test_what_may_be_anything_stays_as_it_is() -> None:
    taint = {"key": "a", "value": None}
    node = record({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "labels": {"b": None}},
                   "spec": {"taints": [taint]}}).value  # fmt: skip
    assert isinstance(node, Node)
    assert node.spec.taints == (taint,)


def test_a_custom_resource_loses_a_key_that_is_null() -> None:
    value = record(anp("a", 1, subject={"namespaces": {"matchLabels": {"app": None, "b": "c"}}})).value
    assert isinstance(value, AdminPolicy)
    assert value.spec.subject.namespaces is not None
    assert value.spec.subject.namespaces.match_labels == {"b": "c"}
    named = anp("a", 1)
    named["metadata"]["labels"] = {"app": None}
    assert record(named).value.metadata.labels == {"app": ""}


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (anp("a", 1, egress=[None]), "spec.egress[0]"),  # type: ignore[list-item]
        (anp("a", 1, egress=[{"action": "Deny", "to": [None]}]), "spec.egress[0].to[0]"),
        (cnp("a", 1, egress=[rule("Deny", {"networks": [None]}, to=True)]), "spec.egress[0].to[0].networks[0]"),
    ],
)
def test_a_custom_resource_has_no_item_that_is_null(manifest: Manifest, field: str) -> None:
    with pytest.raises(DecodeError, match="found null") as error:
        decode(document(manifest))
    assert dotted(error.value.path) == field
