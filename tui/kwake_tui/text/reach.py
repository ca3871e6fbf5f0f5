"""All pairs as text."""

from __future__ import annotations

from typing import Any

from kwake.policy.exposure import Exposure
from kwake.policy.reach import Pair, Reach
from kwake_tui.text.columns import columns

FROM_OUTSIDE = "▲ from addresses outside: what policies allow; pod addresses are not routed from there (assumed)"
"""What such a pair does not say: that a dial gets there."""


def reach_lines(reach: Reach) -> list[str]:
    """One pair a row: what passes between all of its pods. After them what passes between some pods only, counted, and
    what is unknown with its reason. A pair that may not talk is absent. All of it is what policies allow."""
    lines = columns(_whole(reach.pairs)) or (["nobody may talk to anybody"] if not reach.partial else [])
    rest = _some_and_unknown(reach)
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
    return lines + _some_and_unknown(exposure.as_table)


def _is_address(name: str) -> bool:
    """Whether an end is a range of addresses."""
    return "/" not in name and "[" not in name and (name[0].isdigit() or ":" in name)


def _whole(pairs: tuple[Pair, ...]) -> list[list[str]]:
    return [[pair.src, "→", pair.dst, str(pair.always)] for pair in pairs if pair.always]


def _some_and_unknown(reach: Reach) -> list[str]:
    """What passes between some pods only, and what is unknown, each after an empty line."""
    lines: list[str] = []
    if reach.partial:
        some = [[p.src, "→", p.dst, str(p.partly), p.partly.reason] for p in reach.partial if p.partly]
        lines += ["", "± between some pods only", *columns(some, indent=2)]
    if reach.unknown:
        lines += ["", "? unknown", *columns([[u.src, "→", u.dst, u.reason] for u in reach.unknown], indent=2)]
    return lines


def reach_json(reach: Reach) -> dict[str, Any]:
    """The stable form of `kwake reach -o json`."""
    return reach.as_form()
