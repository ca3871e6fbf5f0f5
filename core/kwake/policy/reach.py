"""Who may talk to whom: all pairs of workloads or pods, and the world outside."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from kwake.cluster import Cluster
from kwake.errors import UsageError
from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.classes import Classes, bits_of, classes_of
from kwake.policy.connections import ALL, NONE, ConnectionSet
from kwake.policy.matrix import Matrix
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.workloads import pod_name, workload_name
from kwake.profiles.profile import Profile

NODE_EGRESS = "to the pod's own node: whether policies judge it depends on the CNI (NP-14)"


class Pair(msgspec.Struct, frozen=True):
    """A source that may open connections to a destination."""

    src: str
    """`namespace/name[Kind]`, or an address range `first-last` outside the cluster."""
    dst: str
    connections: ConnectionSet


class UnknownPair(msgspec.Struct, frozen=True, order=True):
    """A pair of which it is not known what may pass, beyond what `pairs` lists for it."""

    src: str
    dst: str
    reason: str


class Reach(msgspec.Struct, frozen=True):
    """All pairs that may talk. A pair that may not is absent, a workload to itself is never listed."""

    pairs: tuple[Pair, ...]
    """By source and destination."""
    unknown: tuple[UnknownPair, ...]

    def as_form(self) -> dict[str, Any]:
        """What `kwake reach -o json` prints: stable."""
        spelled: dict[ConnectionSet, str] = {p.connections: "" for p in self.pairs}
        spelled = {connections: str(connections) for connections in spelled}
        pairs = [{"src": p.src, "dst": p.dst, "connections": spelled[p.connections]} for p in self.pairs]
        unknown = [{"src": u.src, "dst": u.dst, "reason": u.reason} for u in self.unknown]
        return {"version": 1, "pairs": pairs, "unknown": unknown}

    def joined(self, other: Reach) -> Reach:
        """This and another table of other pairs."""
        return Reach(self.pairs + other.pairs, self.unknown + other.unknown)

    def to_json(self) -> str:
        """That form as text."""
        return json.dumps(self.as_form(), indent=2, ensure_ascii=False)


_NAMES: dict[str, Callable[[Cluster, Pod], str]] = {"workload": workload_name, "pod": pod_name}


def reach(cluster: Cluster, profile: Profile, by: str = "workload") -> Reach:
    """All pairs of a settled cluster. A workload may do what one of its pods may. Raises UsageError for another `by`.

    Pods that have ended or have no address are no ends (PD-14), but their workload is listed: policies judge by labels
    what it does when it runs again.
    """
    naming = _NAMES.get(by)
    if naming is None:
        raise UsageError(f"by {by}: say {' or '.join(_NAMES)}")
    policies = compile_policies(cluster, profile)
    pods = [pod for pod in cluster.all(Pod) if _is_end(pod) or (by == "workload" and pod.controller is not None)]
    names = {pod.key: naming(cluster, pod) for pod in pods}
    classes = classes_of(pods, policies)
    matrix = Matrix(classes, policies)
    found = _Found()
    owners = [sorted({names[pod.key] for pod in member.pods}) or list(member.ranges) for member in classes.members]
    outside = classes.where(index for index, member in enumerate(classes.members) if member.ranges)
    for rectangle in matrix.rectangles():
        inside = rectangle.sources & ~outside, rectangle.destinations & ~outside
        for sources, destinations in ((inside[0], rectangle.destinations), (rectangle.sources & outside, inside[1])):
            if sources and destinations:
                found.add(_names_of(sources, owners), _names_of(destinations, owners), rectangle.connections,
                          rectangle.doubts)  # fmt: skip
    _add_own_node(found, pods, names, policies, classes, matrix, profile)
    return found.result()


def _is_end(pod: Pod) -> bool:
    return bool(pod.ips) and not pod.is_terminal


def _names_of(members: int, owners: list[list[str]]) -> list[str]:
    return sorted({name for index in bits_of(members) for name in owners[index]})


class _Found:
    """Pairs as they are found; what several pods of a workload may do is joined."""

    def __init__(self) -> None:
        self._pairs: defaultdict[tuple[str, str], ConnectionSet] = defaultdict(lambda: NONE)
        self._possible: defaultdict[tuple[str, str], dict[str, ConnectionSet]] = defaultdict(dict)

    def add(self, sources: Iterable[str], destinations: list[str], connections: ConnectionSet,
            doubts: tuple[str, ...] = ()) -> None:  # fmt: skip
        """These connections between all of these; with doubts they are only possible."""
        for source in sources:
            for destination in destinations:
                if source == destination:
                    continue
                if not doubts:
                    self._pairs[source, destination] |= connections
                    continue
                possible = self._possible[source, destination]
                for doubt in doubts:
                    possible[doubt] = possible.get(doubt, NONE) | connections

    def result(self) -> Reach:
        """All of it, in order. What may pass anyway is not unknown."""
        pairs = tuple(Pair(src, dst, self._pairs[src, dst]) for src, dst in sorted(self._pairs))
        unknown = []
        for src, dst in sorted(self._possible):
            sure = self._pairs.get((src, dst), NONE)
            doubts = [doubt for doubt, possible in self._possible[src, dst].items() if sure | possible != sure]
            if doubts:
                unknown.append(UnknownPair(src, dst, "; ".join(doubts)))
        return Reach(pairs, tuple(unknown))


def _add_own_node(
    found: _Found,
    pods: Iterable[Pod],
    names: dict[Key, str],
    policies: PolicySet,
    classes: Classes,
    matrix: Matrix,
    profile: Profile,
) -> None:
    """Traffic between a pod and its own node, here the pods on that node's network (NP-14)."""
    if not policies.enforced:
        return
    on_node: defaultdict[str, tuple[list[Pod], list[Pod]]] = defaultdict(lambda: ([], []))
    for pod in pods:
        if pod.spec.node_name:
            on_node[pod.spec.node_name][policies.seeing.is_seen(pod)].append(pod)
    open_egress = {pod.key for pod in _unisolated(classes, matrix)}
    allowed = _to_own_node(classes, matrix)
    to_node = profile["egress-to-own-node"]
    for hosted, networked in on_node.values():
        for host in hosted:
            for pod in networked:
                if names[host.key] == names[pod.key]:
                    continue
                found.add([names[host.key]], [names[pod.key]], ALL)
                if pod.key in open_egress or to_node == "judged":
                    continue
                doubts = () if to_node == "allowed" else (NODE_EGRESS,)
                found.add([names[pod.key]], [names[host.key]], allowed(pod, host), doubts)


def _to_own_node(classes: Classes, matrix: Matrix) -> Callable[[Pod, Pod], ConnectionSet]:
    """What the tiers let a pod send to one on its node's network, were there no NetworkPolicy."""
    groups = {classes.members[i].pods[0].key: group for group in matrix.egress for i in bits_of(group.members)
              if classes.members[i].pods}  # fmt: skip
    where = {pod.key: index for index, member in enumerate(classes.members) for pod in member.pods}

    def allowed(pod: Pod, host: Pod) -> ConnectionSet:
        first = classes.members[where[pod.key]].pods[0].key
        parts = groups[first].to_own_node
        return next(connections for connections, members in parts if members >> where[host.key] & 1)

    return allowed


def _unisolated(classes: Classes, matrix: Matrix) -> Iterable[Pod]:
    """Pods that may send everything to everybody, as far as known."""
    for group in matrix.egress:
        if [allowed for allowed, _ in group.possible] == [ALL]:
            for index in bits_of(group.members):
                yield from classes.members[index].pods
