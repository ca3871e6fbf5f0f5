"""Flows and connections through the time of an action: what becomes of each, as lanes over one axis of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from kwake.dataplane.connection import Connection
from kwake.dataplane.path import Flow, Outcome
from kwake.errors import KwakeError
from kwake.objects.time import clock, seconds
from kwake.scenario.availability import Span as Spell, spans
from kwake.world import World
from kwake_tui.glyphs import OUTCOMES, Mark, connection_mark
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import BLANK, Line, Span, section, wrap
from kwake_tui.names import flow_title
from kwake_tui.panes.history import connection_step, dial_step
from kwake_tui.session import Session, action_title, path_in, since
from kwake_tui.sureness import sure_words

RESULT = 22
"""Cells of the last column: how it stands in the end."""
KIND = 14
NAME = 28
ROOMY = 100
"""Cells of width from which a lane's name stands beside it."""
_STEPS_MS = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000)
_TICK = 8
"""Cells between two marks of the scale at least."""


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a lane."""

    from_ms: int
    to_ms: int | None
    glyph: str
    role: str
    spell: Spell | None = None
    """What dials met, where they did not all arrive."""


class Lane(msgspec.Struct, frozen=True):
    """One flow or connection."""

    name: str
    kind: str
    """`dialled` or `already open`."""
    pieces: tuple[Piece, ...]
    result: Mark
    target: str
    protocol: str = "TCP"


class Axis(msgspec.Struct, frozen=True):
    """Simulated time on cells."""

    from_ms: int
    to_ms: int
    cells: int

    def column(self, time_ms: int) -> int:
        """The cell of a time, from 0; what is outside stands at the edge."""
        whole = max(self.to_ms - self.from_ms, 1)
        return max(0, min(round((time_ms - self.from_ms) * self.cells / whole), self.cells))


def lanes_of(session: Session) -> tuple[Lane, ...]:
    """The pinned flows, the one that is shown, and every connection, through the last action. Empty without one."""
    before, _ = since(session)
    if before is None:
        return ()
    seen = session.moments
    flows = session.shown_pins
    if session.shown_flow is not None and session.shown_flow not in flows:
        flows = (*flows, session.shown_flow)
    lanes = [_dialled(before, seen, flow, flow_title(flow), f"flow:{number}") for number, flow in enumerate(flows)]
    over = {name for name, connection in before.connections.items() if connection.fate.is_over}
    for name, connection in seen[-1].connections.items():
        if name in over:
            continue
        if connection.flow not in flows:
            lanes.append(_dialled(before, seen, connection.flow, name, f"connection:{name}"))
        lanes.append(_held(before, seen, name))
    return tuple(lane for lane in lanes if lane is not None)


def _dialled(before: World, seen: Sequence[World], flow: Flow, name: str, target: str) -> Lane | None:
    try:
        spells = spans(seen, flow, by_cause=True)
    except KwakeError:  # an end of the flow is at none of these moments
        return None
    pieces = [Piece(0, seen[0].now_ms, *dial_step(_outcome(before, flow)))]
    for spell in spells:
        met = spell if spell.outcome is not Outcome.DELIVERED else None
        pieces.append(Piece(spell.from_ms, spell.to_ms, *dial_step(spell.outcome), met))
    return Lane(name, "dialled", tuple(pieces), OUTCOMES[spells[-1].outcome], target, flow.protocol)


def _outcome(world: World, flow: Flow) -> Outcome | None:
    try:
        return path_in(world, flow).outcome
    except KwakeError:
        return None


def _held(before: World, seen: Sequence[World], name: str) -> Lane:
    """A connection at each moment; only where it changes does a piece begin."""
    states: list[Connection | None] = [before.connections.get(name), *(w.connections.get(name) for w in seen)]
    times = [0, *(world.now_ms for world in seen)]
    pieces: list[Piece] = []
    for at, (was, is_) in enumerate(pairwise([None, *states])):
        glyph, role = connection_step(is_, was)
        to_ms = times[at + 1] if at + 1 < len(times) else None
        if pieces and (pieces[-1].glyph, pieces[-1].role) == (glyph, role) and glyph in "━┄ ":
            pieces[-1] = msgspec.structs.replace(pieces[-1], to_ms=to_ms)
        else:
            pieces.append(Piece(times[at], to_ms, glyph, role))
    last = seen[-1].connections.get(name)
    result = connection_mark(last) if last is not None else Mark("○", "not there", "muted")
    if last is not None and last.fate.is_over:
        result = Mark(result.glyph, f"{result.word} {clock(last.turns[-1].time_ms)}", result.role)
    return Lane(name, "already open", tuple(pieces), result, f"connection:{name}")


def flow_lines(session: Session, lanes: Sequence[Lane], width: int, keymap: Keymap = AS_IT_COMES) -> tuple[Line, ...]:
    """The scale, your action, each lane with what broke it, and the causes."""
    if not lanes:
        return _nothing(session, keymap)
    seen = session.moments
    start_ms, end_ms = seen[0].now_ms, seen[-1].now_ms
    wide = width >= ROOMY
    before = KIND + (NAME if wide else 0)
    pad_ms = max((end_ms - start_ms) // 7, 500)
    axis = Axis(start_ms - pad_ms, end_ms + pad_ms, max(width - before - RESULT, 10))
    lead = Span(" " * before)
    action = session.timeline.entries[session.timeline.current].action
    at = axis.column(start_ms)
    lines = [Line((lead, *_scale(axis, start_ms)))]
    lines += [Line((lead, Span(" " * at), Span("│ ", "you", bold=True), Span(f"you: {action_title(action)}", "you")))]
    above = ""
    for lane in lanes:
        lines += _lane_lines(lane, axis, wide, named=lane.name != above)
        above = lane.name
    return (*lines, *_causes(lanes, width))


def _nothing(session: Session, keymap: Keymap) -> tuple[Line, ...]:
    if since(session)[0] is None:
        return (Line((Span("nothing was done yet: an action disturbs flows", "muted"),)),)
    words = "no flow is watched: {trace} traces one in the main screen, {pin} pins it, {open} opens it"
    return (Line((Span(keymap.spelt(words), "muted"),)),)


def _scale(axis: Axis, start_ms: int) -> list[Span]:
    """Times along the axis, that of the action among them."""
    whole = axis.to_ms - axis.from_ms
    step = next((s for s in _STEPS_MS if s * axis.cells >= _TICK * whole), _STEPS_MS[-1])
    spans_: list[Span] = []
    at = 0
    for time_ms in range(start_ms - (start_ms - axis.from_ms) // step * step, axis.to_ms, step):
        column = axis.column(time_ms)
        text = clock(time_ms) if step < 1000 or start_ms % 1000 else clock(time_ms)[:-2]
        if time_ms < 0 or column < at or column + len(text) > axis.cells:
            continue
        here = time_ms == start_ms
        spans_ += [Span(" " * (column - at)), Span(text, "you" if here else "faint", bold=here)]
        at = column + len(text)
    return spans_


def _lane_lines(lane: Lane, axis: Axis, wide: bool, *, named: bool) -> Iterator[Line]:
    kind = Span(f"{lane.kind:<{KIND}}", "muted")
    result = (Span("  "), Span(str(lane.result), lane.result.role, bold=True))
    painted = _painted(lane, axis)
    if wide:
        name = Span(lane.name if named else "", bold=True).cut(NAME - 2)
        yield Line((name, Span(" " * (NAME - name.cells)), kind, *painted, *result), target=lane.target)
    else:
        if named:
            yield Line((Span(lane.name, bold=True),))
        yield Line((kind, *painted, *result), target=lane.target)
    brackets, sums = _brackets(lane, axis)
    lead = Span(" " * (KIND + (NAME if wide else 0)))
    if brackets:
        yield Line((lead, *brackets, *(sums if wide else ())))
    if sums and not wide:
        yield Line((lead, *sums))


def _columns(lane: Lane, axis: Axis) -> list[tuple[Piece, int, int]]:
    """The cells of each piece; what lasts at all has one at least."""
    placed, at = [], 0
    for number, piece in enumerate(lane.pieces):
        left = len(lane.pieces) - number - 1
        end = axis.cells if piece.to_ms is None else axis.column(piece.to_ms)
        end = min(max(end, at + 1), axis.cells - left)
        placed.append((piece, at, end))
        at = end
    return placed


def _painted(lane: Lane, axis: Axis) -> list[Span]:
    painted = []
    for piece, start, end in _columns(lane, axis):
        # A moment is one sign; what lasts goes on to its end.
        lasts = piece.glyph in "━┄ " or piece.spell is not None
        text = piece.glyph * (end - start) if lasts else piece.glyph + " " * (end - start - 1)
        if piece.glyph in "↳▲":
            text = piece.glyph + "━" * (end - start - 1)
        painted.append(Span(text, piece.role))
    return painted


def cause(spell: Spell, flow_kind: str = "") -> str:
    """What a client meets, in a word: `RST` from where nobody listens, `REJECT` of a frontend without endpoints."""
    match spell.outcome:
        case Outcome.REFUSED:
            return "REJECT" if spell.ended in ("service", "load-balancer", "node-port") else flow_kind or "RST"
        case Outcome.DROPPED:
            return "DROP"
        case Outcome.UNRESOLVED:
            return "DNS"
        case _:
            return str(spell.outcome.value)


def _cause(lane: Lane, spell: Spell) -> str:
    return cause(spell, "ICMP" if lane.protocol == "UDP" else "")


def _brackets(lane: Lane, axis: Axis) -> tuple[list[Span], list[Span]]:
    """Under each broken part what broke it; and the sums."""
    spans_: list[Span] = []
    at = 0
    for piece, start, end in _columns(lane, axis):
        if piece.spell is None or piece.to_ms is None:
            continue
        label, room = _cause(lane, piece.spell), end - start - 2
        inner = (label if room >= len(label) else "").center(max(room, 0), "─")
        words = "╵" if room < 0 else f"└{inner}┘"
        spans_ += [Span(" " * (start - at)), Span(words, OUTCOMES[piece.spell.outcome].role)]
        at = start + len(words)
    sums: dict[tuple[Outcome, str], int] = {}
    for piece in lane.pieces:
        if piece.spell is not None and piece.spell.to_ms is not None:
            lasted = piece.spell.to_ms - piece.spell.from_ms
            ended = piece.spell.outcome, piece.spell.fails
            sums[ended] = sums.get(ended, 0) + lasted
    told = [
        Span(f"  {f'{fails} for' if fails else outcome.value} {seconds(lasted)}", OUTCOMES[outcome].role, bold=True)
        for (outcome, fails), lasted in sums.items()
    ]
    return spans_, told


def _causes(lanes: Sequence[Lane], width: int) -> Iterator[Line]:
    """Each cause once: since when, how long and of which clocks, and why."""
    told: dict[tuple[str, str, int], Spell] = {}
    for lane in lanes:
        for piece in lane.pieces:
            if piece.spell is not None:
                told.setdefault((_cause(lane, piece.spell), piece.spell.reason, piece.from_ms), piece.spell)
    if told:
        yield BLANK
        yield section("why")
    for (label, reason, from_ms), spell in told.items():
        role = OUTCOMES[spell.outcome].role
        sure = sure_words(spell.basis, spell.outcome)
        since_when = f"{clock(from_ms)}  "
        lead = 10 + len(since_when)
        right = (Span(f" {spell.cite}", "faint"),) if spell.cite else ()
        first, *others = wrap(f"{reason}{sure}", width - lead - sum(fact.cells for fact in right))
        head = (Span(f"{label:<10}", role, bold=True), Span(since_when, "muted"))
        yield Line((*head, *_parted(first, sure)), right, cite=spell.cite)
        for row in others:
            yield Line((Span(" " * lead), *_parted(row, sure)))
        fails = f"{spell.fails}: " if spell.fails else ""
        for row in wrap(fails + (spell.sum_text or "from then on"), width - 10):
            yield Line((Span(" " * 10), Span(row, "muted")))


def _parted(row: str, sure: str) -> tuple[Span, ...]:
    """A row of a reason, how sure it is apart from it where that stands at its end."""
    end = sure.strip()
    if not end or not row.endswith(end):
        return (Span(row),)
    return (Span(row.removesuffix(end)), Span(end, "muted"))
