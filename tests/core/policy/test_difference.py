"""What one table of pairs allows that another does not."""

from __future__ import annotations

from kwake.objects.document import Manifest
from kwake.policy.difference import Difference, difference
from kwake.policy.reach import reach
from kwake.profiles import load_profile
from tests.core.policy.clusters import cluster, namespace, pod, policy

PODS = (pod("a/x", ip="172.16.0.1"), pod("a/y", ip="172.16.0.2"), namespace("a"))
X, Y, WORLD = "a/x[Pod]", "a/y[Pod]", "0.0.0.0-255.255.255.255"


def compared(old: list[Manifest], new: list[Manifest]) -> Difference:
    return difference(*(reach(cluster(*PODS, *more), load_profile()) for more in (old, new)))


def rows(found: Difference) -> list[tuple[str, str, str, str]]:
    return [(c.src, c.dst, str(c.before), str(c.after)) for c in found.changes]


def from_block(cidr: str) -> Manifest:
    spec = {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}, {"ipBlock": {"cidr": cidr}}]}]}
    return policy("a/p", spec)


def test_equal_tables_differ_in_nothing() -> None:
    assert compared([from_block("10.0.0.0/8")], [from_block("10.0.0.0/8")]) == Difference((), ())


def test_ranges_that_are_cut_elsewhere_but_allow_the_same_do_not_differ() -> None:
    empty = {"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/9"}}, {"ipBlock": {"cidr": "10.128.0.0/9"}}]}
    halves = policy("a/p", {"podSelector": {}, "ingress": [empty]})
    assert compared([from_block("10.0.0.0/8")], [halves]) == Difference((), ())


def test_pieces_that_changed_alike_are_one_range() -> None:
    assert rows(compared([], [from_block("10.0.0.0/8")])) == [
        ("0.0.0.0-9.255.255.255", X, "All Connections", "No Connections"),
        ("0.0.0.0-9.255.255.255", Y, "All Connections", "No Connections"),
        ("11.0.0.0-255.255.255.255", X, "All Connections", "No Connections"),
        ("11.0.0.0-255.255.255.255", Y, "All Connections", "No Connections"),
    ]


def test_changed_ports_are_told_with_both_sides() -> None:
    def on(port: int) -> Manifest:
        return policy(
            "a/p", {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": port}]}]}
        )

    assert rows(compared([on(80)], [on(81)])) == [(X, Y, "TCP 80", "TCP 81"), (Y, X, "TCP 80", "TCP 81")]


def test_a_pair_that_becomes_unknown_is_not_called_lost() -> None:
    cilium = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c", "namespace": "a"},
              "spec": {"endpointSelector": {}, "ingress": [{}]}}  # fmt: skip
    found = compared([], [cilium])
    assert found.changes == ()
    assert [(u.src, u.dst) for u in found.unknown] == [(WORLD, X), (WORLD, Y), (X, Y), (Y, X)]
    assert compared([cilium], [cilium]) == Difference((), ())
