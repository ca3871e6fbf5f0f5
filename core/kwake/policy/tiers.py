"""The tiers before and after NetworkPolicies, made ready: subjects, rules in order, and whom they mean (NP-16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from kwake.cluster import Cluster
from kwake.objects.key import Key
from kwake.objects.kinds import (
    AdminNetworkPolicy,
    AdminPeer,
    AdminPolicy,
    AdminRule,
    AdminSubject,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    IPBlock,
    Node,
    Pod,
)
from kwake.objects.selector import LabelSelector
from kwake.policy.connections import ALL, NONE, ConnectionSet, one
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd, RuleRef
from kwake.policy.rules import Seeing, block_holds

ADMIN, BASELINE = "Admin", "Baseline"
ACCEPT, DENY, PASS = "Accept", "Deny", "Pass"

TIER_KINDS = (AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy)
_PROTOCOLS = ("TCP", "UDP", "SCTP")


class TierRule(msgspec.Struct, frozen=True):
    """One rule of a tier."""

    ref: RuleRef
    action: str
    """`Accept`, `Deny` or `Pass`, whatever the version calls it."""
    peers: tuple[AdminPeer, ...]
    everybody: bool
    """Whether it means every end: a rule with a peer that is not understood fails closed."""
    fixed: ConnectionSet
    """What its numbered ports hold."""
    named: tuple[str, ...]
    """Its port names: number and protocol are those of each destination pod."""

    def connections(self, destination: Pod | None) -> ConnectionSet:
        """What it is about towards a destination; a port name that it does not have matches nothing."""
        meant = self.fixed
        for name in self.named:
            for protocol in _PROTOCOLS if destination is not None else ():
                number = destination.named_port(name, protocol) if destination is not None else None
                if number is not None:
                    meant |= one(protocol, number, number)
        return meant


class TierPolicy(msgspec.Struct, frozen=True):
    """A policy of a tier."""

    key: Key
    tier: str
    priority: int
    subject: AdminSubject
    ingress: tuple[TierRule, ...]
    egress: tuple[TierRule, ...]

    @property
    def api(self) -> str:
        """Which API it is of. How policies of both would be ordered is not defined."""
        return "v1alpha2" if self.key.kind == ClusterNetworkPolicy.KIND else "v1alpha1"

    def rules(self, direction: str) -> tuple[TierRule, ...]:
        """The rules of a direction, the first that matches decides."""
        return self.ingress if direction == INGRESS else self.egress


def admin_policies(cluster: Cluster) -> tuple[AdminPolicy, ...]:
    """All policies of both tiers as they were written, those of a tier in their order."""
    found: list[AdminPolicy] = []
    for kind in TIER_KINDS:
        found += cluster.all(kind)
    return tuple(sorted(found, key=lambda policy: (policy.tier, policy.priority, policy.key)))


def tier_policies(cluster: Cluster) -> tuple[TierPolicy, ...]:
    """All policies of both tiers, by tier, priority and key."""
    return tuple(map(_compiled, admin_policies(cluster)))


def by_api(policies: Iterable[TierPolicy]) -> list[list[list[TierPolicy]]]:
    """Policies of one tier: for each API the groups of equal priority, in their order."""
    ordered = sorted(policies, key=lambda policy: (policy.api, policy.priority, policy.key))
    return [
        [list(group) for _, group in groupby(of_api, key=lambda policy: policy.priority)]
        for _, of_api in groupby(ordered, key=lambda policy: policy.api)
    ]


def _compiled(policy: AdminPolicy) -> TierPolicy:
    return TierPolicy(
        policy.key,
        policy.tier,
        policy.priority,
        policy.spec.subject,
        tuple(_rules(policy, INGRESS, policy.spec.ingress)),
        tuple(_rules(policy, EGRESS, policy.spec.egress)),
    )


def _rules(policy: AdminPolicy, direction: str, rules: tuple[AdminRule, ...]) -> Iterator[TierRule]:
    for index, rule in enumerate(rules):
        ref = RuleRef(policy.key, direction, index, ("spec", direction.lower(), index), rule.name)
        action = ACCEPT if rule.action == "Allow" else rule.action
        peers = rule.from_ if direction == INGRESS else rule.to
        if all(_is_understood(peer, direction) for peer in peers):
            fixed, named = _ports(rule)
            yield TierRule(ref, action, peers, False, fixed, named)
        elif action == ACCEPT:
            yield TierRule(ref, ACCEPT, (), False, NONE, ())
        else:
            yield TierRule(ref, DENY, (), True, ALL, ())


def _is_understood(peer: AdminPeer, direction: str) -> bool:
    if peer.namespaces is not None or peer.pods is not None:
        return True
    only_egress = (peer.nodes, peer.networks, peer.domain_names)
    return direction == EGRESS and any(field is not None for field in only_egress)


def _ports(rule: AdminRule) -> tuple[ConnectionSet, tuple[str, ...]]:
    """What a rule's ports hold, and the names among them; all ports where it lists none."""
    if not rule.ports and not rule.protocols:
        return ALL, ()
    fixed, named = NONE, []
    for port in rule.ports:
        if port.port_number is not None:
            fixed |= one(port.port_number.protocol or "TCP", port.port_number.port, port.port_number.port)
        if port.port_range is not None:
            fixed |= one(port.port_range.protocol or "TCP", port.port_range.start, port.port_range.end)
        if port.named_port is not None:
            named.append(port.named_port)
    for entry in rule.protocols:
        for protocol, match in (("TCP", entry.tcp), ("UDP", entry.udp), ("SCTP", entry.sctp)):
            wanted = match.destination_port if match is not None else None
            if match is not None and wanted is None:
                fixed |= one(protocol)
            if wanted is not None and wanted.number is not None:
                fixed |= one(protocol, wanted.number, wanted.number)
            if wanted is not None and wanted.range is not None:
                fixed |= one(protocol, wanted.range.start, wanted.range.end)
        if entry.destination_named_port is not None:
            named.append(entry.destination_named_port)
    return fixed, tuple(dict.fromkeys(named))


