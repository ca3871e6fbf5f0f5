"""The NetworkPolicies of one namespace, compiled when a pod of it is first asked about."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from kwake.objects.kinds import NetworkPolicy
from kwake.objects.selector import Labels, keys_of
from kwake.policy.rules import CompiledPolicy, compiled


class Home:
    """The policies of a namespace, found by the labels of a pod. It outlives the cluster that it was made for: as long
    as no policy of the namespace changes, the next cluster takes it over."""

    def __init__(self, read: tuple[NetworkPolicy, ...], earlier: Home | None = None) -> None:
        self.read = read
        known = {} if earlier is None else {id(v): p for v, p in zip(earlier.read, earlier.policies, strict=True)}
        self.policies: tuple[CompiledPolicy, ...] = tuple(known.get(id(policy)) or compiled(policy) for policy in read)
        """In the order of their names."""
        self._by_label: dict[tuple[str, str] | None, list[int]] = {}
        """Places of policies by one label that they want: a pod looks only at those of its own labels."""
        self._keys = tuple(sorted({key for policy in self.policies for key in keys_of(policy.selector)}))
        self._selecting: dict[tuple[str, tuple[str | None, ...]], tuple[CompiledPolicy, ...]] = {}
        for place, policy in enumerate(self.policies):
            wanted = next(iter(policy.selector.match_labels.items()), None)
            self._by_label.setdefault(wanted, []).append(place)

    def selecting(self, labels: Labels, direction: str) -> tuple[CompiledPolicy, ...]:
        """The policies that isolate a pod with these labels in a direction (NP-1), by name."""
        asked = direction, tuple(map(labels.get, self._keys))
        if asked not in self._selecting:
            wanted: Iterable[tuple[str, str] | None] = (None, *labels.items())
            places = sorted(chain.from_iterable(self._by_label.get(label, ()) for label in wanted))
            self._selecting[asked] = tuple(
                policy
                for policy in (self.policies[place] for place in places)
                if direction in policy.directions and policy.selector.matches(labels)
            )
        return self._selecting[asked]
