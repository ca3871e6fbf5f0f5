"""Where a dial goes: hops, outcomes, deciders."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from kwake.cluster import Cluster, record
from kwake.dataplane.path import Flow, Outcome, Path
from kwake.dataplane.trace import trace
from kwake.dataplane.view import View, settled_view
from kwake.errors import ReferenceNotFound, UsageError
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest, Origin, Source
from kwake.profiles.load import load_profile
from tests.core.dataplane.small_cluster import (
    cluster,
    deny_egress,
    deny_ingress,
    deployment,
    endpoint_slice,
    pod,
    policy,
    service,
    view,
)

WEB = pod("web-1", "10.244.1.7")
ONE = pod("checkout-1", "10.244.1.8")
TWO = pod("checkout-2", "10.244.2.8", "node-b")
SERVICE = service("checkout", "10.96.0.23")
BOTH = endpoint_slice("checkout", ONE, TWO)
ALL = (WEB, ONE, TWO, SERVICE, BOTH)


def dialled(of: View, to: str = "svc/shop/checkout", source: str = "shop/web-1", port: int | str | None = None,
            via: str = "dns", protocol: str = "TCP") -> Path:  # fmt: skip
    return trace(of, Flow(source, to, port, protocol, via))


def kinds(path: Path, branch: int = 0) -> list[str]:
    return [hop.kind for hop in path.branches[branch].hops]


@pytest.mark.rule("NP-29")
def test_np_29_the_order_of_hops_through_a_cluster_ip() -> None:
    path = dialled(view(*ALL))
    assert kinds(path) == ["client", "dns", "service", "nat", "egress", "route", "ingress", "socket"]
    assert [hop.kind for hop in path.hops] == ["client", "dns", "service"]


@pytest.mark.rule("SV-41")
def test_sv_41_every_endpoint_is_equally_likely() -> None:
    path = dialled(view(*ALL))
    assert [branch.share for branch in path.branches] == [Fraction(1, 2)] * 2
    assert [branch.pod for branch in path.branches] == ["Pod/shop/checkout-1", "Pod/shop/checkout-2"]
    assert [branch.hops[5].text for branch in path.branches] == ["same node", "node-a → node-b"]


def test_a_declared_port_is_assumed_to_listen_and_an_annotated_one_is_known() -> None:
    assert dialled(view(*ALL)).basis is Basis.ASSUMED
    told = pod("checkout-1", "10.244.1.8", listens="8080")
    path = dialled(view(WEB, told, SERVICE, endpoint_slice("checkout", told)))
    assert (path.outcome, path.basis) == (Outcome.DELIVERED, Basis.SOURCED)


def test_ep_8_nobody_listens_on_the_target_port() -> None:
    told = pod("checkout-1", "10.244.1.8", listens="9090, 53/UDP")
    path = dialled(view(WEB, told, SERVICE, endpoint_slice("checkout", told)))
    assert (path.outcome, path.basis) == (Outcome.REFUSED, Basis.INFERRED)
    assert path.decided_by[0].object == "Pod/shop/checkout-1"


@pytest.mark.rule("SV-42")
def test_sv_42_no_endpoint_is_refused() -> None:
    path = dialled(view(WEB, SERVICE))
    assert (path.outcome, path.basis) == (Outcome.REFUSED, Basis.SOURCED)
    assert path.decided_by[0].object == "Service/shop/checkout"


@pytest.mark.rule("SV-54")
def test_sv_54_no_endpoint_under_cilium_is_not_known() -> None:
    path = dialled(view(WEB, SERVICE, profile="cilium"))
    assert (path.outcome, path.basis) == (Outcome.UNKNOWN, Basis.UNKNOWN)


@pytest.mark.rule("SV-43")
@pytest.mark.rule("SV-53")
def test_sv_43_and_sv_53_local_without_a_local_endpoint_is_dropped() -> None:
    local = service("checkout", "10.96.0.23", internalTrafficPolicy="Local")
    path = dialled(view(WEB, TWO, local, endpoint_slice("checkout", TWO)))
    assert path.outcome is Outcome.DROPPED
    assert "internalTrafficPolicy: Local" in path.branches[0].reason


def test_whether_it_leaves_does_not_matter_where_it_is_dropped_on_arrival() -> None:
    named = {"name": "c", "namespace": "shop"}
    chosen = {"endpointSelector": {"matchLabels": {"app": "web"}}, "egress": []}
    unread = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": named, "spec": chosen}
    open_end = dialled(view(*ALL, unread))
    closed_end = dialled(view(*ALL, unread, deny_ingress()))

    assert (open_end.outcome, open_end.basis) == (Outcome.UNKNOWN, Basis.UNKNOWN)
    assert (closed_end.outcome, closed_end.basis) == (Outcome.DROPPED, Basis.SOURCED)
    assert closed_end.decided_by[0].object == "NetworkPolicy/shop/default-deny"
    assert [hop.basis for hop in closed_end.branches[0].hops if hop.kind == "egress"] == [Basis.UNKNOWN]


@pytest.mark.rule("NP-28")
def test_np_28_two_policies_may_isolate() -> None:
    path = dialled(view(*ALL, deny_ingress(), deny_ingress({"app": "checkout"}, "deny-too")))
    assert path.outcome is Outcome.DROPPED
    assert [d.object for d in path.decided_by] == ["NetworkPolicy/shop/default-deny", "NetworkPolicy/shop/deny-too"]
    assert path.branches[0].reason == "dropped: no ingress rule of default-deny, deny-too admits it"
    assert path.branches[0].hops[-1].outcome is Outcome.DROPPED


@pytest.mark.rule("NP-20")
def test_np_20_policies_see_the_target_port() -> None:
    to_80 = policy("to-80", {"app": "web"}, policyTypes=["Egress"], egress=[{"ports": [{"port": 80}]}])
    path = dialled(view(*ALL, to_80), via="ip")
    assert path.outcome is Outcome.DROPPED
    assert path.notes == ("port 80 is the Service's, policies see 8080",)
    to_8080 = policy("to-8080", {"app": "web"}, policyTypes=["Egress"], egress=[{"ports": [{"port": 8080}]}])
    assert dialled(view(*ALL, to_8080), via="ip").outcome is Outcome.DELIVERED


@pytest.mark.rule("NP-21")
def test_np_21_aws_judges_egress_before_the_nat() -> None:
    to_80 = policy("to-80", {"app": "web"}, policyTypes=["Egress"], egress=[{"ports": [{"port": 80}]}])
    assert dialled(view(*ALL, to_80, profile="aws-vpc-cni"), via="ip").outcome is Outcome.DELIVERED


def test_outcomes_that_differ_are_mixed() -> None:
    one_only = deny_ingress({"half": "yes"})
    marked = pod("checkout-2", "10.244.2.8", "node-b", labels={"app": "checkout", "half": "yes"})
    path = dialled(view(WEB, ONE, marked, SERVICE, endpoint_slice("checkout", ONE, marked), one_only))
    assert path.outcome is Outcome.MIXED
    assert [branch.outcome for branch in path.branches] == [Outcome.DELIVERED, Outcome.DROPPED]


def test_an_admitting_rule_is_evidence_with_file_and_line() -> None:
    text = b"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: checkout}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
"""
    allow = policy(
        "allow-web", {"app": "checkout"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]
    )
    records = [*cluster(*ALL), record(allow, Origin(Source("policies.yaml", text, "yaml"), 0, (), 1))]
    path = dialled(settled_view(Cluster({r.key: r for r in records}), load_profile()))
    ingress = path.branches[0].hops[6]
    assert (ingress.kind, ingress.object) == ("ingress", "NetworkPolicy/shop/allow-web")
    assert ingress.decider is not None
    assert (ingress.decider.file, ingress.decider.line) == ("policies.yaml", 7)
    assert ingress.text == "allow-web rule 1 admits app=web"


