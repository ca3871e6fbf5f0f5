"""What the API server stores of a Service: the examples of SV-1 to SV-7."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.control.services import admit
from kwake.errors import Rejected
from kwake.profiles.profile import Profile
from tests.core.control.objects import cluster_of, pod
from tests.core.control.service_requests import DRAWS, created, fresh, patched, spec_of


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


def test_pods_are_not_services(calico: Profile) -> None:
    cluster = cluster_of(pod("a", "10.96.0.9"))
    stored, _ = admit(cluster, fresh(clusterIP="10.96.0.9"), None, "create", calico, DRAWS)
    assert stored["spec"]["clusterIP"] == "10.96.0.9"
