"""The NetworkPolicies of one namespace, compiled when a pod of it is first asked about."""

from __future__ import annotations

from kwake.objects.kinds import NetworkPolicy
from kwake.objects.selector import Labels
from kwake.policy.rules import CompiledPolicy, compiled


class Home:
    """The policies of a namespace, found by the labels of a pod. It outlives the cluster that it was made for: as long
    as no policy of the namespace changes, the next cluster takes it over."""

    def __init__(self, read: tuple[NetworkPolicy, ...], earlier: Home | None = None, whole_ranges: bool = True) -> None:
        self.read = read
        known = {} if earlier is None else {id(v): p for v, p in zip(earlier.read, earlier.policies, strict=True)}
        self.policies: tuple[CompiledPolicy, ...] = tuple(
            known.get(id(policy)) or compiled(policy, whole_ranges) for policy in read
        )
        """In the order of their names."""
        self._by_label: dict[tuple[str, str | None] | None, list[int]] = {}
        """Places of policies by one label that they want: a pod looks only at those of its own labels."""
        self._keys = tuple(sorted({key for policy in self.policies for key in policy.selects_by}))
        self._directions = frozenset().union(*(policy.directions for policy in self.policies))
        self._selecting: dict[tuple[str | None, ...], dict[str, tuple[CompiledPolicy, ...]]] = {}
        for place, policy in enumerate(self.policies):
            self._by_label.setdefault(policy.posted, []).append(place)

    def selecting(self, labels: Labels, direction: str) -> tuple[CompiledPolicy, ...]:
        """The policies that isolate a pod with these labels in a direction (NP-1), by name."""
        if direction not in self._directions:
            return ()
        values = tuple(map(labels.get, self._keys))
        if values not in self._selecting:
            places = list(self._by_label.get(None, ()))
            for label in zip(self._keys, values, strict=True):
                places += self._by_label.get(label, ())
            places.sort()
            candidates = [self.policies[place] for place in places]
            found = [policy for policy in candidates if policy.is_posted_whole or policy.selector.matches(labels)]
            self._selecting[values] = {d: tuple([p for p in found if d in p.directions]) for d in self._directions}
        return self._selecting[values][direction]
