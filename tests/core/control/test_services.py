"""What the API server stores of a Service: the examples of SV-1 to SV-16, SV-30 and SV-31."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.cluster import Cluster, record
from kwake.control.balancer import balancer_gone, balancer_ready
from kwake.control.service_allocation import service_range
from kwake.control.services import admit, recreated, set_type_patch
from kwake.draws import Draws
from kwake.errors import Rejected
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.profiles.profile import Profile
from tests.core.control.objects import cluster_of, pod, service, the_service

DRAWS = Draws(7)
WEB = key("Service", "shop", "web")


def fresh(name: str = "web", **spec: Any) -> Manifest:
    """A manifest as a user writes it."""
    body = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", "uid": "s1"},
        "spec": {field: value for field, value in body.items() if value is not None},
    }


def created(profile: Profile, *manifests: Manifest) -> Cluster:
    """The cluster after these creates."""
    cluster, draws = Cluster(), DRAWS
    for manifest in manifests:
        stored, draws = admit(cluster, manifest, None, "create", profile, draws)
        made = record(stored)
        cluster = cluster.with_changes({made.key: made})
    return cluster


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    whole = {**(target if isinstance(target, dict) else {})}
    whole |= {name: merged(whole.get(name), value) for name, value in patch.items()}
    return {name: value for name, value in whole.items() if value is not None}


def patched(profile: Profile, cluster: Cluster, patch: dict[str, Any], name: str = "web") -> Cluster:
    old = cluster.record(key("Service", "shop", name))
    stored, _ = admit(cluster, merged(old.manifest, patch), old, "patch", profile, Draws(8))
    return cluster.with_changes({old.key: record(stored)})


def put(profile: Profile, cluster: Cluster, manifest: Manifest) -> Cluster:
    old = cluster.record(record(manifest).key)
    stored, _ = admit(cluster, {**manifest, "status": old.manifest.get("status")}, old, "put", profile, Draws(8))
    return cluster.with_changes({old.key: record(stored)})


def spec_of(cluster: Cluster, name: str = "web") -> dict[str, Any]:
    spec: dict[str, Any] = cluster.record(key("Service", "shop", name)).manifest["spec"]
    return spec


def node_ports(cluster: Cluster, name: str = "web") -> list[int]:
    return [port.node_port for port in the_service(cluster, name).spec.ports]


# -- SV-1 to SV-7 -------------------------------------------------------------------------------------------------


@pytest.mark.rule("SV-1")
def test_sv_1_cluster_ip_gets_an_address_and_defaults(calico: Profile) -> None:
    spec = spec_of(created(calico, fresh()))
    assert spec["type"] == "ClusterIP"
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert spec["internalTrafficPolicy"] == "Cluster"
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    assert "externalTrafficPolicy" not in spec
    assert "nodePort" not in spec["ports"][0]


@pytest.mark.rule("SV-1")
@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_sv_1_headless_has_no_node_ports(calico: Profile, kind: str) -> None:
    with pytest.raises(Rejected, match=f"may not be set to 'None' for {kind} services"):
        created(calico, fresh(type=kind, clusterIP="None"))


@pytest.mark.rule("SV-1")
def test_sv_1_external_traffic_policy_needs_a_way_in_from_outside(calico: Profile) -> None:
    with pytest.raises(Rejected, match="may only be set for externally-accessible services"):
        created(calico, fresh(externalTrafficPolicy="Local"))
    spec = spec_of(created(calico, fresh(externalIPs=["192.0.2.1"])))
    assert spec["externalTrafficPolicy"] == "Cluster"


@pytest.mark.rule("SV-1")
@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"type": "ExternalName"}, "spec.externalName"),
        ({"ports": []}, "spec.ports"),
        ({"type": "ExternalName", "externalName": "x.example", "clusterIP": "10.96.0.9"}, "spec.clusterIPs"),
        ({"type": "ExternalName", "externalName": "x.example", "ipFamilies": ["IPv4"]}, "spec.ipFamilies"),
        (
            {"type": "ExternalName", "externalName": "x.example", "ports": [{"port": 80, "nodePort": 30100}]},
            "spec.ports[0].nodePort",
        ),
        ({"ports": [{"port": 80, "nodePort": 30100}]}, "spec.ports[0].nodePort"),
        ({"type": "Nonsense"}, "spec.type"),
        ({"healthCheckNodePort": 30100}, "spec.healthCheckNodePort"),
        ({"loadBalancerClass": "x"}, "spec.loadBalancerClass"),
        ({"allocateLoadBalancerNodePorts": False}, "spec.allocateLoadBalancerNodePorts"),
    ],
)
def test_sv_1_what_a_type_does_not_have_is_refused(calico: Profile, spec: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        created(calico, fresh(**spec))
    assert refused.value.field == field


BALANCER = {"type": "LoadBalancer"}
TWICE = [{"name": "a", "port": 80}, {"name": "b", "port": 80}]


@pytest.mark.rule("SV-1")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.8"]},
            'clusterIPs: Invalid value: ["10.96.0.8"]: first value must match `clusterIP`',
        ),
        ({"clusterIP": "None", "clusterIPs": ["None", "10.96.0.8"]}, "'None' must be the first and only value"),
        (
            {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "10.96.0.8"]},
            'may specify no more than one IP for each IP family',
        ),
        (
            {"clusterIP": "10.96.0.9", "ipFamilies": ["IPv6"]},
            'spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by'
            ' `ipFamilies[0]`',
        ),
        (
            {"ipFamilies": ["IPv5"]},
            'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        ),
        ({"ipFamilies": ["IPv4", "IPv4"]}, "spec.ipFamilies[1]: Duplicate value: \"IPv4\""),
        (
            {"externalIPs": ["nowhere"]},
            'spec.externalIPs[0]: Invalid value: "nowhere": must be a valid IP address, (e.g. 10.9.8.7 or'
            ' 2001:db8::ffff)',
        ),
        ({"externalIPs": ["127.0.0.1"]}, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (
            {"ports": TWICE},
            'spec.ports[1]: Duplicate value:'
            ' {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
        ),
        (
            {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {**BALANCER, "loadBalancerSourceRanges": ["10.0.0.0"]},
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ),
        ({**BALANCER, "loadBalancerClass": "a/b/c"}, "spec.loadBalancerClass: Invalid value: \"a/b/c\""),
        (
            {"trafficDistribution": "PreferNear"},
            'spec.trafficDistribution: Unsupported value: "PreferNear": supported values: "PreferClose",'
            ' "PreferSameZone", "PreferSameNode"',
        ),
    ],
)  # fmt: skip
def test_sv_1_refusals_have_the_words_of_validate_service(calico: Profile, spec: dict[str, Any], says: str) -> None:
    """The words are those of `k8s:pkg/apis/core/validation/validation.go` v1.36, read there."""
    with pytest.raises(Rejected) as refused:
        created(calico, fresh(**spec))
    assert says in f"{refused.value.field}: {refused.value.reason}"


@pytest.mark.rule("SV-1")
@pytest.mark.parametrize(
    "spec",
    [
        {**BALANCER, "ports": [{"port": 10250}]},
        {**BALANCER, "loadBalancerSourceRanges": [" 10.0.0.1/8 "]},
    ],
)
def test_sv_1_what_validate_service_lets_pass_is_taken(calico: Profile, spec: dict[str, Any]) -> None:
    assert spec_of(created(calico, fresh(**spec)))["type"] == spec["type"]


@pytest.mark.rule("SV-4")
def test_sv_4_a_headless_service_may_change_its_families(calico: Profile) -> None:
    selectorless = fresh(clusterIP="None", selector=None, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    cluster = patched(calico, created(calico, selectorless), {"spec": {"ipFamilies": ["IPv6"]}})
    assert spec_of(cluster)["ipFamilies"] == ["IPv6"]


@pytest.mark.rule("SV-14")
def test_sv_14_a_health_check_port_may_not_change(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer", externalTrafficPolicy="Local"))
    with pytest.raises(Rejected, match="Forbidden: field is immutable"):
        patched(calico, cluster, {"spec": {"healthCheckNodePort": 30777}})


@pytest.mark.rule("SV-6")
def test_sv_6_an_empty_annotation_holds_the_type_back_too(calico: Profile) -> None:
    manifest = fresh()
    manifest["metadata"]["annotations"] = {"service.beta.kubernetes.io/load-balancer-source-ranges": ""}
    with pytest.raises(Rejected, match="may only be used when `type` is 'LoadBalancer'"):
        created(calico, manifest)


@pytest.mark.rule("SV-2")
def test_sv_2_ports(calico: Profile) -> None:
    dns = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53}]
    assert [port["targetPort"] for port in spec_of(created(calico, fresh(ports=dns)))["ports"]] == [53, 53]
    with pytest.raises(Rejected, match="Duplicate value"):
        created(calico, fresh(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}]))
    with pytest.raises(Rejected, match=r"ports\[0\].name: Required value"):
        created(calico, fresh(ports=[{"port": 80}, {"port": 81}]))


@pytest.mark.rule("SV-3")
def test_sv_3_session_affinity(calico: Profile) -> None:
    spec = spec_of(created(calico, fresh(sessionAffinity="ClientIP")))
    assert spec["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    with pytest.raises(Rejected, match="must be greater than 0 and less than 86400"):
        config = {"clientIP": {"timeoutSeconds": 86401}}
        created(calico, fresh(sessionAffinity="ClientIP", sessionAffinityConfig=config))


@pytest.mark.rule("SV-4")
def test_sv_4_the_cluster_ip_may_not_change(calico: Profile) -> None:
    cluster = created(calico, fresh(clusterIP="10.96.0.7"))
    with pytest.raises(Rejected, match="may not change once set"):
        patched(calico, cluster, {"spec": {"clusterIP": "10.96.0.8"}})


@pytest.mark.rule("SV-5")
def test_sv_5_an_external_name_that_looks_like_an_address_is_taken(calico: Profile) -> None:
    assert spec_of(created(calico, fresh(type="ExternalName", externalName="10.0.0.9")))["externalName"] == "10.0.0.9"
    with pytest.raises(Rejected, match="RFC 1123 subdomain"):
        created(calico, fresh(type="ExternalName", externalName="Not_A_Name"))


@pytest.mark.rule("SV-6")
def test_sv_6_source_ranges_hold_a_balancer_back_until_they_go_too(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"]))
    with pytest.raises(Rejected, match="may only be used when `type` is 'LoadBalancer'"):
        patched(calico, cluster, {"spec": {"type": "ClusterIP"}})
    after = patched(calico, cluster, {"spec": {"type": "ClusterIP", "loadBalancerSourceRanges": None}})
    assert spec_of(after)["type"] == "ClusterIP"


@pytest.mark.rule("SV-7")
def test_sv_7_the_class_goes_with_the_balancer_and_external_ips_stay(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer", loadBalancerClass="x", externalIPs=["192.0.2.1"]))
    with pytest.raises(Rejected, match="may not change once set"):
        patched(calico, cluster, {"spec": {"loadBalancerClass": "y"}})
    spec = spec_of(patched(calico, cluster, {"spec": {"type": "NodePort"}}))
    assert "loadBalancerClass" not in spec
    assert spec["externalIPs"] == ["192.0.2.1"]


# -- SV-10: the 25 cells, by patch and by PUT ---------------------------------------------------------------------

TYPES = ("ClusterIP", "Headless", "NodePort", "LoadBalancer", "ExternalName")
SETS = "may not change once set"
NONE = "may not be set to 'None'"

# What becomes of the address, the node ports and externalTrafficPolicy; or a part of the refusal.
CELLS: dict[tuple[str, str], tuple[str, str, str] | str] = {
    ("ClusterIP", "ClusterIP"): ("kept", "none", ""),
    ("ClusterIP", "Headless"): SETS,
    ("ClusterIP", "NodePort"): ("kept", "new", "Cluster"),
    ("ClusterIP", "LoadBalancer"): ("kept", "new", "Cluster"),
    ("ClusterIP", "ExternalName"): ("none", "none", ""),
    ("Headless", "ClusterIP"): ("None", "none", ""),
    ("Headless", "Headless"): ("None", "none", ""),
    ("Headless", "NodePort"): NONE,
    ("Headless", "LoadBalancer"): NONE,
    ("Headless", "ExternalName"): ("none", "none", ""),
    ("NodePort", "ClusterIP"): ("kept", "none", ""),
    ("NodePort", "Headless"): SETS,
    ("NodePort", "NodePort"): ("kept", "kept", "Local"),
    ("NodePort", "LoadBalancer"): ("kept", "kept", "Local"),
    ("NodePort", "ExternalName"): ("none", "none", ""),
    ("LoadBalancer", "ClusterIP"): ("kept", "none", ""),
    ("LoadBalancer", "Headless"): SETS,
    ("LoadBalancer", "NodePort"): ("kept", "kept", "Local"),
    ("LoadBalancer", "LoadBalancer"): ("kept", "kept", "Local"),
    ("LoadBalancer", "ExternalName"): ("none", "none", ""),
    ("ExternalName", "ClusterIP"): ("new", "none", ""),
    ("ExternalName", "Headless"): ("None", "none", ""),
    ("ExternalName", "NodePort"): ("new", "new", "Cluster"),
    ("ExternalName", "LoadBalancer"): ("new", "new", "Cluster"),
    ("ExternalName", "ExternalName"): ("none", "none", ""),
}


def of_type(kind: str) -> Manifest:
    match kind:
        case "Headless":
            return fresh(clusterIP="None")
        case "ExternalName":
            return fresh(type=kind, externalName="x.example")
        case "NodePort" | "LoadBalancer":
            return fresh(type=kind, externalTrafficPolicy="Local")
        case _:
            return fresh(type=kind)


@pytest.mark.rule("SV-10")
@pytest.mark.parametrize("how", ["patch", "put"])
@pytest.mark.parametrize(("start", "end"), CELLS)
def test_sv_10(calico: Profile, start: str, end: str, how: str) -> None:
    before = created(calico, of_type(start))
    old = the_service(before)
    expected = CELLS[start, end]

    def switch() -> Cluster:
        if how == "patch":
            name = "x.example" if end == "ExternalName" else None
            return patched(calico, before, set_type_patch(old, end, name))
        manifest = of_type(end)
        # A PUT that does not state the policy resets it (†): here it states what the patch would have kept.
        if start in ("ClusterIP", "Headless", "ExternalName"):
            manifest["spec"].pop("externalTrafficPolicy", None)
        return put(calico, before, manifest)

    if isinstance(expected, str):
        with pytest.raises(Rejected, match=expected):
            switch()
        return
    after = switch()
    spec, new = spec_of(after), the_service(after)
    address, ports, policy = expected
    old_ip, new_ip = old.spec.cluster_ip, spec.get("clusterIP", "")
    match address:
        case "kept":
            assert new_ip == old_ip != ""
        case "new":
            assert new_ip not in ("", "None")
        case "None":
            assert (new_ip, spec["clusterIPs"]) == ("None", ["None"])
        case _:
            assert "clusterIP" not in spec and "clusterIPs" not in spec
    old_port, new_port = old.spec.ports[0].node_port, new.spec.ports[0].node_port
    match ports:
        case "kept":
            assert new_port == old_port >= 30086
        case "new":
            assert old_port == 0 and new_port >= 30086
        case _:
            assert new_port == 0
    assert spec.get("externalTrafficPolicy", "") == policy
    assert bool(new.spec.health_check_node_port) == (end == "LoadBalancer" and policy == "Local")
    assert ("allocateLoadBalancerNodePorts" in spec) == (end == "LoadBalancer")
    assert ("ipFamilies" in spec) == (end != "ExternalName")
    assert ("internalTrafficPolicy" in spec) == (end != "ExternalName")
    assert new.spec.selector == old.spec.selector, "the selector is never wiped"


@pytest.mark.rule("SV-10")
@pytest.mark.parametrize("end", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_sv_10_external_name_without_ports_cannot_become_anything_with_an_address(calico: Profile, end: str) -> None:
    cluster = created(calico, fresh(type="ExternalName", externalName="x.example", ports=[]))
    with pytest.raises(Rejected, match=r"spec.ports: Required value"):
        patched(calico, cluster, {"spec": {"type": end}})


@pytest.mark.rule("SV-10")
def test_sv_10_a_headless_service_refuses_an_explicit_address(calico: Profile) -> None:
    cluster = created(calico, fresh(clusterIP="None"))
    with pytest.raises(Rejected, match=SETS):
        patched(calico, cluster, {"spec": {"clusterIP": "10.96.0.9"}})


@pytest.mark.rule("SV-10")
def test_sv_10_external_name_forgets_the_address_it_had(calico: Profile) -> None:
    cluster = created(calico, fresh(clusterIP="10.96.0.5"))
    there = patched(calico, cluster, set_type_patch(the_service(cluster), "ExternalName", "x.example"))
    taken = there.with_changes({(other := record(service("other", clusterIP="10.96.0.5"))).key: other})
    back = patched(calico, taken, {"spec": {"type": "ClusterIP"}})
    assert spec_of(back)["clusterIP"] not in ("", "10.96.0.5")


@pytest.mark.rule("SV-10")
def test_sv_10_put_without_a_policy_resets_local_to_cluster(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer", externalTrafficPolicy="Local"))
    spec = spec_of(put(calico, cluster, fresh(type="LoadBalancer")))
    assert (spec["externalTrafficPolicy"], spec.get("healthCheckNodePort")) == ("Cluster", None)
    spec = spec_of(put(calico, cluster, fresh(type="NodePort")))
    assert spec["externalTrafficPolicy"] == "Cluster"


@pytest.mark.rule("SV-10")
def test_sv_10_a_policy_stays_where_external_ips_need_it(calico: Profile) -> None:
    cluster = created(calico, fresh(type="NodePort", externalTrafficPolicy="Local", externalIPs=["192.0.2.1"]))
    assert spec_of(patched(calico, cluster, {"spec": {"type": "ClusterIP"}}))["externalTrafficPolicy"] == "Local"


# -- SV-11 to SV-16 -----------------------------------------------------------------------------------------------


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


# -- delete and create again --------------------------------------------------------------------------------------


def test_replaced_as_headless_is_the_only_way_there(calico: Profile) -> None:
    cluster = created(calico, fresh(type="LoadBalancer", externalTrafficPolicy="Local"))
    manifest = recreated(cluster.record(WEB).manifest, "Headless")
    assert "uid" not in manifest["metadata"]
    stored, _ = admit(cluster.with_changes({WEB: None}), manifest, None, "create", calico, DRAWS)
    assert stored["spec"]["clusterIP"] == "None"
    assert "externalTrafficPolicy" not in stored["spec"]


@pytest.mark.parametrize("start", TYPES)
@pytest.mark.parametrize("end", [None, "ClusterIP", "Headless", "NodePort", "LoadBalancer"])
def test_replaced_as_any_type_is_taken(calico: Profile, start: str, end: str | None) -> None:
    cluster = created(calico, of_type(start))
    manifest = recreated(cluster.record(WEB).manifest, end)
    stored, _ = admit(cluster.with_changes({WEB: None}), manifest, None, "create", calico, DRAWS)
    wanted = end or start
    assert stored["spec"]["type"] == ("ClusterIP" if wanted == "Headless" else wanted)
    assert (stored["spec"].get("clusterIP") == "None") == (wanted == "Headless")


def test_pods_are_not_services(calico: Profile) -> None:
    cluster = cluster_of(pod("a", "10.96.0.9"))
    stored, _ = admit(cluster, fresh(clusterIP="10.96.0.9"), None, "create", calico, DRAWS)
    assert stored["spec"]["clusterIP"] == "10.96.0.9"
