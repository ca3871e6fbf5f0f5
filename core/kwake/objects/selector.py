"""Label selectors, as apimachinery evaluates them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Labels = Mapping[str, str]


class Requirement(msgspec.Struct, frozen=True, rename="camel"):
    """One `matchExpressions` entry. `operator` is In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """NotIn and DoesNotExist match where the key is missing; In and Exists do not."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels

    def __str__(self) -> str:
        match self.operator:
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"
            case operator:
                return f"{self.key} {'in' if operator == 'In' else 'notin'} ({','.join(self.values)})"


class LabelSelector(msgspec.Struct, frozen=True, rename="camel"):
    """`matchLabels` and `matchExpressions`, all of them required; an empty one matches everything."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[Requirement, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it selects everything."""
        return not self.match_labels and not self.match_expressions

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )

    def __str__(self) -> str:
        parts = [f"{key}={value}" for key, value in self.match_labels.items()]
        return ",".join([*parts, *map(str, self.match_expressions)]) or "everything"