class TierSeeing(msgspec.Struct, frozen=True):
    """Whom subjects and peers of the tiers mean. None where the snapshot does not say."""

    seeing: Seeing
    nodes: tuple[Node, ...]
    undescribed_nodes: frozenset[str]
    """Nodes that kwake made: their labels are not known."""

    def pod(self, end: PolicyEnd) -> Pod | None:
        """The pod that they see at an end: never one on the host's network, whatever the CNI does otherwise."""
        return end.pod if end.pod is not None and not end.pod.spec.host_network else None

    def selects(self, subject: AdminSubject, pod: Pod) -> bool | None:
        """Whether a policy judges a pod."""
        if pod.spec.host_network:
            return False
        return self._pods(subject.namespaces, pod) if subject.namespaces is not None else self._named(subject, pod)

    def rule_means(self, rule: TierRule, end: PolicyEnd) -> bool | None:
        """Whether a rule's peers mean an end, whatever the port."""
        if rule.everybody:
            return True
        answers = {self.means(peer, end) for peer in rule.peers}
        return True if True in answers else None if None in answers else False

    def means(self, peer: AdminPeer, end: PolicyEnd) -> bool | None:
        """Whether a peer means an end."""
        if peer.networks is not None:
            seen = self.pod(end) is None or self.seeing.ip_blocks_hold_pods
            return seen and any(block_holds(IPBlock(cidr), end.ip) for cidr in peer.networks)
        if peer.nodes is not None:
            return self._is_node(peer.nodes, end)
        if peer.domain_names is not None:
            return None if end.pod is None else False
        pod = self.pod(end)
        if pod is None:
            return False
        return self._pods(peer.namespaces, pod) if peer.namespaces is not None else self._named(peer, pod)

    def _pods(self, namespaces: LabelSelector, pod: Pod) -> bool | None:
        return self.seeing.namespace_matches(namespaces, pod.metadata.namespace)

    def _named(self, within: AdminSubject | AdminPeer, pod: Pod) -> bool | None:
        if within.pods is None or not self.seeing.selects(within.pods.pod_selector, pod):
            return False
        return self._pods(within.pods.namespace_selector, pod)

    def _is_node(self, selector: LabelSelector, end: PolicyEnd) -> bool | None:
        """Whether an address is one that the status of a selected node lists; its host's, for a pod that shares it."""
        if self.pod(end) is not None:
            return False
        answers = {self.node_matches(selector, node) for node in self.nodes if _has_address(node, end)}
        return True if True in answers else None if None in answers else False

    def node_matches(self, selector: LabelSelector, node: Node) -> bool | None:
        """Whether a selector of nodes means one."""
        if selector.is_empty:
            return True
        if node.metadata.name in self.undescribed_nodes:
            return None
        return selector.matches(node.metadata.labels)


def admin_policies_of(cluster: Cluster, pod: Pod) -> tuple[AdminPolicy, ...]:
    """The policies of both tiers whose subject a pod is, whether or not the CNI enforces them."""
    seeing = TierSeeing(Seeing(cluster.namespaces, host_network_pods=False, ip_blocks_hold_pods=True), (), frozenset())
    return tuple(policy for policy in admin_policies(cluster) if seeing.selects(policy.spec.subject, pod))


def _has_address(node: Node, end: PolicyEnd) -> bool:
    addresses = {address.address for address in node.status.addresses}
    if end.ip in addresses:
        return True
    return end.pod is not None and not addresses and end.pod.spec.node_name == node.metadata.name
