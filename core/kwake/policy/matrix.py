"""All verdicts at once: rectangles of source classes, destination classes and the connections between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import msgspec

from kwake.objects.kinds import Pod
from kwake.policy.classes import Classes, Ports, bits_of, set_of
from kwake.policy.connections import ALL, NONE, ConnectionSet, one
from kwake.policy.ends import EGRESS, INGRESS, called
from kwake.policy.homes import Isolating
from kwake.policy.peers import PeerSets
from kwake.policy.policy_set import SCTP_UNKNOWN, PolicySet
from kwake.policy.rules import Asked, Rule, Terms
from kwake.policy.tier_matrix import OutcomeParts, TierMatrix
from kwake.policy.tier_outcomes import Outcomes
from kwake.policy.tier_verdict import Selected
from kwake.policy.tiers import ADMIN, BASELINE, by_api
from kwake.policy.unread import why_unknown

Parts = tuple[tuple[ConnectionSet, int], ...]
"""The other ends, cut by what may pass: disjoint sets of classes, together everybody."""


SCTP = one("SCTP")
NAMESPACE_LABELS = "a policy asks for labels of a namespace that the snapshot does not hold"
PEERS = "a policy asks for labels, or names domains, that the snapshot does not hold"


class Group(msgspec.Struct, frozen=True):
    """Classes whose policies say the same in one direction."""

    members: int
    sure: Parts
    """What passes for sure."""
    possible: Parts
    """What may pass: more than that where something is not known."""
    doubts: tuple[str, ...]
    """What is not known."""
    to_own_node: Parts
    """What may be sent to the pod's own node, as far as the tiers say: NetworkPolicies may not judge that (NP-14)."""


class _Judging(msgspec.Struct, frozen=True):
    """What judges a pod in a direction."""

    terms: tuple[Terms, ...]
    """Of the NetworkPolicies that isolate it. Empty: none does."""
    admin: tuple[Selected, ...]
    baseline: tuple[Selected, ...]

    def key(self, pod: Pod, direction: str) -> object:
        """What decides what they say as long as they live: their terms, and the numbers behind the port names of a
        dialled pod."""
        ports: tuple[object, ...] = ()
        if direction == INGRESS:
            for terms in self.terms:
                if terms.named:
                    ports += tuple([pod.named_port(*named) for named in terms.named])
        if not self.admin and not self.baseline:
            return (self.terms, ports) if ports else self.terms
        if direction == INGRESS:
            tiers = (p for p, _ in (*self.admin, *self.baseline))
            ports += tuple(rule.connections(pod) for p in tiers for rule in p.ingress if rule.named)
        named = tuple([(id(p), d) for p, d in (*self.admin, *self.baseline)])
        return self.terms, named, ports


class Row(msgspec.Struct, frozen=True, gc=False):
    """What the policies of an end say in one direction."""

    sure: Parts
    possible: Parts
    doubts: tuple[str, ...]
    to_own_node: Parts

    def __hash__(self) -> int:  # rows that differ mostly differ in this, and to hash large sets takes long
        return hash(self.sure)

    def group(self, members: int) -> Group:
        """The classes of which it is said."""
        return Group(members, self.sure, self.possible, self.doubts, self.to_own_node)


Judged = tuple[Row, tuple[Terms, ...]]
"""What is said of a class, and the terms of the NetworkPolicies that say it."""


class Rectangle(msgspec.Struct, frozen=True):
    """Every source here may open these connections to every destination here."""

    sources: int
    destinations: int
    connections: ConnectionSet
    doubts: tuple[str, ...] = ()
    """Empty if that is sure; else why it is only possible."""