# -- what is no longer, or not yet, programmed --------------------------------------------------------------------


def test_8_3_an_address_that_no_pod_has_any_more_is_unknown() -> None:
    before, after = view(*ALL), view(WEB, SERVICE)
    stale = msgspec.structs.replace(after, proxy=before.proxy)
    path = dialled(stale)
    assert path.outcome is Outcome.UNKNOWN
    assert path.branches[0].reason.startswith("no pod has 10.244.1.8 any more")


def test_pd_27_an_address_that_another_pod_has_now_is_misdelivered() -> None:
    stranger = pod("batch-1", "10.244.1.8")
    before, after = view(WEB, ONE, SERVICE, endpoint_slice("checkout", ONE)), view(WEB, stranger, SERVICE)
    path = dialled(msgspec.structs.replace(after, proxy=before.proxy))
    assert (path.outcome, path.branches[0].pod) == (Outcome.DELIVERED, "Pod/shop/batch-1")
    assert path.branches[0].reason.startswith("misdelivered")


def test_containers_that_are_down_refuse() -> None:
    down = msgspec.structs.replace(view(*ALL), stopped=frozenset({"uid-shop-checkout-1", "uid-shop-checkout-2"}))
    assert (dialled(down).outcome, dialled(down).basis) == (Outcome.REFUSED, Basis.INFERRED)


