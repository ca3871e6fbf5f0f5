"""Endpoints and EndpointSlices: the examples of EP-1 to EP-20."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import Cluster, record
from kwake.control.endpoints import Backend, endpoints_of, missing_slices, service_slices, usable
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import Key, key
from kwake.objects.kinds import EndpointSlice, ForZone, Hints
from tests.core.control.objects import cluster_of, node, pod, service, the_service

DRAWS = Draws(7)


def synced(*manifests: Manifest) -> Cluster:
    """The cluster after the EndpointSlice controller has seen it."""
    return resynced(cluster_of(*manifests))


def resynced(cluster: Cluster, draws: Draws = DRAWS) -> Cluster:
    changes, _ = service_slices(cluster, the_service(cluster), draws)
    return cluster.with_changes(changes)


def changed(cluster: Cluster, *manifests: Manifest) -> Cluster:
    records = [record(manifest) for manifest in manifests]
    return cluster.with_changes({item.key: item for item in records})


def slices(cluster: Cluster) -> tuple[EndpointSlice, ...]:
    return cluster.slices_by_service.get(key("Service", "shop", "web"), ())


def backends(cluster: Cluster, index: int = 0) -> list[str]:
    """`ip:port` of a port of the Service."""
    web = the_service(cluster)
    return [f"{b.ip}:{b.port}" for b in endpoints_of(cluster, web, web.spec.ports[index])]


def listed(cluster: Cluster) -> list[str]:
    return sorted(address for item in slices(cluster) for e in item.endpoints for address in e.addresses)


@pytest.mark.rule("EP-1")
def test_ep_1_a_service_lists_the_pods_that_carry_every_pair_of_its_selector() -> None:
    a, b = pod("a", "10.0.1.2"), pod("b", "10.0.1.3", labels={"app": "web", "v": "2"})
    cluster = synced(node("n1"), service(), a, b, pod("c", "10.0.1.4", labels={"app": "db"}))
    assert listed(cluster) == ["10.0.1.2", "10.0.1.3"]
    after = resynced(changed(cluster, pod("a", "10.0.1.2", labels={"app": "debug"})))
    assert listed(after) == ["10.0.1.3"]


@pytest.mark.rule("EP-1")
def test_ep_1_pods_of_another_namespace_do_not_count() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2", namespace="other"))
    assert listed(cluster) == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
@pytest.mark.rule("EP-1")
def test_ep_1_a_terminal_pod_and_one_without_an_address_are_not_endpoints(phase: str) -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2", phase=phase), pod("b"))
    assert listed(cluster) == []


@pytest.mark.rule("EP-2")
def test_ep_2_a_pod_on_a_node_that_is_gone_is_skipped_unless_not_ready_addresses_are_published() -> None:
    a = pod("a", "10.0.1.2", on="gone")
    assert listed(synced(node("n1"), service(), a)) == []
    assert listed(synced(node("n1"), service(publishNotReadyAddresses=True), a)) == ["10.0.1.2"]


@pytest.mark.parametrize(
    ("is_ready", "terminating", "publish", "expected"),
    [
        (True, False, False, (True, True, False)),
        (False, False, False, (False, False, False)),
        (True, True, False, (False, True, True)),
        (False, True, False, (False, False, True)),
        (True, False, True, (True, True, False)),
        (False, False, True, (True, False, False)),
        (True, True, True, (True, True, True)),
        (False, True, True, (True, False, True)),
    ],
)
@pytest.mark.rule("EP-3")
def test_ep_3_conditions(is_ready: bool, terminating: bool, publish: bool, expected: tuple[bool, bool, bool]) -> None:
    a = pod("a", "10.0.1.2", is_ready=is_ready, terminating=terminating)
    cluster = synced(node("n1"), service(publishNotReadyAddresses=publish), a)
    (endpoint,) = slices(cluster)[0].endpoints
    assert (endpoint.ready, endpoint.serving, endpoint.terminating) == expected


@pytest.mark.rule("EP-4")
def test_ep_4_a_deleted_pod_stays_in_its_slice_until_it_is_gone() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2"))
    going = resynced(changed(cluster, pod("a", "10.0.1.2", terminating=True)))
    assert [(e.ready, e.serving, e.terminating) for e in slices(going)[0].endpoints] == [(False, True, True)]
    gone = resynced(going.with_changes({key("Pod", "shop", "a"): None}), Draws(7, {"slice/shop/web": 9}))
    assert listed(gone) == []


def test_a_changed_pod_keeps_its_slice() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2"), pod("b", "10.0.1.3"))
    after = resynced(changed(cluster, pod("a", "10.0.1.2", is_ready=False)))
    assert [item.key for item in slices(after)] == [item.key for item in slices(cluster)]
    assert slices(after) != slices(cluster)


def test_nothing_is_written_where_nothing_changed() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2"))
    assert service_slices(cluster, the_service(cluster), DRAWS) == ({}, DRAWS)


def backend(ip: str, on: str, conditions: str, zones: str = "", nodes: str = "") -> Backend:
    """An endpoint; conditions as letters r, s, t."""
    hints = Hints(tuple(ForZone(z) for z in zones.split()), tuple(ForZone(n) for n in nodes.split()))
    return Backend(ip, 80, None, on, "", "r" in conditions, "s" in conditions, "t" in conditions,
                   Key("EndpointSlice", "shop", "x", "discovery.k8s.io"), hints)  # fmt: skip


def ips(chosen: tuple[Backend, ...]) -> list[str]:
    return [b.ip for b in chosen]


@pytest.mark.rule("EP-6")
def test_ep_6_cluster_and_local_fall_back_to_terminating_endpoints_independently() -> None:
    both = (backend("A", "n1", "st"), backend("B", "n2", "rs"))
    for where in ("n1", "n2"):
        assert ips(usable(both, where, "", "Cluster").backends) == ["B"]
    assert ips(usable(both, "n1", "", "Local").backends) == ["A"]
    assert ips(usable(both, "n2", "", "Local").backends) == ["B"]
    only_a = (backend("A", "n1", "st"), backend("B", "n2", ""))
    assert ips(usable(only_a, "n2", "", "Cluster").backends) == ["A"]


@pytest.mark.rule("EP-6")
def test_ep_6_a_node_without_endpoints_under_local_knows_whether_there_are_any_elsewhere() -> None:
    there = (backend("A", "n1", "rs"),)
    assert usable(there, "n2", "", "Local").backends == ()
    assert usable(there, "n2", "", "Local").has_any_anywhere
    assert not usable((backend("A", "n1", "t"),), "n2", "", "Local").has_any_anywhere


@pytest.mark.rule("EP-7")
def test_ep_7_of_two_endpoints_with_one_address_the_one_that_stays_wins() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.5", terminating=True), pod("b", "10.0.1.5"))
    web = the_service(cluster)
    (only,) = endpoints_of(cluster, web, web.spec.ports[0])
    assert (only.ready, only.terminating, only.pod) == (True, False, key("Pod", "shop", "b"))


@pytest.mark.rule("EP-8")
def test_ep_8_a_numeric_target_port_is_copied_whoever_listens() -> None:
    a = pod("a", "10.0.1.2", ports=[{"containerPort": 8080}])
    assert backends(synced(node("n1"), service(ports=[{"port": 80, "targetPort": 8081}]), a)) == ["10.0.1.2:8081"]
    assert backends(synced(node("n1"), service(ports=[{"port": 80}]), a)) == ["10.0.1.2:80"]


@pytest.mark.rule("EP-9")
def test_ep_9_a_named_target_port_is_resolved_for_each_pod() -> None:
    a = pod("a", "10.0.1.2", ports=[{"containerPort": 8080, "name": "http"}])
    b = pod("b", "10.0.1.3", ports=[{"containerPort": 9090, "name": "http"}])
    cluster = synced(node("n1"), service(ports=[{"port": 80, "targetPort": "http"}]), a, b)
    assert backends(cluster) == ["10.0.1.2:8080", "10.0.1.3:9090"]
    assert len(slices(cluster)) == 2


@pytest.mark.rule("EP-9")
def test_ep_9_the_protocol_must_match_too() -> None:
    a = pod("a", "10.0.1.2", ports=[{"containerPort": 53, "name": "dns", "protocol": "UDP"}])
    cluster = synced(node("n1"), service(ports=[{"port": 53, "targetPort": "dns", "protocol": "TCP"}]), a)
    assert backends(cluster) == []


@pytest.mark.rule("EP-10")
def test_ep_10_a_name_that_a_pod_lacks_leaves_it_listed_without_the_port() -> None:
    a = pod("a", "10.0.1.2", ports=[{"containerPort": 8080, "name": "http"}])
    b = pod("b", "10.0.1.3", ports=[{"containerPort": 8080, "name": "web"}])
    cluster = synced(node("n1"), service(ports=[{"port": 80, "targetPort": "http"}]), a, b)
    assert backends(cluster) == ["10.0.1.2:8080"]
    assert listed(cluster) == ["10.0.1.2", "10.0.1.3"]


@pytest.mark.rule("EP-11")
def test_ep_11_slices_hold_a_hundred_endpoints() -> None:
    many = [pod(f"p{n:03d}", f"10.0.{n // 200}.{n % 200 + 1}") for n in range(250)]
    cluster = synced(node("n1"), service(), *many)
    assert sorted(len(item.endpoints) for item in slices(cluster)) == [50, 100, 100]
    one_more = resynced(changed(cluster, pod("q", "10.0.9.9")), Draws(7, {"slice/shop/web": 9}))
    assert sorted(len(item.endpoints) for item in slices(one_more)) == [51, 100, 100]


@pytest.mark.rule("EP-11")
def test_ep_11_families_have_slices_of_their_own_and_unwanted_ones_go() -> None:
    a = pod("a", "10.0.1.2")
    a["status"]["podIPs"].append({"ip": "fd00::2"})
    cluster = synced(node("n1"), service(ipFamilies=["IPv4", "IPv6"]), a)
    assert sorted(item.address_type for item in slices(cluster)) == ["IPv4", "IPv6"]
    assert listed(cluster) == ["10.0.1.2", "fd00::2"]
    assert listed(resynced(changed(cluster, service(ipFamilies=["IPv4"])))) == ["10.0.1.2"]


@pytest.mark.rule("EP-11")
def test_ep_11_without_endpoints_one_empty_slice_stays() -> None:
    cluster = synced(node("n1"), service())
    assert [item.endpoints for item in slices(cluster)] == [()]
    assert resynced(cluster) is cluster


@pytest.mark.rule("EP-12")
def test_ep_12_without_a_selector_or_as_external_name_the_slices_freeze() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2"), pod("b", "10.0.1.3"))
    for frozen in (service(selector=None), service(type="ExternalName", externalName="x.example", clusterIP=None)):
        after = resynced(changed(cluster, frozen).with_changes({key("Pod", "shop", "a"): None}))
        assert listed(after) == ["10.0.1.2", "10.0.1.3"]


@pytest.mark.rule("EP-13")
def test_ep_13_another_selector_changes_membership_in_one_step() -> None:
    blue, green = pod("a", "10.0.1.2", labels={"v": "blue"}), pod("b", "10.0.1.3", labels={"v": "green"})
    cluster = synced(node("n1"), service(selector={"v": "blue"}), blue, green)
    after = resynced(changed(cluster, service(selector={"v": "green"})), Draws(7, {"slice/shop/web": 9}))
    assert listed(after) == ["10.0.1.3"]


@pytest.mark.rule("EP-14")
def test_ep_14_a_service_made_again_does_not_take_over_slices() -> None:
    cluster = synced(node("n1"), service(), pod("a", "10.0.1.2"))
    again = resynced(changed(cluster, service(uid="s2")))
    assert {item.key for item in slices(again)}.isdisjoint(item.key for item in slices(cluster))
    assert listed(again) == ["10.0.1.2"]


MANUAL: Manifest = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "db", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "ports": [{"name": "", "port": 9376, "protocol": "TCP"}],
    "endpoints": [{"addresses": ["192.0.2.42"]}],
}


@pytest.mark.rule("EP-15")
def test_ep_15_manual_slices_are_left_alone_and_used() -> None:
    assert backends(synced(service(selector=None), MANUAL)) == ["192.0.2.42:9376"]
    with_pods = synced(node("n1"), service(), MANUAL, pod("a", "10.0.1.2"))
    assert backends(with_pods) == ["10.0.1.2:80", "192.0.2.42:9376"]


@pytest.mark.rule("EP-16")
def test_ep_16_slices_of_a_headless_service_carry_the_label() -> None:
    cluster = synced(node("n1"), service(clusterIP="None"), pod("a", "10.0.1.2"))
    assert "service.kubernetes.io/headless" in slices(cluster)[0].metadata.labels
    assert backends(cluster) == ["10.0.1.2:80"], "DNS reads them"


@pytest.mark.rule("EP-17", holds="inferred")
def test_ep_17_headless_to_external_name_to_cluster_ip_leaves_slices_that_proxies_ignore() -> None:
    cluster = synced(node("n1"), service(clusterIP="None"), pod("a", "10.0.1.2"))
    back = resynced(changed(cluster, service()))
    assert backends(back) == []
    restarted = resynced(changed(back, pod("a", "10.0.1.2", is_ready=False)))
    assert backends(restarted) == ["10.0.1.2:80"]


def zoned(distribution: str, **ready: bool) -> Cluster:
    nodes = [node("n1", zone="a"), node("n2", zone="b"), node("n3", zone="b")]
    pods = [pod(name, f"10.0.{i}.2", on=f"n{i}", is_ready=ready.get(name, True)) for i, name in enumerate("ABC", 1)]
    for item in pods:
        item["metadata"]["name"] = item["metadata"]["name"].lower()
    return synced(*nodes, *pods, service(trafficDistribution=distribution))


def chosen(cluster: Cluster, where: str, zone: str) -> list[str]:
    web = the_service(cluster)
    return ips(usable(endpoints_of(cluster, web, web.spec.ports[0]), where, zone, "Cluster").backends)


@pytest.mark.rule("EP-18")
def test_ep_18_prefer_same_zone_keeps_traffic_in_the_zone_while_it_has_an_endpoint() -> None:
    assert chosen(zoned("PreferSameZone"), "n1", "a") == ["10.0.1.2"]
    assert chosen(zoned("PreferSameZone"), "n2", "b") == ["10.0.2.2", "10.0.3.2"]
    assert chosen(zoned("PreferClose", A=False), "n1", "a") == ["10.0.2.2", "10.0.3.2"]


@pytest.mark.rule("EP-18")
def test_ep_18_prefer_same_node_falls_back_to_the_zone() -> None:
    assert chosen(zoned("PreferSameNode"), "n2", "b") == ["10.0.2.2"]
    assert chosen(zoned("PreferSameNode"), "n4", "b") == ["10.0.2.2", "10.0.3.2"]


@pytest.mark.rule("EP-19")
def test_ep_19_the_annotation_wins_over_traffic_distribution() -> None:
    web = service(trafficDistribution="PreferClose")
    web["metadata"]["annotations"] = {"service.kubernetes.io/topology-mode": "Auto"}
    cluster = synced(node("n1", zone="a"), web, pod("a", "10.0.1.2"))
    assert slices(cluster)[0].endpoints[0].hints.for_zones == ()


@pytest.mark.rule("EP-20")
def test_ep_20_one_ready_endpoint_without_a_hint_turns_the_preference_off() -> None:
    both = (backend("A", "n1", "rs", zones="a"), backend("B", "n2", "rs"))
    assert ips(usable(both, "n1", "a", "Cluster").backends) == ["A", "B"]
    hinted = (backend("A", "n1", "rs", zones="a"), backend("B", "n2", "rs", zones="b"))
    assert ips(usable(hinted, "n1", "", "Cluster").backends) == ["A", "B"], "a node without a zone ignores hints"


LEGACY: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Endpoints",
    "metadata": {"name": "web", "namespace": "shop"},
    "subsets": [
        {
            "addresses": [
                {"ip": "10.0.1.9", "nodeName": "n1", "targetRef": {"kind": "Pod", "name": "x", "namespace": "shop"}}
            ],
            "notReadyAddresses": [{"ip": "10.0.1.10"}],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    ],
}


def test_missing_slices_come_from_endpoints_where_a_dump_has_them() -> None:
    cluster = cluster_of(node("n1", zone="a"), service(), LEGACY, pod("a", "10.0.1.2"))
    changes, _ = missing_slices(cluster, DRAWS)
    after = cluster.with_changes(changes)
    web = the_service(after)
    found = endpoints_of(after, web, web.spec.ports[0])
    assert [(b.ip, b.port, b.ready, b.zone) for b in found] == [
        ("10.0.1.9", 8080, True, "a"),
        ("10.0.1.10", 8080, False, ""),
    ]
    assert all(item is not None and item.made.startswith("inferred from Endpoints") for item in changes.values())


def test_missing_slices_are_computed_from_pods_where_a_dump_has_no_endpoints_either() -> None:
    cluster = cluster_of(node("n1"), service(), pod("a", "10.0.1.2"))
    changes, _ = missing_slices(cluster, DRAWS)
    assert listed(cluster.with_changes(changes)) == ["10.0.1.2"]
    assert [item.made for item in changes.values() if item is not None] == [
        "inferred: the snapshot has no EndpointSlice for this Service"
    ]


def test_the_same_seed_gives_the_same_slices() -> None:
    manifests = (node("n1"), service(), pod("a", "10.0.1.2"), pod("b", "10.0.1.3"))
    assert synced(*manifests).canonical == synced(*reversed(manifests)).canonical