class Matrix:
    """The verdicts between all classes, before what depends on the very pods (NP-13, NP-14)."""

    def __init__(self, classes: Classes, policies: PolicySet) -> None:
        self.classes = classes
        self.policies = policies
        self.peers = PeerSets(classes, policies.seeing)
        self._everything: Parts = ((ALL, classes.everyone),)
        self._nothing: Judged = Row(self._everything, self._everything, (), self._everything), ()
        """Where no policy judges."""
        by_ports: defaultdict[Ports, list[int]] = defaultdict(list)
        for index, member in enumerate(classes.members):
            by_ports[member.ports].append(index)
        self._by_named_ports = tuple(set_of(held, len(classes.members)) for held in by_ports.values())
        self._tiers = TierMatrix(classes, policies)
        self._parts_of: dict[tuple[Terms, bool], list[tuple[Rule, int]]] = {}
        """The rules, and the classes that they mean, or possibly mean."""

    @cached_property
    def egress(self) -> tuple[Group, ...]:
        """All classes, by what their policies say of what they send."""
        return _grouped(self.rows(EGRESS))

    @cached_property
    def ingress(self) -> tuple[Group, ...]:
        """All classes, by what their policies say of what they get."""
        return _grouped(self.rows(INGRESS))

    def rectangles(self) -> Iterator[Rectangle]:
        """What passes between whom, the sure ones disjoint, and so those of one doubt. Pairs that may not talk are in
        none; where something is only possible, what is sure for a pair is not in it."""
        versions = {
            version: self.classes.where(i for i, m in enumerate(self.classes.members) if m.version == version)
            for version in sorted({member.version for member in self.classes.members})
        }
        for version in versions.values():
            for out in self.egress:
                if not out.members & version:
                    continue
                for into in self.ingress:
                    yield from between(out, into, version)

    def rows(self, direction: str) -> list[Row]:
        """What is said of each class; the same row of all that are judged alike."""
        return [row for row, _ in self.judged(direction)]

    def judged(self, direction: str, wanted: Iterable[int] | None = None) -> list[Judged]:
        """What is said of each class, or of those that are wanted, and by which NetworkPolicies' terms: the same pair
        for all that are judged alike."""
        known: dict[object, Judged] = {}
        members = self.classes.members
        pods = [member.seen for member in members] if wanted is None else [members[index].seen for index in wanted]
        if self.policies.tiers or self.policies.unread:
            return [self._judged(pod, direction, known) for pod in pods]
        return list(self._plainly_judged(pods, direction, known))

    def judged_again(self, direction: str, wanted: Iterable[tuple[int, tuple[Terms, ...]]]) -> list[Judged]:
        """The same of classes of which it is known whose terms judge them, and no others do."""
        known: dict[object, Judged] = {}
        found = []
        for index, terms in wanted:
            pod = self.classes.members[index].seen
            found.append(self._nothing if pod is None else self._by(_Judging(terms, (), ()), pod, direction, known))
        return found

    def _plainly_judged(
        self, pods: Iterable[Pod | None], direction: str, known: dict[object, Judged]
    ) -> Iterator[Judged]:
        """Where nothing but NetworkPolicies judges: of pods of the same policies and without port names one is looked
        at."""
        homes: dict[str, tuple[Isolating, dict[int, Judged]]] = {}
        for pod in pods:
            if pod is None:
                yield self._nothing
                continue
            namespace = pod.metadata.namespace
            home = homes.get(namespace)
            if home is None:
                home = homes[namespace] = self.policies.home(namespace).isolating(direction), {0: self._nothing}
            isolating, judged_here = home
            places = isolating.of(pod.metadata.labels)
            judged = judged_here.get(places)
            if judged is None:
                judging = _Judging(isolating.terms(places), (), ())
                asked = judging.key(pod, direction)
                judged = known.get(asked)
                if judged is None:
                    judged = known[asked] = self._said(judging, pod, direction), judging.terms
                if asked is judging.terms:  # no port names of the pod
                    judged_here[places] = judged
            yield judged

    def _by(self, judging: _Judging, pod: Pod, direction: str, known: dict[object, Judged]) -> Judged:
        asked = judging.key(pod, direction)
        found = known.get(asked)
        if found is None:
            found = known[asked] = self._said(judging, pod, direction), judging.terms
        return found

    def with_peers(self, peers: PeerSets, moved: frozenset[Asked]) -> tuple[Matrix, frozenset[Terms]]:
        """The same where some peers mean others since, and the terms that name these."""
        after = self._copy()
        after.peers = peers
        hit = frozenset(terms for terms, _ in self._parts_of if not terms.asked.isdisjoint(moved))
        after._parts_of = {asked: parts for asked, parts in self._parts_of.items() if asked[0] not in hit}
        return after, hit

    def _copy(self) -> Matrix:
        after = Matrix.__new__(Matrix)
        after.__dict__.update(self.__dict__)
        return after

    def with_policies(self, policies: PolicySet) -> Matrix:
        """The same under other NetworkPolicies that look at nothing else."""
        after = self._copy()
        after.policies = policies
        return after

    def _judged(self, pod: Pod | None, direction: str, known: dict[object, Judged]) -> Judged:
        if pod is None:
            return self._nothing
        if self.policies.unread and (unread := self.policies.unread_for(pod, direction)):
            nothing = ((NONE, self.classes.everyone),)
            row = Row(nothing, self._everything, (why_unknown(unread),), self._everything)
            return known.setdefault(tuple(policy.key for policy in unread), (row, ()))
        return self._by(self._judging(pod, direction), pod, direction, known)

    def _judging(self, pod: Pod, direction: str) -> _Judging:
        isolating = self.policies.home(pod.metadata.namespace).isolating(direction)
        terms = isolating.terms(isolating.of(pod.metadata.labels))
        if not self.policies.tiers:
            return _Judging(terms, (), ())
        return _Judging(terms, *(self.policies.tiers_for(pod, tier, direction) for tier in (ADMIN, BASELINE)))

    def _said(self, judging: _Judging, pod: Pod, direction: str) -> Row:
        """What all of them say together: the Admin tier, then NetworkPolicies or else the Baseline tier (NP-16)."""
        everything = self._everything
        sure = possible = everything
        doubts: list[str] = []
        if judging.terms:
            sure = self._parts(direction, judging.terms, pod, False)
            possible = sure
            if self.policies.seeing.undescribed:
                possible = self._parts(direction, judging.terms, pod, True)
            doubts += [NAMESPACE_LABELS] if sure != possible else []
        elif judging.baseline:
            sure, possible = self._through(judging.baseline, direction, pod, everything, everything)
            doubts += self._doubts(judging.baseline, direction) if sure != possible else []
        own_node = everything
        if judging.admin:
            below = sure, possible
            sure, possible = self._through(judging.admin, direction, pod, *below)
            own_node = self._through(judging.admin, direction, pod, everything, everything)[1]
            doubts += self._doubts(judging.admin, direction) if sure != possible else []
        if not self.policies.judges_sctp and any((judging.terms, judging.admin, judging.baseline)):
            sure, possible = _with_each(sure, lambda c: c - SCTP), _with_each(possible, lambda c: c | SCTP)
            doubts.append(SCTP_UNKNOWN)
        return Row(sure, possible, tuple(dict.fromkeys(doubts)) if sure != possible else (), own_node)

    def _through(
        self, selected: tuple[Selected, ...], direction: str, pod: Pod, sure: Parts, possible: Parts
    ) -> tuple[Parts, Parts]:
        """What comes of what the next tier allows, sure and possible."""
        outcomes = self._tiers.outcomes(selected, direction, pod)
        return _below(outcomes, sure, Outcomes.sure), _below(outcomes, possible, Outcomes.possible)

    def _doubts(self, selected: tuple[Selected, ...], direction: str) -> list[str]:
        """Why a tier may not be certain."""
        found = [doubt for _, doubt in selected if doubt]
        for groups in (lines := by_api(policy for policy, _ in selected)):
            for tied in groups:
                if len(tied) > 1:
                    names = " and ".join(called(policy.key) for policy in tied)
                    found.append(f"{names} have the same priority: which of them comes first is not defined")
        if len(lines) > 1:
            found.append("how policies of v1alpha1 and v1alpha2 are ordered is not defined")
        if self._tiers.is_unsure_of(selected, direction):
            found.append(PEERS)
        return found

    def _parts(self, direction: str, said: tuple[Terms, ...], pod: Pod, possible: bool) -> Parts:
        """The union of the rules, each a set of peers and what it allows them (NP-2)."""
        admitted: dict[ConnectionSet, int] = {}
        for terms in said:
            for rule, peers in self._meant(terms, possible):
                if direction == INGRESS or not rule.named:
                    _add(admitted, rule.connections(pod) if rule.named else rule.fixed, peers)
                    continue
                for alike in self._by_named_ports:
                    if peers & alike:
                        destination = self.classes.members[next(bits_of(peers & alike))].seen
                        _add(admitted, rule.connections(destination), peers & alike)
        parts = {NONE: self.classes.everyone}
        for connections, peers in admitted.items():
            parts = _with_rule(parts, peers, connections)
        return tuple(parts.items())

    def _meant(self, terms: Terms, possible: bool) -> list[tuple[Rule, int]]:
        found = self._parts_of.get((terms, possible))
        if found is None:
            meant = [(rule, self._admitted(rule, terms.namespace, possible)) for rule in terms.rules]
            found = self._parts_of[terms, possible] = meant
        return found

    def _admitted(self, rule: Rule, namespace: str, possible: bool) -> int:
        """The classes that a rule's peers mean, or possibly mean, in a policy of this namespace."""
        if not rule.peers:
            return self.classes.everyone
        bits = 0
        for peer in rule.peers:
            sure, perhaps = self.peers.meant(peer, namespace)
            bits |= sure | perhaps if possible else sure
        return bits


