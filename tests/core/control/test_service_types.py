"""What becomes of a Service of one type that is made another (SV-10): by patch, by PUT, or deleted and made again."""

from __future__ import annotations

import pytest

from kwake.cluster import Cluster, record
from kwake.control.services import admit, recreated, set_type_patch
from kwake.errors import Rejected
from kwake.objects.document import Manifest
from kwake.profiles.profile import Profile
from tests.core.control.objects import service, the_service
from tests.core.control.service_requests import DRAWS, WEB, created, fresh, patched, put, spec_of

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
