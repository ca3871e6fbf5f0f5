"""What differs between two snapshots, as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kwake.comparison import Comparison, DecidedPair
from kwake.dataplane.path import Decider
from kwake.dial_change import DialChange, Turn
from kwake.waking import Wake
from kwake_tui.glyphs import GAINED, LOST, OTHER_PORTS, Mark
from kwake_tui.text.columns import columns
from kwake_tui.text.markdown import table
from kwake_tui.text.places import places_text
from kwake_tui.wake_row import counted
from kwake_tui.wake_rows import PAIR, ports_mark, told_of, why_dial

VERSION = 1
_NOTHING = Wake((), (), (), (), ())
_HEAD = ("from", "to", "before", "after", "why", "where")


class Section(NamedTuple):
    """Rows of one meaning: who, to whom, before, after, why, and where that is written."""

    title: str
    rows: list[list[str]]


def sections(found: Comparison) -> list[Section]:
    """Dials of Services by what became of them, then pairs of workloads, then what is not known."""
    told = told_of(found.before, found.after, _NOTHING, found.dials)
    dials = [
        Section(
            f"{group.mark} {group.counted}  {group.meaning}",
            [
                [", ".join(row.sources) or row.source, row.target, str(row.before), str(row.after), row.why.words,
                 places_text(row.why.decided_by, row.why.words)]
                for row in group.rows
            ],
        )
        for group in told.groups
    ]  # fmt: skip
    pairs = [
        Section(f"{mark} {counted(len(rows), PAIR)}  {words}", _merged([_pair_row(row) for row in rows]))
        for mark, words, rows in (
            (LOST, "policies no longer let these talk", found.lost),
            (GAINED, "policies let these talk now", found.gained),
            (OTHER_PORTS, "policies let these talk on other ports, or other pods of them", found.changed),
        )
        if rows
    ]
    doubts = found.wake.unknown
    mark = Mark("?", "unknown", "doubt")
    unknown = [Section(f"{mark} {counted(len(doubts), PAIR)}  it is not known whether these may talk as before",
                       [[u.src, u.dst, "?", "?", u.reason, ""] for u in doubts])] if doubts else []  # fmt: skip
    return [*dials, *pairs, *unknown]


def diff_lines(found: Comparison) -> list[str]:
    """Every section with its rows, workloads that came and went, and the count."""
    lines: list[str] = []
    for title, rows in sections(found):
        lines += [title, *columns([[f, "→", t, b, "→", *rest] for f, t, b, *rest in rows], indent=2), ""]
    for word, names in _workloads(found):
        lines += columns([[f"workloads {word}", ", ".join(names)]])
    return [*lines, summary(found)]


def diff_markdown(found: Comparison) -> list[str]:
    """The same for the comment of a pull request."""
    lines = [f"### Traffic: {summary(found)}", ""]
    for title, rows in sections(found):
        lines += [f"**{title}**", "", *table(_HEAD, rows), ""]
    for word, names in _workloads(found):
        lines += [f"**Workloads {word}**", "", *table(("workload",), [[name] for name in names]), ""]
    return [*lines, f"profile {found.after.profile.name}"]


def summary(found: Comparison) -> str:
    """`2 dials lost, 1 rerouted; pairs of workloads: 3 lost, 1 unknown`, or that nothing changed."""
    turns = [change.turn for change in found.dials.changes]
    dials = [f"{turns.count(turn)} {turn.value}" for turn in Turn if turn in turns]
    pairs = [
        f"{len(rows)} {word}"
        for word, rows in (("lost", found.lost), ("gained", found.gained), ("on other ports", found.changed),
                           ("unknown", found.wake.unknown))
        if rows
    ]  # fmt: skip
    both = (("dials", dials), ("pairs of workloads", pairs))
    words = [f"{label}: {', '.join(parts)}" for label, parts in both if parts]
    compared = found.dials.same + len(turns)
    left = f"; {found.dials.unlooked} dials not compared (--all compares them)" if found.dials.unlooked else ""
    return ("; ".join(words) or "nothing changed for traffic") + f"; {counted(compared, 'dial')} compared{left}"


def diff_json(found: Comparison) -> dict[str, Any]:
    """The stable form of `kwake diff -o json`."""
    rerouted = [change for change in found.dials.changes if change.turn is Turn.REROUTED]
    others = [change for change in found.dials.changes if change.turn is not Turn.REROUTED]
    return {
        "version": VERSION,
        "changes": found.is_changed,
        "lost": list(map(_pair_json, found.lost)),
        "gained": list(map(_pair_json, found.gained)),
        "changed": list(map(_pair_json, found.changed)),
        "unknown": [{"src": u.src, "dst": u.dst, "reason": u.reason} for u in found.wake.unknown],
        "rerouted": list(map(_dial_json, rerouted)),
        "dials": list(map(_dial_json, others)),
        "dials_alike": found.dials.same,
        "dials_not_compared": found.dials.unlooked,
        "workloads": {"added": list(found.workloads_added), "removed": list(found.workloads_removed)},
    }


def _pair_row(pair: DecidedPair) -> list[str]:
    change = pair.change
    places = places_text(pair.decided_by, pair.reason) if pair.decided_by else places_text(pair.decided_before)
    moments = (change.before, change.always_before), (change.after, change.always_after)
    return [change.src, change.dst, *(ports_mark(*moment).word for moment in moments), pair.reason, places]


def _merged(rows: list[list[str]]) -> list[list[str]]:
    """Sources that fare alike with one destination, for one reason, in one row."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for source, *rest in rows:
        alike.setdefault(tuple(rest), []).append(source)
    return [[", ".join(sources), *rest] for rest, sources in alike.items()]


def _workloads(found: Comparison) -> Iterator[tuple[str, Sequence[str]]]:
    for word, names in (("added", found.workloads_added), ("removed", found.workloads_removed)):
        if names:
            yield word, names


def _pair_json(pair: DecidedPair) -> dict[str, Any]:
    return {
        **pair.change.as_form(),
        "reason": pair.reason,
        "decided_by": list(map(_decider_json, pair.decided_by)),
        "decided_before": list(map(_decider_json, pair.decided_before)),
    }


def _dial_json(change: DialChange) -> dict[str, Any]:
    why = why_dial(change)
    return {
        "from": change.flow.source,
        "to": change.flow.target,
        "port": change.flow.port,
        "protocol": change.flow.protocol,
        **({"service": change.service} if change.service else {}),
        "turn": change.turn.value if change.turn else None,
        "before": change.before.outcome.value if change.before else None,
        "after": change.after.outcome.value if change.after else None,
        "basis": change.after.basis.value if change.after else None,
        "reason": why.words,
        "decided_by": list(map(_decider_json, why.decided_by)),
    }


def _decider_json(decider: Decider) -> dict[str, Any]:
    return {"object": decider.object, "rule": decider.rule, "file": decider.file, "line": decider.line}
