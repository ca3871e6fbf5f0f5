"""What pods that do not exist yet could reach, or be reached by, as far as the policies of those that do say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import reduce
from typing import Any

import msgspec

from kwake.cluster import NAME_LABEL, Cluster
from kwake.objects.implication import implies, requirements
from kwake.objects.key import Key
from kwake.objects.kinds import AdminPeer, Metadata, Pod
from kwake.objects.selector import LabelSelector
from kwake.policy.classes import Classes, EndClass, bits_of, classes_of
from kwake.policy.connections import ConnectionSet
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd
from kwake.policy.matrix import Matrix
from kwake.policy.partly import UNLIKE, partly
from kwake.policy.peers import PeerSets
from kwake.policy.policy_set import PolicySet
from kwake.policy.reach import Pair, Reach, UnknownPair, ends_of
from kwake.policy.rules import Seeing
from kwake.policy.tiers import TierSeeing
from kwake.profiles.profile import Profile

ANYWHERE = "entire-cluster"
"""Any pod of any namespace, whatever its labels."""


class Supposed(msgspec.Struct, frozen=True):
    """Pods that may come to be."""

    name: str
    """`ns/[pod with {app=x}]`, `[namespace with {team=a}]/[all pods]`, `entire-cluster`."""
    home: str
    """The namespace, where it is a certain one; else empty."""
    namespaces: LabelSelector
    """What is known of the namespace's labels where it is not."""
    pods: LabelSelector
    """What is known of their labels."""


class Exposure(msgspec.Struct, frozen=True):
    """What pods that do not exist yet could do, beside what `reach` says of those that do."""

    egress: tuple[Pair, ...]
    """What they could be reached on: by the source's policies, not by any that select them."""
    ingress: tuple[Pair, ...]
    """What they could reach, by the destination's policies."""
    unknown: tuple[UnknownPair, ...]
    """Ends of which it is not known what their policies say."""

    @property
    def as_table(self) -> Reach:
        """All of it as pairs."""
        return Reach(self.egress + self.ingress, self.unknown)

    def as_form(self) -> dict[str, Any]:
        """The stable form of `exposure` in `kwake reach --exposure -o json`."""
        whole = self.as_table.as_form()
        return {
            "egress_exposure": Reach(self.egress, ()).as_form()["pairs"],
            "ingress_exposure": Reach(self.ingress, ()).as_form()["pairs"],
            "partial": whole["partial"],
            "unknown": whole["unknown"],
        }


class Supposing(Seeing, frozen=True):
    """Sees pods that do not exist: a selector means them if that follows from what is known of them."""

    pods: dict[str, Supposed] = {}
    """By namespace and name."""

    def selects(self, selector: LabelSelector, pod: Pod) -> bool:
        """Whether a selector means a pod; a supposed one only if it means all that are like it."""
        supposed = self.pods.get(pod.metadata.uid)
        return super().selects(selector, pod) if supposed is None else implies(supposed.pods, selector)

    def namespace_matches(self, selector: LabelSelector, namespace: str) -> bool | None:
        """The same of namespaces."""
        supposed = self.pods.get(namespace)
        return super().namespace_matches(selector, namespace) if supposed is None else implies(
            supposed.namespaces, _without_name(selector)
        )  # fmt: skip


class _Peers(PeerSets):
    """Whom peers mean, supposed pods among them."""

    def __init__(self, classes: Classes, seeing: Seeing, supposed: list[Supposed], first: int) -> None:
        super().__init__(classes, seeing)
        self._supposed, self._first = supposed, first

    def carrying(self, selector: LabelSelector) -> int:
        """The pods that a selector means; supposed ones where that follows from what is known of them."""
        existing = super().carrying(selector) & ((1 << self._first) - 1)
        follows = (at for at, one in enumerate(self._supposed, self._first) if implies(one.pods, selector))
        return existing | sum(1 << at for at in follows)


def _without_name(selector: LabelSelector) -> LabelSelector:
    """Every namespace carries its name: to ask whether it has one asks nothing."""
    asked = (r for r in requirements(selector) if (r.key, r.operator) != (NAME_LABEL, "Exists"))
    return LabelSelector({}, tuple(asked))


def exposure(cluster: Cluster, profile: Profile, by: str = "workload") -> Exposure:
    """What could reach each end, and what it could reach, counted where not all pods of a workload fare alike. A line
    that follows from a wider one is left out.

    Named ports are looked up on pods that exist: towards others a rule for a port's name allows nothing here.
    """
    real, names = ends_of(cluster, by)
    egress, sent = _one_way(cluster, profile, real, names, EGRESS)
    ingress, taken = _one_way(cluster, profile, real, names, INGRESS)
    return Exposure(egress, ingress, tuple(sorted(sent | taken)))


