"""Services of a snapshot that come with their numbers: they are taken as a cluster has them (SV-15, SV-30, SV-31)."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Outcome
from kwake.errors import Rejected
from kwake.objects.kinds import Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, node, service


def opened(*services: Manifest, **how: Any) -> World:
    return kwake.open([node("node-a", 1), bare_pod("web"), bare_pod("client"), *services], **how)


def ported(name: str, number: int, **spec: Any) -> Manifest:
    ports = [{"name": "main", "port": 80, "targetPort": "http", "nodePort": number}]
    return service(name, type="NodePort", ports=ports, **{"selector": {"app": "web"}, **spec})


def told(world: World, word: str) -> list[str]:
    return [finding.text for finding in world.findings if word in finding.text]


@pytest.mark.rule("SV-30")
def test_sv_30_a_node_port_beside_a_cluster_ip_says_that_the_range_is_another_one() -> None:
    world = opened(ported("web", 3001, clusterIP="10.96.0.20"))
    assert world.trace("internet", "node/node-a", 3001).outcome is Outcome.DELIVERED
    assert told(world, "node ports from 3001 to 32767")


@pytest.mark.rule("SV-30")
def test_sv_30_without_a_cluster_ip_it_is_what_the_api_server_refuses() -> None:
    world = opened(ported("web", 3001))
    assert world.trace("shop/client", "svc/shop/web", 80).outcome is Outcome.UNKNOWN
    assert told(world, "provided port is not in the valid range")


@pytest.mark.rule("SV-31")
def test_sv_31_a_cluster_ip_says_where_the_range_is() -> None:
    world = opened(service("web", clusterIP="172.30.0.41"), service("other"))
    ips = {s.metadata.name: s.spec.cluster_ip for s in world.cluster.all(Service)}
    assert ips["web"] == "172.30.0.41"
    assert ips["other"].startswith("172.30.")
    assert told(world, "172.30.0.0/16 assumed")


@pytest.mark.rule("SV-15")
def test_sv_15_two_services_of_one_address_are_not_taken_as_they_are() -> None:
    world = opened(service("web", clusterIP="10.96.0.20"), service("other", clusterIP="10.96.0.20"))
    assert told(world, "provided IP is already allocated")


@pytest.mark.rule("SV-16")
def test_a_balancers_address_in_the_status_is_kept() -> None:
    balanced = service("web", type="LoadBalancer") | {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}}
    world = opened(balanced)
    assert world.trace("internet", "192.0.2.9", 80).outcome is Outcome.DELIVERED


def test_what_the_api_server_would_refuse_of_a_stored_one_is_told_and_taken() -> None:
    world = opened(service("web", clusterIP="10.96.0.20", externalTrafficPolicy="Local"))
    assert told(world, "it has its numbers, so it is taken as it is")
    assert world.trace("shop/client", "svc/shop/web", 80).outcome is Outcome.DELIVERED


def test_what_is_applied_keeps_to_the_profiles_ranges() -> None:
    world = opened(ported("web", 3001, clusterIP="10.96.0.20"))
    with pytest.raises(Rejected, match="The range of valid ports is 30000-32767"):
        world.do(kwake.Apply(ported("other", 3002)))
