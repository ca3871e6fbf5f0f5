"""Two snapshots: what of their traffic differs, by workload, and what decided it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.evidence import side_deciders
from kwake.dataplane.path import Decider, Outcome, Path
from kwake.dial_change import DialChange, Turn
from kwake.dials import Dials, changed_dials
from kwake.objects.kinds import Pod
from kwake.policy.connections import PROTOCOLS, ConnectionSet
from kwake.policy.difference import PairChange
from kwake.policy.ends import PolicyEnd, Side, Verdict
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.workloads import workload_name
from kwake.waking import Wake, wake
from kwake.world import World

DIALS = 4000
"""Dials that are compared unless another limit is given; each is traced in both clusters."""


class DecidedPair(msgspec.Struct, frozen=True):
    """A pair that may not talk as it might, and why."""

    change: PairChange
    reason: str
    """One sentence; names the connection that it was worked out for."""
    decided_by: tuple[Decider, ...] = ()
    """What decides in the later snapshot; empty where no policy selects either end."""
    decided_before: tuple[Decider, ...] = ()
    """What decided in the earlier one."""


class Comparison(msgspec.Struct, frozen=True, eq=False):
    """What differs for traffic between two snapshots, both settled."""

    before: World
    after: World
    wake: Wake
    lost: tuple[DecidedPair, ...]
    gained: tuple[DecidedPair, ...]
    changed: tuple[DecidedPair, ...]
    dials: Dials
    """Dials of Services that end otherwise; another pod of the same workload is no difference."""
    workloads_added: tuple[str, ...]
    """`namespace/name[Kind]`, by name."""
    workloads_removed: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether some traffic passes otherwise than before, for sure."""
        sure = any(change.turn is not Turn.UNKNOWN for change in self.dials.changes)
        return bool(self.lost or self.gained or self.changed) or sure

    @property
    def exit_code(self) -> int:
        """1 if traffic changes, else 4 if it is not known whether it does, else 0."""
        if self.is_changed:
            return 1
        return 4 if self.wake.unknown or self.dials.changes else 0


def compare(before: World, after: World, limit: int | None = DIALS) -> Comparison:
    """The traffic of two snapshots compared; at most `limit` dials, None for all."""
    old, new = before.settle(), after.settle()
    changes = wake(old, new)
    dials = changed_dials(old, new, changes, limit)
    kept = tuple(change for change in dials.changes if not _moved_within(old.cluster, new.cluster, change))
    deciding = _Deciding(old, new)
    was, is_ = deciding.old.names, deciding.new.names
    return Comparison(
        before=old,
        after=new,
        wake=changes,
        lost=tuple(map(deciding.pair, changes.lost)),
        gained=tuple(map(deciding.pair, changes.gained)),
        changed=tuple(map(deciding.pair, changes.changed)),
        dials=Dials(kept, dials.same + len(dials.changes) - len(kept), dials.unlooked),
        workloads_added=tuple(sorted(is_ - was)),
        workloads_removed=tuple(sorted(was - is_)),
    )


def _moved_within(old: Cluster, new: Cluster, change: DialChange) -> bool:
    """Whether a dial reaches other pods, but of the same workloads on the same ports: names and addresses are drawn."""
    return change.turn is Turn.REROUTED and _reached(old, change.before) == _reached(new, change.after)


def _reached(cluster: Cluster, path: Path | None) -> set[tuple[str | None, int | None]]:
    return {
        (_workload(cluster, branch.pod) or branch.ip, branch.port)
        for branch in (path.branches if path else ())
        if branch.outcome is Outcome.DELIVERED
    }


def _workload(cluster: Cluster, reference: str | None) -> str | None:
    _, namespace, name = reference.split("/") if reference else ("", "", "")
    pod = cluster.pod(namespace, name) if reference else None
    return workload_name(cluster, pod) if pod is not None else None


class _Snapshot:
    """One side of the comparison: its policies, and its pods by workload."""

    def __init__(self, world: World) -> None:
        self.view = world.settled_view()
        self.policies: PolicySet = compile_policies(world.cluster, world.profile).without_near_misses
        self._pods: dict[str, list[Pod]] = {}
        for pod in world.cluster.all(Pod):
            self._pods.setdefault(workload_name(world.cluster, pod), []).append(pod)

    @property
    def names(self) -> set[str]:
        """Its workloads."""
        return set(self._pods)

    def ends(self, name: str) -> list[PolicyEnd]:
        """The pods of a workload, or the first address of a range."""
        if "[" in name:
            return [PolicyEnd.of(pod) for pod in self._pods.get(name, ())]
        return [PolicyEnd(None, name.partition("-")[0])]

    def verdict(self, change: PairChange, protocol: str, port: int, *, denied: bool = False) -> Verdict | None:
        """What the policies say of a pair: the first verdict that admits, or that denies, else that of its first
        pods."""
        found: Verdict | None = None
        for source in self.ends(change.src):
            for destination in self.ends(change.dst):
                if source.pod is not None and source.pod is destination.pod:
                    continue  # within a workload: nobody is stopped from himself (NP-13)
                verdict = self.policies.verdict(source, destination, protocol, port)
                if verdict.allowed is not None and verdict.allowed is not denied:
                    return verdict
                found = found or verdict
        return found

    def deciders(self, verdict: Verdict | None) -> tuple[Decider, ...]:
        """What made a verdict: the side that denies, or all that admits."""
        return tuple(decider for side in _telling(verdict) for decider in side_deciders(self.view, side))


def _telling(verdict: Verdict | None) -> tuple[Side, ...]:
    """The sides of a verdict that decide it."""
    if verdict is None:
        return ()
    sides = (verdict.egress, verdict.ingress)
    return tuple(side for side in sides if side.allowed is False) or sides


class _Deciding:
    """Why pairs differ."""

    def __init__(self, old: World, new: World) -> None:
        self.old, self.new = _Snapshot(old), _Snapshot(new)

    def pair(self, change: PairChange) -> DecidedPair:
        """A changed pair with what decided, by the lowest port that it lost, else that it gained."""
        missing = tuple(self._absent(change))
        lost = change.lost()
        protocol, port = _first(lost or change.gained())
        among = change.before & change.after
        is_part = among.holds(protocol, port)
        was = self.old.verdict(change, protocol, port, denied=is_part and not lost)
        is_ = self.new.verdict(change, protocol, port, denied=is_part and bool(lost))
        decided_by, decided_before = self.new.deciders(is_), self.old.deciders(was)
        if missing:
            return DecidedPair(change, ", ".join(missing), decided_by, decided_before)
        reasons = _reasons(is_ if lost else was)
        words = f"{protocol} {port}" + ("" if lost else " before") + f": {reasons}"
        return DecidedPair(change, words, decided_by, decided_before)

    def _absent(self, change: PairChange) -> Iterator[str]:
        for name in (change.src, change.dst):
            if "[" not in name:
                continue
            if name not in self.old.names:
                yield f"workload {name} added"
            elif name not in self.new.names:
                yield f"workload {name} removed"


def _first(connections: ConnectionSet) -> tuple[str, int]:
    """The lowest port of TCP, else of the first protocol there is."""
    for protocol in sorted(PROTOCOLS, key=lambda name: name != "TCP"):
        for low, _ in connections.of(protocol)[:1]:
            return protocol, low
    raise ValueError("a change without a difference")


def _reasons(verdict: Verdict | None) -> str:
    return "; ".join(side.reason for side in _telling(verdict))