def test_policies_that_are_not_programmed_yet_do_not_act() -> None:
    before, after = view(*ALL), view(*ALL, deny_ingress())
    assert dialled(msgspec.structs.replace(after, policy=before.policy)).outcome is Outcome.DELIVERED
    assert dialled(after).outcome is Outcome.DROPPED


# -- other targets ------------------------------------------------------------------------------------------------


def test_a_pod_is_dialled_at_its_own_address() -> None:
    path = dialled(view(*ALL), "shop/checkout-2", port=8080)
    assert kinds(path) == ["client", "egress", "route", "ingress", "socket"]


def test_a_workload_is_any_of_its_pods() -> None:
    owned = [pod(f"api-{n}", f"10.244.1.{20 + n}", owner="api") for n in range(3)]
    path = dialled(view(WEB, deployment("api"), *owned), "deploy/shop/api")
    assert [branch.share for branch in path.branches] == [Fraction(1, 3)] * 3


@pytest.mark.rule("NP-13")
def test_np_13_a_pod_reaches_itself() -> None:
    path = dialled(view(*ALL, deny_ingress(), deny_egress()), "10.244.1.7", port=8080)
    assert path.outcome is Outcome.DELIVERED


def test_an_address_outside_is_unknown_but_policies_are_judged() -> None:
    assert dialled(view(*ALL), "8.8.8.8", port=53).outcome is Outcome.UNKNOWN
    assert dialled(view(*ALL, deny_egress()), "8.8.8.8", port=53).outcome is Outcome.DROPPED


@pytest.mark.rule("SV-50")
@pytest.mark.rule("SV-50", holds="inferred")
def test_sv_50_an_undefined_port() -> None:
    refused = dialled(view(*ALL, proxy="nftables"), port=81)
    assert (refused.outcome, refused.basis) == (Outcome.REFUSED, Basis.SOURCED)
    dropped = dialled(view(*ALL), port=81)
    assert (dropped.outcome, dropped.basis) == (Outcome.DROPPED, Basis.INFERRED)


@pytest.mark.rule("SV-44")
def test_sv_44_a_hairpin_is_masqueraded() -> None:
    path = dialled(view(ONE, SERVICE, endpoint_slice("checkout", ONE)), source="shop/checkout-1")
    assert "snat" in kinds(path)
    assert path.outcome is Outcome.DELIVERED


@pytest.mark.rule("NP-15")
def test_np_15_a_client_on_the_hosts_network_comes_with_the_nodes_address() -> None:
    agent = pod("agent-1", "192.168.0.1", host_network=True, dns_policy="ClusterFirstWithHostNet")
    path = dialled(view(agent, *ALL), source="shop/agent-1")
    assert path.outcome is Outcome.DELIVERED
    assert path.branches[1].translation is not None
    assert path.branches[1].translation.src == "192.168.0.1"


# -- sources ------------------------------------------------------------------------------------------------------


