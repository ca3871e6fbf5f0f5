"""Callers that are no pods: the API server, and clients from outside. No selector of a policy means them (NP-15)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.opening import Opened, rule_added
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.linting.webhooks import references
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Change
from kwake.objects.kinds import Service, ServicePort
from kwake.objects.selector import LabelSelector
from kwake.policy.ends import INGRESS, PolicyEnd
from kwake.policy.rules import CompiledPolicy

RELAYS = frozenset({"konnectivity-agent", "tunnelfront", "kube-apiserver"})
"""Label values of pods through which an API server may reach others."""


class CutOff(msgspec.Struct, frozen=True):
    """Pods of a Service whom only pods may reach."""

    shapes: tuple[Shape, ...]
    isolating: tuple[CompiledPolicy, ...]
    """The policies of the first of them."""
    ports: tuple[tuple[str, int], ...]
    """Protocols and numbers of the pods' ports behind those of the Service."""

    def __str__(self) -> str:
        names = ", ".join(policy.key.name for policy in self.isolating)
        ports = ", ".join(f"{protocol} {number}" for protocol, number in self.ports)
        return f"no rule admits an address on {ports} (isolated by {names})"


def server_findings(scene: Scene) -> Iterator[Finding]:
    """Webhooks and APIServices whose pods admit pods alone: the API server calls from an address, so every request that
    needs them fails (github.com/crossplane/crossplane/issues/4092, github.com/elastic/cloud-on-k8s/issues/1634)."""
    for key, path, reference in references(scene):
        service = scene.cluster.service(reference.namespace, reference.name)
        ports = () if service is None else tuple(p for p in service.spec.ports if p.port == reference.port)
        cut = None if service is None else _cut_off(scene, service, ports)
        if service is None or cut is None or _is_relayed(scene, cut):
            continue
        text = (
            f"the API server calls Service {_named(service)} for it, and is no pod: {cut}, so its calls are dropped "
            "unless it runs on the pod's own node"
        )
        yield Finding("warning", str(key), text, scene.where(key, path), (_opening(scene, service, cut, ()),))


def outside_findings(scene: Scene) -> Iterator[Finding]:
    """Services for clients from outside whose pods admit pods alone, on every port."""
    for services in scene.services.values():
        for service in services:
            if service.spec.type not in ("LoadBalancer", "NodePort"):
                continue
            cut = _cut_off(scene, service, service.spec.ports)
            if cut is None:
                continue
            text = (
                f"is of type {service.spec.type}, and {cut}: clients from outside are dropped, unless they come "
                "by way of the pod's own node (inferred)"
            )
            keeps = service.spec.external_traffic_policy == "Local"
            ranges = service.spec.load_balancer_source_ranges if keeps else ()
            where = scene.where(service.key, ("spec", "type"))
            yield Finding("warning", str(service.key), text, where, (_opening(scene, service, cut, ranges),))


def _cut_off(scene: Scene, service: Service, ports: tuple[ServicePort, ...]) -> CutOff | None:
    """None where an address is admitted on any port, or where that is not known."""
    found: list[tuple[str, int]] = []
    shapes = scene.behind(service)
    for shape in shapes:
        if not scene.policies.selecting(shape.pod, INGRESS) or scene.policies.unread_for(shape.pod, INGRESS):
            return None
        for port in ports:
            number = scene.target(service, port, shape)
            if number is None:
                continue
            if admits_an_address(scene, shape, port.protocol, number):
                return None
            found.append((port.protocol, number))
    if not found:
        return None
    return CutOff(shapes, scene.policies.selecting(shapes[0].pod, INGRESS), tuple(dict.fromkeys(found)))


def admits_an_address(scene: Scene, shape: Shape, protocol: str, number: int) -> bool:
    """Whether any rule lets somebody in by address, or everybody."""
    return any(
        (not rule.peers or any(peer.ip_block is not None for peer in rule.peers))
        and rule.connections(shape.pod).holds(protocol, number)
        for policy in scene.policies.selecting(shape.pod, INGRESS)
        for rule in policy.ingress
    )


def _is_relayed(scene: Scene, cut: CutOff) -> bool:
    """Whether pods through which the API server may come are admitted."""
    relays = [shape.pod for shapes in scene.shapes.values() for shape in shapes if RELAYS & set(shape.labels.values())]
    return any(
        scene.policies.seeing.rule_admits(rule, PolicyEnd(relay, relay.ip)) is not False
        for relay in relays
        for policy in cut.isolating
        for rule in policy.ingress
    )


def _opening(scene: Scene, service: Service, cut: CutOff, ranges: tuple[str, ...]) -> Change:
    """A rule for the ports in the policy that is about these pods, or a policy of its own beside general ones."""
    rule: dict[str, object] = {"ports": [{"port": number, "protocol": protocol} for protocol, number in cut.ports]}
    if ranges:
        rule["from"] = [{"ipBlock": {"cidr": range_.strip()}} for range_ in ranges]
    selector = LabelSelector(match_labels=dict(service.spec.selector))
    opened = Opened(cut.shapes, selector, service.metadata.namespace, f"{service.metadata.name}-callers")
    return rule_added(opened, cut.isolating, INGRESS, rule)


def _named(service: Service) -> str:
    return f"{service.metadata.namespace}/{service.metadata.name}"
