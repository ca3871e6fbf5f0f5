"""Whom the peers of NetworkPolicies mean, as sets of classes: put together from sets for each label and namespace."""

from __future__ import annotations

from collections import defaultdict

from kwake.objects.kinds import PolicyPeer
from kwake.objects.selector import LabelSelector
from kwake.policy.classes import Classes, Place, set_of
from kwake.policy.ends import PolicyEnd
from kwake.policy.rules import Asked, Seeing, as_json, asked

Meant = tuple[int, int]
"""The classes that are meant for sure, and those of which it is not known."""


class PeerSets:
    """Asked once for each peer; a selector is asked once for each value of a label, not for each class."""

    def __init__(self, classes: Classes, seeing: Seeing) -> None:
        self._seeing = seeing
        self._known: dict[Asked, Meant] = {}
        self._by_home: dict[Asked, PolicyPeer] = {}
        """The peers among them that ask for labels of namespaces."""
        self._pods: dict[bytes, int] = {}
        self._namespaces: dict[bytes, Meant] = {}
        self.of_namespace: dict[str, int] = {}
        """The pods that selectors see, by namespace."""
        self._valued: dict[str, dict[str | None, int]] = {}
        """Those pods by the values of each label that a peer asks for; None: without it."""
        self._members, self._size = classes.members, len(classes.members)
        self._seen_labels = frozenset(classes.sight.labels)
        self._placed: list[tuple[int, PolicyEnd]] = []
        """All ends by where their addresses lie and whether they are pods, nodes or outside, and one of each."""
        self._put()

    def _put(self) -> None:
        size = self._size
        homes: defaultdict[str, list[int]] = defaultdict(list)
        placed: defaultdict[tuple[Place, bool, bool], list[int]] = defaultdict(list)
        for index, member in enumerate(self._members):
            pod = member.seen
            placed[member.place, pod is not None, member.representative.pod is not None].append(index)
            if pod is not None:
                homes[pod.metadata.namespace].append(index)
        self.of_namespace = {home: set_of(held, size) for home, held in homes.items()}
        self._placed = [(set_of(held, size), self._members[held[0]].representative) for held in placed.values()]

    def meant(self, peer: PolicyPeer, namespace: str) -> Meant:
        """Whom a peer of a policy of this namespace means."""
        key = asked(peer, namespace)
        if key not in self._known:
            self._known[key] = self._looked_up(peer, namespace)
            if peer.namespace_selector is not None and peer.ip_block is None:
                self._by_home[key] = peer
        return self._known[key]

    def _looked_up(self, peer: PolicyPeer, namespace: str) -> Meant:
        if peer.ip_block is not None:
            sure = 0
            for held, first in self._placed:
                sure |= held if self._seeing.admits(peer, namespace, first) else 0
            return sure, 0
        sure, perhaps = self.of_namespace.get(namespace, 0), 0
        if peer.namespace_selector is not None:
            sure, perhaps = self._in(peer.namespace_selector)
        if peer.pod_selector is not None and not peer.pod_selector.is_empty:
            pods = self.carrying(peer.pod_selector)
            sure, perhaps = sure & pods, perhaps & pods
        return sure, perhaps

    def _in(self, selector: LabelSelector) -> Meant:
        """The pods of the namespaces that a selector means."""
        asked = as_json(selector)
        if asked not in self._namespaces:
            sure, perhaps = 0, 0
            for home, held in self.of_namespace.items():
                matches = self._seeing.namespace_matches(selector, home)
                sure |= held if matches else 0
                perhaps |= held if matches is None else 0
            self._namespaces[asked] = sure, perhaps
        return self._namespaces[asked]

    def carrying(self, selector: LabelSelector) -> int:
        """The pods that a selector means, in whatever namespace: for each of its terms those that it matches alone."""
        asked = as_json(selector)
        if asked not in self._pods:
            terms = [LabelSelector({key: value}) for key, value in selector.match_labels.items()]
            terms += [LabelSelector({}, (requirement,)) for requirement in selector.match_expressions]
            found = -1
            for term in terms:
                found &= self._matching(term)
            self._pods[asked] = found
        return self._pods[asked]

    def _by_value(self, key: str) -> dict[str | None, int]:
        """The pods by the values of a label. What only the selectors of policies ask for is never asked here."""
        if key not in self._valued:
            if key not in self._seen_labels:
                raise KeyError(f"{key}: the pods of a class may differ in it")
            held: defaultdict[str | None, list[int]] = defaultdict(list)
            for index, member in enumerate(self._members):
                if member.seen is not None:
                    held[member.seen.metadata.labels.get(key)].append(index)
            self._valued[key] = {value: set_of(indexes, self._size) for value, indexes in held.items()}
        return self._valued[key]

    def _matching(self, term: LabelSelector) -> int:
        for key, wanted in term.match_labels.items():
            return self._by_value(key).get(wanted, 0)
        requirement = term.match_expressions[0]
        found = 0
        for value, held in self._by_value(requirement.key).items():
            found |= held if requirement.matches({} if value is None else {requirement.key: value}) else 0
        return found

    def with_namespace(self, seeing: Seeing, namespace: str) -> tuple[PeerSets, frozenset[Asked]]:
        """The same after one namespace got other labels, and the peers that mean other pods since."""
        mine = self.of_namespace.get(namespace, 0)
        after = PeerSets.__new__(PeerSets)
        after._seeing, after._pods, after._placed = seeing, self._pods, self._placed
        after.of_namespace, after._valued = self.of_namespace, self._valued
        after._members, after._size, after._seen_labels = self._members, self._size, self._seen_labels
        after._known, after._namespaces, after._by_home = dict(self._known), {}, dict(self._by_home)
        moved = set()
        for key, peer in self._by_home.items():
            if peer.namespace_selector is None:
                continue
            matches = seeing.namespace_matches(peer.namespace_selector, namespace)
            if matches is self._seeing.namespace_matches(peer.namespace_selector, namespace):
                continue
            sure, perhaps = self._known[key]
            pods = mine
            if peer.pod_selector is not None and not peer.pod_selector.is_empty:
                pods &= self.carrying(peer.pod_selector)
            sure = sure & ~mine | (pods if matches else 0)
            after._known[key] = sure, perhaps & ~mine | (pods if matches is None else 0)
            moved.add(key)
        return after, frozenset(moved)
