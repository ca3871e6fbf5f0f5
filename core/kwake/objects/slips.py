"""Labels that were nearly right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

import msgspec

from kwake.objects.document import FieldPath
from kwake.objects.json_patch import Operation, add, remove, replace
from kwake.objects.selector import Labels, LabelSelector

CLOSE = 0.8
"""How alike two words must be to be the same one misspelt (`difflib`'s ratio)."""
SHORTEST = 4
"""Letters of a word that may hold a slip; shorter ones are names of their own."""

NAMES = frozenset(
    {"app", "k8s-app", "name", "app.kubernetes.io/name", "app.kubernetes.io/component", "component", "run"}
)
"""Labels that say what a pod is called."""

_DIGITS = re.compile(r"\d+")
_PART = re.compile(r"[-_. ]")
"""What parts of a name are joined by."""


def is_misspelt(word: str, other: str) -> bool:
    """Whether a word looks like another with a slip of the pen: its dashes, its case, or a few letters of one part.

    Another number, or another short part (`web-a`, `web-b`), is another thing.
    """
    return word != other and same_numbers(word, other) and parts_alike(word, other, CLOSE, SHORTEST)


def same_numbers(word: str, other: str) -> bool:
    """Whether two words hold the same numbers: they tell one of many alike from another (`web-1`, `web-2`)."""
    return _DIGITS.findall(word) == _DIGITS.findall(other)


def parts_alike(word: str, other: str, alike: float, shortest: int = 0) -> bool:
    """Whether each part of a name is so much like that of another, if it is not too short; dashes do not count."""
    parts, others = _PART.split(word.lower()), _PART.split(other.lower())
    if "".join(parts) == "".join(others):
        return True
    return len(parts) == len(others) and all(
        part == far or (min(len(part), len(far)) >= shortest and _alike(part, far) >= alike)
        for part, far in zip(parts, others, strict=True)
    )


def _alike(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, word, other, autojunk=False).ratio()


class Slip(msgspec.Struct, frozen=True):
    """A label that a selector wants, and the one that was meant."""

    key: str
    value: str
    meant_key: str
    meant: str

    def __str__(self) -> str:
        return f"{self.meant_key}={self.meant}"


def slips(selector: LabelSelector, candidates: Iterable[Labels]) -> Iterator[Slip]:
    """One label each that, spelt as it is on some candidate, would make the selector match that candidate.

    A value that some candidate carries is no slip.
    """
    those = list(candidates)
    there = {label for labels in those for label in labels.items()}
    values = {value for _, value in there}
    seen = set()
    for key, value in selector.match_labels.items():
        if (key, value) in there:
            continue
        rest = LabelSelector({k: v for k, v in selector.match_labels.items() if k != key}, selector.match_expressions)
        for labels in those:
            if not rest.matches(labels):
                continue
            for other_key, other in labels.items():
                value_slipped = other_key == key and value not in values and is_misspelt(value, other)
                key_slipped = other == value and key not in labels and _same_kind_of_key(key, other_key)
                slip = Slip(key, value, other_key, other)
                if (value_slipped or key_slipped) and slip not in seen:
                    seen.add(slip)
                    yield slip


def prefixed(selector: LabelSelector, candidates: Iterable[Labels]) -> Slip | None:
    """The name that lacks what a release puts before it: `sshpiper` for `shop-sshpiper`, where there is one such name
    (github.com/FootprintAI/Containarium/issues/1492)."""
    those = list(candidates)
    for key, value in selector.match_labels.items():
        if key not in NAMES or any(value in labels.values() for labels in those):
            continue
        rest = LabelSelector({k: v for k, v in selector.match_labels.items() if k != key}, selector.match_expressions)
        longer = {labels[key] for labels in those if labels.get(key, "").endswith(f"-{value}") and rest.matches(labels)}
        if len(longer) == 1 and len(value) >= SHORTEST:
            return Slip(key, value, key, longer.pop())
    return None


def _same_kind_of_key(key: str, other: str) -> bool:
    """`app` and `app.kubernetes.io/name` are spelt apart and meant alike; so are `k8s-app` and `app`."""
    if is_misspelt(key, other):
        return True
    return key in NAMES and other in NAMES


def respelt(path: FieldPath, slip: Slip) -> tuple[Operation, ...]:
    """The operations on the labels at this path that spell one right."""
    if slip.key == slip.meant_key:
        return (replace((*path, slip.key), slip.meant),)
    return remove((*path, slip.key)), add((*path, slip.meant_key), slip.meant)
