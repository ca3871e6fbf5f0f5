"""The NetworkPolicies of one namespace, compiled when a pod of it is first asked about."""

from __future__ import annotations

from operator import itemgetter

from kwake.objects.kinds import NetworkPolicy
from kwake.objects.selector import Labels
from kwake.policy.rules import CompiledPolicy, compiled

_PLACE = itemgetter(0)


class Home:
    """The policies of a namespace, found by the labels of a pod. It outlives the cluster that it was made for: as long
    as no policy of the namespace changes, the next cluster takes it over."""

    def __init__(self, read: tuple[NetworkPolicy, ...], earlier: Home | None = None, whole_ranges: bool = True) -> None:
        self.read = read
        known = {} if earlier is None else {id(policy.read): policy for policy in earlier.policies}
        self.policies: tuple[CompiledPolicy, ...] = tuple(
            [known.get(id(policy)) or compiled(policy, whole_ranges) for policy in read]
        )
        """In the order of their names."""
        self._posted: dict[str, _Posted] = {}
        """By direction, as far as asked for."""

    def selecting(self, labels: Labels, direction: str) -> tuple[CompiledPolicy, ...]:
        """The policies that isolate a pod with these labels in a direction (NP-1), by name: the very same tuple for
        labels that no policy of that direction tells apart."""
        posted = self._posted.get(direction)
        if posted is None:
            posted = self._posted[direction] = _Posted(self.policies, direction)
        return posted.selecting(labels)


class _Posted:
    """The policies of one direction by one label that they want: a pod looks only at those of its own labels."""

    def __init__(self, policies: tuple[CompiledPolicy, ...], direction: str) -> None:
        self._by_label: dict[tuple[str, str | None] | None, list[tuple[int, CompiledPolicy]]] = {}
        keys: set[str] = set()
        for place, policy in enumerate(policies):
            if direction in policy.directions:
                self._by_label.setdefault(policy.posted, []).append((place, policy))
                keys.update(policy.selects_by)
        self._keys = tuple(sorted(keys))
        self._selecting: dict[tuple[str | None, ...], tuple[CompiledPolicy, ...]] = {}

    def selecting(self, labels: Labels) -> tuple[CompiledPolicy, ...]:
        """Those that select a pod with these labels, by name."""
        values = tuple(map(labels.get, self._keys))
        known = self._selecting.get(values)
        if known is not None:
            return known
        posted = self._by_label
        places = [*posted.get(None, ())]
        for label in zip(self._keys, values):  # noqa: B905  # as many; to check it costs as much as the rest
            if label in posted:
                places += posted[label]
        places.sort(key=_PLACE)
        found = tuple([p for _, p in places if p.is_posted_whole or p.selector.matches(labels)])
        self._selecting[values] = found
        return found
