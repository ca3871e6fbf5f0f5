"""Node ports, addresses and balancers that Services get, keep and give back: SV-11 to SV-17, SV-30 to SV-32."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.cluster import Cluster, record
from kwake.control.balancer import balancer_gone, balancer_ready
from kwake.control.service_allocation import service_range
from kwake.control.services import admit
from kwake.errors import Rejected
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.profiles.profile import Profile
from tests.core.control.objects import cluster_of, service, the_service
from tests.core.control.service_requests import DRAWS, WEB, created, fresh, node_ports, patched, put, spec_of


@pytest.mark.rule("SV-11")
def test_sv_11_put_keeps_numbers_by_port_name(calico: Profile) -> None:
    cluster = created(calico, fresh(type="NodePort", ports=[{"name": "http", "port": 80, "nodePort": 30100}]))
    same = put(calico, cluster, fresh(type="NodePort", ports=[{"name": "http", "port": 8080}]))
    assert node_ports(same) == [30100]
    assert spec_of(same)["clusterIP"] == spec_of(cluster)["clusterIP"]
    renamed = put(calico, cluster, fresh(type="NodePort", ports=[{"name": "web", "port": 80}]))
    assert node_ports(renamed) != [30100]


@pytest.mark.rule("SV-12")
def test_sv_12_a_new_node_port_with_type_cluster_ip_is_refused(calico: Profile) -> None:
    cluster = created(calico, fresh(type="NodePort", ports=[{"name": "http", "port": 80, "nodePort": 30100}]))
    ports = [{"name": "http", "port": 80, "nodePort": 30200}]
    with pytest.raises(Rejected, match="may not be used when `type` is 'ClusterIP'"):
        patched(calico, cluster, {"spec": {"type": "ClusterIP", "ports": ports}})


@pytest.mark.rule("SV-13")
def test_sv_13_node_ports_of_a_balancer_stay_until_they_are_left_out(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer", ports=[{"name": "http", "port": 80, "nodePort": 30100}]))
    off: dict[str, Any] = {"allocateLoadBalancerNodePorts": False}
    assert node_ports(patched(calico, cluster, {"spec": off})) == [30100]
    without = put(calico, cluster, fresh(type="LoadBalancer", **off))
    assert node_ports(without) == [0]
    assert node_ports(patched(calico, without, {"spec": {"type": "NodePort"}}))[0] >= 30086


@pytest.mark.rule("SV-14")
def test_sv_14_local_takes_a_health_check_port_and_cluster_gives_it_back(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer"))
    local = patched(calico, cluster, {"spec": {"externalTrafficPolicy": "Local"}})
    assert 30086 <= the_service(local).spec.health_check_node_port <= 32767
    back = patched(calico, local, {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert the_service(back).spec.health_check_node_port == 0


@pytest.mark.rule("SV-15")
def test_sv_15_numbers_in_use_are_refused_and_free_once_deleted(calico: Profile) -> None:
    first = fresh("a", type="NodePort", clusterIP="10.96.0.9", ports=[{"port": 80, "nodePort": 30100}])
    cluster = created(calico, first)
    with pytest.raises(Rejected, match=r"failed to allocate IP 10\.96\.0\.9: provided IP is already allocated"):
        admit(cluster, fresh("b", clusterIP="10.96.0.9"), None, "create", calico, DRAWS)
    udp = fresh("b", type="NodePort", ports=[{"port": 80, "nodePort": 30100, "protocol": "UDP"}])
    with pytest.raises(Rejected, match="provided port is already allocated"):
        admit(cluster, udp, None, "create", calico, DRAWS)
    gone = cluster.with_changes({key("Service", "shop", "a"): None})
    stored, _ = admit(gone, udp, None, "create", calico, DRAWS)
    assert stored["spec"]["ports"][0]["nodePort"] == 30100


@pytest.mark.rule("SV-15")
def test_sv_15_one_service_may_use_a_number_for_tcp_and_udp(calico: Profile) -> None:
    both = [{"name": p, "port": 53, "nodePort": 30100, "protocol": p.upper()} for p in ("tcp", "udp")]
    assert node_ports(created(calico, fresh(type="NodePort", ports=both))) == [30100, 30100]
    alike = [{"name": p, "port": 53, "protocol": p.upper()} for p in ("tcp", "udp")]
    one, other = node_ports(created(calico, fresh(type="NodePort", ports=alike)))
    assert one == other


@pytest.mark.rule("SV-15")
def test_sv_15_out_of_range(calico: Profile) -> None:
    with pytest.raises(Rejected, match="The range of valid ports is 30000-32767"):
        created(calico, fresh(type="NodePort", ports=[{"port": 80, "nodePort": 80}]))
    with pytest.raises(Rejected, match="not in the valid range"):
        created(calico, fresh(clusterIP="10.200.0.1"))


@pytest.mark.rule("SV-16")
def test_sv_16_the_balancers_address_leaves_the_status_with_the_type(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer"))
    made, draws = balancer_ready(cluster.record(WEB), calico, DRAWS)
    cluster = cluster.with_changes({WEB: made})
    ingress = the_service(cluster).status.load_balancer.ingress
    assert ingress[0].ip.startswith(("203.0.113.", "198.51.100."))
    second, _ = balancer_ready(cluster.record(WEB), calico, draws)
    assert second != made, "no two balancers share an address"
    after = patched(calico, cluster, {"spec": {"type": "ClusterIP"}})
    assert the_service(after).status.load_balancer.ingress == ()


@pytest.mark.rule("SV-17")
def test_sv_17_a_deleted_service_goes_with_its_balancer(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer"))
    made, _ = balancer_ready(cluster.record(WEB), calico, DRAWS)
    manifest = made.manifest
    assert manifest["metadata"]["finalizers"] == ["service.kubernetes.io/load-balancer-cleanup"]
    manifest["metadata"]["deletionTimestamp"] = "2000-01-01T00:00:00Z"
    assert balancer_gone(cluster, record(manifest)) == {WEB: None}


# -- SV-30, SV-31 -------------------------------------------------------------------------------------------------


@pytest.mark.rule("SV-30")
def test_sv_30_automatic_node_ports_leave_the_static_band_alone(calico: Profile) -> None:
    many = [fresh(f"s{n}", type="NodePort") for n in range(40)]
    numbers = [node_ports(created(calico, *many), f"s{n}")[0] for n in range(3)]
    assert all(30086 <= number <= 32767 for number in numbers)


def ranged(profile: Profile, cidr: str) -> Profile:
    setting = msgspec.structs.replace(profile.settings["service-cidr"], value=cidr)
    return msgspec.structs.replace(profile, settings={**profile.settings, "service-cidr": setting})


@pytest.mark.rule("SV-31")
def test_sv_31_automatic_addresses_use_the_upper_band_then_the_lower(calico: Profile) -> None:
    small = ranged(calico, "10.96.0.0/24")
    cluster = created(small, *(fresh(f"s{n:03d}") for n in range(253)))
    hosts = [int(spec_of(cluster, f"s{n:03d}")["clusterIP"].rpartition(".")[2]) for n in range(253)]
    assert sorted(hosts[:238]) == list(range(17, 255))
    assert sorted(hosts[238:]) == list(range(2, 17))
    with pytest.raises(Rejected, match="range is full"):
        admit(cluster, fresh("one-more"), None, "create", small, DRAWS)


@pytest.mark.rule("SV-31")
def test_sv_31_the_first_address_is_that_of_kubernetes(calico: Profile) -> None:
    with pytest.raises(Rejected, match="provided IP is already allocated"):
        created(calico, fresh(clusterIP="10.96.0.1"))
    kubernetes = fresh("kubernetes")
    kubernetes["metadata"]["namespace"] = "default"
    stored, _ = admit(Cluster(), kubernetes, None, "create", calico, DRAWS)
    assert stored["spec"]["clusterIP"] == "10.96.0.1"


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        ("172.20.0.1", "172.20.131.49", "172.20.0.0/16"),
        ("10.112.16.1", "10.112.23.242", "10.112.16.0/20"),
        ("10.43.0.1", "10.43.254.48", "10.43.0.0/16"),
        ("10.0.0.1", "10.0.254.156", "10.0.0.0/16"),
        ("172.30.0.1", "172.31.9.9", "172.30.0.0/15"),
    ],
)
def test_the_range_of_a_live_cluster_is_read_off_its_services(
    calico: Profile, first: str, other: str, expected: str
) -> None:
    kubernetes = service("kubernetes", clusterIP=first)
    kubernetes["metadata"]["namespace"] = "default"
    found = service_range(cluster_of(kubernetes, service(clusterIP=other)), calico)
    assert list(map(str, found.networks)) == [expected]
    assert found.basis is Basis.ASSUMED


@pytest.mark.rule("SV-32")
def test_sv_32_service_cidr_objects_say_the_range(calico: Profile) -> None:
    cidr = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": ["10.43.0.0/16"]}}  # fmt: skip
    found = service_range(cluster_of(cidr), calico)
    assert (list(map(str, found.networks)), found.basis) == (["10.43.0.0/16"], Basis.SOURCED)


@pytest.mark.rule("SV-32")
def test_sv_32_another_range_makes_room_and_one_that_goes_gives_nothing_out(calico: Profile) -> None:
    def cidr(name: str, text: str, **metadata: str) -> Manifest:
        return {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": name, **metadata},
                "spec": {"cidrs": [text]}}  # fmt: skip

    full = cluster_of(cidr("kubernetes", "10.43.0.0/30"), service("web", clusterIP="10.43.0.2"))
    with pytest.raises(Rejected, match="range is full"):
        admit(full, fresh("one-more"), None, "create", calico, DRAWS)
    more = record(cidr("more", "10.50.0.0/24"))
    stored, _ = admit(full.with_changes({more.key: more}), fresh("one-more"), None, "create", calico, DRAWS)
    assert stored["spec"]["clusterIP"].startswith("10.50.0.")
    going = record(cidr("more", "10.50.0.0/24", deletionTimestamp="2000-01-01T00:00:00Z"))
    with pytest.raises(Rejected, match="range is full"):
        admit(full.with_changes({going.key: going}), fresh("one-more"), None, "create", calico, DRAWS)
