"""Branches that differ in nothing but by which of several equal ways they came are shown as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from kwake.dataplane.path import Branch, Decider, Outcome
from kwake.objects.basis import Basis

Likeness = tuple[str | None, str | None, int | None, Outcome, Basis, tuple[Decider, ...], tuple[str, ...]]


def likeness(branch: Branch) -> Likeness:
    """What two ways must have in common to be shown as one: the end, the outcome, who decided, the kinds of hops."""
    kinds = tuple(hop.kind for hop in branch.hops)
    return branch.pod, branch.ip, branch.port, branch.outcome, branch.basis, branch.decided_by, kinds


def alike_merged(branches: Iterable[Branch]) -> tuple[Branch, ...]:
    """The branches with equal ones as one, their shares added and their entries; the first stands for them."""
    merged: dict[Likeness, Branch] = {}
    for branch in branches:
        known = merged.get(likeness(branch))
        if known is not None:
            entries = tuple(dict.fromkeys((*known.entries, *branch.entries)))
            branch = msgspec.structs.replace(known, share=known.share + branch.share, entries=entries)
        merged[likeness(branch)] = branch
    return tuple(merged.values())


def alike_sources(ways: Sequence[tuple[Branch, ...]]) -> tuple[tuple[tuple[Branch, ...], int], ...]:
    """The branches of each source, sources that fare alike as one, with how many they are."""
    groups: dict[tuple[tuple[Likeness, Fraction], ...], list[tuple[Branch, ...]]] = {}
    for branches in ways:
        groups.setdefault(tuple((likeness(b), b.share) for b in branches), []).append(branches)
    return tuple(
        (tuple(msgspec.structs.replace(b, share=b.share * len(alike)) for b in alike[0]), len(alike))
        for alike in groups.values()
    )
