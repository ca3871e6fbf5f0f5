"""The rules of a NetworkPolicy, made ready: whom they admit, and to which ports."""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property, lru_cache

import msgspec

from kwake.cluster import NAME_LABEL
from kwake.objects.cidr import parse_cidr
from kwake.objects.document import FieldPath
from kwake.objects.key import Key
from kwake.objects.kinds import EgressRule, IngressRule, IPBlock, NetworkPolicy, Pod, PolicyPeer, PolicyPort
from kwake.objects.selector import Labels, LabelSelector, keys_of
from kwake.policy.connections import ALL, NONE, ConnectionSet, one
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd, RuleRef

_ENCODER = msgspec.json.Encoder()  # each call of msgspec.json.encode makes one

Span = tuple[int, int, int]
"""IP version, first and last address as numbers."""


class Rule(msgspec.Struct, frozen=True, gc=False):
    """One rule. No peers: everybody."""

    ref: RuleRef
    peers: tuple[PolicyPeer, ...]
    ports: tuple[PolicyPort, ...]
    fixed: ConnectionSet
    """What its numbered ports hold."""
    named: tuple[tuple[str, str], ...]
    """Name and protocol of its named ports, looked up on each destination (NP-7)."""

    def connections(self, destination: Pod | None) -> ConnectionSet:
        """What it allows towards a destination; a port name that it does not have matches nothing."""
        allowed = self.fixed
        for name, protocol in self.named:
            number = destination.named_port(name, protocol) if destination is not None else None
            if number is not None:
                allowed |= one(protocol, number, number)
        return allowed


class CompiledPolicy(msgspec.Struct, frozen=True, dict=True):
    """A NetworkPolicy with the rules that count: those of its effective policyTypes (NP-4).

    Its rules are made ready when they are first asked for: of policies that say the same, the matrix asks one.
    """

    key: Key
    namespace: str
    selector: LabelSelector
    directions: frozenset[str]
    written: dict[str, bytes]
    """The rules of each direction as JSON: the same for policies that say the same."""
    selects_by: tuple[str, ...]
    """The label keys that its selector asks for."""
    posted: tuple[str, str] | None
    """One label that its selector wants, if it wants any."""
    is_posted_whole: bool
    """Whether it wants nothing else."""
    read: NetworkPolicy
    whole_ranges: bool
    """False where the CNI reads just the first port of a range."""

    @cached_property
    def ingress(self) -> tuple[Rule, ...]:
        """What it lets in."""
        return _rules(self.read, INGRESS, self.read.spec.ingress, self.whole_ranges)

    @cached_property
    def egress(self) -> tuple[Rule, ...]:
        """What it lets out."""
        return _rules(self.read, EGRESS, self.read.spec.egress, self.whole_ranges)

    def rules(self, direction: str) -> tuple[Rule, ...]:
        """The rules of a direction."""
        return self.ingress if direction == INGRESS else self.egress


def compiled(policy: NetworkPolicy, whole_ranges: bool = True) -> CompiledPolicy:
    """The policy made ready; without `whole_ranges` for a CNI that reads just the first port of a range."""
    selector = policy.spec.pod_selector
    labels = selector.match_labels
    return CompiledPolicy(
        policy.key,
        policy.metadata.namespace,
        selector,
        policy.directions,
        {INGRESS: _written(policy.spec.ingress), EGRESS: _written(policy.spec.egress)},
        tuple(keys_of(selector)) if selector.match_expressions else tuple(labels),
        next(iter(labels.items()), None) if labels else None,
        len(labels) <= 1 and not selector.match_expressions,
        policy,
        whole_ranges,
    )


def _written(rules: tuple[IngressRule | EgressRule, ...]) -> bytes:
    return _ENCODER.encode(rules) if rules else b""


def _rules(
    policy: NetworkPolicy, direction: str, rules: tuple[IngressRule | EgressRule, ...], whole_ranges: bool
) -> tuple[Rule, ...]:
    made = []
    for index, rule in enumerate(rules):
        path: FieldPath = ("spec", direction.lower(), index)
        peers = rule.from_ if isinstance(rule, IngressRule) else rule.to
        fixed = NONE if rule.ports else ALL
        for port in rule.ports:
            fixed |= _numbered(port, whole_ranges)
        named = tuple((port.port, port.protocol) for port in rule.ports if isinstance(port.port, str))
        made.append(Rule(RuleRef(policy.key, direction, index, path), peers, rule.ports, fixed, named))
    return tuple(made)


def _numbered(port: PolicyPort, whole_ranges: bool) -> ConnectionSet:
    """A port entry without a name: a protocol, a port or a range of it (NP-5)."""
    match port.port:
        case None:
            return one(port.protocol)
        case int(low):
            return one(port.protocol, low, (port.end_port or low) if whole_ranges else low)
        case _:
            return NONE


