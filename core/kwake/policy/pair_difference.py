"""What an edit changes for all pairs, without all pairs: where one NetworkPolicy differs, only what it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kwake.cluster import Cluster
from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.classes import Classes, bits_of, set_of
from kwake.policy.difference import Difference, difference
from kwake.policy.found_pairs import FoundPairs, Said
from kwake.policy.matrix import between
from kwake.policy.own_node import add_own_nodes
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import Reach, ends_of, reach, table_of
from kwake.policy.standing import Standing
from kwake.profiles.profile import Profile


class Pairs:
    """All pairs of a cluster by workload, those within one among them, to compare others with."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        self._standing: Standing | None = None
        self._table: Reach | None = None
        self._pods: list[Pod] = []
        self._names: dict[Key, str] = {}
        self._ends: _Ends | None = None

    def is_quick(self, after: Cluster) -> bool:
        """Whether the difference costs what the change touches, not what there is."""
        return after is self._cluster or _one_policy(self._cluster, after) is not None

    def difference(self, after: Cluster) -> Difference:
        """What another cluster changes, as `difference` of both tables says it."""
        if after is self._cluster:
            return Difference((), ())
        changed = _one_policy(self._cluster, after)
        if changed is None:
            return self._of_tables(after)
        policies = compile_policies(after, self._profile)
        edited = policies.policy(changed)
        old = self._standing
        if old is None or (edited is not None and not old.classes.sight.covers(edited)):
            # What looks at labels that nothing looked at is made room for once: the next edit often looks at the same.
            self._pods, self._names = ends_of(self._cluster)
            old = self._standing = Standing(self._cluster, self._profile, policies, self._pods)
        new, shifts = old.with_policy(after, changed)
        wanted = [(shift.sources, shift.destinations) for shift in shifts]
        if old.is_doubtful or new.is_doubtful:
            wanted += _otherwise_doubtful(old, new)
        if not wanted:
            return Difference((), ())
        if self._ends is None or self._ends.classes is not new.classes:
            self._ends = _Ends(new.classes, self._names)
        return difference(*self._tables(old, new, self._ends, wanted))

    def _of_tables(self, after: Cluster) -> Difference:
        """The difference by all pairs."""
        self._table = self._table or reach(self._cluster, self._profile, within=True)
        return difference(self._table, reach(after, self._profile, within=True))

    def _tables(
        self, old: Standing, new: Standing, ends: _Ends, shifted: Iterable[tuple[int, int]]
    ) -> tuple[Reach, Reach]:
        """The rows that may differ, of both."""
        wanted = ends.wanted(shifted)
        rectangles = list(_rectangles(wanted, len(new.classes.members)))
        found = []
        for standing in (old, new):
            pairs = ends.found.again()
            for sources, destinations in rectangles:
                for version in standing.versions:
                    for out in standing.egress.groups(sources & version):
                        for into in standing.ingress.groups(destinations & version):
                            for rectangle in between(out, into, version):
                                pairs.add(rectangle)
            said = Said(standing.egress.rows, standing.ingress.rows)
            add_own_nodes(pairs, self._pods, self._names, standing.policies, said, self._profile,
                          lambda at, to: bool(wanted.get(at, 0) >> to & 1))  # fmt: skip
            found.append(table_of(pairs))
        return found[0], found[1]


def _one_policy(old: Cluster, new: Cluster) -> Key | None:
    """The NetworkPolicy that alone differs, if one does."""
    was, is_ = {item.key: item for item in old}, {item.key: item for item in new}
    changed = [key for key, item in is_.items() if was.get(key) is not item]
    changed += [key for key in was if key not in is_]
    return changed[0] if len(changed) == 1 and changed[0].kind == "NetworkPolicy" else None


def _otherwise_doubtful(old: Standing, new: Standing) -> Iterator[tuple[int, int]]:
    """Where nothing else may pass than before, but for another reason that is not certain."""
    everyone = new.classes.everyone
    sending, taking = (
        new.classes.where(at for at, (was, is_) in enumerate(zip(*rows, strict=True)) if was.doubts != is_.doubts)
        for rows in ((old.egress.rows, new.egress.rows), (old.ingress.rows, new.ingress.rows))
    )
    yield from ((sending, everyone), (everyone, taking))


class _Ends:
    """The names in the classes that two moments share."""

    def __init__(self, classes: Classes, names: dict[Key, str]) -> None:
        self.classes = classes
        self.found = FoundPairs(classes, names, within=True)
        self._owners = [({names[pod.key] for pod in member.pods} or set(member.ranges)) for member in classes.members]
        self._of_name: defaultdict[str, set[int]] = defaultdict(set)
        for index, owners in enumerate(self._owners):
            for name in owners:
                self._of_name[name].add(index)

    def wanted(self, shifted: Iterable[tuple[int, int]]) -> dict[int, int]:
        """For each class the classes towards which something shifts; with one pod of a workload all of it."""
        whole: dict[int, int] = {}
        wanted: defaultdict[int, int] = defaultdict(int)
        for sources, destinations in shifted:
            for members in (sources, destinations):
                if members not in whole:
                    whole[members] = self._closed(members)
            for at in bits_of(whole[sources]):
                wanted[at] |= whole[destinations]
        return dict(wanted)

    def _closed(self, members: int) -> int:
        """The classes, and those of the workloads in them, and of the workloads in those."""
        seen = set(bits_of(members))
        left = list(seen)
        while left:
            for other in {at for name in self._owners[left.pop()] for at in self._of_name[name]} - seen:
                seen.add(other)
                left.append(other)
        return set_of(seen, len(self._owners))


def _rectangles(wanted: dict[int, int], size: int) -> Iterator[tuple[int, int]]:
    """The same as rectangles that share no pair."""
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for source, destinations in wanted.items():
        alike[destinations].append(source)
    for destinations, sources in alike.items():
        yield set_of(sources, size), destinations
