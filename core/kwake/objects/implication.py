"""What follows from a selector: whether everything that it selects is selected by another one, too."""

from __future__ import annotations

import msgspec

from kwake.objects.selector import LabelSelector, Requirement


class Values(msgspec.Struct, frozen=True):
    """What the value of one label may be."""

    only: frozenset[str] | None = None
    """None: anything but `never`."""
    never: frozenset[str] = frozenset()
    absent: bool = True
    """Whether it may be missing."""

    def narrowed(self, requirement: Requirement) -> Values:
        """What it may still be where a requirement holds, too."""
        values = frozenset(requirement.values)
        match requirement.operator:
            case "In":
                left = values - self.never
                return Values(left if self.only is None else self.only & left, self.never, False)
            case "NotIn":
                return Values(None if self.only is None else self.only - values, self.never | values, self.absent)
            case "Exists":
                return Values(self.only, self.never, False)
            case _:
                return Values(frozenset(), self.never, self.absent)

    def meets(self, requirement: Requirement) -> bool:
        """Whether a requirement holds whatever it is."""
        values = frozenset(requirement.values)
        match requirement.operator:
            case "In":
                return not self.absent and self.only is not None and self.only <= values
            case "NotIn":
                return self.only.isdisjoint(values) if self.only is not None else values <= self.never
            case "Exists":
                return not self.absent
            case _:
                return self.only is not None and not self.only


def requirements(selector: LabelSelector) -> tuple[Requirement, ...]:
    """A selector as requirements alone."""
    return (*(Requirement(k, "In", (v,)) for k, v in selector.match_labels.items()), *selector.match_expressions)


def implies(known: LabelSelector, asked: LabelSelector) -> bool:
    """Whether whatever the first selects is selected by the second."""
    may_be: dict[str, Values] = {}
    for requirement in requirements(known):
        may_be[requirement.key] = may_be.get(requirement.key, Values()).narrowed(requirement)
    return all(may_be.get(requirement.key, Values()).meets(requirement) for requirement in requirements(asked))
