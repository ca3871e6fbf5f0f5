"""A part of the table of all pairs: some workloads, one direction, one port."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable, Iterable

import msgspec

from kwake.cluster import Cluster
from kwake.errors import UsageError
from kwake.objects.kinds import Pod
from kwake.objects.reference import kind_named
from kwake.policy.connections import ALL, ConnectionSet
from kwake.policy.ends import INGRESS
from kwake.policy.exposure import ANYWHERE
from kwake.policy.reach import Pair, Reach
from kwake.policy.rules import span_of
from kwake.policy.workloads import implied_deployment, pod_name, workload_name

MOST_NAMED = 4
"""Workloads that are named where none is near."""

EVERYWHERE = "internet"
"""How all addresses outside the cluster are named."""


class Named(msgspec.Struct, frozen=True):
    """The ends of a table that somebody named."""

    names: frozenset[str]
    spans: tuple[tuple[int, int, int], ...]
    """IP version, first and last address of ranges outside."""

    def __contains__(self, end: str) -> bool:
        if "[" in end or "-" not in end or end == ANYWHERE:
            return end in self.names
        version, low, high = range_of(end)
        return any(v == version and first <= high and low <= last for v, first, last in self.spans)


class ReachView(msgspec.Struct, frozen=True):
    """What of a table is asked for. None: everything."""

    focus: Named | None = None
    """One end of each pair is among these."""
    peers: Named | None = None
    """The other end is among these."""
    direction: str | None = None
    """`Ingress`: what may reach the focus. `Egress`: what it may reach."""
    connections: ConnectionSet = ALL
    """Only what may pass of these."""

    def shows(self, src: str, dst: str) -> bool:
        """Whether it is about a pair."""
        if self.focus is None:
            return True
        ways = ((dst, src, INGRESS), (src, dst, "Egress"))
        return any(
            here in self.focus and self.direction in (None, direction) and (self.peers is None or other in self.peers)
            for here, other, direction in ways
        )

    def of(self, table: Reach) -> Reach:
        """The part of a table that it shows."""
        pairs = (
            Pair(pair.src, pair.dst, pair.connections & self.connections,
                 pair.partly and pair.partly.within(self.connections))
            for pair in table.pairs
            if self.shows(pair.src, pair.dst)
        )  # fmt: skip
        shown = tuple(pair for pair in pairs if pair.connections)
        unknown = (
            msgspec.structs.replace(doubt, possible=doubt.possible & self.connections)
            for doubt in table.unknown
            if doubt.possible & self.connections and self.shows(doubt.src, doubt.dst)
        )
        return Reach(shown, tuple(unknown))


def range_of(name: str) -> tuple[int, int, int]:
    """IP version, first and last address of a range `first-last`."""
    first, last = map(ipaddress.ip_address, name.split("-"))
    return first.version, int(first), int(last)


def named_ends(cluster: Cluster, words: Iterable[str], by: str = "workload") -> Named:
    """The ends that these words name: a workload's, its owner's or a pod's name, `namespace/name`,
    `Kind/namespace/name`; with `namespace/` alone all of a namespace; an address or CIDR outside; `internet` for all
    addresses.

    Raises UsageError for a word that names none, with the nearest that there is.
    """
    naming: Callable[[Cluster, Pod], str] = pod_name if by == "pod" else workload_name
    called: dict[str, set[str]] = {}
    for pod in cluster.all(Pod):
        end = naming(cluster, pod)
        owners = [f"{pod.metadata.namespace}/{owner.key.name}[{owner.key.kind}]" for owner in cluster.owners(pod)]
        for name in (workload_name(cluster, pod), *owners, pod_name(cluster, pod)):
            called.setdefault(name, set()).add(end)
    names: set[str] = set()
    spans: list[tuple[int, int, int]] = []
    for word in words:
        if word == EVERYWHERE:
            spans += [(4, 0, (1 << 32) - 1), (6, 0, (1 << 128) - 1)]
        elif (span := span_of(word)) is not None:
            spans.append(span)
        else:
            meant = [name for name in called if _means(word, name)] or _implied(word, called)
            if not meant:
                raise UsageError(f"{word}: no workload and no pod has this name{_nearest(word, called)}")
            names.update(*(called[name] for name in meant))
    return Named(frozenset(names), tuple(spans))


def _means(word: str, end: str) -> bool:
    """Whether a word as people write it means `namespace/name[Kind]`."""
    whole, _, kind = end.removesuffix("]").partition("[")
    namespace, _, name = whole.partition("/")
    parts = word.split("/")
    if len(parts) == 3:
        return (kind_named(parts[0]) or parts[0]) == kind and parts[1:] == [namespace, name]
    return word in (end, whole, name, f"{namespace}/")


def _implied(word: str, ends: Iterable[str]) -> list[str]:
    """The ReplicaSet whose name without its hash this is, where that is only one's in its namespace."""
    found: dict[str, list[str]] = {}
    for end in ends:
        bare = implied_deployment(end)
        if bare and _means(word, bare):
            found.setdefault(bare, []).append(end)
    return [sets[0] for sets in found.values() if len(sets) == 1]


def _nearest(word: str, ends: Iterable[str]) -> str:
    known = {form: end for end in ends for form in (end.partition("[")[0], end.partition("[")[0].partition("/")[2])}
    near = difflib.get_close_matches(word.rpartition("/")[2] if word.count("/") > 1 else word, known, n=1)
    if near:
        return f"; did you mean {known[near[0]].partition('[')[0]}?"
    workloads = [implied_deployment(end) or end for end in ends if not end.endswith("[Pod]")]
    there = sorted({end.partition("[")[0] for end in workloads or ends})
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    return f"; there is {', '.join(there[:MOST_NAMED])}{more}" if there else ""
