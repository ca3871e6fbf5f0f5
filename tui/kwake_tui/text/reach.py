"""All pairs as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kwake.dataplane.path import Judgement
from kwake.policy.exposure import Exposure
from kwake.policy.reach import Pair, Reach
from kwake_tui.text.columns import columns
from kwake_tui.text.path import judgement_json

FROM_OUTSIDE = "▲ from addresses outside: what policies allow; pod addresses are not routed from there (assumed)"
"""What such a pair does not say: that a dial gets there."""


Why = Mapping[tuple[str, str], tuple[Judgement, Judgement]]
"""What lets pairs leave, and lets them in."""


def reach_lines(reach: Reach, why: Why | None = None) -> list[str]:
    """One pair a row: what passes between all of its pods. After them what passes between some pods only, counted, and
    what is unknown with its reason. A pair that may not talk is absent. All of it is what policies allow. `why` puts
    below each pair what lets it pass."""
    whole = [pair for pair in reach.pairs if pair.always]
    lines = _explained(whole, columns(_whole(reach.pairs)), why or {})
    lines = lines or (["nobody may talk to anybody"] if not reach.partial else [])
    rest = _some_and_unknown(reach, why or {})
    if any(_is_address(pair.src) and not _is_address(pair.dst) for pair in reach.pairs):
        rest += ["", FROM_OUTSIDE]
    return [*lines, *(rest if lines else rest[1:])]


def exposed_lines(exposure: Exposure) -> list[str]:
    """What pods that do not exist yet could be reached on, and what they could reach."""
    lines: list[str] = []
    titles = (("what new pods could be reached on", exposure.egress), ("what new pods could reach", exposure.ingress))
    for title, pairs in titles:
        rows = columns(_whole(pairs), indent=2)
        lines += ["", f"{title}, beside such as there are, by the policies of those", *(rows or ["  nothing"])]
    return lines + _some_and_unknown(exposure.as_table, {})


def _is_address(name: str) -> bool:
    """Whether an end is a range of addresses."""
    return "/" not in name and "[" not in name and (name[0].isdigit() or ":" in name)


def _whole(pairs: tuple[Pair, ...]) -> list[list[str]]:
    return [[pair.src, "→", pair.dst, str(pair.always)] for pair in pairs if pair.always]


def _explained(pairs: Sequence[Pair], rows: list[str], why: Why) -> list[str]:
    """The rows of pairs, each followed by what lets it leave and lets it in."""
    if not why:
        return rows
    lines: list[str] = []
    for pair, row in zip(pairs, rows, strict=True):
        indent = len(row) - len(row.lstrip()) + 4
        sides = zip(("egress", "ingress"), why.get((pair.src, pair.dst), ()), strict=False)
        lines += [row, *columns([said for word, side in sides for said in _side_rows(word, side)], indent)]
    return lines


def _side_rows(word: str, side: Judgement) -> list[list[str]]:
    deciders = [*side.passed_by, *side.decided_by]
    if not deciders:
        return [[word, side.reason]]
    return [[word if at == 0 else "", f"{d.object}: {d.rule}", d.place] for at, d in enumerate(deciders)]


def _some_and_unknown(reach: Reach, why: Why) -> list[str]:
    """What passes between some pods only, and what is unknown, each after an empty line."""
    lines: list[str] = []
    if reach.partial:
        some = [[p.src, "→", p.dst, str(p.partly), p.partly.reason] for p in reach.partial if p.partly]
        lines += ["", "± between some pods only", *_explained(reach.partial, columns(some, indent=2), why)]
    if reach.unknown:
        lines += ["", "? unknown", *columns([[u.src, "→", u.dst, u.reason] for u in reach.unknown], indent=2)]
    return lines


def reach_json(reach: Reach, why: Why | None = None) -> dict[str, Any]:
    """The stable form of `kwake reach -o json`; `why` gives each pair its `egress` and `ingress`, as of a trace."""
    form = reach.as_form()
    for pair in (*form["pairs"], *form["partial"]) if why else ():
        sides = (why or {}).get((pair["src"], pair["dst"]), ())
        pair |= dict(zip(("egress", "ingress"), map(judgement_json, sides), strict=False))
    return form
