"""Why a selector selects nothing: the label that it nearly names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from kwake.objects.selector import LabelSelector


def near_miss(selector: LabelSelector, candidates: Iterable[Mapping[str, str]]) -> str:
    """`selects 0 pods: app=check-out; nearest label app=checkout`, or without a nearest one if none is near."""
    labels = sorted({f"{name}={text}" for one in candidates for name, text in one.items()})
    wanted = [f"{name}={text}" for name, text in selector.match_labels.items()]
    wanted += [f"{r.key}={text}" for r in selector.match_expressions if r.operator == "In" for text in r.values]
    for label in wanted:
        if label not in labels and (near := difflib.get_close_matches(label, labels, n=1, cutoff=0.6)):
            return f"selects 0 pods: {selector}; nearest label {near[0]}"
    return f"selects 0 pods: {selector}"
