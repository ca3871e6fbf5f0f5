"""Heads of columns: how wide each column is, and names cut so that one still tells them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from rich.cells import cell_len

from kwake_tui.lines import middle_cut


def widths(needs: Sequence[int], least: int, even: int, room: int) -> list[int]:
    """Cells of each column: `even` for all, where that is what each needs or where not all fit; else what some do not
    need, down to `least`, goes to those that need more."""
    if even * len(needs) > room or max(needs, default=0) <= even:
        return [even] * len(needs)

    for floor in range(even, least, -1):
        if sum(max(floor, need) for need in needs) <= room:
            return [max(floor, need) for need in needs]

    def at(level: int) -> list[int]:
        return [max(least, min(need, level)) for need in needs]

    level = max(level for level in range(least, max(needs) + 1) if level <= even or sum(at(level)) <= room)
    found = at(level)
    spare = room - sum(found)
    for number, need in enumerate(needs):
        if found[number] < need and spare > 0:
            found[number] += 1
            spare -= 1
    return found


def told_apart(names: Sequence[str], rooms: Sequence[int]) -> list[str]:
    """Each name in its cells. Those that would be cut to the same show where they first differ instead."""
    return _told_apart(list(zip(names, rooms, strict=True)), 0)


def _told_apart(names: list[tuple[str, int]], same: int) -> list[str]:
    """The same, of names whose first `same` letters are the same and are left out where that is not none."""
    cut = [_cut(name, room, same) for name, room in names]
    for text in [text for text, count in Counter(cut).items() if count > 1]:
        alike = [number for number, other in enumerate(cut) if other == text]
        own = list(dict.fromkeys(names[number] for number in alike))
        letters = zip(*(name for name, _ in own), strict=False)
        begins = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, letters))
        if len({name for name, _ in own}) > 1 and (begins > same or not same):
            told = dict(zip(own, _told_apart(own, max(begins, 1)), strict=True))
            for number in alike:
                cut[number] = told[names[number]]
    return cut


def _cut(name: str, room: int, same: int) -> str:
    if not same or cell_len(name) <= room:
        return middle_cut(name, room)
    return f"…{name[same:]}"[:room] if room > 1 else "…"
