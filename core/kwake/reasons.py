"""Why the pairs of a table of reach may talk: the rules that let their connections pass, on each side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product

import msgspec

from kwake.dataplane.evidence import judgement
from kwake.dataplane.path import Judgement
from kwake.objects.basis import weakest
from kwake.policy.connections import PROTOCOLS, ConnectionSet
from kwake.policy.ends import PolicyEnd, Verdict
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.reach import Pair, ends_of
from kwake.world import World

TRIED = 256
"""Pairs of pods that are looked at for one that may talk, where not all of two workloads do."""

Both = tuple[Judgement, Judgement]
"""What lets it leave, and what lets it in."""


def reasons(world: World, pairs: Iterable[Pair], by: str = "workload") -> dict[tuple[str, str], Both]:
    """For each pair that may talk what its two ends' policies say, once everything has settled.

    Told of one pod of each: of those that may talk, where not all do. All rules are named that admit the first or the
    last port of any of the pair's ranges.
    """
    view = world.settled_view()
    policies = compile_policies(view.policy, view.profile)
    pods, names = ends_of(world.cluster, by)
    ends: dict[str, list[PolicyEnd]] = {}
    for pod in pods:
        ends.setdefault(names[pod.key], []).append(PolicyEnd.of(pod))
    found: dict[tuple[str, str], Both] = {}
    for pair in pairs:
        of_both = (ends.get(name) or [PolicyEnd(None, name.partition("-")[0])] for name in (pair.src, pair.dst))
        verdicts = _verdicts(policies, pair.connections, islice(product(*of_both), TRIED))
        if verdicts:
            egress, ingress = ([judgement(view, side) for side in sides]
                               for sides in zip(*((v.egress, v.ingress) for v in verdicts), strict=True))  # fmt: skip
            found[pair.src, pair.dst] = _together(egress), _together(ingress)
    return found


def _verdicts(policies: PolicySet, connections: ConnectionSet, tried: Iterable[tuple[PolicyEnd, ...]]) -> list[Verdict]:
    """What is said of the connections that pass between the first two ends between which any does."""
    for source, destination in tried:
        verdicts = [policies.verdict(source, destination, *asked) for asked in _borders(connections)]
        passing = [verdict for verdict in verdicts if verdict.allowed]
        if passing:
            return passing
    return []


def _borders(connections: ConnectionSet) -> Iterator[tuple[str, int]]:
    for protocol in PROTOCOLS:
        for span in connections.of(protocol):
            yield from ((protocol, port) for port in dict.fromkeys(span))


def _together(sides: list[Judgement]) -> Judgement:
    """All that let one of the connections pass."""
    decided = dict.fromkeys(decider for side in sides for decider in side.decided_by)
    passed = dict.fromkeys(decider for side in sides for decider in side.passed_by)
    basis = weakest(side.basis for side in sides)
    return msgspec.structs.replace(sides[0], basis=basis, decided_by=tuple(decided), passed_by=tuple(passed))
