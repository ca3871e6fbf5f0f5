"""The peers of NetworkPolicies as they are written, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kwake.objects.document import FieldPath
from kwake.objects.kinds import NetworkPolicy, PolicyPeer
from kwake.policy.ends import EGRESS, INGRESS

Place = tuple[NetworkPolicy, FieldPath, str]
"""A policy, the path of a peer in it, and how its rule is called."""


class WrittenPeer(NamedTuple):
    """A peer of a rule."""

    place: Place
    peer: PolicyPeer
    peers: tuple[PolicyPeer, ...]
    """All of that rule."""


def written_peers(policies: Iterable[NetworkPolicy]) -> Iterator[WrittenPeer]:
    """Those of the rules that count: of each policy's effective policyTypes (NP-4)."""
    for policy in policies:
        for direction, rules, field in (
            (INGRESS, [rule.from_ for rule in policy.spec.ingress], "from"),
            (EGRESS, [rule.to for rule in policy.spec.egress], "to"),
        ):
            for index, peers in enumerate(rules if direction in policy.directions else ()):
                for at, peer in enumerate(peers):
                    path: FieldPath = ("spec", direction.lower(), index, field, at)
                    yield WrittenPeer((policy, path, f"{direction.lower()} rule {index + 1}"), peer, peers)
