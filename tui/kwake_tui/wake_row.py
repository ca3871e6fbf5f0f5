"""A row of the wake, and rows of one meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from kwake.dataplane.connection import KEEPS
from kwake.dataplane.path import Decider, Flow, Outcome
from kwake.objects.basis import Basis
from kwake_tui.glyphs import INTERRUPTED, OTHER_PORTS, OTHERWISE, OUTCOMES, POLICIES, STAYS, Mark

_WORDS: dict[Mark, tuple[str, str]] = {
    INTERRUPTED: ("interrupted meanwhile", "interrupted meanwhile"),
    OTHERWISE: ("fails otherwise", "fail otherwise"),
    OTHER_PORTS: ("on other ports", "on other ports"),
    POLICIES: ("by policies alone", "by policies alone"),
    STAYS: ("stays open", "stay open"),
}
"""What follows on a count of one and of several, where that is not the mark's own word."""


class Why(msgspec.Struct, frozen=True):
    """What decided: a sentence, and the objects whose rules it was."""

    words: str
    decided_by: tuple[Decider, ...] = ()
    basis: Basis = Basis.SOURCED
    """Of a connection, how sure that is, the time included."""
    rule: str = ""
    """Of a connection, the spec's rule id."""


class WakeRow(msgspec.Struct, frozen=True, eq=False):
    """One thing that is otherwise than before."""

    source: str
    target: str
    before: Mark
    after: Mark
    ask: Callable[[], Why]
    """Why, worked out when somebody asks: for a pair of workloads that is a trace."""
    flow: Flow | None = None
    """What to look at; None where there is nothing to dial."""
    sources: tuple[str, ...] = ()
    """All who fare alike, where they are several."""
    unit: str = "dial"
    """What it is: a dial, a pair of workloads, or a connection; of several sources each is one."""
    name: str = ""
    """Of a connection."""

    @property
    def end(self) -> str:
        """Whom it is about at the other end, with the connection's name after it."""
        return f"{self.target}  {self.name}" if self.name else self.target

    @property
    def why(self) -> Why:
        """What decided."""
        return self.ask()

    def brief_why(self, group: str) -> str:
        """The reason without what the row's end or its group says already: `allow-web: no ingress rule admits it`."""
        said = (group, self.after.word, OUTCOMES[Outcome.DROPPED].word)
        leads = [lead for word in said for lead in (f"{word} by ", f"{word}: ")]
        parts = self.why.words.split("; ")
        brief = [part.removeprefix(next(filter(part.startswith, leads), "")) for part in parts]
        return "; ".join(part for part in brief if len(brief) == 1 or not part.endswith(KEEPS))


class WakeGroup(msgspec.Struct, frozen=True, eq=False):
    """Rows of one meaning."""

    mark: Mark
    meaning: str
    rows: tuple[WakeRow, ...]

    @property
    def count(self) -> int:
        """How many there are; of a row of several sources each is one."""
        return sum(len(row.sources) or 1 for row in self.rows)

    @property
    def counts(self) -> Counter[str]:
        """The same by unit."""
        counts: Counter[str] = Counter()
        for row in self.rows:
            counts[row.unit] += len(row.sources) or 1
        return counts

    @property
    def counted(self) -> str:
        """The same in words: `9 dials, 1 pair of workloads`."""
        return ", ".join(counted(count, unit) for unit, count in self.counts.items())

    @property
    def briefly(self) -> str:
        """The same in few cells: `9 dials, 1 pair`."""
        return ", ".join(counted(count, unit.partition(" ")[0]) for unit, count in self.counts.items())

    @property
    def word(self) -> str:
        """What follows on that count: `stay open` of 2 connections."""
        one, several = _WORDS.get(self.mark, (self.mark.word, self.mark.word))
        return one if self.count == 1 else several


def counted(count: int, unit: str) -> str:
    """`1 dial`, `2 pairs of workloads`."""
    head, space, rest = unit.partition(" ")
    return f"{count} {head}{'' if count == 1 else 's'}{space}{rest}"
