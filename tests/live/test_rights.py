"""Forbidden kinds are listed, and make unknown what hangs on them; the rights that kwake prints are enough."""

from __future__ import annotations

import json

import pytest

import kwake
import kwake_live
from kwake.objects.kinds import Namespace, NetworkPolicy, Node, Pod
from kwake_live.errors import LiveError
from kwake_live.kinds import READABLE, Readable
from kwake_live.rights import roles
from kwake_tui.cli import main
from tests.live.fake_api import FakeApi
from tests.live.sample import assert_same, small_cluster
from tests.live.store import Manifest, Resource

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


# -- what hangs on each kind --------------------------------------------------------------------------------------

LOCAL = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "near", "namespace": "shop"},
         "spec": {"type": "NodePort", "clusterIP": "10.96.200.9", "clusterIPs": ["10.96.200.9"],
                  "externalTrafficPolicy": "Local", "selector": {"app": "web"},
                  "ports": [{"port": 80, "targetPort": 8080, "nodePort": 32123}]}}  # fmt: skip
HEADLESS = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare", "namespace": "shop"},
            "spec": {"clusterIP": "None", "clusterIPs": ["None"], "selector": {"app": "checkout"},
                     "ports": [{"port": 8443}]}}  # fmt: skip


def _opened(prod: FakeApi, forbidden: str, *more: Manifest) -> tuple[kwake.World, kwake.World]:
    """The cluster as somebody with all rights sees it, and as somebody sees it who may not read one kind."""
    for manifest in more:
        prod.store.put(manifest)
    whole = kwake_live.open("prod")
    prod.forbidden = {forbidden}
    return whole, kwake_live.open("prod")


DIALS: dict[str, tuple[str, str, int | None, tuple[Manifest, ...], str]] = {
    "a ClusterIP without slices": ("endpointslices.discovery.k8s.io", "svc/shop/checkout", 443, (),
                                   "EndpointSlices of shop were not read"),
    "a headless Service without slices": ("endpointslices.discovery.k8s.io", "svc/shop/bare", 8443, (HEADLESS,),
                                          "EndpointSlices of shop were not read"),
    "an address that may be a ClusterIP": ("services", "10.96.200.9", 80, (LOCAL,), "Services were not read"),
    "a Service's name": ("services", "svc/shop/checkout", 443, (), "Services of shop were not read"),
    "a pod behind an address": ("pods", "svc/shop/web", 80, (), "Pods of shop were not read"),
    "a Local node port": ("nodes", "svc/shop/near", 80, (LOCAL,), "Nodes were not read"),
}  # fmt: skip
"""What may not be read, what is dialled, what is in the cluster besides, and what the answer says then."""


@pytest.mark.parametrize("case", DIALS)
def test_what_hangs_on_a_kind_that_was_not_read_is_unknown(prod: FakeApi, case: str) -> None:
    """Given one kind that may not be read, when what hangs on it is asked, then it is unknown and the kind is named;
    with all rights it is known."""
    forbidden, target, port, more, words = DIALS[case]
    source = "internet" if forbidden in ("nodes", "pods") else "deploy/shop/web"
    whole, part = _opened(prod, forbidden, *more)

    path = part.trace(source, target, port)

    assert path.outcome is kwake.Outcome.UNKNOWN, [branch.reason for branch in path.branches]
    assert all(words in branch.reason for branch in path.branches)
    assert path.basis is kwake.Basis.UNKNOWN
    if forbidden != "pods":
        assert whole.trace(source, target, port).basis is not kwake.Basis.UNKNOWN


def test_endpoints_tell_where_slices_may_not_be_read(prod: FakeApi) -> None:
    """Given Endpoints that may be read, when slices may not, then the Service's backends are those."""
    whole = kwake_live.open("prod")
    addresses = sorted(str(branch.ip) for branch in whole.trace(*CHECKOUT).branches)
    prod.store.put({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "checkout", "namespace": "shop"},
        "subsets": [{"addresses": [{"ip": ip} for ip in addresses], "ports": [{"name": "https", "port": 8443}]}],
    })  # fmt: skip
    prod.forbidden = {"endpointslices.discovery.k8s.io"}

    path = kwake_live.open("prod").trace(*CHECKOUT)

    assert sorted(str(branch.ip) for branch in path.branches) == addresses
    assert path.outcome is kwake.Outcome.DELIVERED


@pytest.mark.parametrize("how", ["evict", "drain"])
def test_budgets_that_may_not_be_read_make_evictions_unknown(prod: FakeApi, how: str) -> None:
    """Given a budget that forbids it, when PodDisruptionBudgets may not be read, then no eviction is told to pass."""
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "shop"},
              "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "checkout"}}}}  # fmt: skip
    whole, part = _opened(prod, "poddisruptionbudgets.policy", budget)
    pod = next(pod for pod in part.cluster.all(Pod) if pod.metadata.labels.get("app") == "checkout")
    name = f"shop/{pod.metadata.name}"
    action = kwake.EvictPod(name) if how == "evict" else kwake.DrainNode(f"Node/{pod.spec.node_name}")

    after = part.do(action).settle()

    told = [event for event in after.events if event.subject == str(pod.key) and event.kind == "eviction-unknown"]
    assert [event.basis for event in told] == [kwake.Basis.UNKNOWN]
    assert "PodDisruptionBudgets of shop were not read" in told[0].text
    assert not [event for event in after.events if event.kind in ("pod-evicted", "node-drained")]
    assert after.cluster.find(pod.key) is not None
    if how == "evict":
        with pytest.raises(kwake.Rejected):
            whole.do(action)


def test_pods_are_not_made_up_where_they_may_not_be_read(prod: FakeApi) -> None:
    """Given workloads without a status, when their pods may not be read, then none stand in their place."""
    prod.forbidden = {"pods"}

    assert kwake_live.open("prod").cluster.all(Pod) == ()


def test_what_an_unread_owner_makes_is_inferred(prod: FakeApi) -> None:
    """Given ReplicaSets that may not be read, when a pod is killed, then another one is only inferred to come."""
    whole, part = _opened(prod, "replicasets.apps")
    pod = next(pod for pod in part.cluster.all(Pod) if pod.metadata.labels.get("app") == "checkout")

    created = [
        [event.basis for event in world.do(kwake.KillPod(f"shop/{pod.metadata.name}")).settle().events
         if event.kind == "pod-created"]
        for world in (whole, part)
    ]  # fmt: skip

    assert created == [[kwake.Basis.SOURCED], [kwake.Basis.INFERRED]]


POLICIES = [row for row in READABLE if row.is_policy]


@pytest.mark.parametrize("row", POLICIES, ids=lambda row: row.name)
def test_every_kind_of_policy_that_may_not_be_read_makes_verdicts_unknown(prod: FakeApi, row: Readable) -> None:
    """Given a kind of policy that is served and forbidden, when a dial is traced, then it is unknown."""
    prod.store.serve(Resource(row.group, row.versions[0], row.resource, row.kind, row.namespaced))
    prod.forbidden = {row.name}

    live = kwake_live.open("prod")

    path = live.trace(*CHECKOUT)
    assert path.outcome is kwake.Outcome.UNKNOWN
    assert all(row.kind in branch.reason for branch in path.branches)
    assert row.name in " ".join(_unknown(live).values())


def test_every_kind_that_may_not_be_read_is_listed_by_its_name(prod: FakeApi) -> None:
    for row in READABLE:
        if not row.is_core:
            continue
        prod.forbidden = {row.name}

        found = _unknown(kwake_live.open("prod"))

        assert any("not read" in text and row.name.partition(".")[0] in text for text in found.values()), row.name
