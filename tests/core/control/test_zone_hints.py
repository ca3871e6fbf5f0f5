"""Hints by the zones' CPU, and when they are withdrawn (EP-19)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from kwake.cluster import Cluster
from kwake.control.endpoints import endpoints_of, service_slices, usable
from kwake.control.zone_hints import hinted, zone_shares
from kwake.draws import Draws
from kwake.findings import check
from kwake.objects.document import Manifest
from kwake.objects.key import key
from tests.core.control.objects import cluster_of, node, pod, service, the_service


def zoned(zone: str, cpu: str | None = "4", **labels: str) -> Manifest:
    """The node of a zone, with this much CPU."""
    made = node(f"n-{zone}", zone=zone)
    made["metadata"]["labels"] |= labels
    if cpu is not None:
        made["status"] = {"allocatable": {"cpu": cpu}}
    return made


def auto() -> Manifest:
    web = service()
    web["metadata"]["annotations"] = {"service.kubernetes.io/topology-mode": "Auto"}
    return web


def pods(**counts: int) -> list[Manifest]:
    """So many ready pods in each zone."""
    return [
        pod(f"p-{zone}{number}", f"10.{at}.0.{number + 2}", on=f"n-{zone}")
        for at, (zone, count) in enumerate(counts.items())
        for number in range(count)
    ]


def synced(cluster: Cluster) -> Cluster:
    changes, _ = service_slices(cluster, the_service(cluster), Draws(7, {"slice/shop/web": len(cluster)}))
    return cluster.with_changes(changes)


def hints(cluster: Cluster) -> dict[str, int]:
    """How many endpoints are hinted to each zone."""
    found = cluster.slices_by_service[key("Service", "shop", "web")]
    return dict(Counter(zone.name for item in found for e in item.endpoints for zone in e.hints.for_zones))


@pytest.mark.rule("EP-19")
def test_ep_19_each_zone_keeps_its_own_where_they_are_in_proportion() -> None:
    cluster = synced(cluster_of(zoned("a"), zoned("b"), auto(), *pods(a=2, b=2)))

    assert hints(cluster) == {"a": 2, "b": 2}
    web = the_service(cluster)
    found = endpoints_of(cluster, web, web.spec.ports[0])
    assert {b.zone for b in usable(found, "n-a", "a", "Cluster").backends} == {"a"}


@pytest.mark.rule("EP-19")
def test_ep_19_a_zone_with_more_than_its_share_gives_to_one_with_less() -> None:
    cluster = synced(cluster_of(zoned("a"), zoned("b"), auto(), *pods(a=5, b=1)))

    assert hints(cluster) == {"a": 3, "b": 3}


@pytest.mark.rule("EP-19")
def test_ep_19_a_share_follows_the_cpu() -> None:
    cluster = synced(cluster_of(zoned("a", "6"), zoned("b", "2000m"), auto(), *pods(a=4, b=4)))

    assert hints(cluster) == {"a": 6, "b": 2}


WITHDRAWN: dict[str, list[Manifest]] = {
    "one zone alone has ready nodes": [zoned("a"), *pods(a=4)],
    "a node tells no zone": [zoned("a"), zoned("b"), zoned("", "4"), *pods(a=2, b=2)],
    "fewer endpoints than zones": [zoned("a"), zoned("b"), zoned("c"), *pods(a=1, b=1)],
    "overload": [zoned("a"), zoned("b"), zoned("c"), *pods(a=1, b=2, c=1)],
    "an endpoint has no zone": [
        zoned("a"), zoned("b"), node("n-x", x=1), *pods(a=2, b=2), pod("p-x", "10.9.0.2", on="n-x"),
    ],
    "the second zone is that of the control plane": [
        zoned("a"), zoned("b", **{"node-role.kubernetes.io/control-plane": ""}), *pods(a=2, b=2),
    ],
}  # fmt: skip


@pytest.mark.parametrize("why", WITHDRAWN)
@pytest.mark.rule("EP-19")
def test_ep_19_all_hints_are_withdrawn(why: str) -> None:
    assert hints(synced(cluster_of(auto(), *WITHDRAWN[why]))) == {}


@pytest.mark.rule("EP-19")
def test_ep_19_an_endpoint_that_is_not_ready_has_no_hint() -> None:
    unready = pod("p-late", "10.8.0.2", on="n-a", is_ready=False)

    assert hints(synced(cluster_of(zoned("a"), zoned("b"), auto(), unready, *pods(a=2, b=2)))) == {"a": 2, "b": 2}


@pytest.mark.rule("EP-19")
def test_ep_19_hints_stay_while_no_zone_bears_too_much() -> None:
    first = synced(cluster_of(zoned("a"), zoned("b"), auto(), *pods(a=4, b=4)))
    gone = first.with_changes({key("Pod", "shop", "p-b0"): None})

    assert hints(synced(gone)) == {"a": 4, "b": 3}


@pytest.mark.rule("EP-19")
def test_ep_19_without_the_nodes_cpu_nothing_is_made_and_that_is_told() -> None:
    cluster = synced(cluster_of(zoned("a", None), zoned("b", None), auto(), *pods(a=2, b=2)))

    assert hints(cluster) == {}
    assert [f.level for f in check(cluster) if f.subject == "Service/shop/web" and "CPU" in f.text] == ["unknown"]


def test_zones_of_equal_share_come_by_name() -> None:
    cluster = cluster_of(zoned("b"), zoned("a"), auto())
    endpoints: list[dict[str, Any]] = [
        {"addresses": [f"10.0.0.{n}"], "conditions": {"ready": True}, "zone": "b"} for n in range(4)
    ]

    found, reason = hinted(endpoints, zone_shares(cluster))

    assert reason == ""
    assert [e["hints"]["forZones"][0]["name"] for e in found] == ["a", "a", "b", "b"]
