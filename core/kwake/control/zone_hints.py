"""Hints by the zones' share of CPU, which the annotation `topology-mode: Auto` asks for, and their withdrawal (EP-19).

`k8s:staging/src/k8s.io/endpointslice/topologycache/topologycache.go`. Go walks maps in any order; here zones come by
name (assumed).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from kwake.cluster import Cluster
from kwake.control.desired_endpoints import ZONE_LABEL, Endpoint
from kwake.objects.kinds import Node

OVERLOAD = 0.20
"""How much more than its share a zone's endpoints may have to bear."""
_EXCLUDED = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m?)")


class Shares(msgspec.Struct, frozen=True):
    """Each zone's share of the CPU of all ready nodes; empty where no hints are given, for the reason."""

    by_zone: dict[str, float] = {}
    reason: str = ""
    is_known: bool = True
    """Whether the snapshot tells: nodes without `status.allocatable` do not."""


class _Allocation(msgspec.Struct, frozen=True):
    minimum: int
    desired: float


def zone_shares(cluster: Cluster) -> Shares:
    """The zones' shares by the allocatable CPU of their ready nodes, control planes left out."""
    cpu: Counter[str] = Counter()
    known = True
    for node in cluster.all(Node):
        if any(label in node.metadata.labels for label in _EXCLUDED) or not _is_ready(node):
            continue
        zone = node.metadata.labels.get(ZONE_LABEL, "")
        allocatable = (cluster.record(node.key).manifest.get("status") or {}).get("allocatable") or {}
        known = known and "cpu" in allocatable
        milli = _milli(allocatable.get("cpu"))
        if not zone or not milli:
            return Shares(reason=f"{node.metadata.name} tells no zone or no CPU", is_known=known)
        cpu[zone] += milli
    if len(cpu) < 2:
        return Shares(reason="ready nodes are in fewer than two zones")
    total = cpu.total()
    return Shares({zone: cpu[zone] / total for zone in sorted(cpu)})


def hinted(endpoints: Sequence[Endpoint], shares: Shares) -> tuple[list[Endpoint], str]:
    """The endpoints of a Service and family with their hints; without any, and why, where they are withdrawn.

    An endpoint that is not ready has none. Each zone first takes its own endpoints; one that has more than its share
    gives to one that has less.
    """
    bare = [{name: value for name, value in endpoint.items() if name != "hints"} for endpoint in endpoints]
    ready = [endpoint for endpoint in bare if endpoint["conditions"]["ready"]]
    if not shares.by_zone:
        return bare, shares.reason
    allocations, reason = _allocations(shares.by_zone, len(ready))
    if reason:
        return bare, reason
    if any(not endpoint.get("zone") for endpoint in ready):
        return bare, "an endpoint has no zone"
    for endpoint in ready:
        endpoint["hints"] = {"forZones": [{"name": endpoint["zone"]}]}
    _redistribute(ready, allocations)
    return bare, ""


def are_kept(endpoints: Sequence[Endpoint], shares: Shares) -> bool:
    """Whether hints that endpoints have already are still within what each zone may bear: then they stay."""
    ready = [endpoint for endpoint in endpoints if endpoint["conditions"]["ready"]]
    if not shares.by_zone or not ready or any(not _zones_of(endpoint) for endpoint in ready):
        return False
    allocations, reason = _allocations(shares.by_zone, len(ready))
    spare = len(ready) - sum(allocation.minimum for allocation in allocations.values())
    given = Counter(zone for endpoint in ready for zone in _zones_of(endpoint))
    return not reason and all(
        zone in allocations and count <= allocations[zone].minimum + spare for zone, count in given.items()
    )


def _allocations(by_zone: dict[str, float], count: int) -> tuple[dict[str, _Allocation], str]:
    """How many of this many endpoints each zone is to have; or why there is no fair way."""
    if len(by_zone) > count:
        return {}, "there are fewer ready endpoints than zones"
    allocations: dict[str, _Allocation] = {}
    left = count
    for zone, share in by_zone.items():
        desired = share * count
        minimum = math.ceil(desired * (1 / (1 + OVERLOAD)))
        allocations[zone] = _Allocation(minimum, max(desired, float(minimum)))
        left -= minimum
    return (allocations, "") if left >= 0 else ({}, "the zones cannot have their share without overload")


def _redistribute(ready: Sequence[Endpoint], allocations: dict[str, _Allocation]) -> None:
    """Let zones with more than their share give endpoints to those with less, one at a time, the most first."""
    own = Counter(endpoint["zone"] for endpoint in ready)
    over = {zone: own[zone] - a.desired for zone, a in allocations.items() if own[zone] > a.desired}
    under = {zone: a.desired - own[zone] for zone, a in allocations.items() if own[zone] < a.desired}
    giving: Counter[str] = Counter()
    receiving: Counter[str] = Counter()
    while over and under:
        giver, taker = max(over, key=lambda zone: over[zone]), max(under, key=lambda zone: under[zone])
        if over[giver] < 1 or under[taker] < 1:
            break
        over[giver] -= 1
        under[taker] -= 1
        giving[giver] += 1
        receiving[taker] += 1
    for endpoint in ready:
        if giving[endpoint["zone"]] and +receiving:
            taker = min(+receiving)
            endpoint["hints"] = {"forZones": [{"name": taker}]}
            giving[endpoint["zone"]] -= 1
            receiving[taker] -= 1


def _zones_of(endpoint: Endpoint) -> list[str]:
    return [zone["name"] for zone in (endpoint.get("hints") or {}).get("forZones") or ()]


def _is_ready(node: Node) -> bool:
    """A Node that says nothing of itself counts as ready (a manifest)."""
    said = [condition.status for condition in node.status.conditions if condition.type == "Ready"]
    return not said or said[0] == "True"


def _milli(quantity: Any) -> int:
    """A quantity of CPU in thousandths; 0 where it is none."""
    match = _QUANTITY.fullmatch(str(quantity))
    return 0 if match is None else round(float(match[1]) * (1 if match[2] else 1000))
