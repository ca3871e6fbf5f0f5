"""How sure an answer is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Basis(Enum):
    """From surest to least sure; an answer is as sure as the weakest fact that it rests on."""

    SOURCED = "sourced"
    """Read in the cited code, documentation or test."""
    INFERRED = "inferred"
    """Follows from cited facts and ordinary Linux and TCP behaviour, not itself read."""
    ASSUMED = "assumed"
    """A default that the snapshot does not say, as "every declared port listens"."""
    UNKNOWN = "unknown"
    """Not known; the reason stands beside it."""

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return _ORDER.index(self)


_ORDER = tuple(Basis)


def weakest(bases: Iterable[Basis]) -> Basis:
    """The basis of an answer that rests on all of these; sourced if there are none."""
    return max(bases, key=lambda basis: basis.rank, default=Basis.SOURCED)
