"""The rules that answers cite: what each says, how sure it is, and where that was read. The data are `rules.yaml`."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources
from typing import Final

import msgspec
import yaml

from kwake.errors import UsageError

FAMILIES: Final = {
    "PD": "Pods",
    "EP": "Endpoints",
    "SV": "Services",
    "DN": "DNS and environment",
    "CX": "Open connections",
    "NP": "Policies",
    "SU": "Surprises",
}
"""What the letters of an id stand for, in the order in which rules are listed."""


class RuleText(msgspec.Struct, frozen=True):
    """One rule."""

    id: str
    """`NP-23`."""
    says: str
    """What it says, in short."""
    inferred: str = ""
    """What no source says of a rule that rests on it; empty where all was read."""
    partly_inferred: str = ""
    """What no source says of a rule whose rest was read."""
    not_modelled: str = ""
    """Why kwake does not follow it; empty where it does."""
    sources: tuple[str, ...] = ()
    """Where it was read: places in a project at a release or commit, issues, other rules."""

    @property
    def family(self) -> str:
        """The letters of its id."""
        return self.id.partition("-")[0]

    @property
    def standing(self) -> str:
        """How sure it is, in words: `holds`, `inferred`, `holds, in part inferred` or `not modelled`."""
        if self.not_modelled:
            return "not modelled"
        if self.inferred:
            return "inferred"
        return "holds, in part inferred" if self.partly_inferred else "holds"

    @property
    def doubt(self) -> str:
        """What is inferred, or why it is not modelled; empty where it holds."""
        return self.inferred or self.partly_inferred or self.not_modelled


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A rule of the file, under its id."""

    says: str
    sources: tuple[str, ...]
    inferred: str = ""
    partly_inferred: str = ""
    not_modelled: str = ""


def rules() -> tuple[RuleText, ...]:
    """Every rule, by family and number."""
    return tuple(_known().values())


def rule(id: str) -> RuleText:
    """The rule of an id, in letters of either case. Raises UsageError, naming near ones."""
    known = _known()
    wanted = id.strip().upper()
    found = known.get(wanted) or next((text for name, text in known.items() if name.upper() == wanted), None)
    if found is not None:
        return found
    near = difflib.get_close_matches(wanted, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "ids are such as NP-23; kwake rule lists all"
    raise UsageError(f"{id or 'an empty id'}: no such rule; {hint}")


@cache
def _known() -> dict[str, RuleText]:
    # Every scalar of the file is text, as in those of profiles.
    raw = yaml.load(resources.files("kwake").joinpath("rules.yaml").read_text("utf-8"), yaml.CBaseLoader)
    read = msgspec.convert(raw, dict[str, _Entry])
    return {id: RuleText(id, **msgspec.structs.asdict(read[id])) for id in sorted(read, key=_order)}


def _order(id: str) -> tuple[int, int, str]:
    family, _, number = id.partition("-")
    digits = re.match(r"\d+", number)
    return list(FAMILIES).index(family), int(digits[0]) if digits else 0, number
