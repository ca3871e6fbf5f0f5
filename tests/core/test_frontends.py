"""What a Service answers to, and for whom."""

from __future__ import annotations

from functools import cache

import pytest

import kwake
from kwake.frontends import Frontend, Use, frontends
from kwake.samples import sample_path


@cache
def shop() -> kwake.World:
    return kwake.open(sample_path("shop"), seed=7)


def of(reference: str, world: kwake.World | None = None) -> list[Frontend]:
    return list(frontends(world or shop(), reference))


def use(frontend: Frontend, clients: str) -> Use:
    (found,) = [one for one in frontend.uses if one.clients == clients]
    return found


def test_a_cluster_ip_serves_pods_and_nobody_outside() -> None:
    (address,) = [f for f in of("svc/shop/search") if f.kind == "ClusterIP"]

    assert use(address, "pods").delivered > 0
    assert use(address, "outside").delivered == 0
    assert use(address, "outside").rule == "SV-40"


def test_a_node_port_is_on_every_node_for_clients_outside() -> None:
    ports = [f for f in of("svc/shop/catalog") if f.kind == "node port"]

    assert len(ports) == 3
    assert all(use(port, "outside").outcome is kwake.Outcome.DELIVERED for port in ports)
    assert all(port.shown_address.endswith(":30080") for port in ports)


@pytest.mark.rule("SV-43")
def test_sv_43_with_external_traffic_policy_local_nodes_without_an_endpoint_drop() -> None:
    local = shop().do(kwake.Patch("svc/shop/catalog", {"spec": {"externalTrafficPolicy": "Local"}}))
    few = local.do(kwake.Scale("deploy/shop/catalog", 1)).settle()
    outcomes = {use(f, "outside").outcome for f in of("svc/shop/catalog", few) if f.kind == "node port"}

    assert outcomes == {kwake.Outcome.DELIVERED, kwake.Outcome.DROPPED}


def test_a_headless_service_answers_by_name_alone() -> None:
    assert {f.kind for f in of("svc/shop/sessions")} == {"DNS name"}


def test_an_alias_names_where_it_leads() -> None:
    alias = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bank", "namespace": "shop"},
             "spec": {"type": "ExternalName", "externalName": "bank.example.com"}}  # fmt: skip
    (found,) = of("svc/shop/bank", shop().do(kwake.Apply(alias)).settle())

    assert (found.kind, found.address) == ("alias", "bank.shop.svc.cluster.local → bank.example.com")


def test_the_reason_of_those_who_do_not_get_through_is_told_with_its_rule() -> None:
    (name,) = [f for f in of("svc/payments/api") if f.kind == "DNS name" and f.port and f.port.port == 443]
    pods = use(name, "pods")

    assert 0 < pods.delivered < pods.asked
    assert pods.reason and pods.rule


def test_another_kind_is_refused_with_its_name() -> None:
    with pytest.raises(kwake.KwakeError, match="Deployment, not a Service"):
        frontends(shop(), "deploy/shop/web")


def test_those_who_do_not_get_through_are_told_by_reason_and_name() -> None:
    (address,) = [f for f in of("svc/shop/checkout") if f.kind == "ClusterIP"]
    pods = use(address, "pods")
    told = [client for group in pods.barred for client in group.clients]

    assert pods.through == ("Deployment/shop/web",)
    assert sorted([*pods.through, *told]) == sorted({*pods.through, *told})
    assert len(told) == pods.asked - pods.delivered
    ledger = next(group for group in pods.barred if any("ledger" in one for one in group.clients))
    assert "egress" in ledger.reason


def test_clients_whom_a_policy_lets_to_their_own_node_alone_reach_some_endpoints() -> None:
    (address,) = [f for f in of("svc/shop/checkout") if f.kind == "ClusterIP"]
    nodes = use(address, "nodes")

    assert (nodes.delivered, nodes.partly, nodes.asked) == (0, 3, 3)
