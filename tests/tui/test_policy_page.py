"""A policy's page: whom it selects, and whom its rules mean as the cluster is; and the policies of a workload."""

from __future__ import annotations

from typing import Any

import kwake
from kwake.objects.document import Manifest
from kwake_tui.text.page import described
from tests.core.policy.clusters import namespace, pod, policy
from tests.tui.player import shop


def rows(world: kwake.World, policy: str) -> dict[str, list[str]]:
    """The rows under each heading; those above the first one under an empty one."""
    found, head = dict[str, list[str]](), ""
    for row in described(world, policy):
        if row.startswith("── "):
            head = row.strip("─ ")
        else:
            found.setdefault(head, []).append(" ".join(row.split()))
    return found


def test_it_says_whom_the_policy_selects_and_each_rule_admits() -> None:
    page = rows(shop(), "np/payments/api-from-checkout")

    assert "selects pods with app=api of payments 2 pods: payments/api NP-1" in page[""]
    assert page["ingress"][:4] == [
        "rule 1 on TCP https https is 8443 NP-7",
        "from pods with app=checkout of namespaces with team=shop 3 pods: shop/checkout NP-6",
        "rule 2 on TCP metrics metrics is 9102 NP-7",
        "from pods with app=prometheus of namespaces with team=ops 1 pod: ops/prometheus NP-6",
    ]
    assert page["egress"][1] == "to pods with app=ledger of its namespace 1 pod: payments/ledger NP-6"


def test_it_follows_the_cluster() -> None:
    world = shop().do(kwake.Scale("deploy/shop/checkout", 0)).settle()

    assert any("no pods now" in row for row in rows(world, "np/payments/api-from-checkout")["ingress"])


def test_a_direction_that_isolates_nobody_and_one_that_admits_nothing_are_told_apart() -> None:
    assert rows(shop(), "np/shop/allow-web")["egress"][0].startswith("it isolates nobody in this direction")
    assert rows(shop(), "np/payments/default-deny")["egress"][0].startswith("it admits nothing")


def test_everybody_a_block_a_named_port_of_nobody_and_a_namespace_that_is_not_described() -> None:
    rules = [
        {"ports": [{"port": "admin"}]},
        {"from": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.7/32"]}}]},
        {"from": [{"namespaceSelector": {"matchLabels": {"team": "ops"}}}]},
    ]
    selected = pod("shop/web-0", ip="10.1.0.1", app="web")
    world = kwake.open([namespace("shop"), selected, pod("ops/cron", ip="10.1.0.2"),
                        policy("shop/some", {"podSelector": {}, "ingress": rules})])  # fmt: skip

    assert rows(world, "np/shop/some")["ingress"][:6] == [
        "rule 1 on TCP admin admin is no port of theirs NP-7",
        "from everybody NP-5",
        "rule 2 on all ports NP-7",
        "from 192.0.2.0/24 except 192.0.2.7/32 NP-6",
        "rule 3 on all ports NP-7",
        "from all pods of namespaces with team=ops no pods now; perhaps 1 pod: ops/cron NP-6",
    ]


def test_under_a_profile_without_policies_it_says_so() -> None:
    some = policy("shop/some", {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]})
    world = kwake.open([namespace("shop"), some], "flannel")

    page = rows(world, "np/shop/some")
    assert any("flannel enforces no NetworkPolicy" in row for row in page[""])
    assert page["ingress"][:2] == ["rule 1 on TCP 80 NP-7", "from everybody NP-5"], "what it says all the same"


def test_a_pod_that_has_ended_is_neither_selected_nor_admitted() -> None:
    ended = pod("shop/job-0", ip="10.1.0.1", app="job")
    ended["status"]["phase"] = "Succeeded"
    peer = {"from": [{"podSelector": {"matchLabels": {"app": "job"}}}]}
    world = kwake.open([namespace("shop"), ended, policy("shop/some", {"podSelector": {}, "ingress": [peer]})])

    page = rows(world, "np/shop/some")
    assert any(row.startswith("selects all pods of shop no pods now") for row in page[""])
    assert page["ingress"][1] == "from pods with app=job of its namespace no pods now NP-6"


def tier_policy(kind: str, version: str, name: str, spec: dict[str, Any]) -> Manifest:
    return {"apiVersion": f"policy.networking.k8s.io/{version}", "kind": kind, "metadata": {"name": name}, "spec": spec}


