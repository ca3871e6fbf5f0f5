"""Who may talk to whom, kept up while a cluster changes: a change costs what it touches, not what there is.

It is the matrix of reach, with what the matrix needs to be changed in place of being made again: the row of every
class. Exceptions for single pods (to oneself, the own node: NP-13, NP-14) are
not in its sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from kwake.cluster import Cluster
from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.classes import Classes, bits_of, classes_of, set_of
from kwake.policy.connections import ConnectionSet
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd
from kwake.policy.matrix import Group, Judged, Matrix, Parts, Rectangle, Row
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.rules import CompiledPolicy, Terms
from kwake.profiles.profile import Profile
from kwake.sources.snapshot import garbage_collector_off

_PAGE = 64


class Shift(msgspec.Struct, frozen=True):
    """From all of these to all of those something else may pass than before."""

    sources: int
    destinations: int
    before: ConnectionSet
    after: ConnectionSet
    sure: bool = True
    """Else it is what may possibly pass that changed."""


class _Change(msgspec.Struct, frozen=True):
    """Classes of which something else is said than before, or the same."""

    members: int
    old: Row
    new: Row


class _Side(msgspec.Struct, frozen=True):
    """What is said of all classes in one direction."""

    pages: tuple[tuple[Judged, ...], ...]
    """The rows, and the terms that judge each class, `_PAGE` to a page: sides share what did not change."""
    alike: dict[int, tuple[Row, int]]
    """The classes of one and the same row, by its id."""
    is_doubtful: bool
    """Whether something was ever not known of some class."""

    @classmethod
    def of(cls, judged: Sequence[Judged]) -> _Side:
        """The rows, those that say the same made one."""
        made: dict[Row, tuple[Row, list[int]]] = {}
        known: dict[int, tuple[Judged, list[int]]] = {}
        kept: list[Judged] = []
        for index, pair in enumerate(judged):
            found = known.get(id(pair))
            if found is None:
                row, held = made.setdefault(pair[0], (pair[0], []))
                found = known[id(pair)] = pair if pair[0] is row else (row, pair[1]), held
            kept.append(found[0])
            found[1].append(index)
        pages = tuple([tuple(kept[at : at + _PAGE]) for at in range(0, len(kept), _PAGE)])
        alike = {id(row): (row, set_of(held, len(kept))) for row, held in made.values()}
        return cls(pages, alike, any(row.doubts for row in made))

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is said of each class."""
        return tuple([row for page in self.pages for row, _ in page])

    def row(self, index: int) -> Row:
        """What is said of one class."""
        return self.pages[index // _PAGE][index % _PAGE][0]

    def judged_by(self, naming: frozenset[Terms]) -> dict[int, tuple[Terms, ...]]:
        """The classes that any of these terms judges, with all that do."""
        every = enumerate(chain.from_iterable(self.pages))
        return {index: terms for index, (_, terms) in every if not naming.isdisjoint(terms)}

    def with_rows(self, indexes: Sequence[int], judged: Sequence[Judged]) -> tuple[_Side, list[_Change]]:
        """The same with other rows for some classes, and what changed."""
        alike = self.alike
        turned: dict[int, list[Judged]] = {}
        changed: dict[tuple[int, int], _Change] = {}
        made: dict[Row, Row] = {}
        for index, (row, by) in zip(indexes, judged, strict=True):
            number, at = divmod(index, _PAGE)
            page = turned.get(number)
            if page is None:
                page = turned[number] = list(self.pages[number])
            old = page[at][0]
            if row == old:
                page[at] = old, by
                continue
            if not made:
                alike = dict(alike)
            row = made.setdefault(row, row)
            page[at] = row, by
            bit = 1 << index
            left = alike[id(old)][1] ^ bit
            if left:
                alike[id(old)] = old, left
            else:
                del alike[id(old)]
            alike[id(row)] = row, alike.get(id(row), (row, 0))[1] | bit
            known = changed.get((id(old), id(row)))
            changed[id(old), id(row)] = _Change((known.members if known else 0) | bit, old, row)
        is_doubtful = self.is_doubtful or any(row.doubts for row in made)
        pages = list(self.pages)
        for number, page in turned.items():
            pages[number] = tuple(page)
        return _Side(tuple(pages), alike, is_doubtful), list(changed.values())

    def among(self, wanted: int) -> Iterator[_Change]:
        """The wanted classes by what is said of them."""
        if 8 * wanted.bit_count() < len(self.alike):  # to look a class up costs as much as to ask eight rows
            found: dict[int, list[int]] = {}
            for index in bits_of(wanted):
                found.setdefault(id(self.row(index)), []).append(index)
            for indexes in found.values():
                row = self.row(indexes[0])
                yield _Change(set_of(indexes, len(self.pages) * _PAGE), row, row)
            return
        for row, members in self.alike.values():
            if members & wanted:
                yield _Change(members & wanted, row, row)

    def groups(self, wanted: int) -> Iterator[Group]:
        """The wanted classes by what is said of them, as a matrix has them."""
        return (change.new.group(change.members) for change in self.among(wanted))


class _Among(dict[int, list[_Change]]):
    """The classes of one side by what is said of them, looked up once for each set of them: many changes concern the
    very same others."""

    def __init__(self, side: _Side) -> None:
        super().__init__()
        self._side = side

    def __missing__(self, wanted: int) -> list[_Change]:
        found = self[wanted] = list(self._side.among(wanted))
        return found


class Standing:
    """All pairs of a cluster. It never changes: a change gives another one, with the difference."""

    def __init__(
        self, cluster: Cluster, profile: Profile, also: PolicySet | None = None, pods: Iterable[Pod] | None = None
    ) -> None:
        """`also` are policies whose sight is to be shared: then the classes of both are the same. `pods` are its ends,
        by default all that run."""
        self.cluster = cluster
        self._profile = profile
        self._pods = None if pods is None else list(pods)
        with garbage_collector_off():
            self._build(also)

    def _build(self, also: PolicySet | None) -> None:
        cluster = self.cluster
        self._policies = compile_policies(cluster, self._profile)
        ends = self._pods
        if ends is None:
            ends = [pod for pod in cluster.all(Pod) if pod.ips and not pod.is_terminal]
        classes = classes_of(ends, self._policies, *((also,) if also is not None else ()))
        self._matrix = Matrix(classes, self._policies)
        self.egress, self.ingress = _Side.of(self._matrix.judged(EGRESS)), _Side.of(self._matrix.judged(INGRESS))
        self._count = tuple(len(member.pods) for member in classes.members)
        """Pods of each class; a class outlives its last pod."""
        versions = {member.version for member in classes.members}
        self.versions = tuple(
            classes.where(i for i, member in enumerate(classes.members) if member.version == version)
            for version in sorted(versions)
        )

    @property
    def classes(self) -> Classes:
        """Its ends."""
        return self._matrix.classes

    @property
    def policies(self) -> PolicySet:
        """Its policies."""
        return self._policies

    @property
    def is_doubtful(self) -> bool:
        """Whether something was ever not known of some class."""
        return self.egress.is_doubtful or self.ingress.is_doubtful

    # -- asking -------------------------------------------------------------------------------------------------

    def allowed(self, source: PolicyEnd, destination: PolicyEnd, protocol: str, port: int) -> bool | None:
        """Whether a new connection passes, as `PolicySet.verdict` says it, without its reasons. None: not known."""
        policies = self._policies
        if (
            source.pod is not None
            and destination.pod is not None
            and ((source.pod.key, source.pod.metadata.uid) == (destination.pod.key, destination.pod.metadata.uid))
        ):
            return policies.verdict(source, destination, protocol, port).allowed
        for pod, end in ((source.pod, destination), (destination.pod, source)):
            if pod is not None and policies.is_own_node(pod, end):
                return policies.verdict(source, destination, protocol, port).allowed
        from_, to = self._index(source), self._index(destination)
        if from_ is None or to is None:
            return policies.verdict(source, destination, protocol, port).allowed
        out, into = self.egress.row(from_), self.ingress.row(to)
        if _holds(out.sure, to, protocol, port) and _holds(into.sure, from_, protocol, port):
            return True
        if out.doubts or into.doubts:
            possible = _holds(out.possible, to, protocol, port) and _holds(into.possible, from_, protocol, port)
            return None if possible else False
        return False

    def _index(self, end: PolicyEnd) -> int | None:
        """The class of an end, if one was there when all began."""
        return self._matrix.classes.indexes.get(self._matrix.classes.sight.of_end(end))

    def rectangles(self) -> Iterator[Rectangle]:
        """All that may pass for sure, between classes that have pods or are outside."""
        members = self._matrix.classes.members
        here = self._matrix.classes.where(i for i, m in enumerate(members) if m.ranges or self._count[i])
        for version in self.versions:
            for out, sources in self.egress.alike.values():
                for into, destinations in self.ingress.alike.values():
                    from_, to = sources & version & here, destinations & version & here
                    if from_ and to:
                        yield from _crossed(from_, out.sure, to, into.sure)

    def names(self, classes: int) -> list[str]:
        """What is in a set of classes: pods as they were when all began, and ranges."""
        found = (self._matrix.classes.members[index] for index in bits_of(classes))
        return sorted({name for member in found for name in (*(str(pod.key) for pod in member.pods), *member.ranges)})

    # -- changing -----------------------------------------------------------------------------------------------

    def with_pod(self, cluster: Cluster, old: Pod | None, new: Pod | None) -> Standing:
        """After a pod came, went or was replaced. One that looks like none before makes all of it again."""
        sight, indexes = self._matrix.classes.sight, self._matrix.classes.indexes
        gone, come = (
            [indexes.get(sight.of(pod, ip)) for ip in pod.ips] if pod is not None and not pod.is_terminal else []
            for pod in (old, new)
        )
        after = self._after(cluster)
        if gone != come:  # a pod is mostly replaced by one of its class
            count = list(self._count)
            for held, step in ((gone, -1), (come, 1)):
                for index in held:
                    if index is None:
                        return Standing(cluster, self._profile)
                    count[index] += step
            after._count = tuple(count)
        return Standing(cluster, self._profile) if None in come else after

    def with_policy(self, cluster: Cluster, changed: Key) -> tuple[Standing, tuple[Shift, ...]]:
        """After a NetworkPolicy came, went or was edited, and exactly what that opens and closes.

        One that looks at labels, port names or blocks that none looked at before makes all of it again, and the
        difference is that of everything.
        """
        after = self._after(cluster)
        old, new = self._policies.policy(changed), after._policies.policy(changed)
        if new is not None and not self._matrix.classes.sight.covers(new):
            return self._made_again(cluster)
        touched = self._selected(old, new, changed.namespace)
        out: list[_Change] = []
        into: list[_Change] = []
        if _says_something_else(old, new, EGRESS):
            after.egress, out = self.egress.with_rows(touched, after._matrix.judged(EGRESS, touched))
        if _says_something_else(old, new, INGRESS):
            after.ingress, into = self.ingress.with_rows(touched, after._matrix.judged(INGRESS, touched))
        return after, tuple(_shifts(self, after, out, into))

    def with_namespace(self, cluster: Cluster, namespace: str) -> tuple[Standing, tuple[Shift, ...]]:
        """After a namespace got other labels, and exactly what that opens and closes."""
        after = self._after(cluster)
        seeing = after._policies.seeing
        plain = not (after._policies.tiers or after._policies.unread or seeing.undescribed)
        if not plain or namespace not in self._matrix.peers.of_namespace:
            return self._made_again(cluster)
        peers, moved = self._matrix.peers.with_namespace(seeing, namespace)
        after._matrix, naming = after._matrix.with_peers(peers, moved)
        sending, taking = (side.judged_by(naming) for side in (self.egress, self.ingress))
        after.egress, out = self.egress.with_rows([*sending], after._matrix.judged_again(EGRESS, sending.items()))
        after.ingress, into = self.ingress.with_rows([*taking], after._matrix.judged_again(INGRESS, taking.items()))
        return after, tuple(_shifts(self, after, out, into))

    def _selected(self, old: CompiledPolicy | None, new: CompiledPolicy | None, namespace: str) -> list[int]:
        """The classes of a namespace that a policy selected, or selects."""
        carrying = self._matrix.peers.carrying
        selected = carrying(old.selector) if old is not None else 0
        if new is not None and (old is None or old.selector != new.selector):
            selected |= carrying(new.selector)
        return [*bits_of(selected & self._matrix.peers.of_namespace.get(namespace, 0))]

    def _after(self, cluster: Cluster) -> Standing:
        """The same for a cluster that differs, before anything of the difference is in it."""
        after = Standing.__new__(Standing)
        after.__dict__.update(self.__dict__)
        after.cluster = cluster
        after._policies = compile_policies(cluster, self._profile, self._policies)
        after._matrix = self._matrix.with_policies(after._policies)
        return after

    def _made_again(self, cluster: Cluster) -> tuple[Standing, tuple[Shift, ...]]:
        """Both made again, of the same classes, and compared row by row."""
        after = Standing(cluster, self._profile, self._policies, self._pods)
        before = Standing(self.cluster, self._profile, after._policies, self._pods)
        everyone = range(len(after._matrix.classes.members))
        after.egress, out = before.egress.with_rows(everyone, [*chain.from_iterable(after.egress.pages)])
        after.ingress, into = before.ingress.with_rows(everyone, [*chain.from_iterable(after.ingress.pages)])
        return after, tuple(_shifts(before, after, out, into))


def _says_something_else(old: CompiledPolicy | None, new: CompiledPolicy | None, direction: str) -> bool:
    """Whether a policy that came, went or was edited selects others in a direction, or says something else there."""
    was = old is not None and direction in old.directions
    is_ = new is not None and direction in new.directions
    if old is None or new is None or was != is_ or old.selector != new.selector:
        return was or is_
    return was and old.says(direction) is not new.says(direction)


def _holds(parts: Parts, index: int, protocol: str, port: int) -> bool:
    bit = 1 << index
    return any(members & bit and connections.holds(protocol, port) for connections, members in parts)


# -- differences ----------------------------------------------------------------------------------------------------


def _shifts(before: Standing, after: Standing, out: list[_Change], into: list[_Change]) -> Iterator[Shift]:
    """What the changes of both sides open and close, each pair of classes once."""
    if not out and not into:
        return
    yield from _of_parts(before, after, out, into, _sure, True)
    if before.is_doubtful or after.is_doubtful:
        yield from _of_parts(before, after, out, into, _possible, False)


def _sure(row: Row) -> Parts:
    return row.sure


def _possible(row: Row) -> Parts:
    return row.possible


def _of_parts(
    before: Standing,
    after: Standing,
    out: list[_Change],
    into: list[_Change],
    parts: Callable[[Row], Parts],
    sure: bool,
) -> Iterator[Shift]:
    sending, taking = _union(out), _union(into)
    senders, takers = _Among(after.egress), _Among(after.ingress)
    for version in after.versions:
        for change in into:
            for others, was, is_ in _pieces(parts(change.old), parts(change.new), version & ~sending):
                for same in senders[others]:
                    for sent, towards in parts(same.new):
                        to = towards & change.members & version
                        if to and sent & was != sent & is_:
                            yield Shift(same.members, to, sent & was, sent & is_, sure)
        for change in out:
            from_ = change.members & version
            for others, was, is_ in _pieces(parts(change.old), parts(change.new), version & ~taking):
                for same in takers[others]:
                    for taken, sources in parts(same.new):
                        if sources & from_ and taken & was != taken & is_:
                            yield Shift(sources & from_, same.members, taken & was, taken & is_, sure)
            for other in into:
                yield from _both(change, other, parts, version, sure)


def _both(out: _Change, into: _Change, parts: Callable[[Row], Parts], version: int, sure: bool) -> Iterator[Shift]:
    """Pairs of which both sides changed."""
    for sent, to in _pairs(parts(out.old), parts(out.new), into.members & version):
        for taken, from_ in _pairs(parts(into.old), parts(into.new), out.members & version):
            was, is_ = sent[0] & taken[0], sent[1] & taken[1]
            if was != is_:
                yield Shift(from_, to, was, is_, sure)


def _pairs(old: Parts, new: Parts, within: int) -> Iterator[tuple[tuple[ConnectionSet, ConnectionSet], int]]:
    """Some classes by what was and what is allowed with them."""
    for was, before in old:
        for is_, after in new:
            if both := before & after & within:
                yield (was, is_), both


def _pieces(old: Parts, new: Parts, within: int) -> Iterator[tuple[int, ConnectionSet, ConnectionSet]]:
    """The classes with which something else is allowed."""
    for (was, is_), members in _pairs(old, new, within):
        if was != is_:
            yield members, was, is_


def _union(changes: Iterable[_Change]) -> int:
    members = 0
    for change in changes:
        members |= change.members
    return members


def _crossed(sources: int, sent_parts: Parts, destinations: int, taken_parts: Parts) -> Iterator[Rectangle]:
    """What passes from some classes to others."""
    for sent, towards in sent_parts:
        to = towards & destinations
        if not to or not sent:
            continue
        for taken, from_ in taken_parts:
            connections = sent & taken
            if from_ & sources and connections:
                yield Rectangle(from_ & sources, to, connections)
