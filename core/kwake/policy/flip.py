"""The smallest edits that turn a verdict, each tried, with what else it opens and closes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import product

import msgspec

from kwake.cluster import Cluster
from kwake.errors import KwakeError
from kwake.objects.basis import Basis, weakest
from kwake.objects.json_patch import Change
from kwake.objects.kinds import Pod
from kwake.policy.change import applied
from kwake.policy.closing_edits import closing_edits
from kwake.policy.connections import one
from kwake.policy.difference import Difference, PairChange
from kwake.policy.ends import PolicyEnd, Side, Verdict
from kwake.policy.opening_edits import Closed, Edit, opening_edits
from kwake.policy.pair_difference import Pairs
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.workloads import workload_name
from kwake.profiles.profile import Profile

TRIED = 8
"""Edits whose other effects are worked out; each needs the table of all pairs once."""
MANY_PODS, TRIED_OF_MANY = 2000, 4
"""In a cluster with more pods than this fewer are worked out: the table of all pairs takes its time there."""
ALIKE = 3
"""Of those how many of one kind."""
COMBINED = 4
"""Edits of each side that are combined where both deny."""


class Question(msgspec.Struct, frozen=True):
    """A connection, as the policies see it."""

    source: PolicyEnd
    destination: PolicyEnd
    protocol: str
    port: int

    def within(self, cluster: Cluster) -> Question:
        """The same between the pods as they are in another cluster."""
        return msgspec.structs.replace(
            self, source=_within(cluster, self.source), destination=_within(cluster, self.destination)
        )

    def verdict(self, policies: PolicySet) -> Verdict:
        """What the policies say of it."""
        return policies.verdict(self.source, self.destination, self.protocol, self.port)


class Flip(msgspec.Struct, frozen=True):
    """Edits that turn a verdict: each was tried."""

    words: str
    changes: tuple[Change, ...]
    allowed: bool
    """The verdict after them."""
    basis: Basis
    also: Difference
    """What else they open and close, workload by workload."""


def _within(cluster: Cluster, end: PolicyEnd) -> PolicyEnd:
    if end.pod is None:
        return end
    return msgspec.structs.replace(end, pod=cluster.pod(end.pod.metadata.namespace, end.pod.metadata.name) or end.pod)


def flips(
    cluster: Cluster,
    profile: Profile,
    question: Question,
    holds: Callable[[Cluster], bool] = lambda _: True,
    most: int = 3,
) -> tuple[Flip, ...]:
    """The best edits that turn a verdict, the one that a person would most likely make first; none if it is unknown.

    `holds` is asked besides whether the edited cluster really makes the connection pass, or not.
    """
    policies = compile_policies(cluster, profile)
    verdict = question.verdict(policies)
    if verdict.allowed is None:
        return ()
    candidates = _opening(cluster, policies, question, verdict) if not verdict.allowed else _closing(
        cluster, policies, question, verdict)  # fmt: skip
    before = Pairs(cluster, profile)
    tries = TRIED if len(cluster.all(Pod)) <= MANY_PODS else TRIED_OF_MANY
    found: list[tuple[tuple[object, ...], Flip]] = []
    tried: set[tuple[Change, ...]] = set()
    of_rank: Counter[int] = Counter()
    for edit in sorted(candidates, key=lambda edit: (len(edit.changes), edit.rank, edit.words)):
        if edit.changes in tried or len(found) == tries or of_rank[edit.rank] == ALIKE:
            continue
        tried.add(edit.changes)
        after = _tried(cluster, edit)
        if after is None:
            continue
        new = question.within(after).verdict(compile_policies(after, profile))
        if new.allowed is not (not verdict.allowed) or not holds(after):
            continue
        of_rank[edit.rank] += 1
        also = _besides(before.difference(after), cluster, question)
        effects = len(also.changes) + len(also.unknown)
        closes = any(change.lost() for change in also.changes)
        meant = edit.rank < 0 or (edit.rank == 0 and not closes)
        size = 0 if meant else _size(also, question)
        flip = Flip(edit.words, edit.changes, bool(new.allowed), new.basis, also)
        found.append(((len(edit.changes), size, edit.rank, effects, edit.words), flip))
    return tuple(flip for _, flip in sorted(found, key=lambda item: item[0])[:most])


def joined(cluster: Cluster, profile: Profile, *steps: tuple[Flip, Question]) -> Flip:
    """Edits that were tried one after the other, as one: what they are about is no effect beside it."""
    changes = tuple(change for flip, _ in steps for change in flip.changes)
    also = Pairs(cluster, profile).difference(applied(cluster, changes))
    for _, question in steps:
        also = _besides(also, cluster, question)
    last = steps[-1][0]
    words = "; and ".join(flip.words for flip, _ in steps)
    return Flip(words, changes, last.allowed, weakest(flip.basis for flip, _ in steps), also)


def _size(also: Difference, question: Question) -> int:
    """How much else an edit does, in steps: nothing, little, much, very much; other ports count one step."""
    effects = len(also.changes) + len(also.unknown)
    asked = one(question.protocol, question.port, question.port)
    wide = any((change.after - change.before) - asked for change in also.changes)
    return sum(effects >= step for step in (1, 4, 16)) + wide


def _opening(cluster: Cluster, policies: PolicySet, question: Question, verdict: Verdict) -> Iterable[Edit]:
    sides = []
    for side, own, other in _sides(question, verdict):
        pod = policies.seeing.pod(own)
        if side.allowed is False and pod is not None:
            closed = Closed(cluster, policies, side, pod, other, question.protocol, question.port)
            sides.append(sorted(opening_edits(closed), key=lambda edit: (edit.rank, edit.words)))
    if len(sides) < 2:
        return [edit for edits in sides for edit in edits]
    pairs = product(sides[0][:COMBINED], sides[1][:COMBINED])
    return [
        Edit(first.rank + second.rank, f"{first.words}; and {second.words}", first.changes + second.changes)
        for first, second in pairs
    ]  # fmt: skip


def _closing(cluster: Cluster, policies: PolicySet, question: Question, verdict: Verdict) -> Iterable[Edit]:
    for side, own, other in _sides(question, verdict):
        pod = policies.seeing.pod(own)
        if pod is not None:
            yield from closing_edits(cluster, policies, side, pod, other, question.protocol, question.port)


def _sides(question: Question, verdict: Verdict) -> tuple[tuple[Side, PolicyEnd, PolicyEnd], ...]:
    """Each side with its own end and the other one; ingress first, where people look first."""
    return (
        (verdict.ingress, question.destination, question.source),
        (verdict.egress, question.source, question.destination),
    )


def _tried(cluster: Cluster, edit: Edit) -> Cluster | None:
    """The cluster after an edit; None where it cannot be made."""
    try:
        return applied(cluster, edit.changes)
    except KwakeError:
        return None


def _besides(changed: Difference, cluster: Cluster, question: Question) -> Difference:
    """Without what was asked for itself; of the same pair what else it may open stays."""
    asked = one(question.protocol, question.port, question.port)
    ends = tuple(_name(cluster, end) for end in (question.source, question.destination))
    changes = []
    for change in changed.changes:
        own = all(name is None or name == end for name, end in zip(ends, (change.src, change.dst), strict=True))
        outside = [end for end, name in zip((change.src, change.dst), ends, strict=True) if name is None]
        if own and not any("[" in end for end in outside):
            turned = change.lost() | change.gained()
            single = all(_is_one_address(end) for end in outside)
            if not (turned - asked) and single:
                continue
        changes.append(change)
    return Difference(tuple(changes), changed.unknown)


def _is_one_address(name: str) -> bool:
    first, _, last = name.partition("-")
    return first == last


def _name(cluster: Cluster, end: PolicyEnd) -> str | None:
    """The workload's name in tables; None for an address."""
    return workload_name(cluster, end.pod) if isinstance(end.pod, Pod) else None


def spelled(change: PairChange) -> str:
    """`opens a → b TCP 80`, `closes a → b UDP`; of a part of their pods: `closes a → b TCP 80 for some pods`."""
    parts = []
    for word, which, whole in (
        ("opens", change.gained(), change.after - change.before and change.always_after == change.after),
        ("closes", change.lost(), change.before - change.after and change.always_before == change.before),
    ):
        if which:
            parts.append(f"{word} {change.src} → {change.dst} {which}{'' if whole else ' for some pods'}")
    return ", ".join(parts)
