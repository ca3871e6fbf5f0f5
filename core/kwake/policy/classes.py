"""Ends that no policy can tell apart, as one: the rows and columns of reach.

Pods of one namespace with the same values of the label keys that some selector uses, the same named ports and the same
addresses as far as some ipBlock sees them form a class. So do the outside addresses that lie in the same ipBlocks.
Sets of classes are integers, a bit a class.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec

from kwake.objects.kinds import Pod
from kwake.objects.selector import LabelSelector
from kwake.policy.connections import PROTOCOLS
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import PolicySet
from kwake.policy.rules import Rule, Span, number_of, span_of
from kwake.policy.tiers import TierRule

FIRST_ADDRESS_AFTER = {4: 1 << 32, 6: 1 << 128}


class EndClass(msgspec.Struct, frozen=True):
    """Ends that every policy treats alike."""

    version: int
    """IP version; ends of two versions do not talk."""
    pods: tuple[Pod, ...]
    """Empty for addresses outside."""
    ranges: tuple[str, ...]
    """Outside addresses, as `first-last`; empty for pods."""
    representative: PolicyEnd


class Classes(msgspec.Struct, frozen=True):
    """All ends of a cluster, and the world outside."""

    members: tuple[EndClass, ...]
    everyone: int
    """The set of all classes."""

    def where(self, wanted: Iterable[int]) -> int:
        """The set of these classes."""
        bits = 0
        for index in wanted:
            bits |= 1 << index
        return bits


def bits_of(classes: int) -> Iterator[int]:
    """The classes in a set, ascending."""
    while classes:
        low = classes & -classes
        yield low.bit_length() - 1
        classes ^= low


def classes_of(pods: Iterable[Pod], policies: PolicySet) -> Classes:
    """The classes of these pods and of all outside addresses."""
    rules = [rule for policy in policies.policies for rule in (*policy.ingress, *policy.egress)]
    tier_rules = [rule for policy in policies.tiers for rule in (*policy.ingress, *policy.egress)]
    labels = _label_keys(policies, rules, tier_rules)
    names = port_names(policies)
    blocks = [peer.ip_block for rule in rules for peer in rule.peers if peer.ip_block is not None]
    written = {cidr for block in blocks for cidr in (block.cidr, *block.except_)}
    written |= {cidr for rule in tier_rules for peer in rule.peers for cidr in peer.networks or ()}
    pieces = _Pieces(written)
    asks_nodes = any(peer.nodes is not None for rule in tier_rules for peer in rule.peers)
    alike: dict[object, list[tuple[Pod, str]]] = {}
    for pod in pods:
        seen = policies.seeing.is_seen(pod)
        sees = (
            pod.metadata.namespace,
            tuple(map(pod.metadata.labels.get, labels)),
            tuple(pod.named_port(*named) for named in names),
        )
        hosted = (pod.spec.host_network, asks_nodes and pod.spec.node_name) if policies.tiers else None
        for ip in pod.ips or ("",):
            where = ip if hosted and hosted[0] and asks_nodes else None
            alike.setdefault((seen and sees, hosted, where, *pieces.of(ip)), []).append((pod, ip))
    members = [
        EndClass(_version(group[0][1]), tuple(pod for pod, _ in group), (),
                 PolicyEnd(group[0][0], group[0][1], group[0][0].spec.node_name))
        for group in alike.values()
    ]  # fmt: skip
    has_six = any(member.version == 6 for member in members)
    for (version, _), spans in pieces.outside(has_six).items():
        ranges = tuple(f"{_address(version, low)}-{_address(version, high)}" for low, high in spans)
        first = PolicyEnd(None, _address(version, spans[0][0]))
        members.append(EndClass(version, (), ranges, first))
    return Classes(tuple(members), (1 << len(members)) - 1)


def port_names(policies: PolicySet) -> list[tuple[str, str]]:
    """The port names that rules look up, each with its protocol; those of tiers with every protocol."""
    rules = (rule for policy in policies.policies for rule in (*policy.ingress, *policy.egress))
    found = {named for rule in rules for named in rule.named}
    tier_rules = (rule for policy in policies.tiers for rule in (*policy.ingress, *policy.egress))
    return sorted(found | {(name, protocol) for rule in tier_rules for name in rule.named for protocol in PROTOCOLS})


def _label_keys(policies: PolicySet, rules: Iterable[Rule], tier_rules: Iterable[TierRule]) -> tuple[str, ...]:
    """The pod labels that some selector looks at."""
    selectors: list[LabelSelector] = [policy.selector for policy in policies.policies]
    selectors += [unread.pods for unread in policies.unread]
    selectors += [peer.pod_selector for rule in rules for peer in rule.peers if peer.pod_selector is not None]
    within = [policy.subject.pods for policy in policies.tiers] + [p.pods for rule in tier_rules for p in rule.peers]
    selectors += [pods.pod_selector for pods in within if pods is not None]
    return tuple(sorted({key for s in selectors for key in (*s.match_labels, *(e.key for e in s.match_expressions))}))


class _Pieces:
    """The address space, cut at every border of an ipBlock or network."""

    def __init__(self, written: Iterable[str]) -> None:
        self._spans: list[Span] = [span for cidr in sorted(written) if (span := span_of(cidr)) is not None]
        self._starts = {version: self._cuts(version) for version in FIRST_ADDRESS_AFTER}
        self._within: dict[tuple[int, int], frozenset[int]] = {}

    def _cuts(self, version: int) -> list[int]:
        borders = {at for v, low, high in self._spans if v == version for at in (low, high + 1)}
        return sorted({0, *borders} - {FIRST_ADDRESS_AFTER[version]})

    def of(self, ip: str) -> tuple[int, frozenset[int]]:
        """The IP version, and which of the blocks hold the address."""
        number = number_of(ip)
        if number is None:
            return 4, frozenset()
        starts = self._starts[number[0]]
        return number[0], self._holding(number[0], starts[bisect_right(starts, number[1]) - 1])

    def _holding(self, version: int, start: int) -> frozenset[int]:
        if (version, start) not in self._within:
            self._within[version, start] = frozenset(
                index for index, (v, low, high) in enumerate(self._spans) if v == version and low <= start <= high
            )
        return self._within[version, start]

    def outside(self, has_six: bool) -> dict[tuple[int, frozenset[int]], list[tuple[int, int]]]:
        """All addresses by the blocks that hold them; of IPv6 only where a pod has one, or a policy names some."""
        alike: dict[tuple[int, frozenset[int]], list[tuple[int, int]]] = {}
        for version, starts in self._starts.items():
            if version == 6 and not has_six and not any(span[0] == 6 for span in self._spans):
                continue
            ends = [*(start - 1 for start in starts[1:]), FIRST_ADDRESS_AFTER[version] - 1]
            for start, last in zip(starts, ends, strict=True):
                spans = alike.setdefault((version, self._holding(version, start)), [])
                if spans and spans[-1][1] == start - 1:
                    start, _ = spans.pop()
                spans.append((start, last))
        return alike


def _version(ip: str) -> int:
    number = number_of(ip)
    return number[0] if number is not None else 4


def _address(version: int, number: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))
