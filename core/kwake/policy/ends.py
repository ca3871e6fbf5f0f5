"""Who talks to whom, as a policy sees it, and what it answers."""

from __future__ import annotations

import msgspec

from kwake.objects.basis import Basis, weakest
from kwake.objects.document import FieldPath
from kwake.objects.key import Key
from kwake.objects.kinds import Pod

INGRESS, EGRESS = "Ingress", "Egress"


class PolicyEnd(msgspec.Struct, frozen=True, gc=False):
    """An end of a connection after address translation (NP-20). Labels are read off `pod` as it is given.

    A pod that the policy agents have not yet taken in is given as the API has it: isolation is in force before its
    containers start (NP-10).
    """

    pod: Pod | None
    """None for an address outside the cluster, or a node's."""
    ip: str
    """The address that the policy sees: the node's after masquerading."""
    node: str = ""
    """The node that the pod runs on, or whose address it is; empty outside."""

    @classmethod
    def of(cls, pod: Pod) -> PolicyEnd:
        """A pod by its first address, on its node."""
        return cls(pod, pod.ip, pod.spec.node_name)


class RuleRef(msgspec.Struct, frozen=True, gc=False):
    """A rule of a policy."""

    policy: Key
    direction: str
    """`Ingress` or `Egress`."""
    index: int
    """From 0; people read it from 1."""
    path: FieldPath
    name: str = ""
    """What a rule of a tier is called, if it is; rules of NetworkPolicies have no names."""

    def __str__(self) -> str:
        named = f" ({self.name})" if self.name else ""
        return f"{self.direction.lower()} rule {self.index + 1}{named}"


def called(policy: Key) -> str:
    """What a sentence calls a policy: a NetworkPolicy by its name, one of a tier with its kind."""
    return policy.name if policy.kind == "NetworkPolicy" else str(policy)


class Half(msgspec.Struct, frozen=True, order=True):
    """One line of a near miss."""

    head: str
    """Whose it is: `allow-web ingress rule 1 admits`, `shop/web-0 has`; empty where there is nothing to compare."""
    differs: str
    """What of it differs from the other line: `app=web`, `no label app`."""

    def __str__(self) -> str:
        return f"{self.head} {self.differs}" if self.head else self.differs


class NearMiss(msgspec.Struct, frozen=True):
    """What nearly let a connection through."""

    wanted: Half
    found: Half
    policy: Key
    rule: str
    """In words: `ingress rule 1` where it nearly admits; where the policy nearly selects the pod, `selects`."""
    path: FieldPath
    """Where in the policy that stands."""


class Side(msgspec.Struct, frozen=True):
    """What one end's policies say."""

    direction: str
    allowed: bool | None
    """None: unknown; `reason` says why."""
    reason: str
    basis: Basis
    cite: str
    isolated_by: tuple[Key, ...] = ()
    """Every policy that selects the pod in this direction."""
    admitted_by: tuple[RuleRef, ...] = ()
    """Every rule that admits the connection."""
    near_misses: tuple[NearMiss, ...] = ()
    """For a denial: what nearly matched, the nearest first."""
    denied_by: tuple[RuleRef, ...] = ()
    """The rule of a tier that denies the connection; a NetworkPolicy never denies, it isolates."""
    passed_by: tuple[RuleRef, ...] = ()
    """Rules of tiers that pass the connection on to what decided."""

    @property
    def stopped_by(self) -> tuple[Key, ...]:
        """For a denial: the policies to name, the one that denies or all that isolate."""
        return tuple(rule.policy for rule in self.denied_by) or self.isolated_by

    @property
    def dropped(self) -> str:
        """A denial in words. Of several NetworkPolicies none alone is the one that drops: no rule of them admits it."""
        names = ", ".join(map(called, self.stopped_by))
        if len(self.stopped_by) == 1:
            return f"dropped by {names}"
        return f"dropped: no {self.direction.lower()} rule of {names} admits it"


class Verdict(msgspec.Struct, frozen=True):
    """Whether a new connection passes: the client's egress and the server's ingress must both allow it (NP-2)."""

    egress: Side
    ingress: Side

    @property
    def allowed(self) -> bool | None:
        """False if a side denies it, else None if a side is unknown."""
        sides = (self.egress.allowed, self.ingress.allowed)
        return False if False in sides else None if None in sides else True

    @property
    def basis(self) -> Basis:
        """As sure as the sides that decide: those that deny, else both."""
        denying = [side.basis for side in (self.egress, self.ingress) if side.allowed is False]
        if denying:
            return min(denying, key=lambda basis: basis.rank)
        return weakest((self.egress.basis, self.ingress.basis))
