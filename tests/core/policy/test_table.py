"""The table of all pairs, folded and unfolded."""

from __future__ import annotations

import kwake
from kwake.policy.table import OUTSIDE, CellTurn, ReachTable
from tests.core.policy.clusters import namespace, pod, policy

WEB, DB, OPS = "shop/web[Pod]", "shop/db[Pod]", "ops/prom[Pod]"
PODS = [
    pod("shop/web", ip="10.0.0.1", app="web"),
    pod("shop/db", ip="10.0.0.2", app="db"),
    pod("ops/prom", ip="10.0.0.3"),
]
DENY = policy("shop/deny", {"podSelector": {"matchLabels": {"app": "db"}}})
NARROW = policy("shop/deny", {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"ports": [{"port": 80}]}]})
BLOCK = policy("shop/deny", {"podSelector": {"matchLabels": {"app": "db"}},
                             "ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]})  # fmt: skip


def table(*after: dict[str, object]) -> ReachTable:
    old = kwake.open([namespace("shop"), namespace("ops"), *PODS])
    new = old
    for manifest in after:
        new = new.do(kwake.Apply(manifest)).settle()
    return ReachTable(old.reach(), new.reach(), old.cluster, new.cluster)


def test_ends_stand_by_namespace_and_outside_addresses_last() -> None:
    assert [(group.name, group.ends) for group in table().groups] == [
        ("ops", (OPS,)), ("shop", (DB, WEB)), (OUTSIDE, ("0.0.0.0-255.255.255.255",)),
    ]  # fmt: skip


def test_a_cell_says_what_became_of_its_pair() -> None:
    assert table().cell([WEB], [DB]).turn is CellTurn.SAME
    assert table(DENY).cell([WEB], [DB]).turn is CellTurn.LOST
    assert table(NARROW).cell([WEB], [DB]).turn is CellTurn.CHANGED
    assert table(DENY).cell([DB], [WEB]).turn is CellTurn.SAME


def test_a_folded_cell_counts_its_pairs_and_unites_their_ports() -> None:
    cell = table(NARROW).cell([OPS], [DB, WEB])

    assert (cell.pairs, cell.allowed_before, cell.allowed, cell.changed) == (2, 2, 2, 1)
    assert str(cell.after) == "All Connections"


def test_an_end_to_itself_is_no_pair() -> None:
    assert table().cell([WEB], [WEB]).pairs == 0
    assert table().cell([DB, WEB], [DB, WEB]).pairs == 2


def test_ranges_are_cut_where_only_one_of_the_moments_cuts_them() -> None:
    made = table(BLOCK)

    ranges = made.groups[-1].ends
    assert ranges == ("0.0.0.0-192.0.1.255", "192.0.2.0-192.0.2.255", "192.0.3.0-255.255.255.255")
    assert [made.cell([name], [DB]).turn for name in ranges] == [CellTurn.LOST, CellTurn.SAME, CellTurn.LOST]


def test_totals_count_pairs_once() -> None:
    totals = table(DENY).totals()

    assert totals[CellTurn.LOST] == 3
    assert totals[CellTurn.GAINED] == totals[CellTurn.CHANGED] == 0
