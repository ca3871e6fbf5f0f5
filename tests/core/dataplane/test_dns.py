"""What a name resolves to, and for whom (DN-1 to DN-13, DN-20 to DN-23, NP-27)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.dataplane.dns import Answer, lookup
from kwake.dataplane.ends import resolve_sources
from kwake.dataplane.environment import environment
from kwake.dataplane.path import Flow, Outcome
from kwake.dataplane.trace import trace
from kwake.dataplane.view import View
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from tests.core.dataplane.small_cluster import cluster, deny_egress, endpoint_slice, pod, policy, service, view

WEB = pod("web-1", "10.244.1.7")
ONE = pod("checkout-1", "10.244.1.8")
SERVICE = service("checkout", "10.96.0.23")


def asked(of: View, name: str, source: str = "shop/web-1") -> Answer:
    return lookup(of, resolve_sources(of, source)[0], name)


@pytest.mark.rule("DN-12")
@pytest.mark.parametrize(
    "name",
    ["checkout", "checkout.shop", "checkout.shop.svc", "checkout.shop.svc.cluster.local",
     "checkout.shop.svc.cluster.local."],
)  # fmt: skip
def test_dn_12_the_search_list_finds_a_service(name: str) -> None:
    answer = asked(view(WEB, SERVICE), name)
    assert (answer.asked, answer.addresses) == ("checkout.shop.svc.cluster.local", ("10.96.0.23",))


@pytest.mark.rule("DN-12")
def test_dn_12_a_bare_name_is_looked_for_in_the_clients_namespace() -> None:
    other = pod("job-1", "10.244.1.9", namespace="other")
    answer = asked(view(WEB, other, SERVICE), "checkout", "other/job-1")
    assert answer.addresses == () and answer.reason.startswith("NXDOMAIN")


@pytest.mark.rule("DN-1")
def test_dn_1_a_service_without_endpoints_still_resolves() -> None:
    assert asked(view(WEB, SERVICE), "checkout").addresses == ("10.96.0.23",)


@pytest.mark.rule("DN-2")
def test_dn_2_headless_answers_with_the_ready_endpoints() -> None:
    unready = pod("checkout-2", "10.244.2.8", "node-b", ready=False)
    headless = service("checkout", "None")
    some = view(WEB, ONE, unready, headless, endpoint_slice("checkout", ONE, unready))
    assert asked(some, "checkout").addresses == ("10.244.1.8",)
    none = view(WEB, unready, headless, endpoint_slice("checkout", unready))
    assert (asked(none, "checkout").addresses, asked(none, "checkout").cite) == ((), "DN-2")


@pytest.mark.rule("DN-3")
def test_dn_3_addresses_that_are_published_unready_resolve() -> None:
    unready = pod("checkout-1", "10.244.1.8", ready=False)
    published = endpoint_slice("checkout", unready)
    published["endpoints"][0]["conditions"]["ready"] = True  # as its controller writes it then (EP-5)
    headless = service("checkout", "None", publishNotReadyAddresses=True)
    assert asked(view(WEB, unready, headless, published), "checkout").addresses == ("10.244.1.8",)


@pytest.mark.rule("DN-10")
@pytest.mark.parametrize(("profile", "ttl"), [("calico", "30"), ("calico+coredns", "5")])
def test_dn_10_how_long_an_answer_is_kept(profile: str, ttl: str) -> None:
    path = trace(
        view(WEB, ONE, SERVICE, endpoint_slice("checkout", ONE), profile=profile),
        Flow("shop/web-1", "svc/shop/checkout"),
    )
    assert next(hop for hop in path.hops if hop.kind == "dns").detail == (f"ttl {ttl} s",)


@pytest.mark.rule("DN-14", why="nameservers and search lists of dnsConfig are not read: unknown")
def test_dn_14_with_the_nodes_dns_no_service_resolves() -> None:
    client = pod("web-1", "10.244.1.7", dns_policy="Default")
    path = trace(view(client, ONE, SERVICE, endpoint_slice("checkout", ONE)), Flow("shop/web-1", "svc/shop/checkout"))
    assert (path.outcome, path.hops[-1].cite) == (Outcome.UNRESOLVED, "DN-14")


@pytest.mark.rule("DN-2")
def test_dn_2_headless_is_dialled_at_the_pod_without_nat() -> None:
    here = view(WEB, ONE, service("checkout", "None"), endpoint_slice("checkout", ONE))
    path = trace(here, Flow("shop/web-1", "svc/shop/checkout"))
    assert [hop.kind for hop in path.hops] == ["client", "dns", "egress", "route", "ingress", "socket"]
    translation = path.branches[0].translation
    assert translation is not None
    assert (translation.frontend, translation.dst_port, path.branches[0].port) == ("headless", 8080, 8080)


@pytest.mark.rule("DN-6")
def test_dn_6_a_hostname_under_a_headless_service() -> None:
    slices = endpoint_slice("checkout", ONE)
    slices["endpoints"][0]["hostname"] = "checkout-1"
    here = view(WEB, ONE, service("checkout", "None"), slices)
    assert asked(here, "checkout-1.checkout").addresses == ("10.244.1.8",)
    assert asked(here, "checkout-2.checkout").cite == "DN-6"


@pytest.mark.rule("DN-7")
@pytest.mark.rule("SU-48")
def test_dn_7_insecure_pod_records_answer_any_address() -> None:
    assert asked(view(WEB), "1-2-3-4.shop.pod.cluster.local").addresses == ("1.2.3.4",)


@pytest.mark.rule("DN-8")
def test_dn_8_external_name_leads_out_of_the_cluster() -> None:
    here = view(WEB, service("checkout", "", type="ExternalName", externalName="db.example.com"))
    assert asked(here, "checkout").alias == "db.example.com"
    path = trace(here, Flow("shop/web-1", "svc/shop/checkout", 443))
    assert path.outcome is Outcome.UNKNOWN
    assert path.branches[0].reason == "db.example.com is outside the cluster; what answers there is not in the snapshot"


@pytest.mark.rule("DN-8")
def test_dn_8_an_alias_into_the_cluster_is_followed() -> None:
    alias = service("pay", "", type="ExternalName", externalName="checkout.shop.svc.cluster.local")
    here = view(WEB, ONE, SERVICE, endpoint_slice("checkout", ONE), alias)
    assert trace(here, Flow("shop/web-1", "pay", 80)).outcome is Outcome.DELIVERED
    circle = service("pay", "", type="ExternalName", externalName="pay.shop.svc.cluster.local")
    assert trace(view(WEB, circle), Flow("shop/web-1", "pay", 80)).outcome is Outcome.UNRESOLVED


@pytest.mark.rule("DN-9")
@pytest.mark.rule("SU-49")
def test_dn_9_an_external_name_that_is_an_address_is_not_served() -> None:
    here = view(WEB, service("checkout", "", type="ExternalName", externalName="10.0.0.9"))
    assert (asked(here, "checkout").addresses, asked(here, "checkout").cite) == ((), "DN-9")
    assert trace(here, Flow("shop/web-1", "checkout", 80)).outcome is Outcome.UNRESOLVED


@pytest.mark.rule("DN-13")
@pytest.mark.parametrize(("dns_policy", "resolves"), [("ClusterFirst", False), ("ClusterFirstWithHostNet", True)])
@pytest.mark.rule("SU-47")
def test_dn_13_host_network_needs_its_own_dns_policy(dns_policy: str, resolves: bool) -> None:
    agent = pod("agent-1", "192.168.0.1", host_network=True, dns_policy=dns_policy)
    answer = asked(view(agent, SERVICE), "checkout.shop", "shop/agent-1")
    assert bool(answer.addresses) is resolves
    assert resolves or answer.cite == "DN-13"


def test_a_deleted_service_is_unresolved_and_names_the_nearest() -> None:
    path = trace(view(WEB, SERVICE), Flow("shop/web-1", "svc/shop/chekout", 80))
    assert path.outcome is Outcome.UNRESOLVED
    assert path.branches[0].hops[-1].detail == ("nearest Service: shop/checkout",)


# -- the environment ----------------------------------------------------------------------------------------------


def of_web(of: View) -> dict[str, str]:
    found = of.cluster.pod("shop", "web-1")
    assert found is not None
    return environment(of, found)


@pytest.mark.rule("DN-20")
def test_dn_20_the_variables_of_a_service() -> None:
    variables = of_web(view(WEB, service("redis-primary", "10.0.0.11", port=6379)))
    assert variables["REDIS_PRIMARY_SERVICE_HOST"] == "10.0.0.11"
    assert variables["REDIS_PRIMARY_SERVICE_PORT"] == "6379"
    assert variables["REDIS_PRIMARY_SERVICE_PORT_MAIN"] == "6379"
    assert variables["REDIS_PRIMARY_PORT"] == "tcp://10.0.0.11:6379"
    assert variables["REDIS_PRIMARY_PORT_6379_TCP_ADDR"] == "10.0.0.11"


@pytest.mark.rule("DN-21")
def test_dn_21_none_for_headless_services_and_other_namespaces_but_kubernetes() -> None:
    kubernetes = service("kubernetes", "10.96.0.1", port=443, namespace="default")
    elsewhere = service("far", "10.96.0.5", namespace="other")
    variables = of_web(view(WEB, kubernetes, elsewhere, service("checkout", "None")))
    assert {name.partition("_")[0] for name in variables} == {"KUBERNETES"}


@pytest.mark.rule("DN-23")
def test_dn_23_without_service_links_only_kubernetes_stays() -> None:
    bare: Manifest = {**WEB, "spec": {**WEB["spec"], "enableServiceLinks": False}}
    assert of_web(view(bare, SERVICE)) == {}


@pytest.mark.rule("DN-22")
def test_dn_22_a_service_made_again_leaves_the_variable_stale() -> None:
    old, now = cluster(WEB, SERVICE), view(WEB, ONE, service("checkout", "10.96.0.99"), endpoint_slice("checkout", ONE))
    stale = msgspec.structs.replace(now, environments={"uid-shop-web-1": old})
    path = trace(stale, Flow("shop/web-1", "svc/shop/checkout", via="env"))
    assert path.outcome is Outcome.DROPPED
    assert path.branches[0].hops[1].text == "CHECKOUT_SERVICE_HOST=10.96.0.23"
    assert path.branches[0].hops[1].detail == ("stale: checkout has now 10.96.0.99",)
    assert trace(stale, Flow("shop/web-1", "svc/shop/checkout")).outcome is Outcome.DELIVERED


@pytest.mark.rule("SU-4")
def test_su_4_a_stale_address_may_belong_to_another_service_by_now() -> None:
    other = pod("other-1", "10.244.1.9")
    taken = (service("other", "10.96.0.23"), endpoint_slice("other", other), service("checkout", "10.96.0.99"))
    stale = msgspec.structs.replace(view(WEB, other, *taken), environments={"uid-shop-web-1": cluster(WEB, SERVICE)})
    path = trace(stale, Flow("shop/web-1", "svc/shop/checkout", via="env"))
    assert (path.outcome, path.branches[0].pod) == (Outcome.DELIVERED, "Pod/shop/other-1")
    assert path.branches[0].hops[1].detail[1] == "10.96.0.23 belongs to Service/shop/other now"


@pytest.mark.rule("DN-22")
def test_dn_22_a_service_made_later_has_no_variable() -> None:
    late = msgspec.structs.replace(view(WEB, SERVICE), environments={"uid-shop-web-1": cluster(WEB)})
    path = trace(late, Flow("shop/web-1", "svc/shop/checkout", via="env"))
    assert (path.outcome, path.branches[0].reason) == (
        Outcome.UNRESOLVED, "CHECKOUT_SERVICE_HOST is not set in web-1",
    )  # fmt: skip


# -- the way to the name server -----------------------------------------------------------------------------------

COREDNS = pod("coredns-1", "10.244.3.2", "node-c", namespace="kube-system", labels={"k8s-app": "kube-dns"}, port=53,
              protocol="UDP")  # fmt: skip
KUBE_DNS = service("kube-dns", "10.96.0.10", port=53, target=53, namespace="kube-system", protocol="UDP")
DNS = (COREDNS, KUBE_DNS, endpoint_slice("kube-dns", COREDNS, port=53, namespace="kube-system", protocol="UDP"))
REST = (WEB, ONE, SERVICE, endpoint_slice("checkout", ONE))


def allow_egress(*rules: dict[str, Any]) -> Manifest:
    return policy("some-egress", {"app": "web"}, policyTypes=["Egress"], egress=list(rules))


TO_CHECKOUT = {"to": [{"podSelector": {"matchLabels": {"app": "checkout"}}}]}


@pytest.mark.rule("NP-27")
def test_np_27_deny_all_egress_kills_dns_first() -> None:
    path = trace(view(*REST, *DNS, deny_egress()), Flow("shop/web-1", "svc/shop/checkout"))
    assert (path.outcome, path.basis) == (Outcome.UNRESOLVED, Basis.SOURCED)
    assert path.decided_by[0].object == "NetworkPolicy/shop/no-egress"
    assert "53/UDP" in path.branches[0].reason


@pytest.mark.rule("NP-27")
@pytest.mark.rule("SU-30")
def test_np_27_a_lookup_that_is_not_allowed_fails_where_the_address_works() -> None:
    here = view(*REST, *DNS, allow_egress(TO_CHECKOUT))
    assert trace(here, Flow("shop/web-1", "svc/shop/checkout")).outcome is Outcome.UNRESOLVED
    assert trace(here, Flow("shop/web-1", "svc/shop/checkout", via="ip")).outcome is Outcome.DELIVERED


@pytest.mark.rule("NP-5")
@pytest.mark.parametrize(("port", "outcome"), [
    ({"port": 53}, Outcome.UNRESOLVED),
    ({"port": 53, "protocol": "UDP"}, Outcome.DELIVERED),
])  # fmt: skip
@pytest.mark.rule("SU-31")
def test_np_5_port_53_alone_is_tcp(port: dict[str, Any], outcome: Outcome) -> None:
    here = view(*REST, *DNS, allow_egress(TO_CHECKOUT, {"ports": [port]}))
    assert trace(here, Flow("shop/web-1", "svc/shop/checkout")).outcome is outcome


@pytest.mark.rule("NP-27")
@pytest.mark.parametrize(("rule", "outcome"), [
    (TO_CHECKOUT, Outcome.UNRESOLVED),
    ({"ports": [{"port": 53}]}, Outcome.UNRESOLVED),
    ({"to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}], "ports": [{"port": 53, "protocol": "UDP"}]},
     Outcome.DELIVERED),
    ({"to": [{"namespaceSelector": {}}]}, Outcome.DELIVERED),
    ({"to": [{"namespaceSelector": {"matchLabels": {"team": "infra"}}}]}, Outcome.DELIVERED),
])  # fmt: skip
def test_np_27_a_snapshot_without_dns_does_not_let_a_lookup_through_that_no_rule_admits(
    rule: dict[str, Any], outcome: Outcome
) -> None:
    path = trace(view(*REST, allow_egress(TO_CHECKOUT, rule)), Flow("shop/web-1", "svc/shop/checkout"))

    assert path.outcome is outcome
    if outcome is Outcome.UNRESOLVED:
        assert (path.basis, path.decided_by[0].object) == (Basis.INFERRED, "NetworkPolicy/shop/some-egress")


def test_a_name_server_without_endpoints_resolves_nothing() -> None:
    path = trace(view(*REST, KUBE_DNS), Flow("shop/web-1", "svc/shop/checkout"))
    assert (path.outcome, path.basis) == (Outcome.UNRESOLVED, Basis.INFERRED)
