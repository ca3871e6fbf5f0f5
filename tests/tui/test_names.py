"""References in little room, and typed targets."""

from __future__ import annotations

import pytest

from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake_tui.names import Target, brief, brief_names, flow_title, parse_target, parts, short


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("Pod/shop/web-7d9f-x2v", "web-7d9f-x2v"),
        ("deploy/shop/web", "web"),
        ("svc/shop/checkout", "svc/checkout"),
        ("NetworkPolicy/shop/allow-web", "np/allow-web"),
        ("Node/node-a", "no/node-a"),
        ("internet", "internet"),
        ("10.96.0.23", "10.96.0.23"),
        ("192.168.0.0/24", "192.168.0.0/24"),
    ],
)
def test_a_reference_is_written_short(reference: str, words: str) -> None:
    assert short(reference) == words


def test_the_namespace_is_written_beside_a_reference_of_another() -> None:
    assert short("svc/ops/statsd", beside="po/shop/web-1") == "svc/ops/statsd"
    assert short("svc/shop/cart", beside="po/shop/web-1") == "svc/cart"


def test_a_generated_pod_name_loses_its_hash() -> None:
    assert brief("po/shop/web-7d9f6c5b4-x2v4k") == "web-x2v4k"
    assert brief("po/shop/node-exporter-x2v4k") == "node-exporter-x2v4k"
    assert brief("po/shop/statsd-1") == "statsd-1"


def test_a_sentence_names_pods_as_briefly() -> None:
    told = brief_names("ReplicaSet search-7745b976cd creates pod shop/search-7745b976cd-vk9g8: web-1, 10.244.1.7 stay")

    assert told == "ReplicaSet search-7745b976cd creates pod shop/search-vk9g8: web-1, 10.244.1.7 stay"
    assert brief_names("a-7745b976cd-vk9g8, b-7745b976cd-vk9g8") == "a-vk9g8, b-vk9g8"
    assert brief_names("host web-7745b976cd-vk9g8.shop") == "host web-7745b976cd-vk9g8.shop", "no pod's name"


def test_a_flow_is_titled_by_its_ends() -> None:
    assert flow_title(Flow("deploy/shop/web", "svc/shop/checkout", 443)) == "web → svc/checkout:443"
    assert flow_title(Flow("deploy/shop/web", "svc/ops/statsd", 8125, "UDP")) == "web → svc/ops/statsd:8125 udp"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("svc/shop/checkout:443", Target("svc/shop/checkout", 443, "TCP")),
        ("svc/ops/statsd:8125/UDP", Target("svc/ops/statsd", 8125, "UDP")),
        ("svc/shop/web:http", Target("svc/shop/web", "http", "TCP")),
        ("svc/shop/web", Target("svc/shop/web", None, "TCP")),
        ("10.96.0.10:53/udp", Target("10.96.0.10", 53, "UDP")),
        ("[fd00::10]:443", Target("fd00::10", 443, "TCP")),
        ("fd00::10", Target("fd00::10", None, "TCP")),
        ("checkout.shop.svc.cluster.local:443", Target("checkout.shop.svc.cluster.local", 443, "TCP")),
        ("internet", Target("internet", None, "TCP")),
    ],
)
def test_a_typed_target_is_read(text: str, target: Target) -> None:
    assert parse_target(text) == target


def test_a_target_that_cannot_be_one_says_how_to_write_it() -> None:
    with pytest.raises(UsageError, match="write svc/shop/checkout:443"):
        parse_target("svc/shop/check out")


def test_parts_of_what_names_no_object_are_empty() -> None:
    assert parts("internet") == parts("10.0.0.1") == parts("") == ("", "", "")
    assert parts("shop/web-1") == ("Pod", "shop", "web-1")
