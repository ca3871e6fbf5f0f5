"""What stands behind a Service that selects no pods: the API server, most often."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.scene import Scene
from kwake.objects.json_patch import Operation, add
from kwake.objects.key import Key
from kwake.policy.change import single
from kwake.policy.rules import Rule, block_holds

API_SERVER = Key("Service", "default", "kubernetes", "")
"""The Service that pods find the API server by; it selects nothing, its endpoints are addresses of nodes or beyond."""


class Endpoint(msgspec.Struct, frozen=True, order=True):
    """An address and a port that connections to a Service are sent on to."""

    ip: str
    protocol: str
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


def endpoints_of(scene: Scene, service: Key) -> tuple[Endpoint, ...]:
    """Where its EndpointSlices send connections, as far as the snapshot has any."""
    found = {
        Endpoint(ip, port.protocol, port.port)
        for part in scene.cluster.slices_by_service.get(service, ())
        for endpoint in part.endpoints
        for ip in endpoint.addresses
        for port in part.ports
        if port.port is not None
    }
    return tuple(sorted(found))


def admitting(rule: Rule, endpoints: tuple[Endpoint, ...]) -> Iterator[Operation]:
    """The operations on an egress rule that let it admit endpoints: their addresses, and their ports."""
    path = rule.ref.path
    held = [peer.ip_block for peer in rule.peers if peer.ip_block is not None]
    for ip in sorted({endpoint.ip for endpoint in endpoints}):
        if not any(block_holds(block, ip) for block in held):
            yield add((*path, "to", "-"), {"ipBlock": {"cidr": single(ip)}})
    for protocol, number in sorted({(endpoint.protocol, endpoint.port) for endpoint in endpoints}):
        if not rule.fixed.holds(protocol, number):
            yield add((*path, "ports", "-"), {"port": number, "protocol": protocol})
