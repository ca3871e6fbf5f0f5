"""All verdicts at once: rectangles of source classes, destination classes and the connections between them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.objects.kinds import Pod, PolicyPeer
from kwake.policy.classes import Classes, bits_of
from kwake.policy.connections import ALL, NONE, ConnectionSet
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.policy_set import PolicySet
from kwake.policy.rules import CompiledPolicy, Rule

Parts = tuple[tuple[ConnectionSet, int], ...]
"""The other ends, cut by what may pass: disjoint sets of classes, together everybody."""


NAMESPACE_LABELS = "a policy asks for labels of a namespace that the snapshot does not hold"


class Group(msgspec.Struct, frozen=True):
    """Classes whose policies say the same in one direction."""

    members: int
    sure: Parts
    """What passes for sure."""
    possible: Parts
    """What may pass: more than that where something is not known."""
    doubts: tuple[str, ...]
    """What is not known."""


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
        self._classes = classes
        self._policies = policies
        self._peers: dict[tuple[str, bytes], tuple[int, int]] = {}
        self._of_namespace: dict[str, int] = {}
        self._carrying: dict[tuple[str, str], int] = {}
        """Classes by label: only they need a look where a selector wants it."""
        by_ports: dict[tuple[int | None, ...], int] = {}
        names = sorted({n for p in policies.policies for rule in (*p.ingress, *p.egress) for n in rule.named})
        for index, member in enumerate(classes.members):
            pod = policies.seeing.pod(member.representative)
            if pod is not None:
                home = pod.metadata.namespace
                self._of_namespace[home] = self._of_namespace.get(home, 0) | 1 << index
                for label in pod.metadata.labels.items():
                    self._carrying[label] = self._carrying.get(label, 0) | 1 << index
            numbers = tuple(pod.named_port(*name) if pod is not None else None for name in names)
            by_ports[numbers] = by_ports.get(numbers, 0) | 1 << index
        self._by_named_ports = tuple(by_ports.values())
        self.egress = self._groups(EGRESS)
        self.ingress = self._groups(INGRESS)

    def rectangles(self) -> Iterator[Rectangle]:
        """What passes between whom, the sure ones disjoint. Pairs that may not talk are in none."""
        versions = {
            version: self._classes.where(i for i, m in enumerate(self._classes.members) if m.version == version)
            for version in sorted({member.version for member in self._classes.members})
        }
        for version in versions.values():
            for out in self.egress:
                if not out.members & version:
                    continue
                for into in self.ingress:
                    yield from _crossed(out, into, out.sure, into.sure, version, ())
                    if doubts := tuple(dict.fromkeys(out.doubts + into.doubts)):
                        yield from _crossed(out, into, out.possible, into.possible, version, doubts)

    def _groups(self, direction: str) -> tuple[Group, ...]:
        alike: dict[tuple[Parts, Parts, tuple[str, ...]], int] = {}
        known: dict[object, Parts] = {}
        everything: Parts = ((ALL, self._classes.everyone),)
        nothing: Parts = ((NONE, self._classes.everyone),)

        def parts(selecting: tuple[CompiledPolicy, ...], pod: Pod, possible: bool) -> Parts:
            own_ports = tuple(pod.named_port(*n) for p in selecting for rule in p.ingress for n in rule.named)
            asked = tuple(p.key for p in selecting), own_ports if direction == INGRESS else (), possible
            if asked not in known:
                known[asked] = self._parts(direction, selecting, pod, possible)
            return known[asked]

        for index, member in enumerate(self._classes.members):
            pod = self._policies.seeing.pod(member.representative)
            unread = self._policies.unread_for(pod, direction) if pod is not None else ()
            selecting = self._policies.selecting(pod, direction) if pod is not None else ()
            group: tuple[Parts, Parts, tuple[str, ...]]
            if unread:
                names = ", ".join(str(policy.key) for policy in unread)
                group = nothing, everything, (f"{names} may select it; kwake does not read this kind",)
            elif pod is None or not selecting:
                group = everything, everything, ()
            else:
                sure, possible = parts(selecting, pod, False), parts(selecting, pod, True)
                group = sure, possible, () if sure == possible else (NAMESPACE_LABELS,)
            alike[group] = alike.get(group, 0) | 1 << index
        return tuple(Group(members, *group) for group, members in alike.items())

    def _parts(self, direction: str, selecting: tuple[CompiledPolicy, ...], pod: Pod, possible: bool) -> Parts:
        """The union of the rules, each a set of peers and what it allows them (NP-2)."""
        parts = {NONE: self._classes.everyone}
        for policy in selecting:
            for rule in policy.rules(direction):
                peers = self._admitted(rule, possible)
                if direction == INGRESS or not rule.named:
                    parts = _with_rule(parts, peers, rule.connections(pod))
                    continue
                for alike in self._by_named_ports:
                    if peers & alike:
                        first = self._classes.members[next(bits_of(peers & alike))]
                        destination = self._policies.seeing.pod(first.representative)
                        parts = _with_rule(parts, peers & alike, rule.connections(destination))
        return tuple(parts.items())

    def _admitted(self, rule: Rule, possible: bool) -> int:
        """The classes that a rule's peers mean, or possibly mean."""
        if not rule.peers:
            return self._classes.everyone
        bits = 0
        for peer in rule.peers:
            sure, perhaps = self._meant(peer, rule.ref.policy.namespace)
            bits |= sure | perhaps if possible else sure
        return bits

    def _meant(self, peer: PolicyPeer, namespace: str) -> tuple[int, int]:
        """The classes that a peer means, and those of which that is not known."""
        local = peer.ip_block is None and peer.namespace_selector is None
        asked = (namespace if local else "", msgspec.json.encode(peer))
        if asked not in self._peers:
            candidates = self._of_namespace.get(namespace, 0) if local else self._classes.everyone
            for label in peer.pod_selector.match_labels.items() if peer.pod_selector is not None else ():
                candidates &= self._carrying.get(label, 0)
            sure, perhaps = 0, 0
            for index in bits_of(candidates):
                admits = self._policies.seeing.admits(peer, namespace, self._classes.members[index].representative)
                if admits:
                    sure |= 1 << index
                elif admits is None:
                    perhaps |= 1 << index
            self._peers[asked] = sure, perhaps
        return self._peers[asked]


def _with_rule(parts: dict[ConnectionSet, int], peers: int, connections: ConnectionSet) -> dict[ConnectionSet, int]:
    """The parts after one more rule: its peers may also open these."""
    joined: dict[ConnectionSet, int] = {}
    for allowed, members in parts.items():
        if members & peers:
            joined[allowed | connections] = joined.get(allowed | connections, 0) | members & peers
        if members & ~peers:
            joined[allowed] = joined.get(allowed, 0) | members & ~peers
    return joined


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
