"""Objects by what they are looked up by, each group in the order of its keys, and changed without being made anew."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import TypeVar

from kwake.objects.kinds import KubeObject, Unmodelled

G = TypeVar("G", bound=Hashable)
V = TypeVar("V", bound=KubeObject)

GroupsOf = Callable[[KubeObject], Iterable[G]]
"""The groups that an object belongs to; none: the index does not hold it."""

Touched = Sequence[tuple[KubeObject | None, KubeObject | None]]
"""Objects as they were and as they are."""

FEW = 32
"""Changes of one group up to which its place for each is searched; with more the group is sorted again."""

_KEY = attrgetter("key")


def grouped(values: Iterable[V], groups_of: GroupsOf[G]) -> dict[G, tuple[V, ...]]:
    """The groups of objects that come in the order of their keys."""
    groups: defaultdict[G, list[V]] = defaultdict(list)
    for value in values:
        for group in groups_of(value):
            groups[group].append(value)
    return {group: tuple(held) for group, held in groups.items()}


def regrouped(
    groups: Mapping[G, tuple[KubeObject, ...]], touched: Touched, groups_of: GroupsOf[G]
) -> dict[G, tuple[KubeObject, ...]]:
    """The same groups after some objects came, changed or went. The order of the groups themselves means nothing."""
    gone: defaultdict[G, list[KubeObject]] = defaultdict(list)
    come: defaultdict[G, list[KubeObject]] = defaultdict(list)
    for old, new in touched:
        if old is not None:
            for group in groups_of(old):
                gone[group].append(old)
        if new is not None:
            for group in groups_of(new):
                come[group].append(new)
    after = dict(groups)
    for group in {**gone, **come}:
        held = _changed(after.get(group, ()), gone.get(group, []), come.get(group, []))
        if held:
            after[group] = held
        else:
            after.pop(group, None)
    return after


def _changed(held: tuple[KubeObject, ...], gone: list[KubeObject], come: list[KubeObject]) -> tuple[KubeObject, ...]:
    if len(gone) + len(come) > FEW:
        lost = {value.key for value in gone}
        return tuple(sorted([*(value for value in held if value.key not in lost), *come], key=_KEY))
    values = list(held)
    for value in gone:
        at = bisect_left(values, value.key, key=_KEY)
        del values[at]
    for value in come:
        values.insert(bisect_left(values, value.key, key=_KEY), value)
    return tuple(values)


class OfKind:
    """All objects of a typed kind; put together when first asked for, for all clusters in which they are the same."""

    def __init__(self, by_place: Mapping[tuple[type[KubeObject], str], tuple[KubeObject, ...]], kind: type[KubeObject]):
        self._by_place = by_place
        self._kind = kind

    @cached_property
    def values(self) -> tuple[KubeObject, ...]:
        """By namespace and name; those that kwake does not model by kind first."""
        places = sorted(place[1] for place in self._by_place if place[0] is self._kind)
        found = chain.from_iterable(self._by_place[self._kind, namespace] for namespace in places)
        return tuple(sorted(found, key=_KEY) if self._kind is Unmodelled else found)
