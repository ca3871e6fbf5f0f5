"""What a tier may do with connections: sets instead of an order of rules, so that all ports are answered at once.

Where nothing is unclear each connection is in just one of denied, accepted, passed and unmatched. It is in several
where policies of one priority disagree, or where it is not known whether a rule matches: any of them may come true.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from kwake.policy.connections import ALL, NONE, ConnectionSet
from kwake.policy.tiers import ACCEPT, DENY


class Outcomes(msgspec.Struct, frozen=True):
    """What may become of connections in a tier."""

    denied: ConnectionSet = NONE
    accepted: ConnectionSet = NONE
    passed: ConnectionSet = NONE
    matched: ConnectionSet = NONE
    """What some rule matches for sure; the others may go on."""

    def then(self, later: Outcomes) -> Outcomes:
        """These rules first, the later ones for what is not matched for sure."""
        return _then(self, later)

    def tied(self, other: Outcomes) -> Outcomes:
        """Both without an order: whichever matches may decide."""
        return Outcomes(
            self.denied | other.denied,
            self.accepted | other.accepted,
            self.passed | other.passed,
            self.matched | other.matched,
        )

    @property
    def onward(self) -> ConnectionSet:
        """What may go on to the next tier."""
        return self.passed | (ALL - self.matched)

    def sure(self, below: ConnectionSet) -> ConnectionSet:
        """What is allowed for sure, if this is allowed below for sure."""
        return ALL - self.denied - (self.onward - below)

    def possible(self, below: ConnectionSet) -> ConnectionSet:
        """What may be allowed, if this may be allowed below."""
        return self.accepted | (self.onward & below)


UNMATCHED = Outcomes()


@lru_cache(maxsize=4096)
def of_rule(action: str, connections: ConnectionSet, is_sure: bool) -> Outcomes:
    """The outcomes of one rule for ends that its peers mean, or (not sure) may mean."""
    matched = connections if is_sure else NONE
    if action == ACCEPT:
        return Outcomes(accepted=connections, matched=matched)
    if action == DENY:
        return Outcomes(denied=connections, matched=matched)
    return Outcomes(passed=connections, matched=matched)


@lru_cache(maxsize=4096)
def _then(first: Outcomes, later: Outcomes) -> Outcomes:
    left = ALL - first.matched
    return Outcomes(
        first.denied | (later.denied & left),
        first.accepted | (later.accepted & left),
        first.passed | (later.passed & left),
        first.matched | later.matched,
    )


def unsure(outcomes: Outcomes) -> Outcomes:
    """The same of a policy that may not judge the pod at all."""
    return msgspec.structs.replace(outcomes, matched=NONE)
