"""AdminNetworkPolicies, BaselineAdminNetworkPolicies and ClusterNetworkPolicies that the API server refuses.

By the schemas and rules of their CRDs (network-policy-api, `config/crd/experimental`, whose channel has every field:
v0.1.7 for v1alpha1, v0.2.0 for v1alpha2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kwake.control.admission_policies import selector_violations
from kwake.control.schema import Anything, Fields, Items, Number, Schema, Text, schema_violations, unknown_fields
from kwake.control.violation import Violation, invalid
from kwake.objects.cidr import is_strict_cidr
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.kinds import (
    AdminPeer,
    AdminPolicy,
    AdminRule,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    NamespacedPods,
    PortRange,
)
from kwake.objects.nulls import without_nulls

_ANY = Anything()
_NAME = Text()
_PORT = Number(1, 65535)
_RULE_NAME = Text(longest=100)
_EXPRESSION = Fields({"key": _NAME, "operator": _NAME, "values": Items(_NAME)}, ("key", "operator"))
_SELECTOR = Fields({"matchLabels": _ANY, "matchExpressions": Items(_EXPRESSION)})
_NETWORKS = Items(Text(longest=43), least=1, most=25, unique=True)
_LABELS = r"[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?"
_DOMAINS = Items(Text(pattern=rf"^(\*\.)?({_LABELS}\.)+{_LABELS}\.?$"), least=1, most=25, unique=True)


def _pods(*required: str) -> Fields:
    return Fields({"namespaceSelector": _SELECTOR, "podSelector": _SELECTOR}, left_out=required)


def _of_tier(subject: Fields, ports: dict[str, Schema], most: int, actions: tuple[str, ...],
             outside: dict[str, Schema], own: dict[str, Schema], *, fails_closed: bool = False) -> Fields:  # fmt: skip
    """A kind's schema: `outside` are the peers that egress alone has, `own` the fields of its spec."""

    def rules(field: str, peers: dict[str, Schema]) -> Items:
        peer = Fields({**subject.fields, **peers}, one=True, fails_closed=fails_closed)
        fields = {"name": _RULE_NAME, "action": Text(actions), field: Items(peer, least=1, most=most), **ports}
        return Items(Fields(fields, ("action", field)), most=most)

    both = {"ingress": rules("from", {}), "egress": rules("to", outside)}
    spec = Fields({**own, "subject": subject, **both}, (*own, "subject"))
    top = dict.fromkeys(("apiVersion", "kind", "metadata", "status"), _ANY)
    return Fields({**top, "spec": spec}, ("spec",))


_SUBJECT = Fields({"namespaces": _SELECTOR, "pods": _pods("namespaceSelector", "podSelector")}, one=True)
_RANGE = Fields({"protocol": _NAME, "start": _PORT, "end": _PORT}, ("end", "start"))
_NUMBER = Fields({"protocol": _NAME, "port": _PORT}, ("port",))
_ENTRY = Fields({"portNumber": _NUMBER, "portRange": _RANGE, "namedPort": _NAME}, one=True)
_PORTS: dict[str, Schema] = {"ports": Items(_ENTRY, least=1, most=100)}
_PRIORITY: dict[str, Schema] = {"priority": Number(0, 1000)}
_OUTSIDE: dict[str, Schema] = {"nodes": _SELECTOR, "networks": _NETWORKS}
_NAMED: dict[str, Schema] = {**_OUTSIDE, "domainNames": _DOMAINS}

_SUBJECT_V1ALPHA2 = Fields({"namespaces": _SELECTOR, "pods": _pods("podSelector")}, one=True)
_RANGE_V1ALPHA2 = Fields({"start": _PORT, "end": _PORT}, ("end", "start"))
_MATCH = Fields({"destinationPort": Fields({"number": _PORT, "range": _RANGE_V1ALPHA2}, one=True)})
_PROTOCOL = Fields({"tcp": _MATCH, "udp": _MATCH, "sctp": _MATCH, "destinationNamedPort": _NAME}, one=True)
_PROTOCOLS: dict[str, Schema] = {"protocols": Items(_PROTOCOL, least=1, most=25)}
_TIER: dict[str, Schema] = {**_PRIORITY, "tier": Text(("Admin", "Baseline"))}

SCHEMAS = {
    "AdminNetworkPolicy": _of_tier(_SUBJECT, _PORTS, 100, ("Allow", "Deny", "Pass"), _NAMED, _PRIORITY),
    "BaselineAdminNetworkPolicy": _of_tier(_SUBJECT, _PORTS, 100, ("Allow", "Deny"), _OUTSIDE, {}),
    "ClusterNetworkPolicy": _of_tier(
        _SUBJECT_V1ALPHA2, _PROTOCOLS, 25, ("Accept", "Deny", "Pass"), _NAMED, _TIER, fails_closed=True
    ),
}
"""By kind. v1alpha1 gets no new fields; a peer of v1alpha2 with none that it knows is of a version to come."""

