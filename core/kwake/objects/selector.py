"""Label selectors, as apimachinery evaluates them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

import msgspec

from kwake.errors import UsageError

Labels = Mapping[str, str]


class Requirement(msgspec.Struct, frozen=True, rename="camel", gc=False):
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


class LabelSelector(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """`matchLabels` and `matchExpressions`, all of them required; an empty one matches everything."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[Requirement, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it selects everything."""
        return not self.match_labels and not self.match_expressions

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""
        for key, value in self.match_labels.items():  # asked more often than anything else: no generator
            if labels.get(key) != value:
                return False
        for requirement in self.match_expressions:  # noqa: SIM110
            if not requirement.matches(labels):
                return False
        return True

    def __str__(self) -> str:
        parts = [f"{key}={value}" for key, value in self.match_labels.items()]
        return ",".join([*parts, *map(str, self.match_expressions)]) or "everything"


def keys_of(selector: LabelSelector) -> Set[str]:
    """The label keys that a selector asks for."""
    keys = selector.match_labels.keys()
    return (
        keys | {requirement.key for requirement in selector.match_expressions} if selector.match_expressions else keys
    )


_TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<gone>[\w./-]+)"
    r"|(?P<key>[\w./-]+)\s*(?:(?P<word>in|notin)\s*\((?P<values>[^()]*)\)|(?P<equals>==|=|!=)\s*(?P<value>[\w.-]*))?"
    r")\s*(?:,|$)"
)


def parse_selector(text: str) -> LabelSelector:
    """A selector as `kubectl -l` takes it: `app=web,tier!=back,env in (a,b),!canary` (`k8s:pkg/labels/selector.go`).

    Raises UsageError that quotes what was not understood.
    """
    requirements: list[Requirement] = []
    at = 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None or term.end() == at:
            raise UsageError(f"{text[at:].strip()!r} is no label selector: write app=web, app!=web, app in (a,b), !app")
        at = term.end()
        if term["absent"]:
            requirements.append(Requirement(term["gone"], "DoesNotExist"))
        elif term["word"]:
            values = tuple(value.strip() for value in term["values"].split(","))
            requirements.append(Requirement(term["key"], "In" if term["word"] == "in" else "NotIn", values))
        elif term["equals"]:
            operator = "NotIn" if term["equals"] == "!=" else "In"
            requirements.append(Requirement(term["key"], operator, (term["value"],)))
        else:
            requirements.append(Requirement(term["key"], "Exists"))
    return LabelSelector(match_expressions=tuple(requirements))
