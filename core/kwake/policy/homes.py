"""The NetworkPolicies of one namespace, compiled when a pod of it is first asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from kwake.objects.kinds import NetworkPolicy
from kwake.objects.selector import Labels, keys_of
from kwake.policy.ends import INGRESS
from kwake.policy.rules import CompiledPolicy, Compiler, Terms

T = TypeVar("T")


class Home:
    """The policies of a namespace, found by the labels of a pod. It outlives the cluster that it was made for: as long
    as no policy of the namespace changes, the next cluster takes it over."""

    def __init__(self, read: tuple[NetworkPolicy, ...], compiler: Compiler, earlier: Home | None = None) -> None:
        self.read = read
        before = earlier.policies if earlier is not None and _is_near(earlier.read, read) else ()
        self.policies: tuple[CompiledPolicy, ...]
        """In the order of their names."""
        edited = _edited(read, earlier.read) if earlier is not None and before else None
        if edited is None:
            known = {id(policy.read): policy for policy in before}
            self.policies = tuple([known.get(id(policy)) or compiler.compiled(policy) for policy in read])
        else:
            after = list(before)
            for place in edited:
                after[place] = compiler.compiled(read[place], before[place])
            self.policies = tuple(after)
        self._isolating: dict[str, Isolating] = {}
        """By direction, as far as asked for."""
        self._alike: dict[str, Isolating] = {}
        """Those of earlier policies that select the same pods."""
        if earlier is not None and edited is not None and all(_selects_as(before[i], self.policies[i]) for i in edited):
            self._alike = {**earlier._alike, **earlier._isolating}

    def isolating(self, direction: str) -> Isolating:
        """Those of one direction."""
        known = self._isolating.get(direction)
        if known is None:
            alike = self._alike.get(direction)
            known = Isolating(self.policies, direction) if alike is None else alike.as_said_by(self.policies)
            self._isolating[direction] = known
        return known

    def selecting(self, labels: Labels, direction: str) -> tuple[CompiledPolicy, ...]:
        """The policies that isolate a pod with these labels in a direction (NP-1), by name."""
        isolating = self.isolating(direction)
        return isolating.policies(isolating.of(labels))


class Isolating:
    """The policies of one direction by one label that they want: a pod looks only at those of its own labels. Sets of
    them are integers, a bit a policy, in the order of their names."""

    def __init__(self, policies: tuple[CompiledPolicy, ...], direction: str) -> None:
        self._direction = direction
        self._say(policies)
        by_label: dict[str, dict[str | None, int]] = {}
        self._everywhere = 0
        """Those that want no label."""
        self._want_more = 0
        """Those that want something besides one label."""
        keys: set[str] = set()
        for place, policy in enumerate(policies):
            if direction not in policy.directions:
                continue
            bit, selector = 1 << place, policy.selector
            for key, value in selector.match_labels.items():
                of_key = by_label.setdefault(key, {})
                of_key[value] = of_key.get(value, 0) | bit
                break
            else:
                self._everywhere |= bit
            if len(selector.match_labels) > 1 or selector.match_expressions:
                self._want_more |= bit
                keys.update(keys_of(selector))
        self._by_label = [(key, of_key.get) for key, of_key in by_label.items()]
        """The others, by the key and the value of the first label that they want."""
        self._keys = tuple(sorted(keys))
        """The labels that those look at which want more."""
        self._unfit: dict[tuple[int, tuple[str | None, ...]], int] = {}

    def _say(self, policies: tuple[CompiledPolicy, ...]) -> None:
        self._policies = policies
        self._known: dict[int, tuple[CompiledPolicy, ...]] = {}

    def as_said_by(self, policies: tuple[CompiledPolicy, ...]) -> Isolating:
        """The same of policies that select the very pods that these do, one by one."""
        after = Isolating.__new__(Isolating)
        after.__dict__.update(self.__dict__)
        after._say(policies)
        return after

    def of(self, labels: Labels) -> int:
        """Those that select a pod with these labels."""
        found = self._everywhere
        for key, those_of in self._by_label:
            found |= those_of(labels.get(key), 0)
        more = found & self._want_more
        return found ^ self._unfit_of(more, labels) if more else found

    def _unfit_of(self, wanting_more: int, labels: Labels) -> int:
        asked = wanting_more, tuple(map(labels.get, self._keys))
        if asked not in self._unfit:
            places = range(wanting_more.bit_length())
            self._unfit[asked] = sum(
                1 << at for at in places if wanting_more >> at & 1 and not self._policies[at].selector.matches(labels)
            )
        return self._unfit[asked]

    def policies(self, places: int) -> tuple[CompiledPolicy, ...]:
        """A set of them, by name."""
        known = self._known.get(places)
        if known is None:
            known = self._known[places] = tuple(_at(self._policies, places))
        return known

    def terms(self, places: int) -> tuple[Terms, ...]:
        """What a set of them says, each once."""
        found = _at(self._policies, places)
        said = [p.says_in for p in found] if self._direction == INGRESS else [p.says_out for p in found]
        return tuple(dict.fromkeys(said))


def _is_near(some: tuple[NetworkPolicy, ...], others: tuple[NetworkPolicy, ...]) -> bool:
    """Whether policies are those of one namespace before and after one of them changed: then one end is the same."""
    return bool(some and others) and (some[0] is others[0] or some[-1] is others[-1])


def _edited(read: tuple[NetworkPolicy, ...], before: tuple[NetworkPolicy, ...]) -> list[int] | None:
    """The places where other policies stand than before. None: some came or went."""
    if len(read) != len(before):
        return None
    return [place for place, (new, old) in enumerate(zip(read, before, strict=True)) if new is not old]


def _selects_as(one: CompiledPolicy, other: CompiledPolicy) -> bool:
    """Whether a policy selects the same pods in the same directions."""
    return one.directions == other.directions and one.selector == other.selector


def _at(of: Sequence[T], places: int) -> list[T]:
    found = []
    while places:
        low = places & -places
        found.append(of[low.bit_length() - 1])
        places ^= low
    return found
