"""Subjects and peers of the admin tiers that mean nobody, and port names that no pod has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kwake.linting.ports import translated
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.linting.spaces import meant_namespace
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Operation, replace
from kwake.objects.kinds import AdminPeer, AdminPolicy, AdminRule, AdminSubject, ServicePort
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import is_misspelt, prefixed, respelt, slips
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.tiers import TierPolicy, TierRule


def tier_peer_findings(scene: Scene) -> Iterator[Finding]:
    """Policies of the tiers that judge no pod, peers that match nothing and have one likely meaning, and names of ports
    that none of the pods has that a rule is about."""
    everybody = [shape for shapes in scene.shapes.values() for shape in shapes]
    for policy in scene.policies.tiers if everybody else ():
        judged = [s for s in everybody if scene.policies.tier_seeing.selects(policy.subject, s.pod) is not False]
        if not judged:
            why, fix = _why(scene, policy.subject, ("spec", "subject")) or ("", ())
            text = f"judges 0 pods: {_spelt(policy.subject)}{why}"
            yield scene.warning(policy.key, ("spec", "subject"), text, *fix)
            continue
        for direction in (INGRESS, EGRESS):
            for rule in policy.rules(direction):
                yield from _rule(scene, policy, rule, judged, everybody)


def _rule(
    scene: Scene, policy: TierPolicy, rule: TierRule, judged: list[Shape], everybody: list[Shape]
) -> Iterator[Finding]:
    field = "from" if rule.ref.direction == INGRESS else "to"
    meant = []
    for at, peer in enumerate(rule.peers):
        those = [shape for shape in everybody if _means(scene, peer, shape) is not False]
        meant += those
        path: FieldPath = (*rule.ref.path, field, at)
        found = None if those else _why(scene, peer, path)
        if found is not None:
            yield scene.warning(policy.key, path, f"{rule.ref} means {_spelt(peer)}{found[0]}", *found[1])
    about = judged if rule.ref.direction == INGRESS else meant
    if about:
        yield from _names(scene, policy, rule, about)
        yield from _numbers(scene, policy, rule, tuple(about))


def _means(scene: Scene, peer: AdminPeer, shape: Shape) -> bool | None:
    subject = AdminSubject(peer.namespaces, peer.pods)
    return scene.policies.tier_seeing.selects(subject, shape.pod)


def _why(scene: Scene, whom: AdminSubject | AdminPeer, path: FieldPath) -> tuple[str, tuple[Operation, ...]] | None:
    """What is nearly right about whom a policy means; None where nothing is, or where they are no pods."""
    if whom.namespaces is not None:
        return meant_namespace(scene, whom.namespaces, (*path, "namespaces", "matchLabels"))
    if whom.pods is None:
        return None
    spaces = scene.namespaces(whom.pods.namespace_selector)
    if not spaces:
        labels: FieldPath = (*path, "pods", "namespaceSelector", "matchLabels")
        return meant_namespace(scene, whom.pods.namespace_selector, labels)
    there = [shape.labels for space in spaces for shape in scene.shapes[space]]
    slip = next(slips(whom.pods.pod_selector, there), None) or prefixed(whom.pods.pod_selector, there)
    if slip is None:
        return None
    where: FieldPath = (*path, "pods", "podSelector", "matchLabels")
    return f", and no pod there is so; nearest label {slip}", respelt(where, slip)


def _spelt(whom: AdminSubject | AdminPeer) -> str:
    if whom.namespaces is not None:
        return f"pods of namespaces with {whom.namespaces}"
    pods = whom.pods.pod_selector if whom.pods is not None else LabelSelector()
    spaces = whom.pods.namespace_selector if whom.pods is not None else LabelSelector()
    return f"pods with {pods} of namespaces with {spaces}"


def _names(scene: Scene, policy: TierPolicy, rule: TierRule, about: list[Shape]) -> Iterator[Finding]:
    """Names are looked up on each destination, whatever its protocol (NP-7, NP-16)."""
    there = sorted({name for shape in about for name, _ in shape.names})
    for path, name in _named_ports(scene, policy, rule):
        if name in there:
            continue
        near = [other for other in there if is_misspelt(name, other)]
        has = f"; there is {', '.join(near or there)}" if there else ""
        text = f"{rule.ref} is about port {name}, and none of the pods that it means has one{has}"
        yield scene.warning(policy.key, path, text, *([replace(path, near[0])] if near else ()))


def _numbers(scene: Scene, policy: TierPolicy, rule: TierRule, about: tuple[Shape, ...]) -> Iterator[Finding]:
    """A Service's port where the pods' own is meant: the tiers judge after the translation, too (NP-20)."""
    for path, protocol, number in _numbered_ports(scene, policy, rule):
        if any(not shape.ports or (protocol, number) in shape.ports for shape in about):
            continue
        wanted = partial(_is_port, protocol, number)
        for name, target in translated(scene, about, wanted):
            held = rule.fixed.holds(protocol, target)
            if target != number and not held and all((protocol, target) in shape.ports for shape in about):
                text = f"{rule.ref} is about {protocol} {number}, which is {name}; policies see the pod's own: {target}"
                yield scene.warning(policy.key, path, text, replace(path, target))
                break


def _is_port(protocol: str, number: int, port: ServicePort) -> bool:
    return port.protocol == protocol and port.port == number


def _numbered_ports(scene: Scene, policy: TierPolicy, rule: TierRule) -> Iterator[tuple[FieldPath, str, int]]:
    """The single port numbers of a rule with their protocols, and where they stand in either API."""
    of = _written(scene, policy, rule)
    for at, port in enumerate(of.ports if of is not None else ()):
        if port.port_number is not None:
            number = port.port_number
            yield (*rule.ref.path, "ports", at, "portNumber", "port"), number.protocol or "TCP", number.port
    for at, entry in enumerate(of.protocols if of is not None else ()):
        for protocol, match in (("tcp", entry.tcp), ("udp", entry.udp), ("sctp", entry.sctp)):
            wanted = match.destination_port if match is not None else None
            if wanted is not None and wanted.number is not None:
                path: FieldPath = (*rule.ref.path, "protocols", at, protocol, "destinationPort", "number")
                yield path, protocol.upper(), wanted.number


def _written(scene: Scene, policy: TierPolicy, rule: TierRule) -> AdminRule | None:
    value = scene.cluster.record(policy.key).value
    if not isinstance(value, AdminPolicy):
        return None
    rules = value.spec.ingress if rule.ref.direction == INGRESS else value.spec.egress
    return rules[rule.ref.index]


def _named_ports(scene: Scene, policy: TierPolicy, rule: TierRule) -> Iterator[tuple[FieldPath, str]]:
    """The port names of a rule, and where they stand in either API."""
    of = _written(scene, policy, rule)
    for at, port in enumerate(of.ports if of is not None else ()):
        if port.named_port is not None:
            yield (*rule.ref.path, "ports", at, "namedPort"), port.named_port
    for at, entry in enumerate(of.protocols if of is not None else ()):
        if entry.destination_named_port is not None:
            yield (*rule.ref.path, "protocols", at, "destinationNamedPort"), entry.destination_named_port
