"""Why a selector selects nothing: the label that it nearly names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from kwake.objects.selector import LabelSelector
from kwake.objects.slips import parts_alike, same_numbers

ALIKE = 0.6
"""How alike each part of two names must be for one to be shown beside the other (`difflib`'s own measure)."""


def selects_nothing(selector: LabelSelector, candidates: Iterable[Mapping[str, str]]) -> str:
    """`selects 0 pods: app=check-out; nearest label app=checkout`, or without a nearest one if none is near."""
    labels = sorted({label for one in candidates for label in one.items()})
    wanted = list(selector.match_labels.items())
    wanted += [(r.key, text) for r in selector.match_expressions if r.operator == "In" for text in r.values]
    for name, text in wanted:
        if (name, text) in labels:
            continue
        values = [other for key, other in labels if key == name]
        keys = [key for key, other in labels if other == text]
        if near := _near(text, values):
            return f"selects 0 pods: {selector}; nearest label {name}={near}"
        if near := _near(name, keys):
            return f"selects 0 pods: {selector}; nearest label {near}={text}"
    return f"selects 0 pods: {selector}"


def _near(word: str, others: Iterable[str]) -> str:
    """The word that looks most like another one, letters in another order first, or empty; with other numbers it is
    another thing."""
    near = [other for other in others if _is_near(word, other)]
    swapped = [other for other in near if sorted(other) == sorted(word)]
    return next(iter(swapped or difflib.get_close_matches(word, near, n=1)), "")


def _is_near(word: str, other: str) -> bool:
    """Whether each part of a name is like that of another, or its letters are in another order."""
    return same_numbers(word, other) and (sorted(other) == sorted(word) or parts_alike(word, other, ALIKE))
