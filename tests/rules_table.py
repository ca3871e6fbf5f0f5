"""The table of rules, docs/rules.md: which hold, which are inferred, which are not modelled and why.

`python -m tests.rules_table` writes it from the marks of the tests and from tests/rules.yaml.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "rules.md"
_HEAD = """# Rules

What kwake is built by: rules about how Kubernetes behaves, read in its source, documentation and tests. A rule *holds*
where a test builds an example of it and asserts what then happens; it is *inferred* where part of it was concluded from
what was read, and every answer that rests on that says so. This page is written by `python -m tests.rules_table`.
"""
_FAMILIES = {
    "PD": "Pods",
    "EP": "Endpoints",
    "SV": "Services",
    "DN": "DNS and environment",
    "CX": "Open connections",
    "NP": "Policies",
    "SU": "Surprises",
}
_STANDING = {
    frozenset[str](): "not modelled",
    frozenset({"holds"}): "holds",
    frozenset({"inferred"}): "inferred",
    frozenset({"holds", "inferred"}): "holds, in part inferred",
}


class Mark(NamedTuple):
    """One `@pytest.mark.rule`."""

    rule: str
    holds: str
    why: str


class Rule(NamedTuple):
    """A line of tests/rules.yaml."""

    says: str
    not_modelled: str


def marks(folder: Path = ROOT / "tests") -> list[Mark]:
    """Every mark in the tests, one for each test that carries it."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found += list(_marks_of(node))
    return found


def _marks_of(test: ast.FunctionDef) -> Iterator[Mark]:
    for call in test.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.rule":
            said = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
            yield Mark(ast.literal_eval(call.args[0]), said.get("holds", "holds"), said.get("why", ""))


def rules() -> dict[str, Rule]:
    """Every rule of tests/rules.yaml, in order."""
    read: Mapping[str, Mapping[str, str]] = yaml.safe_load((ROOT / "tests" / "rules.yaml").read_text(encoding="utf-8"))
    return {name: Rule(line["says"], line.get("not-modelled", "")) for name, line in sorted(read.items(), key=_order)}


def _order(line: tuple[str, object]) -> tuple[int, int, str]:
    family, _, number = line[0].partition("-")
    digits = re.match(r"\d+", number)
    return list(_FAMILIES).index(family), int(digits[0]) if digits else 0, number


def table() -> str:
    """docs/rules.md as it is to be."""
    carried: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks():
        carried[mark.rule].append(mark)
    parts = [_HEAD]
    known = rules()
    for family, title in _FAMILIES.items():
        own = {name: rule for name, rule in known.items() if name.startswith(f"{family}-")}
        if own:
            parts.append(f"## {title}\n\n| rule | says | | tests | what is left out, or why |\n|---|---|---|---|---|")
            parts += [_line(name, rule, carried[name]) for name, rule in own.items()]
            parts.append("")
    return "\n".join(parts)


def _line(name: str, rule: Rule, carried: list[Mark]) -> str:
    stands = _STANDING[frozenset(mark.holds for mark in carried)]
    whys = dict.fromkeys(mark.why for mark in carried if mark.why)
    why = "; ".join([*whys, *([rule.not_modelled] if rule.not_modelled else [])])
    return f"| {name} | {rule.says} | {stands} | {len(carried) or ''} | {why} |"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
