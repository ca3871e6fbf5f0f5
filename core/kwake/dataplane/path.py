"""The words for traffic: a flow is a question, a path the answer."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

import msgspec

from kwake.objects.basis import Basis, weakest
from kwake.policy.ends import Half


class Outcome(Enum):
    """How a new connection ends."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    DROPPED = "dropped"
    UNRESOLVED = "unresolved"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Flow(msgspec.Struct, frozen=True):
    """Who, to whom, on which port. Ends are references (see `ends.py`)."""

    source: str
    target: str
    port: int | str | None = None
    """The port that the client dials, or the Service port's name; None: the target's only one."""
    protocol: str = "TCP"
    via: str = "dns"
    """How the client finds a Service: `dns`, `env` or `ip`."""
    at: str = ""
    """The node at which packets of a client outside come in; empty: any that they may be brought to."""

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.source} → {self.target}{port}" + ("" if self.protocol == "TCP" else f" {self.protocol}")


class Decider(msgspec.Struct, frozen=True):
    """What decided: an object, which of its rules, and where that is written."""

    object: str
    """`NetworkPolicy/shop/default-deny`, `Service/shop/web`; or a component: `kube-proxy`, `kernel`."""
    rule: str
    """In words: `isolates ingress, no rule admits`, `ingress rule 1`, `no endpoints`."""
    file: str | None = None
    line: int | None = None
    cite: str = ""
    """The spec's rule id."""

    @property
    def place(self) -> str:
        """`policies.yaml:48`; empty where it stands in no file."""
        return f"{self.file}:{self.line}" if self.file and self.line else ""


class Missed(msgspec.Struct, frozen=True):
    """What nearly let a dial through."""

    wanted: Half
    found: Half
    by: Decider
    """The rule that nearly admits, or the policy that nearly selects the pod."""


class Hop(msgspec.Struct, frozen=True):
    """One thing that happens to the packet on its way."""

    kind: str
    """`client`, `dns`, `env`, `service`, `nat`, `snat`, `egress`, `route`, `load-balancer`, `node-port`,
    `ingress`, `socket`."""
    at: str
    """Where: a node, a pod, `outside`."""
    text: str
    object: str | None = None
    """The object that did it, as a reference."""
    basis: Basis = Basis.SOURCED
    cite: str = ""
    decider: Decider | None = None
    """Set where this hop ended the path or admitted it."""
    detail: tuple[str, ...] = ()
    """Further lines."""
    outcome: Outcome | None = None
    """Set on the hop that ends the branch."""
    near_misses: tuple[Missed, ...] = ()
    """Where policies drop it: what nearly let it through."""

    @property
    def details(self) -> tuple[str, ...]:
        """All further lines, those of near misses two by two."""
        pairs = ((f"{miss.wanted}  {miss.by.place}".rstrip(), str(miss.found)) for miss in self.near_misses)
        return (*self.detail, *(line for pair in pairs for line in pair))


class Judgement(msgspec.Struct, frozen=True):
    """What the policies of one end say, whatever those of the other say."""

    verdict: str
    """`allowed`, `denied` or `unknown`."""
    reason: str
    basis: Basis
    decided_by: tuple[Decider, ...] = ()
    """The rules that admit or deny, or every policy that isolates where none admits; nothing where no policy selects
    the end."""
    passed_by: tuple[Decider, ...] = ()
    """Rules of tiers that passed the connection on to what decided."""


class Translation(msgspec.Struct, frozen=True):
    """What was dialled, and what a Service proxy or load balancer made of it (CX-2)."""

    dst: str
    dst_port: int
    src: str
    """The source address that the endpoint sees."""
    frontend: str
    """`cluster-ip`, `node-port`, `load-balancer`, `external-ip`, `headless` or `pod-ip`."""
    service: str | None = None
    """`Service/ns/name` of the frontend, or of the headless Service whose name was looked up."""
    node: str | None = None
    """The node whose conntrack holds the mapping; None without NAT."""


class Branch(msgspec.Struct, frozen=True):
    """One way that a dial may go: a source pod and an endpoint."""

    source: str
    """The source pod's reference, or `internet` / an address."""
    pod: str | None
    """The endpoint's pod as a reference, if it is one."""
    ip: str | None
    port: int | None
    share: Fraction
    """Its part of all dials of the flow; the branches of a path add up to 1."""
    outcome: Outcome
    basis: Basis
    decided_by: tuple[Decider, ...]
    hops: tuple[Hop, ...]
    """All hops from the client to the end of this branch, the path's common ones included."""
    node: str | None = None
    """The endpoint's node."""
    reason: str = ""
    """One sentence: why it ends so."""
    translation: Translation | None = None
    """None where no address was dialled."""
    egress: Judgement | None = None
    """What the client's policies say; None where they were not asked."""
    ingress: Judgement | None = None
    """What the server's policies say, even where the packet does not get there; None where they were not asked."""
    fails: bool = False
    """Of an unknown end: that it is none for sure, though not whether it is refused or dropped."""
    entries: tuple[str, ...] = ()
    """Where any of several nodes may be dialled: those by which one fares so, the one that the hops tell of first."""


class Path(msgspec.Struct, frozen=True):
    """The answer to a flow at a moment."""

    flow: Flow
    branches: tuple[Branch, ...]
    notes: tuple[str, ...] = ()
    """Warnings that do not decide: "port 443 is the Service's port, the policy sees 8443"."""

    @property
    def outcome(self) -> Outcome:
        """The branches' outcome; mixed where they end differently."""
        outcomes = {branch.outcome for branch in self.branches}
        return outcomes.pop() if len(outcomes) == 1 else Outcome.MIXED

    @property
    def basis(self) -> Basis:
        """The weakest basis of its branches."""
        return weakest(branch.basis for branch in self.branches)

    @property
    def shares(self) -> dict[Outcome, Fraction]:
        """Which part of all dials ends how, in the order met; the parts add up to 1."""
        parts: dict[Outcome, Fraction] = {}
        for branch in self.branches:
            parts[branch.outcome] = parts.get(branch.outcome, Fraction(0)) + branch.share
        return parts

    @property
    def decided_by(self) -> tuple[Decider, ...]:
        """Everything that decided, each once, in the order met."""
        return tuple(dict.fromkeys(decider for branch in self.branches for decider in branch.decided_by))

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The hops that all branches share, from the client on; all of them where there is one branch."""
        first, *others = (branch.hops for branch in self.branches)
        shared = 0
        while shared < len(first) and all(len(o) > shared and o[shared] == first[shared] for o in others):
            shared += 1
        return first[:shared]
