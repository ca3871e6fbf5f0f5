"""How sure it is that a Service without a selector has no endpoints, where the snapshot lists none (EP-12, EP-15)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kwake
from kwake import Basis, Outcome
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, node, service

STORED = {"resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"}


def api(**metadata: Any) -> Manifest:
    """The Service of the API server, whose slices it writes itself."""
    made = service("kubernetes", 443, 6443, "default", clusterIP="10.96.0.1", clusterIPs=["10.96.0.1"])
    del made["spec"]["selector"]
    made["metadata"].update(metadata)
    return made


def listed(namespace: str, owner: str, *addresses: str, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": owner, "namespace": namespace, "labels": {"kubernetes.io/service-name": owner}} | metadata,
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        "ports": [{"name": "main", "port": 6443, "protocol": "TCP"}],
    }


def dialled(*more: Manifest, **options: Any) -> tuple[Outcome, Basis]:
    world = kwake.open([node("node-a", 1), bare_pod("web"), *more], **options)
    return answer(world)


def answer(world: World) -> tuple[Outcome, Basis]:
    path = world.trace("shop/web", "svc/default/kubernetes")
    return path.outcome, path.basis


@pytest.mark.rule("EP-12")
def test_ep_12_one_that_a_cluster_stored_has_unknown_endpoints_where_nothing_lists_any() -> None:
    assert dialled(api(**STORED)) == (Outcome.UNKNOWN, Basis.UNKNOWN)
    assert dialled(api(creationTimestamp=None)) == (Outcome.REFUSED, Basis.ASSUMED)


@pytest.mark.rule("EP-12")
def test_ep_12_slices_that_kwake_made_list_nothing() -> None:
    assert dialled(service("web"), api(**STORED)) == (Outcome.UNKNOWN, Basis.UNKNOWN)


@pytest.mark.rule("EP-12")
def test_ep_12_a_uid_alone_tells_that_a_cluster_stored_it_where_it_stands_in_the_file(tmp_path: Path) -> None:
    found = []
    for name, metadata in (("dump", {"uid": "5d4f4f30-1b6e-4a2c-9c57-0d1c5b7f2a11"}), ("manifest", {})):
        file = tmp_path / f"{name}.json"
        items = [node("node-a", 1), bare_pod("web"), api(**metadata)]
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        found.append(answer(kwake.open(file)))
    assert found == [(Outcome.UNKNOWN, Basis.UNKNOWN), (Outcome.REFUSED, Basis.ASSUMED)]


@pytest.mark.rule("EP-15")
def test_ep_15_slices_of_its_namespace_make_sure_that_it_has_none_and_those_of_another_are_assumed_to() -> None:
    there = listed("default", "other", "10.0.0.9", **STORED)
    assert dialled(api(**STORED), there) == (Outcome.REFUSED, Basis.SOURCED)
    elsewhere = listed("shop", "other", "10.0.0.9", **STORED)
    assert dialled(api(**STORED), elsewhere) == (Outcome.REFUSED, Basis.ASSUMED)
    written = listed("default", "other", "10.0.0.9")
    assert dialled(api(**STORED), written) == (Outcome.UNKNOWN, Basis.UNKNOWN)


@pytest.mark.rule("EP-15")
def test_ep_15_endpoints_or_slices_of_its_own_answer() -> None:
    legacy = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "namespace": "default", **STORED},
        "subsets": [{"addresses": [{"ip": "192.168.0.11"}], "ports": [{"name": "main", "port": 6443}]}],
    }
    for more in (legacy, listed("default", "kubernetes", "192.168.0.11")):
        world = kwake.open([node("node-a", 1), bare_pod("web"), api(**STORED), more])
        assert "→ 192.168.0.11:6443" in [hop.text for hop in world.trace("shop/web", "svc/default/kubernetes").hops]


@pytest.mark.rule("EP-12")
@pytest.mark.parametrize(
    ("metadata", "basis"), [(STORED, Basis.UNKNOWN), ({}, Basis.ASSUMED)], ids=["stored", "manifest"]
)
def test_ep_12_a_name_without_addresses_is_no_surer(metadata: dict[str, str], basis: Basis) -> None:
    headless = api(**metadata)
    headless["spec"] |= {"clusterIP": "None", "clusterIPs": ["None"]}
    world = kwake.open([node("node-a", 1), bare_pod("web"), headless])
    assert world.trace("shop/web", "svc/default/kubernetes").basis is basis


@pytest.mark.rule("SV-42")
def test_sv_42_what_another_proxy_only_infers_is_no_surer() -> None:
    assert dialled(api(), profile="calico+ipvs") == (Outcome.REFUSED, Basis.ASSUMED)


@pytest.mark.rule("SV-52")
def test_sv_52_a_health_check_does_not_count_endpoints_that_nothing_lists() -> None:
    balanced = api(**STORED)
    balanced["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 31000}
    world = kwake.open([node("node-a", 1), bare_pod("web"), balanced])
    path = world.trace("internet", "192.168.0.11", port=31000)
    assert path.outcome is Outcome.DELIVERED
    assert "kube-proxy answers 200 or 503" in path.branches[0].hops[-1].text
