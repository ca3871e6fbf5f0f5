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
from kwake.objects.selector import Labels, LabelSelector
from kwake.policy.connections import ALL, NONE, ConnectionSet, one
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd, RuleRef

as_json = msgspec.json.Encoder().encode  # msgspec.json.encode makes an encoder each time

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


Asked = tuple[str, bytes]
"""A peer, and the namespace that it stands in where that decides whom it means."""


def asked(peer: PolicyPeer, namespace: str) -> Asked:
    """What decides whom a peer of a policy of this namespace means."""
    local = peer.ip_block is None and peer.namespace_selector is None
    return namespace if local else "", as_json(peer)


class Terms(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a NetworkPolicy says in one direction. One for all that say the same of the same peers."""

    namespace: str
    """The policy's, where that decides whom a peer means; else empty."""
    rules: tuple[Rule, ...]
    """As one of those has them that say it in any namespace."""
    named: tuple[tuple[str, str], ...]
    """Names and protocols of their named ports."""
    asked: frozenset[Asked]
    """Their peers that mean the same in every namespace."""


SILENT = Terms("", (), (), frozenset())
"""Those of a policy without rules."""


class CompiledPolicy(msgspec.Struct, frozen=True, dict=True):
    """A NetworkPolicy with the rules that count: those of its effective policyTypes (NP-4)."""

    read: NetworkPolicy
    selector: LabelSelector
    directions: frozenset[str]
    whole_ranges: bool
    """False where the CNI reads just the first port of a range."""
    says_in: Terms
    """What it says of what its pods get."""
    says_out: Terms
    """What it says of what they send."""

    @property
    def namespace(self) -> str:
        """Where it is."""
        return self.read.metadata.namespace

    def says(self, direction: str) -> Terms:
        """What it says in one direction."""
        return self.says_in if direction == INGRESS else self.says_out

    @cached_property
    def key(self) -> Key:
        """Its identity."""
        return self.read.key

    @cached_property
    def ingress(self) -> tuple[Rule, ...]:
        """What it lets in; made ready when first asked for."""
        return _rules(self.read, INGRESS, self.read.spec.ingress, self.whole_ranges)

    @cached_property
    def egress(self) -> tuple[Rule, ...]:
        """What it lets out; likewise."""
        return _rules(self.read, EGRESS, self.read.spec.egress, self.whole_ranges)

    def rules(self, direction: str) -> tuple[Rule, ...]:
        """The rules of a direction."""
        return self.ingress if direction == INGRESS else self.egress


class Compiler:
    """Makes policies ready. What several say alike is made ready once."""

    def __init__(self, whole_ranges: bool = True) -> None:
        """Without `whole_ranges` for a CNI that reads just the first port of a range."""
        self._whole_ranges = whole_ranges
        self._terms: dict[bytes, dict[str, Terms]] = {}
        """By the rules as JSON, then by namespace where that decides; else under an empty one."""

    def compiled(self, policy: NetworkPolicy, like: CompiledPolicy | None = None) -> CompiledPolicy:
        """The policy made ready. `like` is one of its namespace that may say the same in one of the directions."""
        spec, before = policy.spec, like.read.spec if like is not None else None
        if like is not None and before is not None and before.ingress == spec.ingress:
            says_in = like.says_in
        else:
            says_in = self._terms_of(policy, INGRESS, spec.ingress) if spec.ingress else SILENT
        if like is not None and before is not None and before.egress == spec.egress:
            says_out = like.says_out
        else:
            says_out = self._terms_of(policy, EGRESS, spec.egress) if spec.egress else SILENT
        return CompiledPolicy(policy, spec.pod_selector, policy.directions, self._whole_ranges, says_in, says_out)

    def _terms_of(self, policy: NetworkPolicy, direction: str, read: tuple[IngressRule | EgressRule, ...]) -> Terms:
        namespace, written = policy.metadata.namespace, as_json(read)
        alike = self._terms.get(written)
        if alike is None:
            rules = _rules(policy, direction, read, self._whole_ranges)
            peers = {asked(peer, namespace) for rule in rules for peer in rule.peers}
            everywhere = frozenset(peer for peer in peers if not peer[0])
            home = "" if len(everywhere) == len(peers) else namespace
            named = tuple(dict.fromkeys(name for rule in rules for name in rule.named))
            alike = self._terms[written] = {home: Terms(home, rules, named, everywhere)}
        found = alike.get("") or alike.get(namespace)
        if found is None:
            first = next(iter(alike.values()))
            found = alike[namespace] = Terms(namespace, first.rules, first.named, first.asked)
        return found


def compiled(policy: NetworkPolicy) -> CompiledPolicy:
    """One policy made ready by itself."""
    return Compiler().compiled(policy)


def _rules(
    policy: NetworkPolicy, direction: str, rules: tuple[IngressRule | EgressRule, ...], whole_ranges: bool
) -> tuple[Rule, ...]:
    made, key = [], policy.key
    for index, rule in enumerate(rules):
        path: FieldPath = ("spec", direction.lower(), index)
        peers = rule.from_ if isinstance(rule, IngressRule) else rule.to
        fixed = NONE if rule.ports else ALL
        for port in rule.ports:
            fixed |= _numbered(port, whole_ranges)
        named = tuple((port.port, port.protocol) for port in rule.ports if isinstance(port.port, str))
        made.append(Rule(RuleRef(key, direction, index, path), peers, rule.ports, fixed, named))
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
