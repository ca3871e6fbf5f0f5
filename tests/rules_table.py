"""The table of rules, docs/rules.md: which hold, which are inferred, which are not modelled and why.

`python -m tests.rules_table` writes it from the marks of the tests and from kwake's own texts of the rules.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from kwake.rules import FAMILIES, RuleText, rules

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "rules.md"
_HEAD = """# Rules

What kwake is built by: rules about how Kubernetes behaves, read in its source, documentation and tests. A rule *holds*
where a test builds an example of it and asserts what then happens; it is *inferred* where part of it was concluded from
what was read, and every answer that rests on that says so. `kwake rule NP-23` tells where a rule was read. This page is
written by `python -m tests.rules_table`.
"""
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


def standing(carried: Iterable[Mark]) -> str:
    """How a rule stands by the marks of its tests."""
    return _STANDING[frozenset(mark.holds for mark in carried)]


def table() -> str:
    """docs/rules.md as it is to be."""
    carried: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks():
        carried[mark.rule].append(mark)
    parts = [_HEAD]
    for family, title in FAMILIES.items():
        own = [rule for rule in rules() if rule.family == family]
        if own:
            parts.append(f"## {title}\n\n| rule | says | | tests | what is left out, or why |\n|---|---|---|---|---|")
            parts += [_line(rule, carried[rule.id]) for rule in own]
            parts.append("")
    return "\n".join(parts)


def _line(rule: RuleText, carried: list[Mark]) -> str:
    why = "; ".join(dict.fromkeys(mark.why for mark in carried if mark.why)) or rule.doubt
    return f"| {rule.id} | {rule.says} | {standing(carried)} | {len(carried) or ''} | {why} |"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