def test_equal_sources_are_shown_as_one() -> None:
    webs = [pod(f"web-{n}", f"10.244.{n}.7", f"node-{'abc'[n - 1]}", owner="web") for n in (1, 2, 3)]
    path = dialled(view(deployment("web"), *webs, *ALL[1:]), source="deploy/shop/web")
    assert [branch.share for branch in path.branches] == [Fraction(1, 2)] * 2
    assert path.notes == ("3 pods of deploy/shop/web fare alike; shown for Pod/shop/web-1",)
    one = dialled(view(deployment("web"), *webs, *ALL[1:]), source="deploy/shop/web#2")
    assert one.branches[0].source == "Pod/shop/web-3"


def test_sources_that_fare_differently_stay_apart() -> None:
    webs = [pod("web-1", "10.244.1.7", owner="web"), pod("web-2", "10.244.2.7", "node-b", owner="web")]
    local = service("checkout", "10.96.0.23", internalTrafficPolicy="Local")
    path = dialled(
        view(deployment("web"), *webs, ONE, local, endpoint_slice("checkout", ONE)), source="deploy/shop/web"
    )
    assert [(b.source, b.outcome, b.share) for b in path.branches] == [
        ("Pod/shop/web-1", Outcome.DELIVERED, Fraction(1, 2)),
        ("Pod/shop/web-2", Outcome.DROPPED, Fraction(1, 2)),
    ]


@pytest.mark.parametrize(
    ("source", "to", "port", "says"),
    [
        ("shop/nobody", "svc/shop/checkout", None, "there is no Pod shop/nobody"),
        ("svc/shop/checkout", "shop/web-1", 80, "does not dial"),
        ("node-a", "shop/web-1", 80, r"did you mean Node/node-a\? name who dials as"),
        ("empty#0", "shop/web-1", 80, r"did you mean Deployment/shop/empty\?"),
        ("frobnicator", "shop/web-1", 80, "frobnicator: name who dials as .* an address or internet$"),
        ("deploy/shop/empty", "shop/web-1", 80, "no live pod"),
        ("shop/web-1", "svc/shop/checkout", "admin", "there is no TCP port admin"),
        ("shop/web-1", "8.8.8.8", None, "give the port's number"),
    ],
)
def test_a_bad_reference_is_named(source: str, to: str, port: Any, says: str) -> None:
    with pytest.raises(ReferenceNotFound, match=says):
        dialled(view(*ALL, deployment("empty")), to, source, port)


def test_two_bare_parts_that_name_no_pod_mean_the_service() -> None:
    path = dialled(view(*ALL), "shop/checkout")
    assert path.outcome is Outcome.DELIVERED
    assert path.notes == ("shop/checkout is read as Service/shop/checkout: there is no such pod",)


# -- from outside -------------------------------------------------------------------------------------------------


BALANCED: dict[str, Any] = {"type": "LoadBalancer", "node_port": 30100, "ingress": [{"ip": "5.6.7.8"}]}


def balanced(**spec: Any) -> Manifest:
    return service("checkout", "10.96.0.23", **{**BALANCED, **spec})


def test_a_cluster_ip_is_not_reachable_from_outside_and_why() -> None:
    path = dialled(view(*ALL), source="internet", via="ip")
    assert (path.outcome, path.basis) == (Outcome.DROPPED, Basis.INFERRED)
    assert path.branches[0].reason == "dropped: a ClusterIP exists only inside the cluster"
    assert dialled(view(*ALL), source="internet").outcome is Outcome.UNRESOLVED


def test_a_pod_is_not_routed_from_outside_by_assumption() -> None:
    path = dialled(view(*ALL), "shop/checkout-1", "internet")
    assert (path.outcome, path.basis) == (Outcome.DROPPED, Basis.ASSUMED)


@pytest.mark.rule("SV-60")
def test_sv_60_through_the_load_balancer_as_the_address_itself() -> None:
    path = dialled(view(WEB, ONE, TWO, balanced(), BOTH), source="internet")
    assert kinds(path) == ["client", "load-balancer", "route", "service", "nat", "snat", "route", "ingress", "socket"]
    assert path.outcome is Outcome.DELIVERED
    assert sum(branch.share for branch in path.branches) == 1