def _grouped(rows: list[Row]) -> tuple[Group, ...]:
    """The classes of which the same is said."""
    alike: dict[int, tuple[Row, list[int]]] = {}
    for index, row in enumerate(rows):
        alike.setdefault(id(row), (row, []))[1].append(index)
    joined: dict[Row, int] = {}
    for row, held in alike.values():
        joined[row] = joined.get(row, 0) | set_of(held, len(rows))
    return tuple(row.group(members) for row, members in joined.items())


def _with_each(parts: Parts, changed: Callable[[ConnectionSet], ConnectionSet]) -> Parts:
    """The parts with other connections; those that become alike are one."""
    joined: dict[ConnectionSet, int] = {}
    for connections, members in parts:
        _add(joined, changed(connections), members)
    return tuple(joined.items())


def _below(outcomes: OutcomeParts, parts: Parts, allowed: Callable[[Outcomes, ConnectionSet], ConnectionSet]) -> Parts:
    """A tier's outcomes laid over what the next tier allows."""
    joined: dict[ConnectionSet, int] = {}
    for outcome, members in outcomes.items():
        for connections, others in parts:
            if members & others:
                _add(joined, allowed(outcome, connections), members & others)
    return tuple(joined.items())


def _with_rule(parts: dict[ConnectionSet, int], peers: int, connections: ConnectionSet) -> dict[ConnectionSet, int]:
    """The parts after one more rule: its peers may also open these."""
    joined: dict[ConnectionSet, int] = {}
    for allowed, members in parts.items():
        both = members & peers
        if not both:
            _add(joined, allowed, members)
            continue
        _add(joined, connections if allowed is NONE else allowed | connections, both)
        if rest := members ^ both:
            _add(joined, allowed, rest)
    return joined


