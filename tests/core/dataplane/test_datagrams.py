"""Open UDP flows: whose record is dropped when, and who gets the datagrams (CX-20 to CX-23, PD-27)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.connections import follow, open_connection
from kwake.dataplane.path import Flow
from kwake.dataplane.view import View
from kwake.draws import Draws
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from tests.core.dataplane.small_cluster import cluster, deny_ingress, endpoint_slice, pod, service, view

WEB = pod("web-1", "10.244.1.7")
ONE = pod("statsd-1", "10.244.2.8", "node-b", port=8125, protocol="UDP")
TWO = pod("statsd-2", "10.244.2.9", "node-b", port=8125, protocol="UDP")
SERVICE = service("statsd", "10.96.0.23", port=8125, target=8125, protocol="UDP")
METRICS = Flow("shop/web-1", "svc/shop/statsd", protocol="UDP")


def slices(*pods: Manifest) -> Manifest:
    return endpoint_slice("statsd", *pods, port=8125, protocol="UDP")


def started(**fields: str) -> tuple[View, Connection]:
    """A flow to statsd-1, the only endpoint."""
    before = view(WEB, ONE, SERVICE, slices(ONE), **fields)
    return before, open_connection(before, "metrics", METRICS, Draws(7))[0]


def then(before: View, *manifests: Manifest, **changes: Any) -> View:
    now = cluster(*manifests)
    return msgspec.structs.replace(
        before, cluster=now, proxy=now, policy=now, dns=now, balancer=now, now_ms=9_000, **changes
    )


GONE = {"exits": {"uid-shop-statsd-1": "graceful"}}


@pytest.mark.rule("CX-20")
def test_cx_20_the_record_goes_when_another_endpoint_serves() -> None:
    before, flow = started()
    after = then(before, WEB, TWO, SERVICE, slices(TWO), **GONE)
    flow = follow(flow, before, after, "")
    assert (flow.fate, flow.basis, flow.migrated) == (Fate.OPEN, Basis.SOURCED, True)
    assert [reached.backend for reached in flow.backends] == ["Pod/shop/statsd-1", "Pod/shop/statsd-2"]
    assert flow.translated is not None and flow.translated.dst == "10.244.2.9"
    assert flow.server is not None and flow.server.pod == "Pod/shop/statsd-2"


@pytest.mark.rule("CX-20")
def test_cx_20_a_terminating_backend_that_serves_keeps_its_flows() -> None:
    before, flow = started()
    leaving = pod("statsd-1", "10.244.2.8", "node-b", port=8125, protocol="UDP", terminating=True)
    after = then(before, WEB, leaving, TWO, SERVICE, slices(leaving, TWO))
    assert follow(flow, before, after, "") is flow


@pytest.mark.rule("CX-21")
@pytest.mark.rule("SU-25")
def test_cx_21_scaled_to_zero_blackholes_until_another_serves() -> None:
    before, flow = started()
    empty = then(before, WEB, SERVICE, slices(), **GONE)
    stalled = follow(flow, before, empty, "")
    assert (stalled.fate, stalled.turns[-1].cite) == (Fate.STALLED, "CX-21")
    back = follow(stalled, empty, then(before, WEB, TWO, SERVICE, slices(TWO), **GONE), "")
    assert (back.fate, back.migrated) == (Fate.OPEN, True)


@pytest.mark.rule("CX-20")
def test_cx_20_later_versions_clean_emptied_services_too() -> None:
    before, flow = started(**{"proxy-version": "1.37"})
    empty = then(before, WEB, SERVICE, slices(), **GONE)
    stalled = follow(flow, before, empty, "")
    assert stalled.fate is Fate.STALLED and "refused" in stalled.reason
    back = follow(stalled, empty, then(before, WEB, TWO, SERVICE, slices(TWO), **GONE), "")
    assert (back.fate, back.backends[-1].backend) == (Fate.OPEN, "Pod/shop/statsd-2")


@pytest.mark.rule("CX-22")
def test_cx_22_a_deleted_service_is_never_cleaned() -> None:
    before, flow = started()
    assert follow(flow, before, then(before, WEB, ONE), "") is flow


@pytest.mark.rule("CX-20")
def test_cx_20_before_1_32_a_deleted_service_is_cleaned() -> None:
    before, flow = started(**{"proxy-version": "1.31"})
    flow = follow(flow, before, then(before, WEB, ONE), "")
    assert flow.fate is Fate.STALLED


@pytest.mark.rule("CX-23")
@pytest.mark.parametrize(("version", "migrates"), [("1.31", False), ("1.32", True), ("1.36", True)])
@pytest.mark.rule("SU-24")
def test_cx_23_a_readiness_flap_migrates_and_does_not_come_back(version: str, migrates: bool) -> None:
    before, flow = started(**{"proxy-version": version})
    unready = pod("statsd-1", "10.244.2.8", "node-b", port=8125, protocol="UDP", ready=False)
    flapped = then(before, WEB, unready, TWO, SERVICE, slices(unready, TWO))
    flow = follow(flow, before, flapped, "")
    assert flow.migrated is migrates
    ready = then(before, WEB, ONE, TWO, SERVICE, slices(ONE, TWO))
    assert follow(flow, flapped, ready, "") is flow


def test_pd_27_an_address_given_to_another_pod_gets_the_datagrams() -> None:
    before, flow = started()
    stranger = pod("batch-1", "10.244.2.8", "node-b", uid="stranger")
    flow = follow(flow, before, then(before, WEB, stranger, SERVICE, slices(), **GONE), "")
    assert (flow.fate, flow.misdelivered, flow.migrated) == (Fate.OPEN, True, False)
    assert flow.server is not None and flow.server.pod == "Pod/shop/batch-1"


@pytest.mark.rule("CX-12")
def test_cx_12_a_crashed_backend_gets_its_flow_back() -> None:
    before, flow = started()
    down = msgspec.structs.replace(before, stopped=frozenset({"uid-shop-statsd-1"}))
    stalled = follow(flow, before, down, "")
    assert (stalled.fate, stalled.turns[-1].cite) == (Fate.STALLED, "CX-12")
    assert follow(stalled, down, before, "").fate is Fate.OPEN


@pytest.mark.rule("CX-10")
def test_cx_10_the_senders_end_closes_the_flow() -> None:
    before, flow = started()
    after = then(before, ONE, SERVICE, slices(ONE), exits={"uid-shop-web-1": "graceful"})
    assert follow(flow, before, after, "").fate is Fate.CLOSED


@pytest.mark.parametrize(("proxy", "cite"), [("cilium", "CX-27"), ("ovn-k", "CX-26"), ("antrea-proxy", "CX-28")])
@pytest.mark.rule("CX-28")
def test_other_proxies_drop_the_record_of_a_removed_backend(proxy: str, cite: str) -> None:
    before, flow = started(proxy=proxy)
    flow = follow(flow, before, then(before, WEB, ONE, TWO, SERVICE, slices(TWO)), "")
    assert (flow.migrated, flow.turns[-1].cite) == (True, cite)


def test_a_flow_to_a_pod_itself_has_no_record_to_clean() -> None:
    before = view(WEB, ONE, TWO)
    flow, _ = open_connection(before, "direct", Flow("shop/web-1", "shop/statsd-1", protocol="UDP"), Draws(1))
    flow = follow(flow, before, then(before, WEB, TWO, **GONE), "")
    assert (flow.fate, flow.turns[-1].cite) == (Fate.STALLED, "PD-27")


def test_a_flow_without_a_record_is_judged_anew_at_every_datagram() -> None:
    before, flow = started(**{"proxy-version": "1.37"})
    denied = deny_ingress({"app": "statsd"})
    closed = then(before, WEB, TWO, SERVICE, slices(TWO), denied, **GONE)
    stalled = follow(flow, before, closed, "")
    assert (stalled.fate, "dropped by default-deny" in stalled.reason) == (Fate.STALLED, True)
    assert follow(stalled, closed, closed, "") is stalled
    allowed = msgspec.structs.replace(closed, policy=cluster(WEB, TWO))
    assert follow(stalled, closed, allowed, "").backends[-1].backend == "Pod/shop/statsd-2"
