"""A Service as its clients find it: every name and address that it answers to, and who gets through by each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from kwake.dataplane.dns import service_name
from kwake.dataplane.path import Outcome, Path
from kwake.errors import KwakeError
from kwake.objects.basis import Basis, weakest
from kwake.objects.kinds import Node, Pod, Service, ServicePort
from kwake.policy.workloads import workload_name
from kwake.world import World

MOST_CLIENTS = 24
"""Workloads and nodes of each kind that are asked at most: each costs a trace for every frontend."""


class Barred(msgspec.Struct, frozen=True):
    """Clients whose dials do not all arrive, for one reason."""

    clients: tuple[str, ...]
    """References of workloads or nodes, or `internet`."""
    outcome: Outcome
    """How their dials end; mixed where some endpoints can be reached."""
    reason: str
    """Why those that do not arrive do not."""
    rule: str


class Use(msgspec.Struct, frozen=True):
    """How clients of one kind fare with a frontend."""

    clients: str
    """`pods`, `nodes` or `outside`."""
    asked: int
    """How many were asked: workloads, nodes, or one address outside."""
    delivered: int
    """Of how many every dial arrives."""
    outcome: Outcome
    """How dials end; mixed where clients fare differently."""
    reason: str
    """Why the first of those that do not arrive does not; empty if all do."""
    rule: str
    basis: Basis
    through: tuple[str, ...] = ()
    """Those whose every dial arrives."""
    barred: tuple[Barred, ...] = ()
    """The others, by why; those that are most first."""

    @property
    def partly(self) -> int:
        """Of how many some dials arrive and others do not."""
        return sum(len(group.clients) for group in self.barred if group.outcome is Outcome.MIXED)


class Frontend(msgspec.Struct, frozen=True):
    """One name or address with a port."""

    kind: str
    """`DNS name`, `ClusterIP`, `node port`, `load balancer`, `external IP` or `alias`."""
    address: str
    port: ServicePort | None
    rule: str
    uses: tuple[Use, ...]

    @property
    def shown_address(self) -> str:
        """The address with its port: `10.96.0.10:53`, `[fd00::1]:53`."""
        if self.port is None:
            return self.address
        number = self.port.node_port if self.kind == "node port" else self.port.port
        return f"[{self.address}]:{number}" if ":" in self.address else f"{self.address}:{number}"


def frontends(world: World, reference: str) -> tuple[Frontend, ...]:
    """All frontends of a Service, as they are at this moment. Raises ReferenceNotFound for no Service."""
    key = world.cluster.resolve(reference, "Service")
    service = world.cluster.record(key).value
    if not isinstance(service, Service):
        raise KwakeError(f"{reference}: this is a {key.kind}, not a Service")
    return tuple(_all(world, service, _Clients.of(world)))


class _Clients(msgspec.Struct, frozen=True):
    """Who is asked."""

    pods: tuple[str, ...]
    nodes: tuple[str, ...]

    @classmethod
    def of(cls, world: World) -> _Clients:
        """A reference for each workload and node."""
        names = sorted({workload_name(world.cluster, pod) for pod in world.cluster.all(Pod) if pod.ips})
        workloads = tuple(f"{name.removesuffix(']').partition('[')[2]}/{name.partition('[')[0]}" for name in names)
        return cls(workloads[:MOST_CLIENTS], tuple(str(node.key) for node in world.cluster.all(Node))[:MOST_CLIENTS])


def _all(world: World, service: Service, clients: _Clients) -> Iterator[Frontend]:
    name = service_name(world.view, service.metadata.namespace, service.metadata.name).rstrip(".")
    spec, reference = service.spec, str(service.key)
    if spec.type == "ExternalName":
        uses = _uses(world, ("pods", clients.pods), target=reference, port=spec.ports[0].port if spec.ports else 443)
        yield Frontend("alias", f"{name} → {spec.external_name}", None, "DN-8", uses)
        return
    for port in spec.ports:
        uses = _uses(world, ("pods", clients.pods), target=reference, port=port.port, protocol=port.protocol)
        yield Frontend("DNS name", name, port, "DN-2" if service.is_headless else "DN-1", uses)
    for address in service.cluster_ips:
        for port in spec.ports:
            yield _at(world, "ClusterIP", address, port, "SV-40", clients, outside=True)
    for node in world.cluster.all(Node)[:MOST_CLIENTS]:
        for port in spec.ports:
            if port.node_port and node.ip:
                yield _at(world, "node port", node.ip, port, "SV-49", clients, outside=True)
    for ingress in service.status.load_balancer.ingress:
        for port in spec.ports:
            if ingress.ip:
                yield _at(world, "load balancer", ingress.ip, port, "SV-46", clients, outside=True)
            else:
                yield Frontend("load balancer", ingress.hostname, port, "SV-46", ())
    for address in spec.external_ips:
        for port in spec.ports:
            yield _at(world, "external IP", address, port, "SV-40", clients, outside=True)


def _at(
    world: World, kind: str, address: str, port: ServicePort, rule: str, clients: _Clients, *, outside: bool
) -> Frontend:
    number = port.node_port if kind == "node port" else port.port
    asked = [("pods", clients.pods), ("nodes", clients.nodes), *([("outside", ("internet",))] if outside else [])]
    uses = tuple(
        use for group in asked for use in _uses(world, group, target=address, port=number, protocol=port.protocol)
    )
    return Frontend(kind, address, port, rule, uses)


def _uses(
    world: World, group: tuple[str, Sequence[str]], *, target: str, port: int, protocol: str = "TCP"
) -> tuple[Use, ...]:
    """How a group of clients fares; none where nobody of them can dial."""
    found = {client: path for client in group[1] if (path := _path(world, client, target, port, protocol)) is not None}
    if not found:
        return ()
    paths = list(found.values())
    outcomes = {branch.outcome for path in paths for branch in path.branches}
    failing = [branch for path in paths for branch in path.branches if branch.outcome is not Outcome.DELIVERED]
    return (
        Use(
            clients=group[0],
            asked=len(paths),
            delivered=sum(path.outcome is Outcome.DELIVERED for path in paths),
            outcome=outcomes.pop() if len(outcomes) == 1 else Outcome.MIXED,
            reason=failing[0].reason if failing else "",
            rule=next((hop.cite for hop in reversed(failing[0].hops) if hop.cite), "") if failing else "",
            basis=weakest(path.basis for path in paths),
            through=tuple(client for client, path in found.items() if path.outcome is Outcome.DELIVERED),
            barred=_barred(found),
        ),
    )


def _barred(found: Mapping[str, Path]) -> tuple[Barred, ...]:
    """Those whose dials do not all arrive, by how they end and why."""
    alike: dict[tuple[Outcome, str, str], list[str]] = {}
    for client, path in found.items():
        failing = next((branch for branch in path.branches if branch.outcome is not Outcome.DELIVERED), None)
        if failing is not None:
            rule = next((hop.cite for hop in reversed(failing.hops) if hop.cite), "")
            alike.setdefault((path.outcome, failing.reason, rule), []).append(client)
    groups = [Barred(tuple(clients), *key) for key, clients in alike.items()]
    return tuple(sorted(groups, key=lambda group: -len(group.clients)))


def _path(world: World, client: str, target: str, port: int, protocol: str) -> Path | None:
    try:
        return world.trace(client, target, port, protocol)
    except KwakeError:  # a workload without a live pod, a node without an address
        return None