def _one_way(
    cluster: Cluster, profile: Profile, real: list[Pod], names: dict[Key, str], direction: str
) -> tuple[tuple[Pair, ...], set[UnknownPair]]:
    """What the policies of each end say of supposed pods in a direction, and the ends of which that is not known."""
    policies = PolicySet(cluster, profile)
    by_uid = {f"\x00{at}": one for at, one in enumerate(supposed(policies, direction, real))}
    seeing = Supposing(*_fields(policies.seeing), pods=by_uid)
    tiers = policies.tier_seeing
    policies.seeing, policies.tier_seeing = seeing, TierSeeing(seeing, tiers.nodes, tiers.undescribed_nodes)
    classes = classes_of(real, policies)
    members = (*classes.members, *(_member(uid, one) for uid, one in by_uid.items()))
    everyone = Classes(members, (1 << len(members)) - 1, classes.sight, classes.indexes)
    first, likes = len(classes.members), list(by_uid.values())
    matrix = Matrix(everyone, policies)
    matrix.peers = _Peers(everyone, seeing, likes, first)
    counts: defaultdict[tuple[str, str], dict[ConnectionSet, int]] = defaultdict(dict)
    pods: Counter[str] = Counter()
    told: set[tuple[str, str]] = set()
    """Ends and supposed pods of which not just what is said of all follows."""
    unknown: set[UnknownPair] = set()
    for group in matrix.egress if direction == EGRESS else matrix.ingress:
        alike = {pod.key for at in bits_of(group.members & ((1 << first) - 1)) for pod in members[at].pods}
        own = Counter(names[key] for key in alike)
        pods.update(own)
        if group.doubts:
            unknown |= {UnknownPair(*_ends(name, ANYWHERE, direction), "; ".join(group.doubts)) for name in own}
        said = {likes[at].name: allowed for allowed, others in group.sure for at in bits_of(others >> first)}
        for other, allowed in said.items():
            if other == ANYWHERE or allowed != said[ANYWHERE]:
                told.update((name, other) for name in own)
            for name, count in own.items():
                counts[name, other][allowed] = counts[name, other].get(allowed, 0) + count
    pairs = []
    for name, other in sorted(told):
        found = counts[name, other]
        if allowed := reduce(ConnectionSet.__or__, found):
            parts = partly(found, pods[name], "pods", UNLIKE)
            pairs.append(Pair(*_ends(name, other, direction), allowed, parts))
    return tuple(pairs), unknown


def _ends(own: str, other: str, direction: str) -> tuple[str, str]:
    """Source and destination."""
    return (own, other) if direction == EGRESS else (other, own)


def _fields(seeing: Seeing) -> tuple[dict[str, dict[str, str]], bool, bool, bool, frozenset[str]]:
    how = seeing.host_network_pods, seeing.ip_blocks_hold_pods, seeing.ip_blocks_hold_nodes
    return (seeing.namespaces, *how, seeing.undescribed)


def _member(uid: str, supposed: Supposed) -> EndClass:
    metadata = Metadata(name=uid, namespace=supposed.home or uid, uid=uid)
    pod = Pod(api_version="v1", kind="Pod", metadata=metadata)
    return EndClass(4, (pod,), (), PolicyEnd(pod, ""), (4, frozenset()), pod)


def supposed(policies: PolicySet, direction: str, real: list[Pod]) -> Iterator[Supposed]:
    """Whom the rules of a direction mean by labels, each once; all pods first."""
    everything = LabelSelector()
    yield Supposed(ANYWHERE, "", everything, everything)
    told = {ANYWHERE}
    for namespaces, pods, home in _meant(policies, direction):
        one = _one(namespaces, pods, home)
        if one.name not in told and not _exists(one, real):
            told.add(one.name)
            yield one


def _meant(policies: PolicySet, direction: str) -> Iterator[tuple[LabelSelector | None, LabelSelector, str]]:
    for policy in policies.policies:
        for rule in policy.rules(direction):
            for peer in rule.peers:
                if peer.ip_block is None:
                    yield peer.namespace_selector, peer.pod_selector or LabelSelector(), policy.namespace
    for tier in policies.tiers:
        for line in tier.rules(direction):
            yield from filter(None, map(_of_tier, line.peers))


def _of_tier(peer: AdminPeer) -> tuple[LabelSelector | None, LabelSelector, str] | None:
    if peer.namespaces is not None:
        return peer.namespaces, LabelSelector(), ""
    if peer.pods is not None:
        return peer.pods.namespace_selector, peer.pods.pod_selector, ""
    return None


def _one(namespaces: LabelSelector | None, pods: LabelSelector, home: str) -> Supposed:
    if namespaces is not None:
        home = _only_name(namespaces)
    if home:
        return Supposed(f"{home}/{_pods(pods)}", home, LabelSelector(), pods)
    within = namespaces or LabelSelector()
    if within.is_empty and pods.is_empty:
        return Supposed(ANYWHERE, "", within, pods)
    named = "[all namespaces]" if within.is_empty else f"[namespace with {{{_spelled(within)}}}]"
    return Supposed(f"{named}/{_pods(pods)}", "", within, pods)


def _only_name(namespaces: LabelSelector) -> str:
    """The namespace that a selector means by its name and nothing else."""
    wanted = requirements(namespaces)
    if len(wanted) == 1 and (wanted[0].key, wanted[0].operator, len(wanted[0].values)) == (NAME_LABEL, "In", 1):
        return wanted[0].values[0]
    return ""


def _pods(pods: LabelSelector) -> str:
    return "[all pods]" if pods.is_empty else f"[pod with {{{_spelled(pods)}}}]"


def _spelled(selector: LabelSelector) -> str:
    labels = [f"{key}={value}" for key, value in sorted(selector.match_labels.items())]
    return ",".join([*labels, *sorted(map(str, selector.match_expressions))])


def _exists(one: Supposed, real: list[Pod]) -> bool:
    """Whether it stands for pods that exist: those of one namespace with certain labels. `reach` lists these."""
    if not one.home or one.pods.is_empty or one.pods.match_expressions:
        return False
    return any(pod.metadata.namespace == one.home and one.pods.matches(pod.metadata.labels) for pod in real)
