"""What `/` keeps of a list, as k9s reads it: text, `svc/name`, `!` all others, `-l` labels, `-f` letters in order."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from kwake.errors import UsageError
from kwake.objects.key import SHORT_NAMES
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
        kind, slash, name = wanted.partition("/")
        if slash and not inverse and kind.casefold() in SHORT_NAMES:
            named = re.compile(re.escape(f"/{name}"), re.IGNORECASE)
            return Filter(typed, named, kind=SHORT_NAMES[kind.casefold()])
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
    nearest: int
    """Which of `lines` to stand on: of those that stay for themselves the first from where one stood on."""


class Index(msgspec.Struct, frozen=True, eq=False):
    """The rows of a list, ready to be filtered again at each letter."""

    lines: tuple[Line, ...]
    words: tuple[str, ...]
    """What is searched, casefolded: the names of the kind, and after a line break what is shown and the reference."""
    parents: tuple[int, ...]
    """For each row the nearest one above that is indented less; -1 without one."""
    stops: tuple[int, ...]
    """Rows that stand for something."""
    places: dict[str, int]
    """The first of these rows for each target."""
    found: dict[str, tuple[int, ...]]
    """What texts were found in, each a beginning of the next: of what holds `ab` is asked what holds `abc`."""

    @classmethod
    def of(cls, lines: tuple[Line, ...]) -> Index:
        """Read the rows once."""
        shown = ["".join([span.text for span in (*line.left, *line.right)]) for line in lines]
        words = tuple(
            f"{_kind_names(line.target.partition('/')[0])}\n{text} {line.target}".casefold()
            for line, text in zip(lines, shown, strict=True)
        )
        parents: list[int] = []
        open_rows: list[tuple[int, int]] = []
        for number, text in enumerate(shown):
            depth = len(text) - len(text.lstrip(" "))
            while open_rows and open_rows[-1][0] >= depth:
                open_rows.pop()
            parents.append(open_rows[-1][1] if open_rows else -1)
            open_rows.append((depth, number))
        stops = tuple(n for n, line in enumerate(lines) if line.target and not line.target.startswith("group:"))
        places = {lines[n].target: n for n in reversed(stops)}
        return cls(lines, words, tuple(parents), stops, places, {})

    def kept(self, wanted: Filter, labels_of: Callable[[str], Labels | None], standing: str = "") -> Kept:
        """The rows that stay, those above them too; `standing` is the target under the cursor."""
        own = self._own(wanted, labels_of)
        if not own:
            return Kept((), 0, 0)
        numbers = self._with_headings(own)
        at = bisect_left(own, self.places.get(standing, 0))
        nearest = own[at] if at < len(own) else own[0]
        return Kept(self._counted(numbers), len(own), bisect_left(numbers, nearest))

    def _counted(self, numbers: Sequence[int]) -> tuple[Line, ...]:
        """Rows by number; a group that says how many it has also says how many of them stay."""
        lines = [self.lines[number] for number in numbers]
        under = Counter([self.parents[number] for number in numbers])
        for at, number in enumerate(numbers):
            line = lines[at]
            if line.target.startswith("group:") and line.right and line.right[0].text != str(under[number]):
                count = msgspec.structs.replace(line.right[0], text=f"{under[number]} of {line.right[0].text}")
                lines[at] = msgspec.structs.replace(line, right=(count,))
        return tuple(lines)

    def _with_headings(self, own: Sequence[int]) -> Sequence[int]:
        """Rows with those above them."""
        # Rows come in order: those above one that are not there yet stand after all that are.
        numbers: list[int] = []
        there: set[int] = set()
        last = -1
        for number in own:
            above = self.parents[number]
            if above != last:
                last, missing = above, []
                while above >= 0 and above not in there:
                    missing.append(above)
                    above = self.parents[above]
                there.update(missing)
                numbers += reversed(missing)
            numbers.append(number)
            there.add(number)
        return numbers

    def _own(self, wanted: Filter, labels_of: Callable[[str], Labels | None]) -> Sequence[int]:
        if not wanted.literal:
            return [number for number in self.stops if self._stays(number, wanted, labels_of)]
        if wanted.inverse:
            holds = set(self._holding(wanted.literal))
            return [number for number in self.stops if number not in holds]
        return self._holding(wanted.literal)

    def _holding(self, text: str) -> tuple[int, ...]:
        """Rows that hold a text, sought among those that hold its beginning."""
        for other in [other for other in self.found if not text.startswith(other) and not other.startswith(text)]:
            del self.found[other]
        if text not in self.found:
            begun = max((other for other in self.found if text.startswith(other)), key=len, default=None)
            among, words = self.stops if begun is None else self.found[begun], self.words
            self.found[text] = tuple([number for number in among if text in words[number]])
        return self.found[text]

    def _stays(self, number: int, wanted: Filter, labels_of: Callable[[str], Labels | None]) -> bool:
        target = self.lines[number].target
        return wanted.accepts(self.words[number], target, labels_of(target) if wanted.selector else None)


@cache
def _kind_names(kind: str) -> str:
    """What kubectl calls a kind: `svc service services`."""
    return " ".join(name for name, meant in SHORT_NAMES.items() if meant == kind)
