"""Where the traffic goes, as rows: the verdict first, the evidence under it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import msgspec
from rich.cells import cell_len

from kwake.cluster import Cluster
from kwake.dataplane.path import Branch, Decider, Hop, Outcome, Path
from kwake.objects.basis import Basis
from kwake.objects.event import Event
from kwake.objects.kinds import Pod
from kwake.objects.time import clock, seconds
from kwake.scenario import availability
from kwake_tui.glyphs import GONE, OUTCOMES, Mark
from kwake_tui.lines import BLANK, Line, Span, middle_cut, section, spread, wrap
from kwake_tui.names import brief, brief_place, is_policy, parts, short
from kwake_tui.panes.near_miss import detail_rows
from kwake_tui.panes.path_shared import is_told, shared_hops

WIDEST_IPV4 = 15
"""Cells of an address such as 255.255.255.255."""

ROOMY = 70
"""Cells from which on there is room for more than the hop: where its rule is written, long names, what is noted."""

FACT = 10
"""Cells up to which a detail is a fact at the right of its hop, and goes where there is no room."""

LABEL = 10
"""Cells of a hop's label, its gap included."""


class Known(msgspec.Struct, frozen=True):
    """What the rows tell beside the path itself."""

    cluster: Cluster
    before: Cluster | None = None
    previous: Path | None = None
    """The same flow before the last action."""
    events: tuple[Event, ...] = ()
    """What the last action set off."""
    outage: tuple[availability.Span, ...] = ()
    """How dials fared while that came to rest."""

    def when(self, kind: str, pod: str | None) -> str:
        """The time of an event of a pod, or empty."""
        return next((clock(e.time_ms) for e in self.events if e.kind == kind and e.subject == pod), "")


class Layout(NamedTuple):
    """How much room the rows of a path take."""

    shared: bool = False
    """What all endpoints say alike is told once; else each tells all its hops."""
    spaced: bool = True
    notes_first: bool = False
    """Notes stand right under the verdict; else at the end."""


LAYOUTS = (Layout(), Layout(shared=True), Layout(shared=True, spaced=False, notes_first=True))
"""From the most rows to the fewest."""


def path_lines(path: Path, known: Known, width: int, height: int | None = None) -> tuple[Line, ...]:
    """The rows of a path for a width in cells; laid out so that all are in sight in a height, where that can be."""
    lines: tuple[Line, ...] = ()
    for layout in LAYOUTS:
        lines = _lines(path, known, width, layout)
        if height is None or len(lines) <= height:
            break
    return lines