_ONLY_BASELINE = 'Only one baseline admin network policy with metadata.name="default" can be created in the cluster'
_BACKWARDS = "Start port must be less than End port"


def tier_violations(policy: AdminPolicy, manifest: Manifest) -> Iterator[Violation]:
    """Every rule that such a policy breaks. Rules beside the schema are asked only where the schema is met."""
    broken = tuple(schema_violations(without_nulls(manifest, type(policy)), SCHEMAS[policy.kind]))
    yield from broken
    if not any(violation.severity == "refused" for violation in broken):
        yield from _rules(policy)
    yield from _selectors(policy)


def unknown_tier_fields(manifest: Manifest) -> Iterator[FieldPath]:
    """The paths of fields that the policy's version does not have."""
    yield from unknown_fields(manifest, SCHEMAS[manifest["kind"]])


def _rules(policy: AdminPolicy) -> Iterator[Violation]:
    """The `x-kubernetes-validations`."""
    if isinstance(policy, BaselineAdminNetworkPolicy) and policy.metadata.name != "default":
        yield invalid(("metadata", "name"), policy.metadata.name, _ONLY_BASELINE)
    for path, rule, field in _each_rule(policy):
        for at, peer in enumerate(rule.to if field == "to" else ()):
            for number, cidr in enumerate(peer.networks or ()):
                if not is_strict_cidr(cidr):
                    yield invalid((*path, "to", at, "networks", number), cidr, "Invalid CIDR format provided")
        for where, ports, may_be_one in _ranges(rule):
            if ports.start > ports.end or (ports.start == ports.end and not may_be_one):
                yield invalid((*path, *where), f"{ports.start}-{ports.end}", _BACKWARDS)
        if field == "to" and _names_ports(rule) and any(map(_has_no_named_ports, rule.to)):
            kinds = "networks/nodes"
            if isinstance(policy, ClusterNetworkPolicy):
                kinds += "/domainNames"
            words = f"{kinds} peer cannot be set with namedPorts since there are no namedPorts for {kinds}"
            listed = "protocols" if rule.protocols else "ports"
            yield Violation((*path, listed), f"Invalid value: {words}", "reported")


def _each_rule(policy: AdminPolicy) -> Iterator[tuple[FieldPath, AdminRule, str]]:
    for direction, field in (("ingress", "from"), ("egress", "to")):
        rules = policy.spec.ingress if direction == "ingress" else policy.spec.egress
        for at, rule in enumerate(rules):
            yield ("spec", direction, at), rule, field


def _ranges(rule: AdminRule) -> Iterator[tuple[FieldPath, PortRange, bool]]:
    """The ranges of a rule, and whether each may be of one port: v1alpha1's CRD does not compare the two ends, and
    backwards they match nothing, which nobody means."""
    for at, port in enumerate(rule.ports):
        if port.port_range is not None:
            yield ("ports", at, "portRange"), port.port_range, True
    for at, entry in enumerate(rule.protocols):
        for name, match in (("tcp", entry.tcp), ("udp", entry.udp), ("sctp", entry.sctp)):
            wanted = match.destination_port if match is not None else None
            if wanted is not None and wanted.range is not None:
                yield ("protocols", at, name, "destinationPort", "range"), wanted.range, False


def _has_no_named_ports(peer: AdminPeer) -> bool:
    return any(field is not None for field in (peer.nodes, peer.networks, peer.domain_names))


def _names_ports(rule: AdminRule) -> bool:
    return any(port.named_port is not None for port in rule.ports) or any(
        entry.destination_named_port is not None for entry in rule.protocols
    )


def _selectors(policy: AdminPolicy) -> Iterator[Violation]:
    """Selectors that no implementation can read. No CRD looks into them: see the decisions."""
    yield from _selectors_of(policy.spec.subject, ("spec", "subject"))
    for path, rule, field in _each_rule(policy):
        for at, peer in enumerate(rule.to if field == "to" else rule.from_):
            yield from _selectors_of(peer, (*path, field, at))
            if field == "to" and peer.nodes is not None:
                yield from selector_violations(peer.nodes, (*path, field, at, "nodes"))


def _selectors_of(end: Any, path: FieldPath) -> Iterator[Violation]:
    """Of a subject or a peer."""
    if end.namespaces is not None:
        yield from selector_violations(end.namespaces, (*path, "namespaces"))
    pods: NamespacedPods | None = end.pods
    if pods is not None:
        yield from selector_violations(pods.namespace_selector, (*path, "pods", "namespaceSelector"))
        yield from selector_violations(pods.pod_selector, (*path, "pods", "podSelector"))