class Seeing(msgspec.Struct, frozen=True):
    """How a CNI sees ends: what the API leaves open."""

    namespaces: dict[str, dict[str, str]]
    """Labels of every namespace."""
    host_network_pods: bool
    """Whether selectors see pods on the host's network (NP-15)."""
    ip_blocks_hold_pods: bool
    """Whether an ipBlock admits pods (NP-22)."""
    ip_blocks_hold_nodes: bool = True
    """Whether an ipBlock admits nodes, and pods on their network (NP-15)."""
    undescribed: frozenset[str] = frozenset()
    """Namespaces that the snapshot only implies: of their labels just `kubernetes.io/metadata.name` is known."""

    def pod(self, end: PolicyEnd) -> Pod | None:
        """The pod that selectors see at this end."""
        return end.pod if end.pod is not None and self.is_seen(end.pod) else None

    def is_seen(self, pod: Pod) -> bool:
        """Whether selectors see the pod; else its traffic is its node's."""
        return self.host_network_pods or not pod.spec.host_network

    def labels_of(self, namespace: str) -> Labels:
        """The labels of a namespace, named or implied."""
        return self.namespaces.get(namespace) or {NAME_LABEL: namespace}

    def rule_admits(self, rule: Rule, end: PolicyEnd) -> bool | None:
        """Whether a rule's peers mean the end, whatever the port. No peers: everybody (NP-5). None: not known."""
        if not rule.peers:
            return True
        found: bool | None = False
        for peer in rule.peers:
            admits = self.admits(peer, rule.ref.policy.namespace, end)
            if admits:
                return True
            if admits is None:
                found = None
        return found

    def admits(self, peer: PolicyPeer, namespace: str, end: PolicyEnd) -> bool | None:
        """Whether a peer of a policy in this namespace means the end (NP-6). None: not known."""
        pod = self.pod(end)
        if peer.ip_block is not None:
            return self._is_held(end, pod) and block_holds(peer.ip_block, end.ip)
        return pod is not None and self.selectors_match(peer, namespace, pod)

    def _is_held(self, end: PolicyEnd, pod: Pod | None) -> bool:
        """Whether ipBlocks may mean an end at all: a pod, a node, or somebody outside."""
        if pod is not None:
            return self.ip_blocks_hold_pods
        return self.ip_blocks_hold_nodes or (end.pod is None and not end.node)

    def selectors_match(self, peer: PolicyPeer, namespace: str, pod: Pod) -> bool | None:
        """Whether the selectors of a peer mean a pod; without a namespaceSelector, one of the policy's namespace."""
        if peer.pod_selector is not None and not self.selects(peer.pod_selector, pod):
            return False
        home = pod.metadata.namespace
        if peer.namespace_selector is None:
            return home == namespace
        return self.namespace_matches(peer.namespace_selector, home)

    def selects(self, selector: LabelSelector, pod: Pod) -> bool:
        """Whether a selector means a pod, wherever it is."""
        return selector.matches(pod.metadata.labels)

    def namespace_matches(self, selector: LabelSelector, namespace: str) -> bool | None:
        """Whether a selector means a namespace. None where the snapshot does not say the labels that it asks for."""
        labels = self.labels_of(namespace)
        if namespace not in self.undescribed:
            return selector.matches(labels)
        named = LabelSelector(
            {key: value for key, value in selector.match_labels.items() if key == NAME_LABEL},
            tuple(requirement for requirement in selector.match_expressions if requirement.key == NAME_LABEL),
        )
        if not named.matches(labels):
            return False
        return True if named == selector else None


def block_holds(block: IPBlock, ip: str) -> bool:
    """Whether an address is in the block and in none of its exceptions."""
    number = number_of(ip)
    return (
        number is not None
        and _holds(span_of(block.cidr), number)
        and not any(_holds(span_of(hole), number) for hole in block.except_)
    )


def _holds(span: Span | None, number: tuple[int, int]) -> bool:
    return span is not None and is_within((*number, number[1]), span)


def is_within(inner: Span, outer: Span) -> bool:
    """Whether a span lies in another one."""
    return inner[0] == outer[0] and outer[1] <= inner[1] and inner[2] <= outer[2]


_PLAIN = re.compile(r"(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})")


@lru_cache(maxsize=65536)
def number_of(ip: str) -> tuple[int, int] | None:
    """An address as its IP version and number; None if it is none."""
    if (plain := _PLAIN.fullmatch(ip)) is not None:
        a, b, c, d = map(int, plain.groups())
        return (4, a << 24 | b << 16 | c << 8 | d) if max(a, b, c, d) <= 255 else None
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    return address.version, int(address)


@lru_cache(maxsize=65536)
def span_of(cidr: str) -> Span | None:
    """The addresses of a CIDR as the API server reads it, or of one address; None, which holds nothing, if neither."""
    network = parse_cidr(cidr if "/" in cidr else f"{cidr}/{128 if ':' in cidr else 32}")
    if network is None:
        return None
    return network.version, int(network.network_address), int(network.broadcast_address)
