"""How a flow fares while a cluster comes to rest: spans of one outcome, each with the clocks that make its length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from kwake.dataplane.ends import resolve_sources
from kwake.dataplane.path import Flow, Outcome
from kwake.errors import ReferenceNotFound
from kwake.objects.basis import Basis, weakest
from kwake.objects.event import Clock, Event
from kwake.objects.time import seconds
from kwake.scenario.dialling import dialled
from kwake.scenario.moments import moments
from kwake.world import World

_TELLING = ("proxy-synced", "policy-synced", "dns-synced", "balancer-ready", "balancer-gone", "pod-gone",
            "containers-started", "pod-ready", "ip-assigned", "endpoints-changed")  # fmt: skip
"""Which of several events of one millisecond a dial is likelier to notice, the likeliest first."""


MOST_COUNTED = 100
"""Of how many dials a part is told at most."""


class Term(msgspec.Struct, frozen=True):
    """A clock in the sum that makes a span's length: `sign` is 1 or -1."""

    sign: int
    clock: Clock


class Span(msgspec.Struct, frozen=True):
    """A time during which every dial of a flow ends the same way."""

    outcome: Outcome
    basis: Basis
    """How sure the outcome is."""
    from_ms: int
    to_ms: int | None
    """None: from then on."""
    reason: str
    """Why the dials of this span end so, in one sentence."""
    ended: str = ""
    """Kind of the hop that ends them: `socket`, `service`, `ingress`, `dns`…"""
    terms: tuple[Term, ...] = ()
    """Clocks whose signed sum is the length; empty where no clocks are known to make it."""
    parts: tuple[tuple[Outcome, Fraction], ...] = ()
    """How many milliseconds' worth of dials end each way; together the length. Empty for a span without end."""
    perhaps: bool = False
    """Whether some of its dials may arrive or not: of others whose end is unknown it is sure that they do not."""
    cite: str = ""
    """The rule by which an end of the flow went; empty where both are there."""

    @property
    def is_gone(self) -> bool:
        """Whether an end of the flow is not there: nobody dials, or is dialled."""
        return self.ended in (NO_CLIENT, NO_TARGET)

    @property
    def length_ms(self) -> int | None:
        """Milliseconds, or None for a span without end."""
        return None if self.to_ms is None else self.to_ms - self.from_ms

    @property
    def fails(self) -> str:
        """Of a time of mixed outcomes which dials do not arrive: `1 of 3 dials fail`, `some dials fail` where the
        part changes meanwhile to one that nobody counts; with `perhaps` where some of them may arrive. Where the client
        is not there, `nobody dials`. Else empty.
        """
        if self.ended == NO_CLIENT:
            return "nobody dials"
        if self.outcome is not Outcome.MIXED:
            return ""
        whole = sum(part for _, part in self.parts)
        lost = sum((part for outcome, part in self.parts if outcome is not Outcome.DELIVERED), Fraction(0))
        perhaps = " perhaps" if self.perhaps else ""
        share = Fraction(lost, whole) if whole else Fraction(0)
        if not 0 < share < 1 or share.denominator > MOST_COUNTED:
            return f"some dials{perhaps} fail"
        return f"{share.numerator} of {share.denominator} dials{perhaps} fail"

    @property
    def length_basis(self) -> Basis:
        """How sure the length is: as the weakest of its clocks; unknown without any."""
        return weakest(term.clock.basis for term in self.terms) if self.terms else Basis.UNKNOWN

    @property
    def sum_text(self) -> str:
        """`1.1 s = schedule 0.1 s (assumed) + sandbox 1 s (assumed) − sigterm-exit 1 s (assumed)`."""
        if self.length_ms is None:
            return ""
        words = ""
        for at, term in enumerate(self.terms):
            sign = ("− " if term.sign < 0 else "") if at == 0 else (" − " if term.sign < 0 else " + ")
            mark = "" if term.clock.basis is Basis.SOURCED else f" ({term.clock.basis.value})"
            words += f"{sign}{term.clock.name} {seconds(term.clock.ms)}{mark}"
        return f"{seconds(self.length_ms)} = {words}" if words else seconds(self.length_ms)


def time_shares(spans: Sequence[Span]) -> dict[Outcome, Fraction]:
    """Which part of all dials between the action and the last change that a dial notices ends how; in all 1.

    Dials come evenly through that time and from all sources alike. Empty where no dial noticed anything.
    """
    parts: dict[Outcome, Fraction] = {}
    for span in spans:
        for outcome, part in span.parts:
            parts[outcome] = parts.get(outcome, Fraction(0)) + part
    total = sum(parts.values())
    return {outcome: part / total for outcome, part in sorted(parts.items(), key=_by_outcome)} if total else {}


def _by_outcome(item: tuple[Outcome, Fraction]) -> int:
    return list(Outcome).index(item[0])


def availability(world: World, flow: Flow) -> tuple[Span, ...]:
    """How dials of a flow end from this moment, right after an action, until all has settled and on.

    One span means that no dial noticed anything. Raises ReferenceNotFound if the flow's ends are not there at all.
    """
    return spans(tuple(moments(world)), flow)


