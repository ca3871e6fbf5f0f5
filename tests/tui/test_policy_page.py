"""A NetworkPolicy's page: whom it selects and admits as the cluster is."""

from __future__ import annotations

import kwake
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
