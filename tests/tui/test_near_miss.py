"""How what nearly matched is laid out."""

from __future__ import annotations

from kwake.policy.ends import Half, NearMiss
from kwake_tui.panes.near_miss import detail_rows

MISS = (Half("allow-web ingress rule 1 admits", "app=webshop"), Half("shop/web-76455f6d86-jkvpq has", "app=web"))


def told(miss: NearMiss, room: int, said: str = "") -> list[tuple[str, str]]:
    return [(label, "".join(span.text for span in spans)) for label, spans in detail_rows((), (miss,), room, said)]


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


def test_what_differs_is_bold_and_what_is_wrong_is_in_its_colour() -> None:
    spans = [spans[-1] for _, spans in detail_rows((), (MISS,), 60)]

    assert [(span.text, span.role, span.bold) for span in spans] == [
        ("app=webshop", "text1", True),
        ("app=web", "bad", True),
    ]


def test_other_details_are_wrapped_between_words() -> None:
    rows = detail_rows(("node-a passes it on to the next",), (), 20)

    assert [span.text for _, spans in rows for span in spans] == ["node-a passes it on", "to the next"]


def test_an_address_block_that_no_pod_matches_has_nothing_to_compare() -> None:
    never = Half("", "an ipBlock never matches a pod in this CNI")
    rows = told((Half("allow egress rule 1 admits", "10.0.0.0/8"), never), 90)

    assert rows[1][1].strip() == "an ipBlock never matches a pod in this CNI"
