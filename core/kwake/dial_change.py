"""A dial in two worlds: how it ends in each, and what became of it."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

import msgspec

from kwake.dataplane.path import Flow, Outcome, Path
from kwake.errors import KwakeError
from kwake.world import World


class Turn(Enum):
    """How the end of a dial differs from what it was."""

    LOST = "lost"
    GAINED = "gained"
    REROUTED = "rerouted"
    OTHERWISE = "fails otherwise"
    UNKNOWN = "unknown"


class DialChange(msgspec.Struct, frozen=True):
    """A dial that does not end as it did. A path is None where an end of the flow is not there."""

    flow: Flow
    before: Path | None
    after: Path | None
    service: str = ""
    """The Service, `Service/ns/name`, whose node port is dialled; empty where the flow names its target itself."""
    direct: DialChange | None = None
    """The same client's dial of that Service itself, which did or does not bring it to every endpoint."""

    @property
    def turn(self) -> Turn | None:
        """What became of it; None where nothing did. Lost and gained count in parts: 2 of 3 after 3 of 3 is lost."""
        if self.direct is not None and not self._leads_further:
            return None
        was, is_ = arriving(self.before), arriving(self.after)
        if is_unknown(self.before) or is_unknown(self.after):
            return None if _story(self.before) == _story(self.after) else Turn.UNKNOWN
        if was != is_:
            return Turn.LOST if is_ < was else Turn.GAINED
        if was and _reached(self.before) != _reached(self.after):
            return Turn.REROUTED
        return None if _outcomes(self.before) == _outcomes(self.after) else Turn.OTHERWISE

    @property
    def _leads_further(self) -> bool:
        """Whether a way round brings, or may bring, a client to a pod that the Service itself does not bring it to."""
        direct = self.direct
        ways = ((self.before, direct.before), (self.after, direct.after)) if direct is not None else ()
        return any(_may_meet(way) - _may_meet(straight) for way, straight in ways)


def dialled(old: World, new: World, flow: Flow, service: str = "") -> DialChange:
    """A dial made in both worlds; `service` is the one whose node port it is of."""
    return DialChange(flow, path_of(old, flow), path_of(new, flow), service)


def path_of(world: World, flow: Flow) -> Path | None:
    """The path of a dial made now, or None where an end of it is not there."""
    try:
        return world.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via)
    except KwakeError:
        return None


def arriving(path: Path | None) -> Fraction:
    """The part of the dials of a path that is delivered; none where there is no path."""
    return path.shares.get(Outcome.DELIVERED, Fraction(0)) if path else Fraction(0)


def _may_meet(path: Path | None) -> set[tuple[str, str | None]]:
    """Who meets which pod, for sure or perhaps."""
    met = (Outcome.DELIVERED, Outcome.UNKNOWN)
    return {(branch.source, branch.pod) for branch in path.branches if branch.outcome in met} if path else set()


def _outcomes(path: Path | None) -> set[Outcome]:
    return {branch.outcome for branch in path.branches} if path else set()


def is_unknown(path: Path | None) -> bool:
    """Whether it is not known how some of the dials end."""
    return Outcome.UNKNOWN in _outcomes(path)


def _story(path: Path | None) -> object:
    return path and sorted((b.outcome.value, b.reason) for b in path.branches)


def _reached(path: Path | None) -> set[tuple[str | None, str | None, int | None]]:
    return {(b.pod, b.ip, b.port) for b in path.branches if b.outcome is Outcome.DELIVERED} if path else set()
