"""Pairs of names as rectangles of classes are crossed: what passes between all their pods, and between how many."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.classes import Classes, bits_of
from kwake.policy.connections import ALL, NONE, ConnectionSet
from kwake.policy.matrix import Group, Matrix, Rectangle, Row
from kwake.policy.partly import SAME_NODE, UNLIKE, Partly, partly

_Ends = tuple[str, str]
_Counts = dict[ConnectionSet, int]


class Said:
    """What is said of two classes, and of a pod's own node."""

    def __init__(self, egress: Sequence[Row | Group], ingress: Sequence[Row | Group]) -> None:
        """The rows of all classes, in their order."""
        self.egress = egress
        self.ingress = ingress

    @classmethod
    def by(cls, matrix: Matrix) -> Said:
        """What a matrix says."""
        by_index: list[list[Group]] = []
        for groups in (matrix.egress, matrix.ingress):
            held = sorted((index, at) for at, group in enumerate(groups) for index in bits_of(group.members))
            by_index.append([groups[at] for _, at in held])
        return cls(*by_index)

    def sure(self, source: int, destination: int) -> ConnectionSet:
        """What passes for sure."""
        return _part(self.egress[source].sure, destination) & _part(self.ingress[destination].sure, source)

    def possible(self, source: int, destination: int) -> ConnectionSet:
        """What may pass."""
        return _part(self.egress[source].possible, destination) & _part(self.ingress[destination].possible, source)

    def doubts(self, source: int, destination: int) -> tuple[str, ...]:
        """Why more may pass than is sure, if more may."""
        return tuple(dict.fromkeys(self.egress[source].doubts + self.ingress[destination].doubts))

    def is_open(self, source: int, destination: int) -> bool:
        """Whether a class may send everything to another, as far as known."""
        return _part(self.egress[source].possible, destination) == ALL

    def to_own_node(self, source: int, destination: int) -> ConnectionSet:
        """What the tiers let a pod send to one on its node's network, were there no NetworkPolicy."""
        return _part(self.egress[source].to_own_node, destination)


def _part(parts: tuple[tuple[ConnectionSet, int], ...], index: int) -> ConnectionSet:
    return next((connections for connections, members in parts if members >> index & 1), NONE)


