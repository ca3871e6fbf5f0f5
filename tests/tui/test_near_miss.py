"""How what nearly matched is laid out."""

from __future__ import annotations

import msgspec

from kwake.dataplane.path import Decider, Missed
from kwake.policy.ends import Half
from kwake_tui.panes.near_miss import detail_rows

BY = Decider("NetworkPolicy/shop/allow-web", "ingress rule 1", "shop/policies.yaml", 13)
MISS = Missed(
    Half("allow-web ingress rule 1 admits", "app=webshop"), Half("shop/web-76455f6d86-jkvpq has", "app=web"), BY
)


def told(miss: Missed, room: int, said: str = "") -> list[tuple[str, str]]:
    rows = detail_rows((), (miss,), room, said)
    return [(row.label, "".join(span.text for span in row.words)) for row in rows]


def places(miss: Missed, room: int, folders: int = 0) -> list[str]:
    return ["".join(span.text for span in row.place) for row in detail_rows((), (miss,), room, folders=folders)]


def test_what_differs_stands_under_each_other() -> None:
    assert told(MISS, 60) == [
        ("near miss", "allow-web ingress rule 1 admits app=webshop"),
        ("", "shop/web-76455f6d86-jkvpq has   app=web"),
    ]


def test_where_there_is_less_room_the_heads_are_shorter() -> None:
    assert told(MISS, 36) == [
        ("near miss", "allow-web rule 1 admits app=webshop"),
        ("", "shop/web-jkvpq has      app=web"),
    ]
    assert told(MISS, 30, "dropped by allow-web") == [
        ("near miss", "rule 1 admits      app=webshop"),
        ("", "shop/web-jkvpq has app=web"),
    ]


def test_a_policy_is_named_where_the_hop_names_others_too() -> None:
    rows = told(MISS, 34, "dropped by allow-web, default-deny")

    assert rows[0] == ("near miss", "allow-web rule 1 admits")


def test_where_there_is_no_room_what_differs_has_rows_of_its_own_in_one_column() -> None:
    assert told(MISS, 24) == [
        ("near miss", "allow-web rule 1 admits"),
        ("", "  app=webshop"),
        ("", "shop/web-jkvpq has"),
        ("", "  app=web"),
    ]


def test_where_the_rule_is_written_stands_at_the_right_of_its_row_where_there_is_room() -> None:
    first = "allow-web ingress rule 1 admits app=webshop"

    assert places(MISS, len(first) + 1 + len("policies.yaml:13")) == ["policies.yaml:13", ""]
    assert places(MISS, len(first) + len("policies.yaml:13")) == ["", ""], "the first to go"
    assert places(MISS, 80, folders=1) == ["shop/policies.yaml:13", ""]
    unwritten = msgspec.structs.replace(MISS, by=Decider("NetworkPolicy/shop/allow-web", "ingress rule 1"))
    assert places(unwritten, 80) == ["", ""]


def test_what_differs_is_bold_and_what_is_wrong_is_in_its_colour() -> None:
    spans = [row.words[-1] for row in detail_rows((), (MISS,), 60)]

    assert [(span.text, span.role, span.bold) for span in spans] == [
        ("app=webshop", "text1", True),
        ("app=web", "bad", True),
    ]


def test_other_details_are_wrapped_between_words() -> None:
    rows = detail_rows(("node-a passes it on to the next",), (), 20)

    assert [span.text for row in rows for span in row.words] == ["node-a passes it on", "to the next"]


def test_an_address_block_that_no_pod_matches_has_nothing_to_compare() -> None:
    never = Half("", "an ipBlock never matches a pod in this CNI")
    rows = told(Missed(Half("allow egress rule 1 admits", "10.0.0.0/8"), never, BY), 90)

    assert rows[1][1].strip() == "an ipBlock never matches a pod in this CNI"
