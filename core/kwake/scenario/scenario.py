"""A scenario as values: flows to watch, steps to take, what is expected of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from kwake.actions import Action
from kwake.dataplane.path import Flow
from kwake.objects.document import FieldPath


class When(msgspec.Struct, frozen=True):
    """When an expectation looks. Without both: when the world has settled after the step."""

    within_ms: int | None = None
    """It must come true by then after the action, and stay true until the world has settled."""
    at_ms: int | None = None
    """It looks once, that long after the action."""
    for_ms: int | None = None
    """It must be true that long without a break, from the action, `within_ms` or `at_ms` on."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What all expectations have."""

    line: int
    when: When = When()
    under: tuple[str, ...] = ()
    """Only under these profiles; empty: under all."""
    xfail: str = ""
    """Where it is told why it cannot hold yet; empty: it must hold."""


class Part(msgspec.Struct, frozen=True):
    """What a part of a whole must be."""

    relation: str
    """`=`, `>=` or `<=`."""
    part: Fraction
    text: str

    def holds(self, found: Fraction) -> bool:
        """Whether a part is so."""
        if self.relation == "=":
            return found == self.part
        return found >= self.part if self.relation == ">=" else found <= self.part


class FlowExpectation(Expectation, frozen=True, kw_only=True):
    """What a flow must do. `outcome` is of a dial made at that moment, `fate` of the connection that is open."""

    flow: str
    outcome: str | None = None
    fate: str | None = None
    decided_by: str | None = None
    basis: str | None = None
    backend: str | None = None
    share: Part | None = None
    """Of all dials: those that end in `outcome` (delivered if None) at `backend` (any if None)."""


class AvailabilityExpectation(Expectation, frozen=True, kw_only=True):
    """How a flow fares over the run, from its start or from the action of a step on."""

    flow: str
    available: Fraction | None = None
    """The least part that is delivered, of the time and of the dials in it."""
    outage_ms: int | None = None
    """The longest time without a break in which not every dial is delivered."""
    since: str | None = None


class FieldExpectation(Expectation, frozen=True, kw_only=True):
    """The value of an object's field; None: the field is absent."""

    object: str
    field: FieldPath
    value: Any


class ResolvesExpectation(Expectation, frozen=True, kw_only=True):
    """What a lookup gives: addresses, or what has them; nothing."""

    name: str
    source: str
    to: tuple[str, ...]
    """Empty: nothing."""


class EnvExpectation(Expectation, frozen=True, kw_only=True):
    """A variable by which a container finds Services; None: there is none of this name."""

    name: str
    source: str
    value: str | None


class RejectedExpectation(Expectation, frozen=True, kw_only=True):
    """The API server refuses the action, in these words or with these among them."""

    words: str


class ChangedExpectation(Expectation, frozen=True, kw_only=True):
    """These flows, and no others, are otherwise than at the end of an earlier step."""

    since: str
    only: tuple[str, ...] | None
    """None: any."""
    max: int | None = None
    """How many of them at most; None: each of `only`."""


class Undo(msgspec.Struct, frozen=True):
    """Give back this many actions, clock and connections and all."""

    count: int

    def __str__(self) -> str:
        return f"undo {self.count}"


class Redo(msgspec.Struct, frozen=True):
    """Take back this many undos."""

    count: int

    def __str__(self) -> str:
        return f"redo {self.count}"


class Step(msgspec.Struct, frozen=True):
    """One step: time that passes first, one action, what is expected."""

    id: str
    line: int
    after_ms: int | None = None
    """Since the action before; None: when the world has settled."""
    do: tuple[Action, ...] | Undo | Redo = ()
    """More than one where `apply` names a file of several documents; together they count as one action."""
    expect: tuple[Expectation, ...] = ()


class PinnedFlow(msgspec.Struct, frozen=True):
    """A flow with a name. A held one is opened at the start and kept open."""

    name: str
    flow: Flow
    hold: bool = False
    line: int = 0


class Scenario(msgspec.Struct, frozen=True):
    """A scenario as it was read."""

    file: str
    name: str
    snapshot: tuple[str, ...]
    """Paths as the user's shell would name them; later entries override earlier ones, object by object."""
    profiles: tuple[str, ...]
    """One replay each."""
    seeds: tuple[int, ...]
    """One replay each, under every profile."""
    flows: tuple[PinnedFlow, ...]
    always: tuple[FlowExpectation | AvailabilityExpectation, ...]
    steps: tuple[Step, ...]
    overrides: dict[str, str] = {}
    """Fields and clocks in place of the profile's own."""
    lenient: bool = False
    """Whether objects that the API server would refuse are left out, and what they touch is unknown."""
    unknown: str = "fail"
    """What an answer that is not known comes to: `fail` (exit 4), `warn` or `allow`."""
    xfail: str = ""
    """Where it is told why the scenario cannot hold yet; empty: it must hold."""
    line: int = 1
    """Where it begins in its file."""
    sha256: dict[str, str] = {}
    """What was pinned, by entry of `snapshot`."""

    @property
    def seed(self) -> int:
        """The first seed."""
        return self.seeds[0]


TimedExpectation = FlowExpectation | FieldExpectation | ResolvesExpectation | EnvExpectation
"""What can be looked at in one world."""
