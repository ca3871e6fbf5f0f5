"""NetworkPolicies that the API server refuses (`k8s:pkg/apis/networking/validation/validation.go`)."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.control.admission_names import label_value, port_name, port_number, qualified_name
from kwake.control.violation import Violation, forbidden, invalid, required, unsupported
from kwake.objects.cidr import parse_cidr
from kwake.objects.document import FieldPath
from kwake.objects.kinds import IPBlock, NetworkPolicy, PolicyPeer, PolicyPort
from kwake.objects.selector import LabelSelector, Requirement

PROTOCOLS = ("TCP", "UDP", "SCTP")
DIRECTIONS = ("Ingress", "Egress")


def policy_violations(policy: NetworkPolicy) -> Iterator[Violation]:
    """Every rule that a NetworkPolicy's spec breaks."""
    spec = policy.spec
    yield from selector_violations(spec.pod_selector, ("spec", "podSelector"))
    rules = [(("spec", "ingress", at), "from", rule.from_, rule.ports) for at, rule in enumerate(spec.ingress)]
    rules += [(("spec", "egress", at), "to", rule.to, rule.ports) for at, rule in enumerate(spec.egress)]
    for path, peers_field, peers, ports in rules:
        for at, port in enumerate(ports):
            yield from _port(port, (*path, "ports", at))
        for at, peer in enumerate(peers):
            yield from _peer(peer, (*path, peers_field, at))
    if len(spec.policy_types) > len(DIRECTIONS):
        yield invalid(("spec", "policyTypes"), list(spec.policy_types), "may not specify more than two policyTypes")
        return
    for at, direction in enumerate(spec.policy_types):
        if direction not in DIRECTIONS:
            yield unsupported(("spec", "policyTypes", at), direction, DIRECTIONS)


def _port(port: PolicyPort, path: FieldPath) -> Iterator[Violation]:
    if port.protocol not in PROTOCOLS:
        yield unsupported((*path, "protocol"), port.protocol, PROTOCOLS)
    end = (*path, "endPort")
    match port.port:
        case None:
            if port.end_port is not None:
                yield invalid(end, port.end_port, "may not be specified when `port` is not specified")
        case int():
            yield from (invalid((*path, "port"), port.port, words) for words in port_number(port.port))
            if port.end_port is not None:
                if port.end_port < port.port:
                    yield invalid(end, port.end_port, "must be greater than or equal to `port`")
                yield from (invalid(end, port.end_port, words) for words in port_number(port.end_port))
        case str():
            if port.end_port is not None:
                yield invalid(end, port.end_port, "may not be specified when `port` is non-numeric")
            yield from (invalid((*path, "port"), port.port, words) for words in port_name(port.port))


def _peer(peer: PolicyPeer, path: FieldPath) -> Iterator[Violation]:
    selectors = (("podSelector", peer.pod_selector), ("namespaceSelector", peer.namespace_selector))
    for name, selector in selectors:
        if selector is not None:
            yield from selector_violations(selector, (*path, name))
    if peer.ip_block is not None:
        yield from _ip_block(peer.ip_block, (*path, "ipBlock"))
        if peer.pod_selector is not None or peer.namespace_selector is not None:
            yield forbidden(path, "may not specify both ipBlock and another peer")
    elif peer.pod_selector is None and peer.namespace_selector is None:
        yield required(path, "must specify a peer")


def _ip_block(block: IPBlock, path: FieldPath) -> Iterator[Violation]:
    bad = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    if not block.cidr:
        yield required((*path, "cidr"))
        return
    whole = parse_cidr(block.cidr)
    if whole is None:
        yield invalid((*path, "cidr"), block.cidr, bad)
        return
    for at, text in enumerate(block.except_):
        part = parse_cidr(text)
        where = (*path, "except", at)
        if part is None:
            yield invalid(where, text, bad)
        elif part.network_address not in whole or part.prefixlen <= whole.prefixlen:
            yield invalid(where, text, "must be a strict subset of `cidr`")


def selector_violations(selector: LabelSelector, path: FieldPath) -> Iterator[Violation]:
    """Every rule that a label selector breaks."""
    labels = (*path, "matchLabels")
    for key, value in selector.match_labels.items():
        yield from (invalid((*labels, key), key, words) for words in qualified_name(key))
        yield from (invalid((*labels, key), value, words) for words in label_value(value))
    for at, requirement in enumerate(selector.match_expressions):
        yield from _requirement(requirement, (*path, "matchExpressions", at))


def _requirement(requirement: Requirement, path: FieldPath) -> Iterator[Violation]:
    values = (*path, "values")
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                yield required(values, "must be specified when `operator` is 'In' or 'NotIn'")
        case "Exists" | "DoesNotExist":
            if requirement.values:
                yield forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        case operator:
            yield invalid((*path, "operator"), operator, "not a valid selector operator")
    yield from (invalid((*path, "key"), requirement.key, words) for words in qualified_name(requirement.key))
    for at, value in enumerate(requirement.values):
        yield from (invalid((*values, at), value, words) for words in label_value(value))
