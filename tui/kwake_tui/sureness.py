"""How sure something is that happened, and the rule that says it."""

from __future__ import annotations

from kwake.objects.basis import Basis
from kwake_tui.lines import Span


def sure_spans(basis: Basis, rule: str = "") -> tuple[Span, ...]:
    """`assumed CX-11`: the basis where no source says it, and the rule where one decided."""
    sure = () if basis is Basis.SOURCED else (Span(basis.value + (" " if rule else ""), "muted"),)
    return (*sure, Span(rule, "faint")) if rule else sure


def sure_cells(basis: Basis, rule: str = "") -> list[str]:
    """The same as cells of a table of text: the rule, then `(assumed)`."""
    return [rule, "" if basis is Basis.SOURCED else f"({basis.value})"]
