"""May this end talk to that one? The one evaluator of policies: traces, reach and the console all ask it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from copy import copy
from functools import cached_property
from operator import is_
from weakref import WeakKeyDictionary

import msgspec

from kwake.cluster import Cluster
from kwake.objects.basis import Basis, weakest
from kwake.objects.key import Key
from kwake.objects.kinds import AdminPeer, ConfigMap, KubeObject, Namespace, NetworkPolicy, Node, Pod, Unmodelled
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd, Side, Verdict, called
from kwake.policy.homes import Home
from kwake.policy.near_miss import Denied, is_near, near_misses
from kwake.policy.rules import CompiledPolicy, Compiler, Rule, Seeing, block_holds
from kwake.policy.tier_verdict import Asked, Chance, Selected, chances
from kwake.policy.tiers import ACCEPT, ADMIN, BASELINE, DENY, TIER_KINDS, TierPolicy, TierSeeing, tier_policies
from kwake.policy.unread import UnreadPolicy, unread_policies, why_unknown
from kwake.profiles.profile import Profile

SETTINGS = (
    "policy",
    "admin-tiers",
    "host-network-pods",
    "ipblock-matches-pods",
    "ipblock-matches-nodes",
    "egress-to-own-node",
    "end-port",
    "sctp-policies",
)
"""The fields of a profile that decide a verdict."""


def _settings(profile: Profile, earlier: PolicySet | None) -> tuple[str, ...]:
    """What of a profile decides a verdict, and its name, which stands in reasons."""
    if earlier is not None and earlier.profile is profile:
        return earlier.settings
    return (profile.name, *[profile.settings[field].value for field in SETTINGS])


def _name_of(policy: CompiledPolicy) -> str:
    return policy.read.metadata.name


SCTP_UNKNOWN = "whether policies judge SCTP under this CNI is not known"


class PolicySet:
    """The policies of a cluster, as a profile's CNI enforces them. Make it with `compile_policies`."""

    _looks_for_misses = True

    def __init__(self, cluster: Cluster, profile: Profile, earlier: PolicySet | None = None) -> None:
        """`earlier` is the set of another cluster under the same settings: what did not change since is taken over."""
        read = _read(cluster)
        if earlier is not None and all(map(is_, read, earlier._read)):
            self.__dict__.update(earlier.__dict__)
            for name in ("policies", "without_near_misses"):
                self.__dict__.pop(name, None)
        else:
            self._look_at(cluster, profile)
        self.profile = profile
        """What its CNI does."""
        self.settings: tuple[str, ...] = _settings(profile, earlier)
        """What of the profile decides a verdict."""
        self._read: list[object] = read
        self._pods: dict[str, tuple[Pod, ...]] = cluster.pods_by_namespace
        self._nodes_by_ip: dict[str, Node] = cluster.nodes_by_ip
        self._by_namespace = cluster.policies_by_namespace if self.enforced else {}
        self._compiler = Compiler(self._whole_ranges)
        self._idle: dict[Key, bool] = {}
        self._near_to: dict[tuple[object, ...], tuple[CompiledPolicy, ...]] = {}
        self._homes: dict[str, Home] = {} if earlier is None else earlier._homes
        """By namespace, as they were first asked for of this cluster or of one before: all of these share it."""
        self._changed: dict[str, Home] = {} if earlier is None else dict(earlier._changed)
        """Those that are no longer as the others have them."""

    def _look_at(self, cluster: Cluster, profile: Profile) -> None:
        """What besides NetworkPolicies and pods decides."""
        self.enforced = profile["policy"] != "none"
        self.seeing = Seeing(
            cluster.namespaces,
            host_network_pods=profile["host-network-pods"] == "selected",
            ip_blocks_hold_pods=profile["ipblock-matches-pods"] == "yes",
            ip_blocks_hold_nodes=profile["ipblock-matches-nodes"] == "yes",
            undescribed=frozenset(cluster.namespaces) - _described(cluster),
        )
        self.unread = unread_policies(cluster) if self.enforced else ()
        apis = profile["admin-tiers"] if self.enforced else "none"
        self.tiers = tuple(p for p in tier_policies(cluster) if apis in (p.api, "both", "unknown"))
        made_nodes = frozenset(node.metadata.name for node in cluster.all(Node) if cluster.record(node.key).made)
        self.tier_seeing = TierSeeing(self.seeing, cluster.all(Node), made_nodes)
        self.judges_sctp = not self.enforced or profile["sctp-policies"] == "judged"
        self._are_tiers_sure = not self.enforced or profile["admin-tiers"] != "unknown"
        self._whole_ranges = profile["end-port"] == "enforced"

    @cached_property
    def policies(self) -> tuple[CompiledPolicy, ...]:
        """All NetworkPolicies, by namespace and name."""
        return tuple(policy for name in sorted(self._by_namespace) for policy in self.home(name).policies)

    @cached_property
    def without_near_misses(self) -> PolicySet:
        """The same for one who asks for many verdicts, and shows no near miss: to look for them takes most of it."""
        other = copy(self)
        other._looks_for_misses = False
        return other

    def policy(self, key: Key) -> CompiledPolicy | None:
        """One NetworkPolicy, if it is there."""
        policies = self.home(key.namespace).policies
        place = bisect_left(policies, key.name, key=_name_of)
        return policies[place] if place < len(policies) and _name_of(policies[place]) == key.name else None

    def home(self, namespace: str) -> Home:
        """The policies of a namespace."""
        known, read = self._changed.get(namespace) or self._homes.get(namespace), self._by_namespace.get(namespace, ())
        if known is None:
            known = self._homes[namespace] = Home(read, self._compiler)
        elif known.read is not read:
            known = self._changed[namespace] = Home(read, self._compiler, known)
        return known

    def verdict(
        self, source: PolicyEnd, destination: PolicyEnd, protocol: str, port: int, *, by_service: bool = False
    ) -> Verdict:
        """May a new connection pass, and which rules say so. The port is the destination's, after DNAT (NP-20).

        `by_service` says that a Service led here, which may be back to the pod that dialled (NP-16).
        """
        source, destination = self._placed(source), self._placed(destination)
        return Verdict(
            self._side(EGRESS, source, destination, protocol, port, by_service),
            self._side(INGRESS, destination, source, protocol, port, by_service),
        )

    def _placed(self, end: PolicyEnd) -> PolicyEnd:
        """The end with its node, where it is the address of one and its node decides."""
        if self.seeing.ip_blocks_hold_nodes or end.pod is not None or end.node:
            return end
        return msgspec.structs.replace(end, node=self._node_of(end))

    def selecting(self, pod: Pod, direction: str) -> tuple[CompiledPolicy, ...]:
        """The policies that isolate a pod in a direction (NP-1), by name."""
        if not self.seeing.is_seen(pod):
            return ()
        return self.home(pod.metadata.namespace).selecting(pod.metadata.labels, direction)

    def selected_by(self, policy: NetworkPolicy) -> tuple[Pod, ...]:
        """The running pods that a NetworkPolicy's selector means, whether or not it is enforced (NP-1, PD-14)."""
        pods, selector = self._pods.get(policy.metadata.namespace, ()), policy.spec.pod_selector
        return tuple(
            [p for p in pods if not p.is_terminal and self.seeing.is_seen(p) and self.seeing.selects(selector, p)]
        )

    def tiers_for(self, pod: Pod, tier: str, direction: str) -> tuple[Selected, ...]:
        """The policies of a tier that judge a pod in a direction, those without rules for it left out."""
        answers = (
            (policy, self.tier_seeing.selects(policy.subject, pod))
            for policy in self.tiers
            if policy.tier == tier and policy.rules(direction)
        )
        return tuple((policy, self._uncertain(policy, selects)) for policy, selects in answers if selects is not False)

    def _uncertain(self, policy: TierPolicy, selects: bool | None) -> str:
        """Why it is not certain that a policy of a tier judges a pod; empty if it is."""
        if not self._are_tiers_sure:
            return f"whether {self.profile.name} enforces {policy.key} is not known"
        return "" if selects else f"whether {policy.key} selects the pod is not known"

    def unread_for(self, pod: Pod, direction: str) -> tuple[UnreadPolicy, ...]:
        """Policies of kinds that kwake does not read and that may select the pod in a direction."""
        if not self.unread or not self.seeing.is_seen(pod):
            return ()
        labels = self.seeing.labels_of(pod.metadata.namespace)
        return tuple(policy for policy in self.unread if policy.may_select(pod, labels, direction))

    def is_own_node(self, pod: Pod, end: PolicyEnd) -> bool:
        """Whether an end is the node that the pod runs on, or shares that node's network."""
        return bool(pod.spec.node_name) and self.seeing.pod(end) is None and self._node_of(end) == pod.spec.node_name

    def _node_of(self, end: PolicyEnd) -> str:
        if end.node:
            return end.node
        if end.pod is not None:
            return end.pod.spec.node_name
        node = self._nodes_by_ip.get(end.ip)
        return node.metadata.name if node is not None else ""

    def _side(
        self, direction: str, subject: PolicyEnd, other: PolicyEnd, protocol: str, port: int, by_service: bool
    ) -> Side:
        """What the policies of one end say of the other."""
        if subject.pod is None:
            return Side(direction, True, "not a pod: no policy judges its side", Basis.SOURCED, "NP-2")
        if not self.enforced:
            setting = self.profile.setting("policy")
            return Side(direction, True, f"{self.profile.name} enforces no NetworkPolicy", setting.basis, "NP-12")
        pod = self.seeing.pod(subject)
        if pod is None:
            basis = self.profile.setting("host-network-pods").basis
            return Side(direction, True, "on the host's network: no policy selects it", basis, "NP-15")
        if other.pod is not None and other.pod.key == pod.key and other.pod.metadata.uid == pod.metadata.uid:
            return self._to_itself(pod, direction, other, protocol, port, by_service)
        if direction == INGRESS and self.is_own_node(pod, other):
            return Side(direction, True, "from the pod's own node: always allowed", Basis.SOURCED, "NP-14")
        side = self._tiered(pod, direction, other, protocol, port)
        unread = self.unread_for(pod, direction)
        if unread:
            return _unknown(side, why_unknown(unread), "NP-16")
        if protocol == "SCTP" and not self.judges_sctp and self._is_judged(pod, direction):
            return _unknown(side, SCTP_UNKNOWN, "NP-11")
        return side

    def _is_judged(self, pod: Pod, direction: str) -> bool:
        """Whether any policy selects a pod in a direction."""
        return bool(
            self.selecting(pod, direction)
            or self.tiers_for(pod, ADMIN, direction)
            or self.tiers_for(pod, BASELINE, direction)
        )

    def _to_itself(
        self, pod: Pod, direction: str, other: PolicyEnd, protocol: str, port: int, by_service: bool
    ) -> Side:
        """A pod that dials itself: never blocked at its own address (NP-13); by a Service the tiers judge (NP-16)."""
        own = Side(direction, True, "a pod cannot block itself", Basis.SOURCED, "NP-13")
        if not by_service or not self.tiers:
            return own
        asked = Asked(direction, other, self.tier_seeing.pod(other), protocol, port)
        lower = None if self.selecting(pod, direction) else BASELINE
        return self._in_tier(
            pod, ADMIN, asked, lambda: own if lower is None else self._in_tier(pod, lower, asked, lambda: own)
        )

    def _tiered(self, pod: Pod, direction: str, other: PolicyEnd, protocol: str, port: int) -> Side:
        """Admin tier, then NetworkPolicies if any selects the pod, else the Baseline tier, then the default (NP-16)."""
        destination = self.tier_seeing.pod(PolicyEnd(pod, "") if direction == INGRESS else other)
        asked = Asked(direction, other, destination, protocol, port)

        def networked() -> Side:
            side = self._judged(direction, pod, other, protocol, port)
            if not side.isolated_by:
                return self._in_tier(pod, BASELINE, asked, lambda: side)
            if direction == EGRESS and side.allowed is False and self.is_own_node(pod, other):
                return self._to_own_node(side)
            return side

        return self._in_tier(pod, ADMIN, asked, networked)

    def _in_tier(self, pod: Pod, tier: str, asked: Asked, below: Callable[[], Side]) -> Side:
        """What a tier makes of a connection; `below` says what comes of one that it does not decide."""
        selected = self.tiers_for(pod, tier, asked.direction) if self.tiers else ()
        if not selected:
            return below()
        found = chances(selected, asked, self.tier_seeing)
        sides = [self._decided(chance, asked, below) for chance in found]
        if len({side.allowed for side in sides}) == 1:
            return sides[0]
        doubts = dict.fromkeys(chance.doubt for chance in found if chance.doubt)
        tied = dict.fromkeys(f"{called(c.rule.ref.policy)} {c.rule.ref}" for c in found if c.rule is not None)
        reason = "; ".join(doubts) or f"{' and '.join(tied)}: which of them comes first is not defined"
        return _unknown(msgspec.structs.replace(sides[0], isolated_by=()), reason, "NP-16")

    def _decided(self, chance: Chance, asked: Asked, below: Callable[[], Side]) -> Side:
        rule, direction = chance.rule, asked.direction
        if rule is None:
            return below()
        named = f"{called(rule.ref.policy)} {rule.ref}"
        basis = self._basis_of_networks(rule.peers, asked.other)
        if rule.action == ACCEPT:
            return Side(direction, True, f"{named} accepts it", basis, "NP-16", (), (rule.ref,))
        if rule.action == DENY:
            return Side(direction, False, f"{named} denies it", basis, "NP-16", denied_by=(rule.ref,))
        side = below()
        return msgspec.structs.replace(side, passed_by=(rule.ref, *side.passed_by))

    def _basis_of_networks(self, peers: Iterable[AdminPeer], other: PolicyEnd) -> Basis:
        """Sourced, unless it rests on whether networks hold pods."""
        if self.tier_seeing.pod(other) is None or all(peer.networks is None for peer in peers):
            return Basis.SOURCED
        return self.profile.setting("ipblock-matches-pods").basis

    def _judged(self, direction: str, pod: Pod, other: PolicyEnd, protocol: str, port: int) -> Side:
        """What the NetworkPolicies say: the union of all rules of all that select the pod (NP-1, NP-2)."""
        isolating = self.selecting(pod, direction)
        if not isolating:
            return Side(direction, True, "not isolated", Basis.SOURCED, "NP-1")
        keys = tuple(policy.key for policy in isolating)
        destination = pod if direction == INGRESS else self.seeing.pod(other)
        admitting: list[Rule] = []
        doubtful: list[Rule] = []
        for policy in isolating:
            for rule in policy.rules(direction):
                admits = self.seeing.rule_admits(rule, other)
                if admits is not False and rule.connections(destination).holds(protocol, port):
                    (admitting if admits else doubtful).append(rule)
        basis = self._basis(isolating, direction, other)
        if admitting:
            first = admitting[0]
            reason = f"{first.ref.policy.name} {first.ref} admits it"
            return Side(direction, True, reason, basis, "NP-2", keys, tuple(rule.ref for rule in admitting))
        if doubtful and other.pod is not None:
            asking, home = doubtful[0].ref, other.pod.metadata.namespace
            reason = (
                f"{asking.policy.name} {asking} asks for labels of namespace {home}, which the snapshot does not hold"
            )
            return Side(direction, None, reason, Basis.UNKNOWN, "NP-6", keys)
        reason = f"isolated by {_listed(key.name for key in keys)}, no rule admits"
        asked = Denied(direction, pod, other, self.seeing.pod(other), protocol, port)
        near = self._near(pod) if self._looks_for_misses else ()
        missed = near_misses(asked, self.seeing, near, self._selects_nobody)
        return Side(direction, False, reason, basis, "NP-2", keys, (), missed)

    def _near(self, pod: Pod) -> tuple[CompiledPolicy, ...]:
        """The policies of its namespace that are near a pod; asked of pods of the same labels for each denial."""
        metadata = pod.metadata
        asked = metadata.namespace, *metadata.labels.items()
        known = self._near_to.get(asked)
        if known is None:
            policies = self.home(metadata.namespace).policies
            near = [policy for policy in policies if is_near(policy, metadata.labels, self._selects_nobody)]
            known = self._near_to[asked] = tuple(near)
        return known

    def _selects_nobody(self, policy: CompiledPolicy) -> bool:
        """Whether there is no pod that a policy's selector means; asked of the same ones for each denial."""
        known = self._idle.get(policy.key)
        if known is None:
            pods = self._pods.get(policy.namespace, ())
            known = self._idle[policy.key] = not any(policy.selector.matches(pod.metadata.labels) for pod in pods)
        return known

    def _basis(self, isolating: Iterable[CompiledPolicy], direction: str, other: PolicyEnd) -> Basis:
        """Sourced, unless it rests on what the API leaves open: host-network pods, ipBlocks that hold pods, endPort."""
        ranges = self.profile.setting("end-port").basis
        if ranges is not Basis.SOURCED:
            ports = (port for policy in isolating for rule in policy.rules(direction) for port in rule.ports)
            ranges = ranges if any(port.end_port is not None for port in ports) else Basis.SOURCED
        if other.pod is None:
            return weakest((ranges, self._basis_of_node(isolating, direction, other)))
        peers = [peer for policy in isolating for rule in policy.rules(direction) for peer in rule.peers]
        rests_on = [ranges]
        if other.pod.spec.host_network and peers:
            rests_on.append(self.profile.setting("host-network-pods").basis)
        elif any(peer.ip_block is not None for peer in peers):
            rests_on.append(self.profile.setting("ipblock-matches-pods").basis)
        return weakest(rests_on)

    def _basis_of_node(self, isolating: Iterable[CompiledPolicy], direction: str, other: PolicyEnd) -> Basis:
        """Inferred where an address counts for nothing since it is a node's: it may be a client's that a Service
        translated, and whether a CNI tells the two apart was not read."""
        if self.seeing.ip_blocks_hold_nodes or not other.node:
            return Basis.SOURCED
        blocks = (peer.ip_block for policy in isolating for rule in policy.rules(direction) for peer in rule.peers)
        held = any(block is not None and block_holds(block, other.ip) for block in blocks)
        return Basis.INFERRED if held else Basis.SOURCED

    def _to_own_node(self, side: Side) -> Side:
        """Egress to the pod's own node, where the rules deny it: sources disagree, so the profile says (D-2)."""
        setting = self.profile.setting("egress-to-own-node")
        match setting.value:
            case "allowed":
                return Side(EGRESS, True, "to the pod's own node: allowed", setting.basis, "NP-14", side.isolated_by)
            case "judged":
                return side
            case _:
                return _unknown(side, "to the pod's own node: whether policies judge it depends on the CNI", "NP-14")