class FoundPairs:
    """Pairs as they are found. What is counted are ends: a pod at one of its addresses, or a range outside."""

    def __init__(self, classes: Classes, names: Mapping[Key, str], within: bool = False) -> None:
        """With `within` a name with several ends is paired with itself, too: each of them with the others."""
        self.within = within
        self._name_of = names
        self._members = classes.members
        self._of_class: list[dict[str, int]] = []
        """The names in each class, and how many ends of each."""
        self._totals: defaultdict[str, dict[int, int]] = defaultdict(dict)
        """By name and IP version: how many ends it has."""
        self._classes_of: defaultdict[Key, list[int]] = defaultdict(list)
        places: defaultdict[str, int] = defaultdict(int)
        for index, member in enumerate(classes.members):
            here: defaultdict[str, int] = defaultdict(int)
            for pod in member.pods:
                key = pod.key
                here[names[key]] += 1
                self._classes_of[key].append(index)
            for span in member.ranges:
                here[span] += 1
            for name, count in here.items():
                of_version = self._totals[name]
                of_version[member.version] = of_version.get(member.version, 0) + count
                places[name] += 1
            self._of_class.append(dict(here))
        self._whole = frozenset(name for name, classes_ in places.items() if classes_ == 1)
        self._outside = classes.where(at for at, member in enumerate(classes.members) if member.ranges)
        self._alike: dict[_Ends, ConnectionSet] = {}
        """Pairs whose ends are all of one class each."""
        self._counts: defaultdict[_Ends, _Counts] = defaultdict(dict)
        """Other pairs: between how many ends what passes."""
        self._doubts: defaultdict[_Ends, dict[tuple[str, ConnectionSet], int]] = defaultdict(dict)
        """Between how many ends what may pass beyond what is sure, and why."""
        self._moved: dict[_Ends, _Counts] = {}
        """Pairs in which some pods share a node, as the policies alone have them."""

    def again(self) -> FoundPairs:
        """The same ends, of which nothing is found yet."""
        fresh = copy.copy(self)
        fresh._alike, fresh._moved = {}, {}
        fresh._counts, fresh._doubts = defaultdict(dict), defaultdict(dict)
        return fresh

    def add(self, found: Rectangle) -> None:
        """What passes between all of these; with doubts it is only possible. From outside to outside is no pair."""
        inside = found.sources & ~self._outside, found.destinations & ~self._outside
        for sources, destinations in (
            (inside[0], found.destinations),
            (found.sources & self._outside, inside[1]),
        ):
            if sources and destinations:
                of_sources, of_destinations = self._named(sources), self._named(destinations)
                self._cross(of_sources, of_destinations, found)
                if self.within:
                    self._cross_within(of_sources, of_destinations, found)

    def _named(self, classes: int) -> dict[str, int]:
        named: defaultdict[str, int] = defaultdict(int)
        for index in bits_of(classes):
            for name, count in self._of_class[index].items():
                named[name] += count
        return named

    def _cross(self, sources: dict[str, int], destinations: dict[str, int], found: Rectangle) -> None:
        if found.doubts:
            for source, of_source in sources.items():
                for destination, of_destination in destinations.items():
                    if source != destination:
                        self._doubt((source, destination), found.doubts, found.connections, of_source * of_destination)
            return
        connections, whole, alike, counts = found.connections, self._whole, self._alike, self._counts
        plain = [name for name in destinations if name in whole]
        split = [name for name in destinations if name not in whole]
        for source, of_source in sources.items():
            counted = split
            if source in whole:
                for name in plain:
                    alike[source, name] = connections
                alike.pop((source, source), None)
            else:
                counted = [*plain, *split]
            for name in counted:
                if name != source:
                    known = counts[source, name]
                    known[connections] = known.get(connections, 0) + of_source * destinations[name]

    def _cross_within(self, sources: dict[str, int], destinations: dict[str, int], found: Rectangle) -> None:
        """Pairs of ends of one name; nobody is paired with himself, who is never stopped (NP-13)."""
        names = sources.keys() & destinations.keys()
        both = {} if names <= self._whole else self._named(found.sources & found.destinations)
        for name in names:
            count = sources[name]
            pairs = count * destinations[name] - (count if name in self._whole else both.get(name, 0))
            if pairs and found.doubts:
                self._doubt((name, name), found.doubts, found.connections, pairs)
            elif pairs:
                known = self._counts[name, name]
                known[found.connections] = known.get(found.connections, 0) + pairs

    def _doubt(self, ends: _Ends, doubts: tuple[str, ...], possible: ConnectionSet, count: int) -> None:
        known = self._doubts[ends]
        for doubt in doubts:
            known[doubt, possible] = known.get((doubt, possible), 0) + count

    # -- single pods ------------------------------------------------------------------------------------------------

    def allow(self, source: Pod, destination: Pod, connections: ConnectionSet, said: Said) -> None:
        """These pass from one pod to another whatever is said of their classes."""
        ends = self._name_of[source.key], self._name_of[destination.key]
        for at, to in self.classes_between(source, destination):
            before = said.sure(at, to)
            after = before | connections
            if after == before:
                continue
            counts = self._counted(ends)
            self._moved.setdefault(ends, dict(counts))
            if before:
                counts[before] -= 1
            counts[after] = counts.get(after, 0) + 1
            possible = said.possible(at, to)
            for beyond, step in ((possible - before, -1), (possible - after, 1)):
                if beyond:
                    self._doubt(ends, said.doubts(at, to), beyond, step)

    def doubt(self, source: Pod, destination: Pod, possible: ConnectionSet, why: str, said: Said) -> None:
        """These may pass from one pod to another, or may not."""
        ends = self._name_of[source.key], self._name_of[destination.key]
        for at, to in self.classes_between(source, destination):
            if beyond := possible - said.sure(at, to):
                self._doubt(ends, (why,), beyond, 1)

    def classes_between(self, source: Pod, destination: Pod) -> list[tuple[int, int]]:
        """The classes of two pods, at addresses of one IP version."""
        return [
            (at, to)
            for at in self._classes_of[source.key]
            for to in self._classes_of[destination.key]
            if self._members[at].version == self._members[to].version
        ]

    def _counted(self, ends: _Ends) -> _Counts:
        """The counts of a pair; one whose ends are alike is counted from now on."""
        if ends in self._alike:
            self._counts[ends] = {self._alike.pop(ends): self._of(ends)}
        return self._counts[ends]

    def _of(self, ends: _Ends) -> int:
        first, second = (self._totals[name] for name in ends)
        own = sum(first.values()) if ends[0] == ends[1] else 0
        return sum(count * second.get(version, 0) for version, count in first.items()) - own

    # -- all of them ------------------------------------------------------------------------------------------------

    def pairs(self) -> Iterator[tuple[str, str, ConnectionSet, Partly | None]]:
        """Every pair between which something passes for sure, by name: between some ends, and how many if not all."""
        for ends in sorted({*self._alike, *self._counts}):
            if ends in self._alike:
                yield *ends, self._alike[ends], None
                continue
            counts = self._counts[ends]
            passing = NONE
            for connections, count in counts.items():
                passing |= connections if count else NONE
            if passing:
                yield *ends, passing, partly(counts, self._of(ends), self._unit(ends), self._why(ends))

    def _unit(self, ends: _Ends) -> str:
        first, second = (self._totals[name] for name in ends)
        common = [version for version in first if version in second]
        if len(common) > 1:
            return "pairs of addresses"
        return "pods" if 1 in (first[common[0]], second[common[0]]) else "pairs of pods"

    def _why(self, ends: _Ends) -> str:
        """What tells the pods apart: their node alone, if the policies treat them alike."""
        moved = self._moved.get(ends)
        if moved is None:
            return UNLIKE
        held = [count for connections, count in moved.items() if connections and count]
        return SAME_NODE if held in ([], [self._of(ends)]) else f"{SAME_NODE}; {UNLIKE}"

    def unknown(self) -> Iterator[tuple[str, str, tuple[str, ...], ConnectionSet]]:
        """Pairs of which some ends may pass more than is sure: why, and what, by name."""
        for ends in sorted(self._doubts):
            left = [doubted for doubted, count in self._doubts[ends].items() if count > 0]
            possible = NONE
            for _, beyond in left:
                possible |= beyond
            if left:
                yield *ends, tuple(sorted({doubt for doubt, _ in left})), possible
