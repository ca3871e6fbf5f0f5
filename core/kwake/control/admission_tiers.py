"""AdminNetworkPolicies, BaselineAdminNetworkPolicies and ClusterNetworkPolicies that the API server refuses.

By the validation that their CRDs carry (network-policy-api, `apis/v1alpha1` and `apis/v1alpha2`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kwake.control.admission_names import port_number
from kwake.control.admission_policies import selector_violations
from kwake.control.violation import Violation, invalid, required, unsupported
from kwake.objects.cidr import parse_cidr
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.kinds import (
    AdminPeer,
    AdminPolicy,
    AdminPort,
    AdminProtocol,
    AdminRule,
    AdminSubject,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    NamespacedPods,
    PortRange,
)

TIERS = ("Admin", "Baseline")
HIGHEST_PRIORITY = 1000
LONGEST_NAME = 100
MOST = 25
"""Rules, peers and ports of a ClusterNetworkPolicy, and networks and domain names of any kind."""
MOST_V1ALPHA1 = 100

_ONE = "exactly one field must be set"
_NO_NAMED_PORTS = "cannot be set with named ports: networks, nodes and domain names have none"


def tier_violations(policy: AdminPolicy, manifest: Manifest) -> Iterator[Violation]:
    """Every rule that such a policy breaks."""
    spec = policy.spec
    if isinstance(policy, BaselineAdminNetworkPolicy):
        if policy.metadata.name != "default":
            words = 'Only one baseline admin network policy with metadata.name="default" can be created in the cluster'
            yield invalid(("metadata", "name"), policy.metadata.name, words)
    elif spec.priority is None:
        yield required(("spec", "priority"))
    elif not 0 <= spec.priority <= HIGHEST_PRIORITY:
        words = f"should be between 0 and {HIGHEST_PRIORITY}"
        yield invalid(("spec", "priority"), spec.priority, words)
    if isinstance(policy, ClusterNetworkPolicy) and spec.tier not in TIERS:
        yield unsupported(("spec", "tier"), spec.tier, TIERS) if spec.tier else required(("spec", "tier"))
    yield from _subject(spec.subject, ("spec", "subject"))
    most = MOST if isinstance(policy, ClusterNetworkPolicy) else MOST_V1ALPHA1
    for direction, rules in (("ingress", spec.ingress), ("egress", spec.egress)):
        yield from _at_most(most, rules, ("spec", direction))
        for at, rule in enumerate(rules):
            written = manifest["spec"][direction][at]
            yield from _rule(policy, rule, written, direction, most, ("spec", direction, at))


def _at_most(most: int, items: tuple[object, ...], path: FieldPath) -> Iterator[Violation]:
    if len(items) > most:
        yield Violation(path, f"Too many: {len(items)}: must have at most {most} items")


def _subject(subject: AdminSubject, path: FieldPath) -> Iterator[Violation]:
    given = [subject.namespaces, subject.pods]
    yield from _exactly_one(sum(field is not None for field in given), path)
    if subject.namespaces is not None:
        yield from selector_violations(subject.namespaces, (*path, "namespaces"))
    yield from _pods(subject.pods, (*path, "pods"))


def _exactly_one(count: int, path: FieldPath) -> Iterator[Violation]:
    if count == 0:
        yield required(path, _ONE)
    elif count > 1:
        yield Violation(path, f"Too many: {count}: {_ONE}")


def _pods(pods: NamespacedPods | None, path: FieldPath) -> Iterator[Violation]:
    if pods is not None:
        yield from selector_violations(pods.namespace_selector, (*path, "namespaceSelector"))
        yield from selector_violations(pods.pod_selector, (*path, "podSelector"))


def _rule(
    policy: AdminPolicy, rule: AdminRule, written: Manifest, direction: str, most: int, path: FieldPath
) -> Iterator[Violation]:
    if len(rule.name) > LONGEST_NAME:
        yield Violation((*path, "name"), f"Too long: may not be more than {LONGEST_NAME} characters")
    actions = _actions(policy)
    if rule.action not in actions:
        action = (*path, "action")
        yield unsupported(action, rule.action, actions) if rule.action else required(action)
    field = "from" if direction == "ingress" else "to"
    peers = rule.from_ if direction == "ingress" else rule.to
    if not peers:
        yield required((*path, field), "must be defined and contain at least one item")
    yield from _at_most(most, peers, (*path, field))
    for at, peer in enumerate(peers):
        yield from _peer(policy, peer, written[field][at], direction, (*path, field, at))
    ports = rule.protocols if isinstance(policy, ClusterNetworkPolicy) else rule.ports
    listed = "protocols" if isinstance(policy, ClusterNetworkPolicy) else "ports"
    if written.get(listed) == []:
        yield invalid((*path, listed), "[]", "should have at least 1 items")
    yield from _at_most(most, ports, (*path, listed))
    for at, port in enumerate(rule.protocols):
        yield from _protocol(port, (*path, "protocols", at))
    for at, entry in enumerate(rule.ports):
        yield from _port(entry, (*path, "ports", at))
    if any(_has_no_named_ports(peer) for peer in peers) and _names_ports(rule):
        yield Violation((*path, listed), f"Invalid value: {_NO_NAMED_PORTS}", "reported")


def _actions(policy: AdminPolicy) -> tuple[str, ...]:
    match policy:
        case ClusterNetworkPolicy():
            return ("Accept", "Deny", "Pass")
        case BaselineAdminNetworkPolicy():
            return ("Allow", "Deny")
        case _:
            return ("Allow", "Deny", "Pass")


def _peer(policy: AdminPolicy, peer: AdminPeer, written: Any, direction: str, path: FieldPath) -> Iterator[Violation]:
    outside = (peer.nodes, peer.networks, peer.domain_names) if direction == "egress" else ()
    given = [field for field in (peer.namespaces, peer.pods, *outside) if field is not None]
    # A field of a version to come makes the rule fail closed; v1alpha1 gets no new ones, so there it is dropped.
    if given or not written or not isinstance(policy, ClusterNetworkPolicy):
        yield from _exactly_one(len(given), path)
    if peer.namespaces is not None:
        yield from selector_violations(peer.namespaces, (*path, "namespaces"))
    if peer.nodes is not None:
        yield from selector_violations(peer.nodes, (*path, "nodes"))
    yield from _pods(peer.pods, (*path, "pods"))
    for name, listed in (("networks", peer.networks), ("domainNames", peer.domain_names)):
        if listed is not None:
            yield from _at_most(MOST, listed, (*path, name))
            if not listed:
                yield invalid((*path, name), "[]", "should have at least 1 items")
    for at, cidr in enumerate(peer.networks or ()):
        if parse_cidr(cidr) is None:
            yield invalid((*path, "networks", at), cidr, "Invalid CIDR format provided")


def _has_no_named_ports(peer: AdminPeer) -> bool:
    return any(field is not None for field in (peer.nodes, peer.networks, peer.domain_names))


def _names_ports(rule: AdminRule) -> bool:
    return any(port.named_port is not None for port in rule.ports) or any(
        entry.destination_named_port is not None for entry in rule.protocols
    )


def _port(port: AdminPort, path: FieldPath) -> Iterator[Violation]:
    """A port of v1alpha1. A protocol may be any word there: an unknown one matches nothing."""
    given = (port.port_number, port.port_range, port.named_port)
    yield from _exactly_one(sum(field is not None for field in given), path)
    if port.port_number is not None:
        number = (*path, "portNumber", "port")
        yield from (invalid(number, port.port_number.port, words) for words in port_number(port.port_number.port))
    if port.port_range is not None:
        # Its CRD does not compare the two; backwards it matches nothing, and nobody means that.
        yield from _range(port.port_range, (*path, "portRange"), may_be_one=True)


def _protocol(entry: AdminProtocol, path: FieldPath) -> Iterator[Violation]:
    """An entry of `protocols` of v1alpha2."""
    given = (entry.tcp, entry.udp, entry.sctp, entry.destination_named_port)
    yield from _exactly_one(sum(field is not None for field in given), path)
    for name, match in (("tcp", entry.tcp), ("udp", entry.udp), ("sctp", entry.sctp)):
        port = match.destination_port if match is not None else None
        where = (*path, name, "destinationPort")
        if port is not None:
            yield from _exactly_one((port.number is not None) + (port.range is not None), where)
            if port.number is not None:
                number = port.number
                yield from (invalid((*where, "number"), number, words) for words in port_number(number))
            if port.range is not None:
                yield from _range(port.range, (*where, "range"))


def _range(ports: PortRange, path: FieldPath, *, may_be_one: bool = False) -> Iterator[Violation]:
    for name, number in (("start", ports.start), ("end", ports.end)):
        yield from (invalid((*path, name), number, words) for words in port_number(number))
    if ports.start > ports.end or (ports.start == ports.end and not may_be_one):
        yield invalid(path, f"{ports.start}-{ports.end}", "Start port must be less than End port")