def spans(seen: Sequence[World], flow: Flow, *, by_cause: bool = False) -> tuple[Span, ...]:
    """The same from moments that were visited already; the last of them is settled.

    `by_cause` parts the times of one outcome where dials that do not arrive end for another reason.
    """
    looks = [_look(world, flow) for world in seen]
    if all(look is None for look in looks):
        dialled(seen[0], flow)
    start_ms, events = seen[0].now_ms, seen[-1].events
    found: list[Span] = []
    begin = 0
    for i in range(1, len(seen) + 1):
        if i < len(seen) and _word(looks[i], by_cause) == _word(looks[begin], by_cause):
            continue
        to_ms = seen[i].now_ms if i < len(seen) else None
        look, from_ms = looks[begin], seen[begin].now_ms
        outcome, basis, reason, ended, _, _ = look or _absent(seen[begin], flow)
        cite = "" if look else _rule_of_end(events, from_ms)
        terms = () if to_ms is None else _terms(events, start_ms, from_ms, to_ms)
        parts = () if to_ms is None else _parts(looks[begin:i], [world.now_ms for world in seen[begin : i + 1]])
        perhaps = any((look or _NOBODY)[5] for look in looks[begin:i])
        found.append(Span(outcome, basis, from_ms, to_ms, reason, ended, terms, parts, perhaps, cite))
        begin = i
    return tuple(found)


def _parts(looks: Sequence[_Look | None], times: Sequence[int]) -> tuple[tuple[Outcome, Fraction], ...]:
    """Milliseconds' worth of dials by how they end, of looks that hold from one time to the next."""
    parts: dict[Outcome, Fraction] = {}
    for at, look in enumerate(looks):
        for outcome, share in (look or _NOBODY)[4].items():
            parts[outcome] = parts.get(outcome, Fraction(0)) + share * (times[at + 1] - times[at])
    return tuple(sorted(parts.items(), key=_by_outcome))


_Look = tuple[Outcome, Basis, str, str, dict[Outcome, Fraction], bool]
"""How a dial ends, how sure that is, why, at which kind of hop, which part of dials ends how, and whether some of them
may arrive or not."""

NO_CLIENT, NO_TARGET = "no client", "no target"
"""What ends a dial at a moment at which nobody is there who dials, or is dialled."""

_NOBODY: _Look = Outcome.UNKNOWN, Basis.SOURCED, "", NO_CLIENT, {Outcome.UNKNOWN: Fraction(1)}, True


def _absent(world: World, flow: Flow) -> _Look:
    """The same with who is not there."""
    outcome, basis, _, ended, parts, perhaps = _NOBODY
    reason = f"{flow.target} is not there"
    try:
        resolve_sources(world.view, flow.source)
    except ReferenceNotFound as error:
        reason = str(error).removeprefix(f"{flow.source}: ").partition("; did you mean")[0]
    else:
        ended = NO_TARGET
    return outcome, basis, reason, ended, parts, perhaps


def _rule_of_end(events: Sequence[Event], time_ms: int) -> str:
    """The rule by which pods went at this time; empty where none did, or several by different ones."""
    rules = {event.rule for event in events if (event.kind, event.time_ms) == ("pod-gone", time_ms)}
    return rules.pop() if len(rules) == 1 else ""


_MAY_ARRIVE = (Outcome.DELIVERED, Outcome.UNKNOWN)


def _look(world: World, flow: Flow) -> _Look | None:
    try:
        path = dialled(world, flow)
    except ReferenceNotFound:
        return None
    telling = [b for b in path.branches if b.outcome is not Outcome.DELIVERED] or list(path.branches)
    sure = [branch for branch in telling if not branch.fails]
    outcomes = {branch.outcome for branch in path.branches if not branch.fails}
    if len(sure) < len(path.branches) and len(outcomes) == 1 and outcomes.isdisjoint(_MAY_ARRIVE):
        (outcome,) = outcomes  # that of the others, which arrive no more than these
        basis = weakest([Basis.INFERRED, *(branch.basis for branch in sure)])
        return outcome, basis, sure[0].reason, sure[0].hops[-1].kind, {outcome: Fraction(1)}, False
    ended = telling[0].hops[-1].kind if telling and telling[0].hops else ""
    perhaps = any(branch.outcome is Outcome.UNKNOWN and not branch.fails for branch in path.branches)
    return path.outcome, path.basis, telling[0].reason if telling else "", ended, path.shares, perhaps


def _word(look: _Look | None, by_cause: bool) -> object:
    """What must differ for a new span to begin."""
    if look is None or not by_cause or look[0] is Outcome.DELIVERED:
        return look[0] if look else None
    return look[0], look[2], look[3]


def _terms(events: Sequence[Event], start_ms: int, from_ms: int, to_ms: int) -> tuple[Term, ...]:
    """The chain of clocks to the end less the chain to the beginning, what both share left out."""
    first = () if from_ms == start_ms else _chain(events, start_ms, from_ms)
    last = _chain(events, start_ms, to_ms)
    if first is None or last is None:
        return ()
    shared = Counter(first) & Counter(last)
    return (*(Term(1, c) for c in _without(last, shared)), *(Term(-1, c) for c in _without(first, shared)))


def _chain(events: Sequence[Event], start_ms: int, time_ms: int) -> tuple[Clock, ...] | None:
    """The clocks from the action to the event of this time that a dial notices, or None if none is known."""
    here = [e for e in events if e.time_ms == time_ms and sum(c.ms for c in e.clocks) == time_ms - start_ms]
    ranked = sorted(here, key=lambda e: _TELLING.index(e.kind) if e.kind in _TELLING else len(_TELLING))
    return ranked[0].clocks if ranked else None


def _without(chain: tuple[Clock, ...], shared: Counter[Clock]) -> list[Clock]:
    left, kept = Counter(shared), []
    for clock in chain:
        if not clock.ms:
            continue
        if left[clock]:
            left[clock] -= 1
        else:
            kept.append(clock)
    return kept
