"""The wake as groups of rows: what was lost, gained, rerouted, cut, for the screen and for the command line."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from kwake.actions import CloseConnection
from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.path import Branch, Flow, Outcome, Path
from kwake.dial_change import DialChange, Turn, path_of
from kwake.dials import Dials, changed_dials, pair_change_flow
from kwake.errors import KwakeError
from kwake.objects.time import clock, seconds
from kwake.policy.connections import ConnectionSet
from kwake.policy.difference import PairChange
from kwake.scenario.interruptions import Interruption, Interruptions
from kwake.waking import Wake, wake
from kwake.world import World
from kwake_tui.glyphs import (
    CUT,
    FATES,
    GAINED,
    INTERRUPTED,
    LOST,
    MIGRATED,
    NEVER_OPEN,
    OTHER_PORTS,
    OTHERWISE,
    OUTCOMES,
    POLICIES,
    REROUTED,
    STAYS,
    Mark,
    connection_mark,
)
from kwake_tui.names import brief, fitting, parts
from kwake_tui.panes.connection_rows import reached
from kwake_tui.wake_row import WakeGroup, WakeRow, Why

NONE_INTERRUPTED = Interruptions()


class Told(msgspec.Struct, frozen=True, eq=False):
    """The whole wake of a change, told."""

    groups: tuple[WakeGroup, ...]
    """Those that have rows: lost, gained, interrupted, rerouted, otherwise, other ports, cut, stays open, unknown."""
    dials: Dials
    wake: Wake
    interrupted: Interruptions = NONE_INTERRUPTED
    """Dials that did not arrive meanwhile."""

    @property
    def says_why(self) -> bool:
        """Whether the reasons of all rows are worked out, or quickly would be."""
        return sum(len(group.rows) for group in self.groups) <= MOST_REASONS

    @property
    def same(self) -> int:
        """Dials that were compared and end as before."""
        return self.dials.same


def served_words(dials: Dials) -> list[str]:
    """Whose dials of a node port are left out of the wake, and why: a sentence for each Service."""
    clients: dict[str, list[str]] = {}
    for service, client in dials.served:
        name = brief(client, _ELSEWHERE)
        clients.setdefault(service, []).extend([name] if name not in clients.get(service, []) else [])
    return [
        f"left out: dials of the node port of {brief(service, _ELSEWHERE).partition('/')[2]} from "
        f"{fitting(names, MOST_NAMED)}, who get to every endpoint by the Service itself already"
        for service, names in clients.items()
    ]


_MEANINGS: tuple[tuple[Mark, str], ...] = (
    (LOST, "a new connection no longer gets there"),
    (GAINED, "a new connection now gets there"),
    (INTERRUPTED, "for a time it did not get there, however it ends now"),
    (REROUTED, "it still gets there, but elsewhere"),
    (OTHERWISE, "it did not get there before either"),
    (OTHER_PORTS, "these may talk, but not on the same ports as before, or not the same pods"),
    (POLICIES, "they admit it or stop it now, but a dial ends as it did"),
    (CUT, "it was open and is not any more"),
    (NEVER_OPEN, "it was asked for, and its dial did not get there"),
    (STAYS, "although the same dial would fail now"),
    (OUTCOMES[Outcome.UNKNOWN], "kwake cannot tell, and says why"),
)
_TURNS = {
    Turn.LOST: LOST,
    Turn.GAINED: GAINED,
    Turn.REROUTED: REROUTED,
    Turn.OTHERWISE: OTHERWISE,
    Turn.UNKNOWN: OUTCOMES[Outcome.UNKNOWN],
}
PAIR = "pair of workloads"
"""What a row of two workloads is counted as."""
MOST_NAMED = 60
"""Cells for the names of those whose dials are left out."""
MOST_REASONS = 100
"""Changed pairs up to which each is asked why: that is two traces."""
_ELSEWHERE = "Pod/-/-"
"""A place that no Service is in: beside it every name is written with its namespace."""
GONE = Mark("○", "not there", "muted")


def told(
    before: World,
    after: World,
    second: World | None = None,
    limit: int | None = None,
    interrupted: Interruptions = NONE_INTERRUPTED,
) -> Told:
    """What changed for traffic from one world to another, settled; `second` is the later one under another profile.

    `interrupted` are dials that did not arrive meanwhile.
    """
    old, new = before.settle(), after.settle()
    changes = wake(old, new)
    return told_of(old, new, changes, changed_dials(old, new, changes, limit), second, interrupted)


def told_of(
    old: World,
    new: World,
    changes: Wake,
    dials: Dials,
    second: World | None = None,
    interrupted: Interruptions = NONE_INTERRUPTED,
) -> Told:
    """The same of a wake and of dials that were worked out already; both worlds are settled."""
    found: dict[Mark, list[WakeRow]] = {mark: [] for mark, _ in _MEANINGS}
    for change in dials.changes:
        if change.turn is not None:
            found[_TURNS[change.turn]].append(_dial_row(change))
    found[INTERRUPTED] = [_interrupted_row(old, one) for one in interrupted.dials]
    changed = ((changes.lost, LOST), (changes.gained, GAINED), (changes.changed, OTHER_PORTS))
    few = sum(len(pairs) for pairs, _ in changed) <= MOST_REASONS
    between: dict[Mark, list[WakeRow]] = {mark: [] for mark, _ in _MEANINGS}
    for pairs, mark in changed:
        for pair in pairs:
            between[POLICIES if _is_idle(old, new, pair) else mark].append(_pair_row(old, new, pair))
    found = {
        mark: [*_merged(rows), *(_merged(between[mark]) if few else between[mark])] for mark, rows in found.items()
    }
    for mark, row in _connection_rows(old, new, second):
        found[mark].append(row)
    unknown = OUTCOMES[Outcome.UNKNOWN]
    for doubt in changes.unknown:
        ends = end_name(doubt.src), end_name(doubt.dst)
        found[unknown].append(WakeRow(*ends, Mark("", "", "muted"), unknown, partial(_known, Why(doubt.reason))))
    groups = (WakeGroup(mark, meaning, tuple(found[mark])) for mark, meaning in _MEANINGS)
    return Told(tuple(group for group in groups if group.rows), dials, changes, interrupted)


def dial_rows(changes: Iterable[DialChange]) -> list[WakeRow]:
    """A row for each dial that ends otherwise; clients that fare alike are in one."""
    return _merged([_dial_row(change) for change in changes])


def end_name(name: str) -> str:
    """An end of the table of all pairs in few cells: `shop/web`, or its range of addresses."""
    if name in ("0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"):
        return "outside" if name[0] == "0" else "outside, IPv6"
    return name.partition("[")[0]


def _known(why: Why) -> Why:
    return why


def outcome_mark(path: Path | None) -> Mark:
    """How dials of a path end; of several ends how many are delivered."""
    if path is None:
        return GONE
    mark = OUTCOMES[path.outcome]
    share = path.shares.get(Outcome.DELIVERED)
    if path.outcome is Outcome.MIXED and share:
        return Mark(mark.glyph, f"{share.numerator} of {share.denominator} dials", mark.role)
    return mark


def _dial_row(change: DialChange) -> WakeRow:
    before, after, why = outcome_mark(change.before), outcome_mark(change.after), why_dial(change)
    if change.turn is Turn.REROUTED and change.before and change.after:
        left, came = _left_and_came(change.before, change.after)
        pods = {b.pod for b in left} & {b.pod for b in came}
        moved = {(b.pod, b.port) for b in left} & {(b.pod, b.port) for b in came}
        was, is_ = ([_arrival(b, pods, moved) for b in ends] for ends in (left, came))
        before = Mark(before.glyph, f"{_part_of(left, change.before)}{', '.join(was) or 'all'}", before.role)
        after = Mark(after.glyph, f"{_part_of(came, change.after)}{', '.join(is_) or 'the others'}", after.role)
    source, target = _ends(change.flow, change.service)
    return WakeRow(source, target, before, after, partial(_known, why), change.flow)


def _interrupted_row(old: World, interruption: Interruption) -> WakeRow:
    """A dial that fails for a time: how many of them and for how long, and when, by which clocks and why."""
    flow, lasted = interruption.flow, seconds(interruption.length_ms)
    parts = {span.fails or "none arrives" for span in interruption.spans}
    words = parts.pop() if len(parts) == 1 else "some fail"
    none = all(span.outcome is not Outcome.MIXED for span in interruption.spans)
    after = Mark("×" if none else "±", f"{words.replace(' dials', '')} for {lasted}", "bad" if none else "warn")
    told_spans = (
        f"{clock(span.from_ms)} {span.fails or OUTCOMES[span.outcome].word} {span.sum_text}: {span.reason}"
        for span in interruption.spans
    )
    why = "; ".join(told_spans)
    source, target = _ends(flow, interruption.service)
    return WakeRow(source, target, outcome_mark(path_of(old, flow)), after, partial(_known, Why(why)), flow)


def _ends(flow: Flow, service: str = "") -> tuple[str, str]:
    """Who dials whom, both with their namespaces; of a node port also the Service that has it."""
    namespace = parts(flow.source)[1]
    source = f"{namespace}/{brief(flow.source)}" if namespace else flow.source
    port = "" if flow.port is None else f":{flow.port}"
    protocol = "" if flow.protocol == "TCP" else f" {flow.protocol.lower()}"
    of = f" {brief(service, _ELSEWHERE).partition('/')[2]}" if service else ""
    return source, f"{brief(flow.target, _ELSEWHERE)}{port}{protocol}{of}"


def _left_and_came(before: Path, after: Path) -> tuple[list[Branch], list[Branch]]:
    """Endpoints that are reached no more, and those that were not."""
    was = {(b.pod, b.ip, b.port): b for b in before.branches if b.outcome is Outcome.DELIVERED}
    is_ = {(b.pod, b.ip, b.port): b for b in after.branches if b.outcome is Outcome.DELIVERED}
    return [b for end, b in was.items() if end not in is_], [b for end, b in is_.items() if end not in was]


def _part_of(ends: Sequence[Branch], path: Path) -> str:
    """`1 of 3 `, where a dial may reach more endpoints than these; else empty."""
    every = len({(b.pod, b.ip, b.port) for b in path.branches})
    return f"{len(ends)} of {every} " if 0 < len(ends) < every else ""


def why_dial(change: DialChange) -> Why:
    """Why a dial ends otherwise than it did."""
    if change.after is None or change.before is None:
        return Why("an end of the flow is not there " + ("any more" if change.after is None else "before"))
    if change.turn is Turn.REROUTED:
        left, came = _left_and_came(change.before, change.after)
        with_port = {b.ip for b in left} & {b.ip for b in came}
        moved = [f"{word} {', '.join(sorted({_address(b, with_port) for b in ends}))}" for word, ends in
                 (("without", left), ("with", came)) if ends]  # fmt: skip
        return Why(" and ".join(moved))
    if change.turn is Turn.GAINED:
        failing = _failing(change.before)
        before = f"before: {failing.reason}" if failing else ""
        way = _way_round(change.after, change.direct.after) if change.direct is not None else _way_in(change.after)
        return Why("; ".join(filter(None, (way, before))), change.after.decided_by)
    failing = _failing(change.after)
    return Why(failing.reason, failing.decided_by) if failing else Why("", change.after.decided_by)


def _way_round(path: Path, direct: Path | None) -> str:
    """What stops the dial of the Service itself and not the one of its node port, and why that is so."""
    branches = direct.branches if direct is not None else ()
    stopped = [
        b.decided_by for b in branches if b.outcome is Outcome.DROPPED and b.ingress and b.ingress.verdict == "denied"
    ]
    policies = dict.fromkeys(brief(decider.object) for deciders in stopped for decider in deciders)
    if not policies:
        return _way_in(path)
    admitted = next((b.ingress.reason for b in path.branches if b.outcome is Outcome.DELIVERED and b.ingress), "")
    return f"gets round {', '.join(policies)}: {admitted}"


_WAYS_IN = ("node-port", "load-balancer")


def _way_in(path: Path) -> str:
    """By which node port or balancer somebody gets in; empty for those who need none."""
    found = dict.fromkeys(h.text for b in path.branches for h in b.hops if h.kind in _WAYS_IN)
    return f"by {' and '.join(found)}" if found else ""


def _arrival(branch: Branch, at_both: Container[str | None], moved: Container[tuple[str | None, int | None]]) -> str:
    """Who answers; a pod of before and after with the port where that is another, else with its address."""
    name = brief(branch.pod or branch.ip or "?")
    if branch.pod not in at_both:
        return name
    return f"{name} {branch.ip}" if (branch.pod, branch.port) in moved else f"{name}:{branch.port}"


def _address(branch: Branch, with_port: Container[str | None]) -> str:
    """Where a branch arrives; with the port where that alone is another than before."""
    return f"{branch.ip or '?'}:{branch.port}" if branch.ip in with_port else branch.ip or "?"


def _failing(path: Path) -> Branch | None:
    return next((branch for branch in path.branches if branch.outcome is not Outcome.DELIVERED), None)


def _merged(rows: list[WakeRow]) -> list[WakeRow]:
    """Clients that fare alike with one target, for one reason, as one row."""
    alike: dict[object, list[WakeRow]] = {}
    for row in rows:
        alike.setdefault((row.target, row.before, row.after, row.why), []).append(row)
    return [_one_row(group) for group in alike.values()]


def _one_row(rows: list[WakeRow]) -> WakeRow:
    first, *others = rows
    known = partial(_known, first.why)
    if not others:
        return msgspec.structs.replace(first, ask=known)
    names = f"{first.source}, {others[0].source}" if len(others) == 1 else f"{first.source} and {len(others)} more"
    sources = tuple(row.source for row in rows)
    return msgspec.structs.replace(first, source=names, sources=sources, ask=known)


def _pair_row(old: World, new: World, change: PairChange) -> WakeRow:
    flow = pair_change_flow(old, new, change)
    return WakeRow(
        end_name(change.src), f"{end_name(change.dst)} pods" if "[" in change.dst else end_name(change.dst),
        ports_mark(change.before, change.always_before), ports_mark(change.after, change.always_after),
        partial(_why_pair, old, new, change, flow), flow, unit=PAIR,
    )  # fmt: skip


def _is_idle(old: World, new: World, change: PairChange) -> bool:
    """Whether a change of policies for addresses outside is none for a dial: it did not and does not arrive."""
    if "[" in change.src and "[" in change.dst:
        return False
    flow = pair_change_flow(old, new, change)
    if flow is None:
        return False
    try:
        outcomes = [w.trace(flow.source, flow.target, flow.port, flow.protocol).outcome for w in (old, new)]
    except KwakeError:
        return False
    return all(outcome not in (Outcome.DELIVERED, Outcome.MIXED, Outcome.UNKNOWN) for outcome in outcomes)


def ports_mark(allowed: ConnectionSet, always: ConnectionSet) -> Mark:
    """Whether a pair may talk, and on which ports; `always` is what passes between all of its pods."""
    if allowed != always:
        return Mark(OUTCOMES[Outcome.MIXED].glyph, f"{ports_text(allowed)}, some pods", OUTCOMES[Outcome.MIXED].role)
    mark = OUTCOMES[Outcome.DELIVERED if allowed else Outcome.DROPPED]
    return Mark(mark.glyph, ports_text(allowed), mark.role)


def ports_text(allowed: ConnectionSet) -> str:
    """`all`, `nothing`, or `TCP 80,443`."""
    return {"All Connections": "all", "No Connections": "nothing"}.get(str(allowed), str(allowed))


def _why_pair(old: World, new: World, change: PairChange, flow: Flow | None) -> Why:
    if flow is None:
        return Why("")
    try:
        was, is_ = (w.trace(flow.source, flow.target, flow.port, flow.protocol) for w in (old, new))
    except KwakeError as error:
        return Why(str(error))
    failing = _failing(is_)
    if failing is not None:
        return Why(failing.reason, failing.decided_by)
    failed = _failing(was)
    return Why(f"before: {failed.reason}" if failed else "", is_.decided_by)


def _connection_rows(old: World, new: World, second: World | None) -> Iterator[tuple[Mark, WakeRow]]:
    for name, is_ in new.connections.items():
        was = old.connections.get(name)
        if (was is not None and was.fate.is_over) or is_.turns[-1].cause == str(CloseConnection(name)):
            continue
        other = second.connections.get(name) if second is not None else None
        beside = ""
        if second is not None and other is not None and other.fate is not is_.fate:
            beside = f"{second.profile.name}: {FATES[other.fate]}; "
        opened = was is not None or is_.turns[0].fate is Fate.OPEN
        stood = _standing(was) if was is not None else Mark("●", f"open {clock(is_.opened_ms)}", "ok")
        stood = stood if opened else Mark("", "", "muted")
        source, target = _ends(is_.flow)
        why = _why(is_, beside)
        known = partial(_known, why)
        end = target if is_.migrated else reached(is_) or target
        row = WakeRow(source, end, stood, _standing(is_), known, is_.flow, unit="connection", name=name)
        if is_.fate is not Fate.OPEN:
            if was is None or is_.fate is not was.fate:
                yield CUT if opened else NEVER_OPEN, row
        elif was is not None and is_.backends != was.backends:
            yield REROUTED, _moved(row, was, is_)
        elif not _dials_again(new, name) and (was is None or _dials_again(old, name)):
            yield STAYS, row


def _moved(row: WakeRow, was: Connection, is_: Connection) -> WakeRow:
    ends = [brief(c.backends[-1].backend) if c.backends else "nobody" for c in (was, is_)]
    before, after = Mark("●", ends[0], "ok"), Mark(MIGRATED.glyph, ends[1], MIGRATED.role)
    return msgspec.structs.replace(row, before=before, after=after)


def _why(connection: Connection, beside: str) -> Why:
    turn = connection.turns[-1]
    return Why(beside + turn.reason, turn.decided_by, turn.sureness, turn.cite)


def _standing(connection: Connection) -> Mark:
    mark = connection_mark(connection)
    turn = connection.turns[-1]
    since = "" if mark.word == "open" else f" {clock(turn.time_ms)}"
    return Mark(mark.glyph, mark.word + since, mark.role)


def _dials_again(world: World, name: str) -> bool:
    try:
        return world.again(name).outcome is Outcome.DELIVERED
    except KwakeError:
        return False
