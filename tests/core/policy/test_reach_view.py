"""A part of the table of all pairs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from kwake.errors import UsageError
from kwake.policy.connections import one
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.reach import Pair, Reach, UnknownPair, reach
from kwake.policy.reach_view import ReachView, named_ends
from kwake.profiles.load import load_profile
from tests.core.policy.clusters import cluster, namespace, pod, policy

CLUSTER = cluster(
    namespace("shop"),
    namespace("mail"),
    pod("shop/web", ip="10.0.1.1", app="web"),
    pod("shop/db", ip="10.0.1.2", app="db"),
    pod("mail/web", ip="10.0.2.1", app="web"),
    policy("shop/db", {"podSelector": {"matchLabels": {"app": "db"}},
                       "ingress": [{"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "203.0.113.0/24"}}],
                                    "ports": [{"port": 5432}]}]}),
)  # fmt: skip
TABLE = reach(CLUSTER, load_profile("calico"))
WEB, DB, MAIL = "shop/web[Pod]", "shop/db[Pod]", "mail/web[Pod]"


def seen(*focus: str, peers: tuple[str, ...] = (), **asked: Any) -> set[tuple[str, str]]:
    view = ReachView(
        named_ends(CLUSTER, focus) if focus else None, named_ends(CLUSTER, peers) if peers else None, **asked
    )
    return {(pair.src, pair.dst) for pair in view.of(TABLE).pairs}


def test_a_focus_is_at_one_end_of_every_pair() -> None:
    assert seen("shop/db") == {(p.src, p.dst) for p in TABLE.pairs if DB in (p.src, p.dst)}


def test_a_direction_is_seen_from_the_focus() -> None:
    assert (WEB, DB) in seen("db", direction=INGRESS) and not any(s == DB for s, _ in seen("db", direction=INGRESS))
    assert (DB, MAIL) in seen("db", direction=EGRESS) and not any(d == DB for _, d in seen("db", direction=EGRESS))


def test_a_peer_is_at_the_other_end() -> None:
    assert seen("db", peers=("mail/web",)) == {(DB, MAIL)}


@pytest.mark.parametrize(
    ("word", "ends"),
    [
        ("web", {WEB, MAIL}),
        ("shop/web", {WEB}),
        ("po/shop/web", {WEB}),
        ("Pod/shop/web", {WEB}),
        ("shop/web[Pod]", {WEB}),
        ("shop/", {WEB, DB}),
    ],
)
def test_an_end_is_named_as_people_write_it(word: str, ends: set[str]) -> None:
    assert named_ends(CLUSTER, [word]).names == ends


def test_an_address_outside_is_in_the_range_that_holds_it() -> None:
    assert ("203.0.113.0-203.0.113.255", DB) in seen("203.0.113.9", peers=("db",))
    assert ("203.0.113.0-203.0.113.255", DB) not in seen("198.51.100.0/24")


def test_a_name_that_nobody_has_is_an_error_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"shop/wep: .*; did you mean shop/web\?"):
        named_ends(CLUSTER, ["shop/wep"])


def test_a_port_leaves_what_may_pass_on_it() -> None:
    view = ReachView(connections=one("TCP", 5432, 5432)).of(TABLE)
    assert Pair(WEB, DB, one("TCP", 5432, 5432)) in view.pairs
    assert (WEB, DB) not in seen(connections=one("TCP", 80, 80))


def test_what_is_unknown_about_other_ports_is_not_asked_for() -> None:
    doubt = UnknownPair("a/b[Pod]", "a/c[Pod]", "why", one("TCP", 81, 90))
    table = Reach((Pair("a/b[Pod]", "a/c[Pod]", one("TCP", 80, 80)),), (doubt,))

    assert ReachView(connections=one("TCP", 80, 80)).of(table).unknown == ()
    [left] = ReachView(connections=one("TCP", 80, 81)).of(table).unknown
    assert left.possible == one("TCP", 81, 81)
    assert ReachView().of(table).unknown == table.unknown


@given(st.sampled_from(["TCP", "UDP", "SCTP"]), st.integers(1, 65535))
def test_a_port_view_says_what_the_whole_table_says_of_the_port(protocol: str, port: int) -> None:
    holding = {(pair.src, pair.dst) for pair in TABLE.pairs if pair.connections.holds(protocol, port)}

    assert seen(connections=one(protocol, port, port)) == holding


def test_without_a_question_it_is_the_whole_table() -> None:
    assert ReachView().of(TABLE) == TABLE
