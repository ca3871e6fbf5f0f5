"""What stood in a line of YAML before it was edited."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import takewhile

_FIELD = re.compile(r"(?P<key>\s*(?:- +)*[^\s:#][^:#]*:)(?:\s+(?P<value>\S.*?))?\s*")


def was(before: str, after: str) -> dict[int, str]:
    """For each line of `after`, counted from 0, that stands in the place of another: `was 8443`, the value that it had;
    of a line that names another field what it was altogether. Lines that are new or gone say nothing."""
    old, new = before.splitlines(), after.splitlines()
    top = _equal(old, new)
    end = _equal(old[: top - 1 if top else None : -1], new[: top - 1 if top else None : -1])
    old, new = old[top : len(old) - end], new[top : len(new) - end]
    found: dict[int, str] = {}
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace":
            for at, line in _pairs(old[i1:i2], new[j1:j2]):
                words = _words(line, new[j1 + at])
                if words:
                    found[top + j1 + at] = f"was {words}"
    return found


def _equal(one: list[str], other: list[str]) -> int:
    """How many lines they begin alike with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _pairs(old: list[str], new: list[str]) -> list[tuple[int, str]]:
    """Which old line each new one stands for: one for one where they are as many, else those of the same field."""
    if len(old) == len(new):
        return list(enumerate(old))
    left = {matched["key"]: line for line in old if (matched := _FIELD.fullmatch(line)) is not None}
    pairs: list[tuple[int, str]] = []
    for at, line in enumerate(new):
        matched = _FIELD.fullmatch(line)
        if matched is not None and matched["key"] in left:
            pairs.append((at, left.pop(matched["key"])))
    return pairs


def _words(old: str, new: str) -> str:
    """What is to be said of an old line beside the new one; nothing where only its indentation differs."""
    before, after = _FIELD.fullmatch(old), _FIELD.fullmatch(new)
    if old.strip() == new.strip():
        return ""
    if before is not None and after is not None and before["key"] == after["key"]:
        return before["value"] or ""
    both_items = old.lstrip().startswith("- ") and new.lstrip().startswith("- ")
    return old.strip().removeprefix("- ").lstrip() if both_items else old.strip()