WEB = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}}
HTTP = [{"name": "http", "containerPort": 8080}]


def test_a_policy_of_a_tier_says_its_place_whom_it_judges_and_what_each_rule_does() -> None:
    spec = {
        "tier": "Admin", "priority": 7, "subject": WEB,
        "ingress": [
            {"name": "scrape", "action": "Accept", "from": [{"namespaces": {"matchLabels": {"team": "ops"}}}],
             "protocols": [{"tcp": {"destinationPort": {"number": 9102}}}, {"destinationNamedPort": "http"}]},
            {"action": "Deny", "from": [{"namespaces": {}}]},
        ],
        "egress": [
            {"action": "Pass", "to": [{"nodes": {"matchLabels": {"disk": "ssd"}}}, {"networks": ["192.0.2.0/24"]},
                                      {"domainNames": ["example.com"]}]},
        ],
    }  # fmt: skip
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": {"disk": "ssd"}}}
    world = kwake.open([
        namespace("shop"), namespace("ops", team="ops"), node, pod("ops/cron", ip="10.1.0.2", node="node-1"),
        pod("shop/web", ip="10.1.0.1", node="node-1", app="web", ports=HTTP),
        tier_policy("ClusterNetworkPolicy", "v1alpha2", "guard", spec),
    ], overrides={"admin-tiers": "v1alpha2"})  # fmt: skip

    page = rows(world, "cnp/guard")
    assert page[""][-3:-1] == [
        "tier Admin, priority 7 NP-16",
        "judges pods with app=web of all namespaces 1 pod: shop/web NP-16",
    ]
    assert [row for row in page["ingress"] if row] == [
        "rule 1 Accept on TCP 9102, http called scrape; http is 8080 NP-7",
        "from all pods of namespaces with team=ops 1 pod: ops/cron NP-16",
        "rule 2 Deny on all ports NP-7",
        "from all pods of all namespaces 2 pods: ops/cron, shop/web NP-16",
    ]
    assert page["egress"][:4] == [
        "rule 1 Pass on all ports NP-7",
        "to nodes with disk=ssd 1 node: node-1 NP-16",
        "to 192.0.2.0/24 NP-16",
        "to example.com NP-16",
    ]


def test_a_baseline_policy_without_effect_says_so_and_what_it_would_judge_all_the_same() -> None:
    subject = {"namespaces": {"matchLabels": {"team": "ops"}}}
    rule = {"action": "Deny", "from": [{"namespaces": {}}]}
    spec = {"subject": subject, "ingress": [rule]}
    judged = [pod("ops/cron", ip="10.1.0.2"),
              tier_policy("BaselineAdminNetworkPolicy", "v1alpha1", "default", spec)]  # fmt: skip
    page = rows(kwake.open(judged, overrides={"admin-tiers": "none"}), "banp/default")
    assert [row for row in page[""] if row][-3:] == [
        "tier Baseline NP-16",
        "judges all pods of namespaces with team=ops no pods now; perhaps 1 pod: ops/cron NP-16",
        "calico does not enforce BaselineAdminNetworkPolicy v1alpha1",
    ]
    assert page["egress"] == ["it judges nothing in this direction NP-16"]

    unsure = kwake.open(judged, overrides={"admin-tiers": "unknown"})
    assert any(row.startswith("whether calico enforces Baseline") for row in rows(unsure, "banp/default")[""])


def test_a_workload_tells_the_policies_of_its_pods_and_of_how_many_where_they_differ() -> None:
    world = shop()
    assert "ingress isolated by np/allow-web: 1 rule 3 of 3 pods" in rows(world, "deploy/shop/checkout")["policies"]

    first = world.cluster.pods_of(world.cluster.resolve("deploy/shop/checkout"))[0]
    world = world.do(kwake.Relabel(str(first.key), {"track": "canary"})).settle()
    deny = policy("shop/canary", {"podSelector": {"matchLabels": {"track": "canary"}}})
    page = rows(world.do(kwake.Apply(deny)).settle(), "deploy/shop/checkout")["policies"]
    assert "ingress isolated by np/canary: admits nothing 1 of 3 pods" in page

    gone = rows(shop().do(kwake.Scale("deploy/shop/checkout", 0)).settle(), "deploy/shop/checkout")
    assert gone["policies"][0] == "no pods now"
