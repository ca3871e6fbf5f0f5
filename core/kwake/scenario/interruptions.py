"""Dials that arrive before an action and after it, and for a time between do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.path import Flow, Outcome
from kwake.dial_change import arriving, path_of
from kwake.dials import service_flows
from kwake.errors import KwakeError
from kwake.objects.key import Key
from kwake.scenario.availability import Span, spans
from kwake.scenario.knowing import ready_addresses
from kwake.world import World

MOST = 24
"""Dials that are followed through the moments of an action: each is traced at every one of them."""
ASKED = 4
"""Times as many are asked whether they arrive before and after: most never do where policies are strict."""


class Interruption(msgspec.Struct, frozen=True):
    """A dial that does not arrive as before for a time, and then does again."""

    flow: Flow
    service: str
    """Of a node port: the Service that has it."""
    spans: tuple[Span, ...]
    """The times at which not as many dials arrive as before and after."""

    @property
    def length_ms(self) -> int:
        """How long in all, milliseconds."""
        return sum(span.length_ms or 0 for span in self.spans)


class Interruptions(msgspec.Struct, frozen=True):
    """What an action interrupts."""

    dials: tuple[Interruption, ...] = ()
    unfollowed: int = 0
    """Dials of the same Services that were not followed: there are too many."""


def interruptions(before: World, seen: Sequence[World], most: int = MOST) -> Interruptions:
    """The interrupted dials of Services whose endpoints were others meanwhile, of so many that are followed.

    `seen` are the moments from the action to rest.
    """
    found: list[Interruption] = []
    asked = followed = unfollowed = 0
    for service in _disturbed(before.cluster, seen):
        for flow, named in service_flows(before.cluster, seen[-1].cluster, service):
            if followed == most or asked == ASKED * most:
                unfollowed += 1
                continue
            asked += 1
            was, is_ = arriving(path_of(before, flow)), arriving(path_of(seen[-1], flow))
            if not was or not is_:
                continue
            followed += 1
            worse = _worse(seen, flow, min(was, is_))
            if worse:
                found.append(Interruption(flow, named, worse))
    return Interruptions(tuple(found), unfollowed)


def _disturbed(before: Cluster, seen: Sequence[World]) -> Iterator[Key]:
    """Services whose ready endpoints were not always the same, or whose containers were down."""
    for service in sorted(before.slices_by_service):
        was = ready_addresses(before, service)
        if any(ready_addresses(world.cluster, service) != was or _is_down(world, was) for world in seen):
            yield service


def _is_down(world: World, addresses: Iterable[str]) -> bool:
    """Whether nobody listens at one of these addresses, though its pod is there."""
    stopped = {name.partition("/")[0] for name in world.view.stopped}
    holders = (pod for address in addresses for pod in world.cluster.pods_by_ip.get(address, ())) if stopped else ()
    return any(pod.metadata.uid in stopped for pod in holders)


def _worse(seen: Sequence[World], flow: Flow, share: Fraction) -> tuple[Span, ...]:
    """The times at which less than this part of the dials arrives."""
    try:
        fared = spans(seen, flow)
    except KwakeError:  # an end of the flow is at none of these moments
        return ()
    if any(span.is_gone for span in fared):  # nobody is there who would notice
        return ()
    return tuple(
        span for span in fared if span.length_ms and dict(span.parts).get(Outcome.DELIVERED, 0) < share * span.length_ms
    )
