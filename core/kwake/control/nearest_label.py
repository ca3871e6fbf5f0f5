"""Why a selector selects nothing: the label that it nearly names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from kwake.objects.selector import LabelSelector


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
        if near := difflib.get_close_matches(text, values, n=1):
            return f"selects 0 pods: {selector}; nearest label {name}={near[0]}"
        if near := difflib.get_close_matches(name, keys, n=1):
            return f"selects 0 pods: {selector}; nearest label {near[0]}={text}"
    return f"selects 0 pods: {selector}"