def _add(parts: dict[ConnectionSet, int], connections: ConnectionSet, members: int) -> None:
    """These may open these, too. Sets of classes are large: none is copied that stays as it is."""
    known = parts.get(connections)
    parts[connections] = members if known is None else known | members


def between(out: Group, into: Group, version: int) -> Iterator[Rectangle]:
    """What passes from one group to another among classes of an IP version: for sure, then possibly beyond that."""
    yield from _crossed(out, into, out.sure, into.sure, version, ())
    if doubts := tuple(dict.fromkeys(out.doubts + into.doubts)):
        yield from _doubtful(out, into, version, doubts)


def _crossed(
    out: Group, into: Group, sent_parts: Parts, taken_parts: Parts, version: int, doubts: tuple[str, ...]
) -> Iterator[Rectangle]:
    """What may pass from one group to another: both sides must allow it (NP-2)."""
    for sent, destinations in sent_parts:
        towards = destinations & into.members & version
        if not sent or not towards:
            continue
        for taken, sources in taken_parts:
            from_ = sources & out.members & version
            connections = sent & taken
            if from_ and connections:
                yield Rectangle(from_, towards, connections, doubts)


def _doubtful(out: Group, into: Group, version: int, doubts: tuple[str, ...]) -> Iterator[Rectangle]:
    """What may pass from one group to another beyond what passes for sure."""
    members = out.members & version, into.members & version
    for possible in _crossed(out, into, out.possible, into.possible, version, doubts):
        left = possible.destinations & members[1]
        for sent, destinations in out.sure:
            for taken, sources in into.sure:
                beyond = possible.connections - (sent & taken)
                from_, to = possible.sources & sources & members[0], left & destinations
                if beyond and from_ and to:
                    yield Rectangle(from_, to, beyond, doubts)
