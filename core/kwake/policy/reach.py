"""Who may talk to whom: all pairs of workloads or pods, and the world outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from kwake.cluster import Cluster
from kwake.errors import UsageError
from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.classes import classes_of
from kwake.policy.connections import ALL, ConnectionSet
from kwake.policy.found_pairs import FoundPairs, Said
from kwake.policy.matrix import Matrix
from kwake.policy.own_node import add_own_nodes, has_own_nodes
from kwake.policy.partly import Partly
from kwake.policy.policy_set import compile_policies
from kwake.policy.workloads import pod_names, workload_names
from kwake.profiles.profile import Profile


class Pair(msgspec.Struct, frozen=True):
    """A source that may open connections to a destination."""

    src: str
    """`namespace/name[Kind]`, or an address range `first-last` outside the cluster."""
    dst: str
    connections: ConnectionSet
    """What passes for sure between at least one pod of the one and one of the other."""
    partly: Partly | None = None
    """None: that is true of all of them."""

    @property
    def always(self) -> ConnectionSet:
        """What passes between all of them."""
        return self.connections if self.partly is None else self.partly.always


class UnknownPair(msgspec.Struct, frozen=True, order=True):
    """A pair of which it is not known what may pass, beyond what `pairs` lists for it."""

    src: str
    dst: str
    reason: str
    possible: ConnectionSet = ALL
    """What may pass, beyond what is sure."""


class Reach(msgspec.Struct, frozen=True):
    """All pairs that may talk. A pair that may not is absent; a workload to itself is listed only where asked for."""

    pairs: tuple[Pair, ...]
    """By source and destination."""
    unknown: tuple[UnknownPair, ...]

    @property
    def partial(self) -> tuple[Pair, ...]:
        """The pairs of which not all pods fare alike."""
        return tuple(pair for pair in self.pairs if pair.partly is not None)

    def as_form(self) -> dict[str, Any]:
        """What `kwake reach -o json` prints: stable. `pairs` holds what is true of all pods of both ends."""
        spelled: dict[ConnectionSet, str] = {pair.always: "" for pair in self.pairs}
        spelled = {connections: str(connections) for connections in spelled}
        pairs = [{"src": p.src, "dst": p.dst, "connections": spelled[p.always]} for p in self.pairs if p.always]
        unknown = [{"src": u.src, "dst": u.dst, "reason": u.reason, "possible": str(u.possible)} for u in self.unknown]
        return {"version": 1, "pairs": pairs, "partial": list(map(_partial_form, self.partial)), "unknown": unknown}

    def joined(self, other: Reach) -> Reach:
        """This and another table of other pairs."""
        return Reach(self.pairs + other.pairs, self.unknown + other.unknown)

    def to_json(self) -> str:
        """That form as text."""
        return json.dumps(self.as_form(), indent=2, ensure_ascii=False)


def _partial_form(pair: Pair) -> dict[str, Any]:
    found = pair.partly
    if found is None:
        return {}
    shares = [{"connections": str(share.connections), "pairs": share.pairs} for share in found.shares]
    return {"src": pair.src, "dst": pair.dst, "connections": str(pair.connections), "shares": shares,
            "of": found.of, "unit": found.unit, "reason": found.reason}  # fmt: skip


_NAMES: dict[str, Callable[[Cluster], Callable[[Pod], str]]] = {"workload": workload_names, "pod": pod_names}


def reach(cluster: Cluster, profile: Profile, by: str = "workload", *, within: bool = False) -> Reach:
    """All pairs of a settled cluster. What some pods of a workload may do and others not is counted.

    Pods that have ended or have no address are no ends (PD-14), but a workload that has no other is listed: policies
    judge by labels what it does when it runs again. With `within` also what the pods of one workload may do among
    themselves. Raises UsageError for another `by`.
    """
    if by not in _NAMES:
        raise UsageError(f"by {by}: say {' or '.join(_NAMES)}")
    policies = compile_policies(cluster, profile)
    pods, names = ends_of(cluster, by)
    classes = classes_of(pods, policies)
    matrix = Matrix(classes, policies)
    found = FoundPairs(classes, names, within)
    for rectangle in matrix.rectangles():
        found.add(rectangle)
    if has_own_nodes(pods, policies):
        add_own_nodes(found, pods, names, policies, Said.by(matrix), profile)
    return table_of(found)


def ends_of(cluster: Cluster, by: str = "workload") -> tuple[list[Pod], dict[Key, str]]:
    """The pods that are the ends of pairs, and what each counts as."""
    name_of = _NAMES[by](cluster)
    names: dict[Key, str] = {}
    listed: list[tuple[Pod, str, bool]] = []
    for pod in cluster.all(Pod):
        is_end = bool(pod.ips) and not pod.is_terminal
        if is_end or (by == "workload" and pod.controller is not None):
            names[pod.key] = name = name_of(pod)
            listed.append((pod, name, is_end))
    running = {name for _, name, is_end in listed if is_end}
    return [pod for pod, name, is_end in listed if is_end or name not in running], names


def table_of(found: FoundPairs) -> Reach:
    """What was found as a table."""
    pairs = tuple(Pair(src, dst, connections, parts) for src, dst, connections, parts in found.pairs())
    return Reach(pairs, tuple(UnknownPair(src, dst, "; ".join(doubts), possible)
                              for src, dst, doubts, possible in found.unknown()))  # fmt: skip
