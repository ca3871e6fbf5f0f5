"""Forbidden kinds are listed, and make unknown what hangs on them; the rights that kwake prints are enough."""

from __future__ import annotations

import json

import pytest

import kwake
import kwake_live
from kwake.objects.kinds import Namespace, NetworkPolicy, Node, Pod
from kwake_live.errors import LiveError
from kwake_live.rights import roles
from kwake_tui.cli import main
from tests.live.fake_api import FakeApi
from tests.live.sample import assert_same, small_cluster

CHECKOUT = ("deploy/shop/web", "svc/shop/checkout", 443)


def _unknown(world: kwake.World) -> dict[str, str]:
    return {finding.subject: finding.text for finding in world.findings if finding.level == "unknown"}


def test_the_printed_rights_are_enough(prod: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a user with nothing but what `kwake rbac` prints, when the cluster is opened, then nothing is missing."""
    assert main(["rbac", "-o", "json"]) == 0
    prod.roles = json.loads(capsys.readouterr().out)["items"]

    live = kwake_live.open("prod")

    assert_same(live, kwake.open(small_cluster()))
    assert _unknown(live) == _unknown(kwake.open(small_cluster()))


def test_the_printed_rights_are_reads_alone() -> None:
    verbs = {verb for role in (*roles(), *roles("shop")) for rule in role["rules"] for verb in rule["verbs"]}
    resources = {name for role in (*roles(), *roles("shop")) for rule in role["rules"] for name in rule["resources"]}

    assert verbs == {"get", "list", "watch"}
    assert not {"*", "secrets"} & resources
    assert not any("/" in name for name in resources)


@pytest.mark.parametrize("missing", ["pods", "services", "networkpolicies", "endpointslices", "deployments"])
def test_less_than_the_printed_rights_is_not_enough(prod: FakeApi, missing: str) -> None:
    """Every one of them is used: without it something is listed as not read."""
    found = json.loads(json.dumps(roles()))
    for rule in found[0]["rules"]:
        rule["resources"] = [name for name in rule["resources"] if name != missing]
    prod.roles = found

    live = kwake_live.open("prod")

    assert any("not read" in text for text in _unknown(live).values())


def test_forbidden_policies_make_every_verdict_unknown(prod: FakeApi) -> None:
    """Given policies that may not be read, when a dial is traced, then it is unknown, not delivered."""
    prod.forbidden = {"networkpolicies.networking.k8s.io"}
    live = kwake_live.open("prod")

    path = live.trace(*CHECKOUT)

    assert path.outcome is kwake.Outcome.UNKNOWN
    assert "NetworkPolicy" in path.branches[0].reason
    assert "networkpolicies.networking.k8s.io is forbidden" in _unknown(live)["NetworkPolicy.networking.k8s.io"]
    assert live.cluster.all(NetworkPolicy) == ()


def test_forbidden_policies_are_no_fewer_pairs_in_reach(prod: FakeApi) -> None:
    prod.forbidden = {"networkpolicies.networking.k8s.io"}

    reach = kwake_live.open("prod").reach()

    assert not [
        pair for pair in reach.pairs if pair.src.startswith("shop/web") and pair.dst.startswith("shop/checkout")
    ]
    assert reach.unknown


def test_forbidden_services_make_names_unknown(prod: FakeApi) -> None:
    """A name that may be a Service's that was not read is not told to be missing."""
    prod.forbidden = {"services"}
    live = kwake_live.open("prod")

    path = live.trace("deploy/shop/web", "checkout.shop.svc.cluster.local", 443)

    assert path.outcome is kwake.Outcome.UNKNOWN
    assert "Services of shop were not read" in path.branches[0].reason


def test_forbidden_nodes_are_inferred_from_their_pods(prod: FakeApi) -> None:
    prod.forbidden = {"nodes"}

    live = kwake_live.open("prod")

    assert {record.made.partition(" ")[0] for record in live.cluster if isinstance(record.value, Node)} == {"inferred"}
    assert "not read" in _unknown(live)["Node"]


def test_rights_in_one_namespace_alone_work(prod: FakeApi) -> None:
    """Given the Role of one namespace, when that is opened, then it answers there, and other namespaces are unknown."""
    prod.roles = list(roles("shop"))

    live = kwake_live.open("prod", "shop")

    assert {pod.metadata.namespace for pod in live.cluster.all(Pod)} == {"shop"}
    assert live.trace(*CHECKOUT).outcome is kwake.open(small_cluster()).trace(*CHECKOUT).outcome
    elsewhere = live.trace("deploy/shop/web", "api.other.svc.cluster.local", 80)
    assert elsewhere.outcome is kwake.Outcome.UNKNOWN
    assert "read in shop alone" in _unknown(live)["namespaces"]
    assert live.cluster.namespaces["shop"] == kwake.open(small_cluster()).cluster.namespaces["shop"]


def test_rights_in_one_namespace_without_naming_it_say_so(prod: FakeApi) -> None:
    prod.roles = list(roles("shop"))

    with pytest.raises(LiveError, match=r"is forbidden.*-n NAMESPACE"):
        kwake_live.open("prod")


def test_labels_of_namespaces_that_may_not_be_read_are_unknown(prod: FakeApi) -> None:
    """A policy that asks for labels of a namespace cannot be judged without them."""
    prod.store.put({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "team", "namespace": "shop"}, "spec": {"podSelector": {"matchLabels": {"app": "checkout"}},
                 "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "pay"}}}]}]},
    })  # fmt: skip
    for name in [m["metadata"]["name"] for m in small_cluster() if m["kind"] == "NetworkPolicy"]:
        prod.store.delete(prod.store.find("networking.k8s.io", "networkpolicies"), "shop", name)  # type: ignore[arg-type]
    prod.forbidden = {"namespaces"}

    live = kwake_live.open("prod")

    assert [n for n in live.cluster.all(Namespace) if not live.cluster.record(n.key).made] == []
    assert live.trace(*CHECKOUT).outcome is kwake.Outcome.UNKNOWN


def test_an_egress_rule_is_not_told_to_deny_a_pod_that_was_not_read(prod: FakeApi) -> None:
    """A peer by labels may admit a pod of another namespace: of an address that may be one nothing is known."""
    prod.store.put({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "out", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
                 "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"team": "pay"}}}]}]},
    })  # fmt: skip

    path = kwake_live.open("prod", "shop").trace("deploy/shop/web", "10.244.1.200", 443)

    assert path.outcome is kwake.Outcome.UNKNOWN
    assert "may be a pod that was not read" in path.branches[0].reason
