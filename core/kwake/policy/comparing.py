"""The two lines of a near miss, taken apart where they differ: what is wanted, and what there is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

_WANTS = re.compile(
    r"(?P<head>\S+(?: (?:ingress|egress) rule \d+)? "
    r"(?:admits(?: pods of namespace| namespaces with)?|selects(?: 0 pods:)?)) (?P<differs>.+)"
)
_HAS = re.compile(
    r"(?P<head>(?:this pod |namespace \S+ |\S+ )?(?:has|is in namespace|is)|nearest label|dialled|the address is)"
    r" (?P<differs>.+)"
)
_BLOCK = "an ipBlock never matches"


class Half(msgspec.Struct, frozen=True):
    """One line of a near miss."""

    head: str
    """Whose it is: `allow-web ingress rule 1 admits`, `shop/web-0 has`; empty where there is nothing to compare."""
    differs: str
    """What of it differs from the other line: `app=web`, `no label app`."""

    def __str__(self) -> str:
        return f"{self.head} {self.differs}" if self.head else self.differs


Pair = tuple[Half, Half]


def compared(details: Sequence[str]) -> tuple[str | Pair, ...]:
    """The details of a hop in their order: near misses as pairs, other lines as they are."""
    found: list[str | Pair] = []
    at = 0
    while at < len(details):
        wants = _WANTS.fullmatch(details[at])
        has = _has(details[at + 1]) if wants is not None and at + 1 < len(details) else None
        if wants is None or has is None:
            found.append(details[at])
            at += 1
        else:
            found.append((Half(wants["head"], wants["differs"]), has))
            at += 2
    return tuple(found)


def _has(line: str) -> Half | None:
    if line.startswith(_BLOCK):
        return Half("", line)
    matched = _HAS.fullmatch(line)
    return None if matched is None else Half(matched["head"], matched["differs"])


def aligned(details: Sequence[str]) -> tuple[str, ...]:
    """The details as rows of equal letters, what differs in a near miss under each other."""
    rows: list[str] = []
    for one in compared(details):
        if isinstance(one, str):
            rows.append(one)
        else:
            column = max(len(half.head) for half in one)
            rows += [f"{half.head:<{column}} {half.differs}" for half in one]
    return tuple(rows)
