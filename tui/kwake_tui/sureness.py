"""How sure something is that happened, and the rule that says it."""

from __future__ import annotations

from kwake.dataplane.path import Outcome
from kwake.objects.basis import Basis
from kwake_tui.lines import Span


def sure_words(basis: Basis, outcome: Outcome | None = None) -> str:
    """` (assumed)` after words that no source says; nothing after an outcome that says of itself that it is unknown."""
    said = basis is Basis.SOURCED or (basis is Basis.UNKNOWN and outcome is Outcome.UNKNOWN)
    return "" if said else f" ({basis.value})"


def sure_spans(basis: Basis, rule: str = "") -> tuple[Span, ...]:
    """`assumed CX-11`: the basis where no source says it, and the rule where one decided."""
    sure = () if basis is Basis.SOURCED else (Span(basis.value + (" " if rule else ""), "muted"),)
    return (*sure, Span(rule, "faint")) if rule else sure


def sure_cells(basis: Basis, rule: str = "") -> list[str]:
    """The same as cells of a table of text: the rule, then `(assumed)`."""
    return [rule, sure_words(basis).strip()]
