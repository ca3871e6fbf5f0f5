"""Ends that no policy can tell apart, as one: the rows and columns of reach.

Pods of one namespace with the same values of the label keys that some selector uses, the same named ports and the same
addresses as far as some ipBlock sees them form a class. So do the outside addresses that lie in the same ipBlocks.
Sets of classes are integers, a bit a class.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from weakref import WeakKeyDictionary

import msgspec

from kwake.objects.kinds import IPBlock, Pod
from kwake.objects.selector import LabelSelector, keys_of
from kwake.policy.connections import PROTOCOLS
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import PolicySet
from kwake.policy.rules import CompiledPolicy, Rule, Span, number_of, span_of
from kwake.policy.tiers import TierRule

FIRST_ADDRESS_AFTER = {4: 1 << 32, 6: 1 << 128}


Place = tuple[int, frozenset[int]]
"""An IP version, and which of the blocks that policies name hold the address."""


Ports = tuple[int | None, ...]
"""The numbers behind the port names that policies name; None: a pod has no port of that name."""


class EndClass(msgspec.Struct, frozen=True, gc=False):
    """Ends that every policy treats alike."""

    version: int
    """IP version; ends of two versions do not talk."""
    pods: tuple[Pod, ...]
    """Empty for addresses outside."""
    ranges: tuple[str, ...]
    """Outside addresses, as `first-last`; empty for pods."""
    representative: PolicyEnd
    place: Place
    """Where its addresses lie."""
    seen: Pod | None = None
    """One of the pods, if the selectors of policies see them."""
    ports: Ports = ()
    """Of pods that they see."""


class Classes(msgspec.Struct, frozen=True):
    """All ends of a cluster, and the world outside."""

    members: tuple[EndClass, ...]
    everyone: int
    """The set of all classes."""
    sight: Sight
    indexes: dict[object, int]
    """The class of ends that look so."""

    def where(self, wanted: Iterable[int]) -> int:
        """The set of these classes."""
        return set_of(wanted, len(self.members))


def set_of(wanted: Iterable[int], size: int) -> int:
    """A set of classes, of this many."""
    held = bytearray(size // 8 + 1)
    for index in wanted:
        held[index >> 3] |= 1 << (index & 7)
    return int.from_bytes(held, "little")


def bits_of(classes: int) -> Iterator[int]:
    """The classes in a set, ascending."""
    while classes:
        low = classes & -classes
        yield low.bit_length() - 1
        classes ^= low


class Sight:
    """What policies look at: ends that look the same to it are of one class."""

    def __init__(self, sets: Sequence[PolicySet]) -> None:
        """What any of some sets of policies look at. They see pods on the host's network alike."""
        rules = [rule for held in sets for rule in _rules(held)]
        tier_rules = [rule for held in sets for policy in held.tiers for rule in (*policy.ingress, *policy.egress)]
        self.labels = tuple(sorted({key for held in sets for key in _label_keys(held, rules)}))
        self.port_names = tuple(sorted(_port_names(rules, tier_rules)))
        self.blocks = frozenset(_written(rules))
        self.blocks |= {cidr for rule in tier_rules for peer in rule.peers for cidr in peer.networks or ()}
        self._looked_at, self._looked_up = frozenset(self.labels), frozenset(self.port_names)
        self._ports: dict[Ports, Ports] = {}
        """All that were seen: one object for those that are equal."""
        self.pieces = _Pieces(self.blocks)
        self._seeing = sets[0].seeing
        self._has_tiers = any(held.tiers for held in sets)
        self.asks_nodes = any(peer.nodes is not None for rule in tier_rules for peer in rule.peers)
        """Whether some rule of the admin tiers means nodes by their labels."""

    def ports(self, pod: Pod) -> Ports:
        """The ports of a pod that rules may mean by name: none of one that policies do not see."""
        if not self._seeing.is_seen(pod):
            return ()
        found = tuple([pod.named_port(name, protocol) for name, protocol in self.port_names])
        return self._ports.setdefault(found, found)

    def of(self, pod: Pod, ip: str) -> object:
        """How a pod looks at one of its addresses."""
        return self.at(pod, ip, self.pieces.of(ip), self.ports(pod))

    def at(self, pod: Pod, ip: str, place: Place, ports: Ports) -> object:
        """The same of an address of which it is known where it lies, and of which ports."""
        hosted: object = None
        where = None
        if self._has_tiers:
            hosted = pod.spec.host_network, self.asks_nodes and pod.spec.node_name
            where = ip if pod.spec.host_network and self.asks_nodes else None
        if not self._seeing.is_seen(pod):
            return False, hosted, where, place
        labels = tuple(map(pod.metadata.labels.get, self.labels))
        return pod.metadata.namespace, labels, ports, hosted, where, place

    def of_end(self, end: PolicyEnd) -> object:
        """How an end looks."""
        return self.of(end.pod, end.ip) if end.pod is not None else self.pieces.of(end.ip)

    def covers(self, policy: CompiledPolicy) -> bool:
        """Whether a policy looks at nothing else."""
        if not self._looked_at.issuperset(keys_of(policy.selector)):
            return False
        for rule in (*policy.says_in.rules, *policy.says_out.rules):
            if not self._looked_up.issuperset(rule.named):
                return False
            for peer in rule.peers:
                if peer.ip_block is not None and not self.blocks.issuperset(_blocks_of(peer.ip_block)):
                    return False
                if peer.pod_selector is not None and not self._looked_at.issuperset(keys_of(peer.pod_selector)):
                    return False
        return True