@pytest.mark.rule("SV-60")
def test_sv_60_through_node_ports_of_a_proxying_load_balancer() -> None:
    path = dialled(view(WEB, ONE, TWO, balanced(), BOTH, lb="cloud-proxy"), source="internet")
    assert kinds(path)[:5] == ["client", "load-balancer", "route", "node-port", "nat"]


@pytest.mark.rule("SV-60")
def test_sv_60_straight_to_the_pods() -> None:
    path = dialled(view(WEB, ONE, TWO, balanced(), BOTH, lb="nlb-ip"), source="internet")
    assert kinds(path) == ["client", "load-balancer", "nat", "route", "ingress", "socket"]


def test_a_load_balancer_without_an_address_is_unresolved() -> None:
    assert dialled(view(*ALL[:3], balanced(ingress=[]), BOTH), source="internet").outcome is Outcome.UNRESOLVED


def test_a_node_port_is_dialled_at_any_node() -> None:
    ported = service("checkout", "10.96.0.23", type="NodePort", node_port=30100)
    path = dialled(view(*ALL[:3], ported, BOTH), source="internet")
    assert kinds(path) == ["client", "route", "node-port", "nat", "snat", "route", "ingress", "socket"]
    assert [branch.share for branch in path.branches] == [Fraction(1, 2)] * 2


@pytest.mark.rule("SV-45")
def test_sv_45_external_local_holds_outside_clients_only() -> None:
    local = service("checkout", "10.96.0.23", type="NodePort", node_port=30100, externalTrafficPolicy="Local")
    here = view(WEB, TWO, local, endpoint_slice("checkout", TWO))
    assert dialled(here, "node/node-a", port=30100).outcome is Outcome.DELIVERED
    assert dialled(here, "node/node-a", "internet", 30100).outcome is Outcome.DROPPED
    inside = dialled(here, "node/node-b", "internet", 30100)
    assert inside.outcome is Outcome.DELIVERED and "snat" not in kinds(inside)


