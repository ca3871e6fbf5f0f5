"""Ports of rules that no pod has: names that resolve nowhere, and a Service's port where the pod's is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add, replace
from kwake.objects.kinds import NetworkPolicy, PolicyPeer, PolicyPort, ServicePort
from kwake.objects.slips import is_misspelt
from kwake.policy.ends import EGRESS, INGRESS

Wanted = Callable[[ServicePort], bool]
"""Which ports of Services are looked for."""


class _Entry(NamedTuple):
    """A port of a rule."""

    policy: NetworkPolicy
    named: str
    """How the rule is called."""
    path: FieldPath
    port: PolicyPort
    ports: tuple[PolicyPort, ...]
    """All of the rule."""
    shapes: tuple[Shape, ...]
    """The pods that it is about."""
    peers: tuple[PolicyPeer, ...]


def port_findings(scene: Scene) -> Iterator[Finding]:
    """Policies see the pod's own port, after the Service's translation (NP-20), and look names up on the pod (NP-7)."""
    for policy in scene.network_policies:
        home = policy.metadata.namespace
        if INGRESS in policy.directions:
            chosen = scene.matching(home, policy.spec.pod_selector)
            for index, rule in enumerate(policy.spec.ingress):
                yield from _rule(scene, policy, INGRESS, index, rule.ports, chosen, ())
        if EGRESS in policy.directions:
            for index, out in enumerate(policy.spec.egress):
                meant = tuple(shape for peer in out.to for shape in scene.meant(peer, home))
                yield from _rule(scene, policy, EGRESS, index, out.ports, meant, out.to)


def _rule(
    scene: Scene,
    policy: NetworkPolicy,
    direction: str,
    index: int,
    ports: tuple[PolicyPort, ...],
    shapes: tuple[Shape, ...],
    peers: tuple[PolicyPeer, ...],
) -> Iterator[Finding]:
    named = f"{direction.lower()} rule {index + 1}"
    for at, port in enumerate(ports):
        path: FieldPath = ("spec", direction.lower(), index, "ports", at, "port")
        entry = _Entry(policy, named, path, port, ports, shapes, peers)
        if isinstance(port.port, str):
            yield from _name(scene, entry)
        elif port.port is not None and port.end_port is None and shapes:
            yield from _number(scene, entry)


def _name(scene: Scene, entry: _Entry) -> Iterator[Finding]:
    policy, named, path, port, _, shapes, peers = entry
    name = str(port.port)
    if peers and all(peer.ip_block is not None for peer in peers):
        text = f"{named} admits port {name} of an ipBlock: an address has no port names, so it admits nothing"
        yield scene.warning(policy.key, path, text)
        return
    if not shapes or any((name, port.protocol) in shape.names for shape in shapes):
        return
    there = sorted({pair for shape in shapes for pair in shape.names})
    text = f"{named} admits {port.protocol} port {name}, and none of the pods it is about has one"
    for other, protocol in there:
        if other == name:
            fix = add((*path[:-1], "protocol"), protocol)
            yield scene.warning(policy.key, path, f"{text}: theirs is {protocol}", fix)
            return
    for service_port, number in translated(scene, shapes, lambda p: p.name == name and p.protocol == port.protocol):
        text += f": it is a name of {service_port}; policies look at the pod's own"
        yield scene.warning(policy.key, path, text, replace(path, number))
        return
    near = [other for other, protocol in there if protocol == port.protocol and is_misspelt(name, other)]
    if near:
        yield scene.warning(policy.key, path, f"{text}; there is {near[0]}", replace(path, near[0]))
    else:
        has = f"; there is {', '.join(name for name, _ in there)}" if there else ""
        yield scene.warning(policy.key, path, text + has)


def _number(scene: Scene, entry: _Entry) -> Iterator[Finding]:
    """A number that no pod declares, and that a Service translates into one that all of them do."""
    policy, named, path, port, ports, shapes, peers = entry
    number, protocol = port.port, port.protocol
    other = _of_another_protocol(scene, entry)
    if other is not None:
        yield other
        return
    if any(not shape.ports or (protocol, number) in shape.ports for shape in shapes):
        return
    if any(peer.ip_block is not None for peer in peers):
        return
    for name, target in translated(scene, shapes, lambda p: p.port == number and p.protocol == protocol):
        listed = any(_holds(other, protocol, target, shapes) for other in ports)
        if target != number and not listed and all((protocol, target) in shape.ports for shape in shapes):
            text = f"{named} admits {protocol} {number}, which is {name}; policies see the pod's own port: {target}"
            yield scene.warning(policy.key, path, text, replace(path, target))
            return


def _of_another_protocol(scene: Scene, entry: _Entry) -> Finding | None:
    """A number that all the pods have with another protocol, alone or where it stands twice for both
    (github.com/bitnami/charts/issues/29129, github.com/open-telemetry/opentelemetry-operator/issues/5611)."""
    policy, named, path, port, ports, shapes, _ = entry
    number, protocol = port.port, port.protocol
    shared = set.intersection(*(set(shape.ports) for shape in shapes))
    theirs = sorted(own for own, declared in shared if declared == number and own != protocol)
    if not theirs or any(other.port == number and other.protocol == theirs[0] for other in ports):
        return None
    again = ports.index(port) < int(path[-2])
    if not again and (ports.count(port) > 1 or any((protocol, number) in shape.ports for shape in shapes)):
        return None
    twice = " twice" if again else ""
    text = f"{named} admits {protocol} {number}{twice}, and its pods have {number} over {theirs[0]}"
    text += ": a port without protocol is TCP" if protocol == "TCP" else ""
    return scene.warning(policy.key, path, text, add((*path[:-1], "protocol"), theirs[0]))


def _holds(port: PolicyPort, protocol: str, number: int, shapes: Iterable[Shape]) -> bool:
    if port.protocol != protocol:
        return False
    match port.port:
        case None:
            return True
        case int(low):
            return low <= number <= (port.end_port or low)
        case str(name):
            return any(shape.pod.named_port(name, protocol) == number for shape in shapes)


def translated(scene: Scene, shapes: tuple[Shape, ...], wanted: Wanted) -> Iterator[tuple[str, int]]:
    """Ports of Services that select such pods, as words, and the pods' own that they stand for."""
    told: set[tuple[str, int]] = set()
    for shape in shapes:
        for service in scene.services_of(shape):
            for port in service.spec.ports:
                number = None if service.is_headless else scene.target(service, port, shape)  # headless: as it is
                if wanted(port) and number is not None:
                    found = f"port {port.port} of Service {service.metadata.namespace}/{service.metadata.name}", number
                    if found not in told:
                        told.add(found)
                        yield found
