"""What happened, when, and because of what."""

from __future__ import annotations

import msgspec

from kwake.objects.basis import Basis, weakest


class Clock(msgspec.Struct, frozen=True):
    """A named delay, milliseconds. One that no source gives is `assumed`."""

    name: str
    ms: int
    basis: Basis
    source: str


class Event(msgspec.Struct, frozen=True):
    """Something that happened in the simulated cluster."""

    time_ms: int
    kind: str
    """A stable word: `pod-killed`, `pod-created`, `ip-assigned`, `pod-ready`, `endpoints-changed`, `proxy-synced`…"""
    subject: str
    """What it happened to, as a reference or a connection's name."""
    text: str
    """One short sentence."""
    actor: str
    """Who did it: `you`, `replicaset`, `kubelet`, `endpointslice`, `proxy`, `policy`, `calico`…"""
    cause: str
    """What set it off: the action's words, or the subject of the event before."""
    basis: Basis = Basis.SOURCED
    rule: str = ""
    """The spec's rule id, `PD-5`, where one decided."""
    clocks: tuple[Clock, ...] = ()
    """The named delays that lie between the action and this event; they add up to the time between."""

    @property
    def sureness(self) -> Basis:
        """How sure it is that this happened then: as the weakest of what it rests on, its clocks included."""
        return weakest([self.basis, *(clock.basis for clock in self.clocks)])