@pytest.mark.rule("NP-23")
def test_np_23_cluster_policy_hides_the_client_from_ip_blocks() -> None:
    office = policy("office", {"app": "checkout"}, ingress=[{"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}])
    hidden = service("checkout", "10.96.0.23", type="NodePort", node_port=30100)
    slices = endpoint_slice("checkout", TWO)
    assert dialled(view(TWO, hidden, slices, office), "node/node-a", "internet", 30100).outcome is Outcome.DROPPED
    seen = service("checkout", "10.96.0.23", type="NodePort", node_port=30100, externalTrafficPolicy="Local")
    assert dialled(view(TWO, seen, slices, office), "node/node-b", "internet", 30100).outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-47")
def test_sv_47_source_ranges_guard_the_address_not_the_node_port() -> None:
    ranged = balanced(loadBalancerSourceRanges=["203.0.113.0/24"])
    here = view(*ALL[:3], ranged, BOTH)
    assert dialled(here, source="internet").outcome is Outcome.DROPPED
    assert dialled(here, "node/node-a", "internet", 30100).outcome is Outcome.DELIVERED


@pytest.mark.rule("SV-46")
@pytest.mark.rule("SU-16")
def test_sv_46_a_pod_that_dials_a_vip_never_leaves_the_cluster() -> None:
    assert kinds(dialled(view(*ALL[:3], balanced(), BOTH), "5.6.7.8", port=80))[1:3] == ["service", "nat"]
    proxied = balanced(ingress=[{"ip": "5.6.7.8", "ipMode": "Proxy"}])
    assert kinds(dialled(view(*ALL[:3], proxied, BOTH), "5.6.7.8", port=80))[1:4] == [
        "egress",
        "route",
        "load-balancer",
    ]


def test_egress_to_another_nodes_port_is_judged_by_the_nodes_address() -> None:
    ported = service("checkout", "10.96.0.23", type="NodePort", node_port=30100)
    pods_only = policy("pods-only", {"app": "web"}, policyTypes=["Egress"], egress=[{"to": [{"podSelector": {}}]}])
    path = dialled(view(*ALL[:3], ported, BOTH, pods_only), "node/node-b", port=30100)
    assert (path.outcome, path.branches[0].hops[-1].kind) == (Outcome.DROPPED, "egress")


def test_the_same_question_gives_the_same_bytes() -> None:
    flow = Flow("deploy/shop/web", "svc/shop/checkout")
    webs = [pod(f"web-{n}", f"10.244.1.{30 + n}", owner="web") for n in range(4)]
    manifests = (deployment("web"), *webs, *ALL[1:])
    assert msgspec.json.encode(str(trace(view(*manifests), flow))) == msgspec.json.encode(
        str(trace(view(*manifests), flow))
    )


def test_equal_sources_that_an_ip_block_tells_apart_are_not_taken_for_equal() -> None:
    webs = [pod("web-1", "10.244.1.7", owner="web"), pod("web-2", "10.244.1.9", owner="web")]
    first = policy("first", {"app": "checkout"}, ingress=[{"from": [{"ipBlock": {"cidr": "10.244.1.7/32"}}]}])
    path = dialled(view(deployment("web"), *webs, ONE, SERVICE, endpoint_slice("checkout", ONE), first),
                   source="deploy/shop/web")  # fmt: skip
    assert [b.outcome for b in path.branches] == [Outcome.DELIVERED, Outcome.DROPPED]


def test_sources_that_are_endpoints_too_meet_each_other_and_themselves() -> None:
    owned = [pod(f"checkout-{n}", f"10.244.1.{10 + n}", owner="checkout") for n in (1, 2)]
    path = dialled(view(deployment("checkout"), *owned, SERVICE, endpoint_slice("checkout", *owned)),
                   source="deploy/shop/checkout")  # fmt: skip
    hairpins = [b for b in path.branches if b.source == b.pod]
    assert len(path.branches) == 4 and len(hairpins) == 2
    assert all("snat" in [hop.kind for hop in b.hops] for b in hairpins)


@pytest.mark.rule("SV-48")
def test_sv_48_affinity_is_told_beside_the_shares() -> None:
    sticky = service("checkout", "10.96.0.23", sessionAffinity="ClientIP")
    path = dialled(view(WEB, ONE, TWO, sticky, BOTH))
    assert path.notes == ("checkout keeps a client on its endpoint for 10800 s (sessionAffinity)",)


@pytest.mark.rule("NP-11")
def test_np_11_other_protocols_are_refused_as_a_question() -> None:
    assert dialled(view(*ALL), protocol="tcp").outcome is Outcome.DELIVERED
    with pytest.raises(UsageError, match="ICMP: write one of TCP, UDP, SCTP"):
        dialled(view(*ALL), protocol="ICMP")


def test_a_backend_on_the_hosts_network_is_its_pod() -> None:
    agent = pod("checkout-1", "192.168.0.2", "node-b", host_network=True)
    path = dialled(view(WEB, agent, SERVICE, endpoint_slice("checkout", agent)))
    assert (path.outcome, path.branches[0].pod, path.branches[0].node) == (
        Outcome.DELIVERED, "Pod/shop/checkout-1", "node-b",
    )  # fmt: skip


@pytest.mark.rule("NP-25")
def test_np_25_a_source_that_the_snapshot_does_not_tell_is_unknown_to_policies() -> None:
    named = balanced(ingress=[{"hostname": "lb.example.com"}], externalTrafficPolicy="Local")
    office = policy("office", {"app": "checkout"}, ingress=[{"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}])
    assert dialled(view(*ALL[:3], named, BOTH, office), source="internet").outcome is Outcome.UNKNOWN


@pytest.mark.rule("SV-52")
def test_sv_52_a_local_policy_is_only_sent_to_nodes_with_a_ready_endpoint() -> None:
    local = balanced(externalTrafficPolicy="Local")
    path = dialled(view(WEB, TWO, local, endpoint_slice("checkout", TWO)), source="internet")
    assert path.outcome is Outcome.DELIVERED
    assert [branch.hops[2].at for branch in path.branches] == ["node-b"]
    assert "snat" not in kinds(path)