def _lines(path: Path, known: Known, width: int, layout: Layout) -> tuple[Line, ...]:
    column = max(18, min(24, width * 44 // 100)) if width < ROOMY else 34
    blank = [BLANK] if layout.spaced else []
    rows = list(_verdict(path, known.outage, known.previous, width))
    cite = next((decider.cite for decider in path.decided_by if decider.cite), "")
    rows[0] = msgspec.structs.replace(rows[0], target="verdict", cite=cite)
    rows += _times_lost(known.outage, known.previous, width)
    notes = [row for note in path.notes for row in (*blank, *wrapped(("▲ ", "warn"), note, width))]
    rows += notes if layout.notes_first else []
    by_source: dict[str, list[Branch]] = {}
    for branch in path.branches:
        by_source.setdefault(branch.source, []).append(branch)
    for source, branches in by_source.items():
        rows += [*blank, *_source(source, branches, known, (column, width), layout)]
    if _failed(known.outage):
        rows += [*blank, section("until it came to rest"), *_clocks(known.outage, width)]
    return (*rows, *([] if layout.notes_first else notes))


def _failed(outage: tuple[availability.Span, ...]) -> list[availability.Span]:
    """The times with an end during which dials did not get there."""
    return [span for span in outage if span.to_ms is not None and span.outcome is not Outcome.DELIVERED]


def _again(outage: tuple[availability.Span, ...], previous: Path | None) -> str:
    """`again since 0:34.2`, where dials got there again after an action; else empty. Without `again` where they did not
    before it either."""
    if not _failed(outage) or outage[-1].outcome is not Outcome.DELIVERED:
        return ""
    never = previous is not None and previous.outcome is not Outcome.DELIVERED
    return f"{'' if never else 'again '}since {clock(outage[-1].from_ms)}"


def _times_lost(outage: tuple[availability.Span, ...], previous: Path | None, width: int) -> Iterator[Line]:
    """A row for all times without delivery; which clocks make their lengths stands at the end. What began before the
    action is told as that: the rest of it is only the time since."""
    lost: dict[tuple[Outcome, str], int] = {}
    for span in _failed(outage):
        lost[span.outcome, span.fails] = lost.get((span.outcome, span.fails), 0) + (span.length_ms or 0)
    cells: list[Span] = []
    for (outcome, fails), length_ms in lost.items():
        mark = OUTCOMES[outcome]
        words = f"{fails} for {seconds(length_ms)}" if fails else f"{mark.word} {seconds(length_ms)}"
        lead = "  until then " if fails else "  before that "
        if previous is not None and outcome is previous.outcome is outage[0].outcome:
            words, lead = f"{fails or mark.word} before, and {seconds(length_ms)} after the action", "  "
        cells += [Span(", " if cells else lead, "muted"), Span(f"{mark.glyph} {words}", mark.role)]
    if cells:
        yield from spread(Line(tuple(cells), shrink=len(cells) - 1), width)


def _clocks(outage: tuple[availability.Span, ...], width: int) -> Iterator[Line]:
    """Each time without delivery in a row of its own, with the clocks that make its length."""
    for span in _failed(outage):
        mark = OUTCOMES[span.outcome]
        yield from wrapped((f"{mark.glyph} ", mark.role), f"{span.fails or mark.word} {span.sum_text}", width)
        if not span.terms or span.outcome is Outcome.UNKNOWN:
            right = (Span(f" {span.cite}", "faint"),) if span.cite else ()
            first, *others = wrapped(("  ", "muted"), span.reason, width - sum(fact.cells for fact in right))
            yield msgspec.structs.replace(first, right=right, cite=span.cite)
            yield from others


def _verdict(path: Path, outage: tuple[availability.Span, ...], previous: Path | None, width: int) -> Iterator[Line]:
    mark = OUTCOMES[path.outcome]
    head = (Span(f"{mark.glyph} {mark.word}", mark.role, bold=True),)
    role = "doubt" if path.basis is Basis.UNKNOWN else "muted"
    said = path.basis is Basis.SOURCED or path.basis.value == mark.word
    basis = () if said else (Span(path.basis.value, role),)
    if path.outcome is Outcome.MIXED:
        sums: list[Span] = []
        for outcome, share in path.shares.items():
            part = OUTCOMES[outcome]
            words = f" {share.numerator} of {share.denominator} {part.word}"
            sums += [Span("   "), Span(part.glyph, part.role), Span(words)]
        yield Line((*head, *sums), basis)
        return
    reasons = list(dict.fromkeys(branch.reason for branch in path.branches if branch.reason))
    if path.outcome is Outcome.DELIVERED or not reasons:
        again = _again(outage, previous)
        used = sum(span.cells for span in (*head, *basis)) + 4
        fits = used + cell_len(again) <= width
        yield Line((*head, Span(f"   {again}", "muted")) if again and fits else head, basis)
        if again and not fits:
            yield from wrapped(("  ", "muted"), again, width)
        return
    yield Line(head, basis)
    for reason in reasons:  # `∅ dropped`, and under it `by allow-web: no ingress rule admits it`
        reason = reason.removeprefix(f"{mark.word} ").removeprefix(f"{mark.word}: ")
        yield from wrapped(("  ", "muted"), reason, width)


def wrapped(head: tuple[str, str], text: str, width: int) -> Iterator[Line]:
    """A sentence after a glyph, in as many rows as it needs, the later ones indented."""
    glyph, role = head
    for row in wrap(text, width - len(glyph)):
        yield Line((Span(glyph, role), Span(row, "muted")))
        glyph = " " * len(glyph)


def _source(source: str, branches: list[Branch], known: Known, room: tuple[int, int], layout: Layout) -> Iterator[Line]:
    column, width = room
    pod = _pod(source, known.cluster)
    name = _name(source, "", column - 3)
    address = pod.ip if pod else ""
    node = pod.spec.node_name if pod else ""
    yield Line(
        (Span("● ", "ok" if pod else "muted"), Span(name.ljust(column - 2), bold=True), Span(address, "muted")),
        (Span(_short_node(node, column, width), "muted"),) if node else (),
    )
    common = shared_hops(branches) if layout.shared else _common(branches)
    for hop in common:
        if hop.kind != "client":
            yield from _hop(hop, "│ ", width, branches[0].decided_by)
    went = _went(source, known)
    own = [_own(branch, common, branches[:number], layout) for number, branch in enumerate(branches)]
    ends = list(zip(branches, own, strict=True))
    if len(ends) == 1 and not went and ends[0][0].pod is None:
        yield from _last(ends[0][0], ends[0][1], width)
        return
    stem = [Line((Span("│", "rule"),))] if layout.spaced else []
    yield from stem if common else []
    for branch in went:
        yield _gone(branch, column, known.when("pod-gone", branch.pod))
    for number, (branch, hops) in enumerate(ends):
        last = number == len(ends) - 1
        yield from stem if number and ends[number - 1][1] else []
        yield _endpoint(branch, known, "└─" if last else "├─", column, width, _share(branch, branches))
        for hop in hops:
            yield from _hop(hop, "    " if last else "│   ", width, branch.decided_by)


def _common(branches: list[Branch]) -> list[Hop]:
    """The hops that all branches of a source share; of a single one, those that are not its endpoint's."""
    first, *others = (branch.hops for branch in branches)
    if not others:
        return shared_hops(branches)
    return [hop for hop in first if all(hop in hops for hops in others)]


def _own(branch: Branch, common: list[Hop], above: list[Branch], layout: Layout) -> list[Hop]:
    """The hops that are told under an endpoint; their details only where no endpoint above has told the same."""
    told = {detail for other in above for hop in other.hops for detail in (*hop.detail, *hop.near_misses)}
    hops = [hop for hop in branch.hops if not (is_told(hop, common) if layout.shared else hop in common)]
    return [
        msgspec.structs.replace(
            hop,
            detail=tuple(detail for detail in hop.detail if detail not in told),
            near_misses=tuple(miss for miss in hop.near_misses if miss not in told),
        )
        for hop in hops
    ]


def _last(branch: Branch, hops: list[Hop], width: int) -> Iterator[Line]:
    mark = OUTCOMES[branch.outcome]
    for hop in hops:
        yield from _hop(hop, "│ ", width, branch.decided_by)
    address = branch.ip or ""
    port = f":{branch.port}" if branch.ip and branch.port else ""
    yield Line((Span("└─", "rule"), Span(f"{mark.glyph} {mark.word}", mark.role), Span(f"  {address}{port}", "muted")))


def _short_node(node: str, column: int, width: int) -> str:
    """A node's name cut in the middle where it would push an address out: addresses are never cut."""
    return middle_cut(node, max(width - column - WIDEST_IPV4 - 2, 6))


def _endpoint(branch: Branch, known: Known, branch_line: str, column: int, width: int, share: tuple[Span, ...]) -> Line:
    mark = OUTCOMES[branch.outcome]
    name = _name(branch.pod, branch.source, column - 5) if branch.pod else branch.ip or mark.word
    pod = _pod(branch.pod or "", known.cluster)
    born = known.before is not None and pod is not None and not _was(pod, known.before)
    ready = known.when("pod-ready", branch.pod) if born else ""
    fact = f"ready {ready}" if ready else _short_node(branch.node or "", column, width)
    facts = (Span(fact, "muted"),) if fact else ()
    return Line(
        (
            Span(branch_line, "rule"),
            Span(f"{mark.glyph} ", mark.role, bold=True),
            Span(middle_cut(name, column - 5).ljust(column - 4), bold=born),
            Span(branch.ip or "", "ok" if born else "muted", bold=born),
            *share,
        ),
        facts,
        tint="okbg" if born else "",
    )


def _share(branch: Branch, branches: list[Branch]) -> tuple[Span, ...]:
    """Its part of the dials, as a count; not said where all are equal."""
    share: Fraction = branch.share
    if len({other.share for other in branches}) == 1:
        return ()
    return (Span(f"  {share.numerator} of {share.denominator}", "muted"),)


def _went(source: str, known: Known) -> list[Branch]:
    """Endpoints of the flow before the last action whose pod is no more."""
    if known.previous is None or known.before is None:
        return []
    lost: list[Branch] = []
    for branch in known.previous.branches:
        was = _pod(branch.pod or "", known.before)
        now = _pod(branch.pod or "", known.cluster)
        gone = was is not None and (now is None or now.metadata.uid != was.metadata.uid)
        if gone and all(branch.ip != other.ip for other in lost):
            lost.append(branch)
    return lost


def _gone(branch: Branch, column: int, when: str) -> Line:
    cut = _name(branch.pod or "", branch.source, column - 5)
    return Line(
        (
            Span("├─", "rule"),
            Span(f"{GONE.glyph} ", "bad"),
            Span(cut, "bad", strike=True),
            Span(" " * (column - 4 - len(cut))),
            Span(branch.ip or "", "bad", strike=True),
        ),
        (Span(f"{GONE.word} {when}".rstrip(), "muted"),),
        tint="badbg",
    )


def _hop(hop: Hop, stem: str, width: int, deciders: tuple[Decider, ...] = ()) -> Iterator[Line]:
    """A hop with its details; where it ends the path, a row for each of the policies that did, which enter opens."""
    mark: Mark | None = OUTCOMES[hop.outcome] if hop.outcome else None
    role = mark.role if mark and hop.outcome is not Outcome.DELIVERED else "text1"
    room = width - len(stem) - LABEL
    text = f"? {hop.text}" if hop.basis is Basis.UNKNOWN else hop.text
    facts = [detail for detail in hop.detail if cell_len(detail) <= FACT]
    others = [detail for detail in hop.detail if detail not in facts]
    decider = hop.decider
    place = brief_place(decider)
    beside = [place] if place and hop.outcome is not Outcome.DROPPED and width >= ROOMY else []
    evidence = "  ".join([*beside, *([hop.cite] if hop.cite else [])])
    said = "  ".join([*facts, *([""] if facts and evidence else [])])
    right = tuple(span for span in (Span(said, "muted"), Span(evidence, "faint")) if span.text)
    if cell_len(text) + 1 + sum(span.cells for span in right) > room:
        right = ()
    label = hop.kind[: LABEL - 1]
    target, cite = _rule(hop), hop.cite
    for row in wrap(text, room):
        left = (Span(stem, "rule"), Span(label.ljust(LABEL), "muted"), Span(row, role))
        yield Line(left, right, shrink=2, target=target, cite=cite)
        label, right, target, cite = "", (), "", ""
    if hop.outcome is Outcome.DROPPED:
        yield from _places(hop, stem, deciders)
    for under in detail_rows(others, hop.near_misses, room, hop.text):
        lead = (Span(stem, "rule"), Span(under.label.ljust(LABEL), "muted"))
        yield Line((*lead, *under.words), under.place, shrink=len(lead) + len(under.words) - 1)


def _places(hop: Hop, stem: str, deciders: tuple[Decider, ...]) -> Iterator[Line]:
    """Where it stands what dropped a dial: one policy by its line alone, several by their names, too."""
    policies = [decider for decider in deciders if is_policy(decider.object)] or [
        *([hop.decider] if hop.decider else [])
    ]
    for decider in policies:
        place = brief_place(decider)
        name = f"{parts(decider.object)[2]}  " if len(policies) > 1 else ""
        target = f"{decider.object} {hop.kind}" if name else ""
        if name or place:
            left = (Span(stem, "rule"), Span(" " * LABEL), Span(f"{name}{place}", "muted"))
            yield Line(left, shrink=2, target=target, cite=decider.cite)


def _rule(hop: Hop) -> str:
    """What enter opens: `NetworkPolicy/shop/allow-web ingress 0`, the policy that decided, and its rule if one did."""
    decided = hop.decider.object if hop.decider else hop.object or ""
    if hop.kind not in ("ingress", "egress") or not is_policy(decided):
        return ""
    rule = _RULE.search(hop.decider.rule if hop.decider else hop.text)
    return f"{decided} {hop.kind} {int(rule[1]) - 1}" if rule else f"{decided} {hop.kind}"


_RULE = re.compile(r"rule (\d+)")


def _name(reference: str, beside: str, cells: int) -> str:
    """A pod's name in this many cells: whole, else without the hash of its ReplicaSet, else cut."""
    name = short(reference, beside)
    return name if cell_len(name) <= cells else middle_cut(brief(reference, beside), cells)


def _pod(reference: str, cluster: Cluster) -> Pod | None:
    kind, namespace, name = parts(reference)
    return cluster.pod(namespace, name) if kind == "Pod" else None


def _was(pod: Pod, before: Cluster) -> bool:
    return any(p.metadata.uid == pod.metadata.uid for p in before.pods_by_namespace.get(pod.metadata.namespace, ()))
