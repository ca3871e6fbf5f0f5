"""A rule as rows: what it says, how sure that is, and where it was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.rules import FAMILIES, RuleText
from kwake_tui.lines import Line, Span

NO_SOURCE = "no source noted"

LABEL = 10
"""Cells of a row's label, its gap included."""


def rule_lines(rule: RuleText) -> tuple[Line, ...]:
    """The rows of one rule."""
    sure = f"{rule.standing}: {rule.doubt or 'a test builds an example of it'}"
    return (
        *_rows(rule.id, [rule.says]),
        *_rows("family", [FAMILIES[rule.family]]),
        *_rows("how sure", [sure]),
        *_rows("sources", rule.sources or [NO_SOURCE]),
    )


def _rows(label: str, texts: Sequence[str]) -> Iterator[Line]:
    for text in texts:
        yield Line((Span(label.ljust(LABEL), "muted"), Span(text)), shrink=1)
        label = ""