def _unknown(side: Side, reason: str, cite: str) -> Side:
    return Side(side.direction, None, reason, Basis.UNKNOWN, cite, side.isolated_by)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _described(cluster: Cluster) -> frozenset[str]:
    """Namespaces whose labels are known: those that were read, not made."""
    records = (cluster.record(namespace.key) for namespace in cluster.all(Namespace))
    return frozenset(record.key.name for record in records if not record.made)


_KINDS: tuple[type[KubeObject], ...] = (Namespace, Node, Unmodelled, ConfigMap, *TIER_KINDS)


def _read(cluster: Cluster) -> list[object]:
    """What of a cluster decides, besides its NetworkPolicies and pods. Clusters share what did not change."""
    return [cluster.namespaces, *[cluster.all(kind) for kind in _KINDS]]


_compiled: WeakKeyDictionary[Cluster, dict[tuple[str, ...], PolicySet]] = WeakKeyDictionary()
_latest: dict[tuple[str, ...], PolicySet] = {}
"""The last set made under some settings: most clusters differ little from the one before."""


def compile_policies(cluster: Cluster, profile: Profile, earlier: PolicySet | None = None) -> PolicySet:
    """The policies of a cluster as a profile enforces them; made once for each cluster object and profile.

    `earlier` are those of a cluster that this one was made of, under the same profile; by default the last made.
    """
    sets = _compiled.setdefault(cluster, {})
    wanted = _settings(profile, earlier)
    if wanted not in sets:
        earlier = _latest.get(wanted) if earlier is None else earlier
        sets[wanted] = _latest[wanted] = PolicySet(cluster, profile, earlier)
    return sets[wanted]