_sights: WeakKeyDictionary[PolicySet, Sight] = WeakKeyDictionary()


def sight_of(policies: PolicySet) -> Sight:
    """What a set of policies looks at; worked out once."""
    found = _sights.get(policies)
    if found is None:
        found = _sights[policies] = Sight([policies])
    return found


def _written(rules: Iterable[Rule]) -> set[str]:
    """The blocks that rules name, exceptions too."""
    blocks = [peer.ip_block for rule in rules for peer in rule.peers if peer.ip_block is not None]
    return {cidr for block in blocks for cidr in _blocks_of(block)}


def _blocks_of(written: IPBlock) -> tuple[str, ...]:
    return (written.cidr, *written.except_)


def classes_of(pods: Iterable[Pod], *policies: PolicySet) -> Classes:
    """The classes of these pods and of all outside addresses."""
    sight, seeing = Sight(policies), policies[0].seeing
    indexes: dict[object, int] = {}
    alike: list[tuple[str, Place, Ports, list[Pod]]] = []
    for pod in pods:
        ports = sight.ports(pod)
        for ip in pod.ips or ("",):
            place = sight.pieces.of(ip)
            index = indexes.setdefault(sight.at(pod, ip, place, ports), len(alike))
            if index == len(alike):
                alike.append((ip, place, ports, [pod]))
            else:
                alike[index][3].append(pod)
    members = []
    for ip, place, ports, group in alike:
        first = group[0]
        end = PolicyEnd(first, ip, first.spec.node_name)
        members.append(EndClass(place[0], tuple(group), (), end, place, seeing.pod(end), ports))
    has_six = any(member.version == 6 for member in members)
    for place, spans in sight.pieces.outside(has_six).items():
        version = place[0]
        ranges = tuple(f"{_address(version, low)}-{_address(version, high)}" for low, high in spans)
        end = PolicyEnd(None, _address(version, spans[0][0]))
        indexes[place] = len(members)
        members.append(EndClass(version, (), ranges, end, place))
    return Classes(tuple(members), (1 << len(members)) - 1, sight, indexes)


def _rules(policies: PolicySet) -> Iterator[Rule]:
    """The rules of NetworkPolicies, of those that say the same one's."""
    every = {id(terms.rules): terms.rules for p in policies.policies for terms in (p.says_in, p.says_out)}
    return chain.from_iterable(every.values())


def _port_names(rules: Iterable[Rule], tier_rules: Iterable[TierRule]) -> set[tuple[str, str]]:
    """The port names that rules look up, each with its protocol; those of tiers with every protocol."""
    found = {named for rule in rules for named in rule.named}
    return found | {(name, protocol) for rule in tier_rules for name in rule.named for protocol in PROTOCOLS}


def _label_keys(policies: PolicySet, rules: Iterable[Rule]) -> set[str]:
    """The pod labels that some selector looks at."""
    tier_rules = [rule for policy in policies.tiers for rule in (*policy.ingress, *policy.egress)]
    selectors: list[LabelSelector] = [policy.selector for policy in policies.policies]
    selectors += [unread.pods for unread in policies.unread]
    selectors += [peer.pod_selector for rule in rules for peer in rule.peers if peer.pod_selector is not None]
    within = [policy.subject.pods for policy in policies.tiers] + [p.pods for rule in tier_rules for p in rule.peers]
    selectors += [pods.pod_selector for pods in within if pods is not None]
    found: set[str] = set()
    for selector in selectors:
        found.update(keys_of(selector))
    return found


class _Pieces:
    """The address space, cut at every border of an ipBlock or network."""

    def __init__(self, written: Iterable[str]) -> None:
        self._spans: list[Span] = [span for cidr in sorted(written) if (span := span_of(cidr)) is not None]
        self._starts = {version: self._cuts(version) for version in FIRST_ADDRESS_AFTER}
        self._places: dict[tuple[int, int], Place] = {}

    def _cuts(self, version: int) -> list[int]:
        borders = {at for v, low, high in self._spans if v == version for at in (low, high + 1)}
        return sorted({0, *borders} - {FIRST_ADDRESS_AFTER[version]})

    def of(self, ip: str) -> Place:
        """The IP version, and which of the blocks hold the address."""
        number = number_of(ip)
        if number is None:
            return 4, frozenset()
        starts = self._starts[number[0]]
        return self._from(number[0], starts[bisect_right(starts, number[1]) - 1])

    def _from(self, version: int, start: int) -> Place:
        """Where the addresses of a piece lie that starts here."""
        known = self._places.get((version, start))
        if known is None:
            spans = enumerate(self._spans)
            holding = frozenset(index for index, (v, low, high) in spans if v == version and low <= start <= high)
            known = self._places[version, start] = version, holding
        return known

    def outside(self, has_six: bool) -> dict[Place, list[tuple[int, int]]]:
        """All addresses by the blocks that hold them; of IPv6 only where a pod has one, or a policy names some."""
        alike: dict[Place, list[tuple[int, int]]] = {}
        for version, starts in self._starts.items():
            if version == 6 and not has_six and not any(span[0] == 6 for span in self._spans):
                continue
            ends = [*(start - 1 for start in starts[1:]), FIRST_ADDRESS_AFTER[version] - 1]
            for start, last in zip(starts, ends, strict=True):
                spans = alike.setdefault(self._from(version, start), [])
                if spans and spans[-1][1] == start - 1:
                    start, _ = spans.pop()
                spans.append((start, last))
        return alike


def _address(version: int, number: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))
