"""What `/` keeps of a list, as k9s reads it: text, `!` for all others, `-l` labels, `-f` letters in this order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from kwake.errors import UsageError
from kwake.objects.selector import LabelSelector, parse_selector
from kwake_tui.lines import Line

Labels = Mapping[str, str]


class Filter(msgspec.Struct, frozen=True):
    """A filter that was understood."""

    text: str
    """As typed, without the slash."""
    pattern: re.Pattern[str] | None = None
    literal: str = ""
    """Text without regular expressions in it, casefolded: searched for faster."""
    inverse: bool = False
    selector: LabelSelector | None = None
    kind: str = ""
    """Rows of this kind of object alone."""

    def accepts(self, words: str, target: str, labels: Labels | None) -> bool:
        """Whether a row stays, by its casefolded words, by what it stands for and by the labels of that."""
        if self.kind and not target.startswith(f"{self.kind}/"):
            return False
        if self.selector is not None:
            return labels is not None and self.selector.matches(labels)
        return self.pattern is None or bool(self.pattern.search(words)) is not self.inverse


def parse_filter(text: str) -> Filter | None:
    """Read what stands after the slash; None where it keeps everything. Raises UsageError."""
    typed = text.strip()
    if typed.startswith("-l"):
        wanted = typed.removeprefix("-l").strip()
        return Filter(typed, selector=parse_selector(wanted)) if wanted else None
    if typed.startswith("-f"):
        letters = typed.removeprefix("-f").replace(" ", "")
        return Filter(typed, re.compile(".*?".join(map(re.escape, letters)), re.IGNORECASE)) if letters else None
    inverse = typed.startswith("!")
    wanted = typed.removeprefix("!")
    if not wanted:
        return None
    if not set(wanted) & set(_SPECIAL):
        return Filter(typed, literal=wanted.casefold(), inverse=inverse)
    try:
        return Filter(typed, re.compile(wanted, re.IGNORECASE), inverse=inverse)
    except re.error as error:
        raise UsageError(f"/{typed} is no regular expression: {error}") from None


_SPECIAL = r".^$*+?{}[]\|()"


def of_kind(kind: str) -> Filter:
    """The objects of one kind alone."""
    return Filter(kind, kind=kind)


class Kept(NamedTuple):
    """What a filter leaves of the rows."""

    lines: tuple[Line, ...]
    own: int
    """Rows that stay for themselves, not as a heading of others."""
    nearest: str
    """The target to stand on: of those that stay for themselves the first from where one stood on."""


class Index(msgspec.Struct, frozen=True, eq=False):
    """The rows of a list, ready to be filtered again at each letter."""

    lines: Sequence[Line]
    words: tuple[str, ...]
    parents: tuple[int, ...]
    """For each row the nearest one above that is indented less; -1 without one."""
    stops: tuple[int, ...]
    """Rows that stand for something."""

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Index:
        """Read the rows once."""
        words = tuple(
            f"{''.join(span.text for span in (*line.left, *line.right))} {line.target}".casefold() for line in lines
        )
        parents: list[int] = []
        open_rows: list[tuple[int, int]] = []
        for number, text in enumerate(words):
            depth = len(text) - len(text.lstrip(" "))
            while open_rows and open_rows[-1][0] >= depth:
                open_rows.pop()
            parents.append(open_rows[-1][1] if open_rows else -1)
            open_rows.append((depth, number))
        stops = (n for n, line in enumerate(lines) if line.target and not line.target.startswith("group:"))
        return cls(lines, words, tuple(parents), tuple(stops))

    def kept(self, wanted: Filter, labels_of: Callable[[str], Labels | None], standing: str = "") -> Kept:
        """The rows that stay, those above them too; `standing` is the target under the cursor."""
        if wanted.literal:
            text, inverse = wanted.literal, wanted.inverse
            own = [number for number in self.stops if (text in self.words[number]) is not inverse]
        else:
            own = [number for number in self.stops if self._stays(number, wanted, labels_of)]
        shown = set(own)
        for number in own:
            above = self.parents[number]
            while above >= 0 and above not in shown:
                shown.add(above)
                above = self.parents[above]
        stands = next((n for n in self.stops if self.lines[n].target == standing), 0) if standing else 0
        nearest = next((n for n in own if n >= stands), own[0] if own else None)
        target = "" if nearest is None else self.lines[nearest].target
        return Kept(tuple([self.lines[number] for number in sorted(shown)]), len(own), target)

    def _stays(self, number: int, wanted: Filter, labels_of: Callable[[str], Labels | None]) -> bool:
        target = self.lines[number].target
        return wanted.accepts(self.words[number], target, labels_of(target) if wanted.selector else None)
