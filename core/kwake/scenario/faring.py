"""How a flow fares over a run: which part of the time its dials arrive, and for how long at a stretch they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import msgspec

from kwake.dataplane.path import Branch, Flow, Outcome
from kwake.errors import KwakeError
from kwake.objects.time import clock, seconds
from kwake.scenario.check import Found, dial
from kwake.scenario.report import Verdict
from kwake.scenario.scenario import AvailabilityExpectation
from kwake.world import World


class Stretch(msgspec.Struct, frozen=True):
    """The moments from the action of a step, or the start, to the next action; undo gives back the clock between."""

    step: str
    """Empty before the first one."""
    seen: tuple[World, ...]


class Fare(msgspec.Struct, frozen=True):
    """How a flow fares for some time."""

    at_ms: int
    """On the clock of the run; after an undo it goes back."""
    ms: int
    delivered: Fraction
    """The part of the dials that arrives for sure."""
    unknown: Fraction
    """The part of which that is not known."""
    reason: str


def fare(lived: Sequence[Stretch], name: str, flows: Mapping[str, Flow]) -> tuple[Fare, ...]:
    """How a flow fared, time by time; moments without length are left out but for the last."""
    found: list[Fare] = []
    for stretch in lived:
        times = [world.now_ms for world in stretch.seen]
        lengths = [later - here for here, later in pairwise(times)]
        found += [_fare(w, ms, name, flows) for w, ms in zip(stretch.seen, lengths, strict=False) if ms]
    return (*found, _fare(lived[-1].seen[-1], 0, name, flows))


def _fare(world: World, ms: int, name: str, flows: Mapping[str, Flow]) -> Fare:
    try:
        path = dial(world, name, flows)
    except KwakeError as error:
        return Fare(world.now_ms, ms, Fraction(0), Fraction(1), str(error))
    shares = path.shares
    failing = [branch for branch in path.branches if branch.outcome is not Outcome.DELIVERED]
    reason = _told(failing[0]) if failing else ""
    delivered, unknown = (shares.get(word, Fraction(0)) for word in (Outcome.DELIVERED, Outcome.UNKNOWN))
    return Fare(world.now_ms, ms, delivered, unknown, reason)


def wanted_over_time(expectation: AvailabilityExpectation) -> str:
    """What it expects, in words."""
    words = [f"delivered {_percent(expectation.available)} of the time"] if expectation.available is not None else []
    longest = expectation.outage_ms
    words += [f"no outage longer than {seconds(longest)}"] if longest is not None else []
    return ", ".join(words)


def over_time(expectation: AvailabilityExpectation, fared: Sequence[Fare]) -> Found:
    """Whether it holds: unknown where what is not known could turn it."""
    verdicts: list[Verdict] = []
    words = []
    if expectation.available is not None:
        least, most = _available(fared)
        verdicts.append(_between(least >= expectation.available, most >= expectation.available))
        words.append(f"delivered {_percent(least)} of the time"
                     + (f", {_percent(most - least)} unknown" if least < most else ""))  # fmt: skip
    if expectation.outage_ms is not None:
        longest, sure = _outage(fared, unknown=True), _outage(fared, unknown=False)
        verdicts.append(_between(longest <= expectation.outage_ms, sure <= expectation.outage_ms))
        words.append(f"an outage of {seconds(sure)}" + (f", or {seconds(longest)}" if longest > sure else ""))
    verdict = next((v for v in (Verdict.FAILED, Verdict.UNKNOWN) if v in verdicts), Verdict.MET)
    return Found(verdict, ", ".join(words), () if verdict is Verdict.MET else _reasons(fared))


def _available(fared: Sequence[Fare]) -> tuple[Fraction, Fraction]:
    """The least and the most that may be delivered."""
    whole = sum(one.ms for one in fared)
    if not whole:
        return fared[-1].delivered, fared[-1].delivered + fared[-1].unknown
    least = sum((one.delivered * one.ms for one in fared), Fraction(0)) / whole
    return least, least + sum((one.unknown * one.ms for one in fared), Fraction(0)) / whole


def _outage(fared: Sequence[Fare], *, unknown: bool) -> int:
    """The longest time without a break in which not every dial arrives; `unknown` dials counted as lost, or not."""
    longest = here = 0
    for one in fared:
        arrived = one.delivered + (0 if unknown else one.unknown)
        here = here + one.ms if arrived < 1 else 0
        longest = max(longest, here)
    return longest


def _between(worst: bool, best: bool) -> Verdict:
    return Verdict.MET if worst else Verdict.UNKNOWN if best else Verdict.FAILED


def _reasons(fared: Sequence[Fare]) -> tuple[str, ...]:
    """When dials did not arrive, for how long, and why."""
    told: list[tuple[Fare, int]] = []
    for one in fared:
        if not one.ms:
            continue
        if told and told[-1][0].reason == one.reason:
            told[-1] = told[-1][0], told[-1][1] + one.ms
        else:
            told.append((one, one.ms))
    return tuple(f"{clock(one.at_ms)} for {seconds(ms)}: {one.reason}" for one, ms in told if one.reason)


def _told(branch: Branch) -> str:
    """The outcome and the reason, which often begins with it."""
    word = branch.outcome.value
    return branch.reason if branch.reason.startswith(word) else f"{word}: {branch.reason}"


def _percent(part: Fraction) -> str:
    """Rounded down to three digits after the point: what is not all is never shown as 100%."""
    thousandths = part * 100_000 // 1
    return f"{thousandths // 1000}.{thousandths % 1000:03d}".rstrip("0").rstrip(".") + "%"
