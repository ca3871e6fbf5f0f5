"""Every rule has a test or a reason, answers cite only rules that there are, and docs/rules.md says so."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from kwake.rules import FAMILIES, rules
from tests.conftest import ROOT
from tests.rules_table import TABLE, Mark, marks, standing, table

RULE_ID = re.compile(rf"\b(?:{'|'.join(FAMILIES)})-\d+[a-z]?\b")
KNOWN = {rule.id for rule in rules()}


def test_the_page_of_rules_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "python -m tests.rules_table writes it anew"


def test_every_rule_has_a_test_or_a_reason() -> None:
    tested = {mark.rule for mark in marks()}

    assert [rule.id for rule in rules() if rule.id not in tested and not rule.not_modelled] == []
    assert [rule.id for rule in rules() if rule.id in tested and rule.not_modelled] == []


def test_every_mark_names_a_rule_and_how_it_holds() -> None:
    assert [mark for mark in marks() if mark.rule not in KNOWN or mark.holds not in ("holds", "inferred")] == []


def test_a_rule_says_itself_how_its_tests_hold_it() -> None:
    carried: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks():
        carried[mark.rule].append(mark)

    told = {rule.id: rule.standing for rule in rules()}
    assert told == {rule.id: standing(carried[rule.id]) for rule in rules()}


def cited(source: str) -> Iterator[str]:
    """Every id of a rule that a text of some code names, documentation left out: what it may show as a citation."""
    tree = ast.parse(source)
    silent = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield from RULE_ID.findall(node.value)


SOURCES = [path for folder in ("core", "tui") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_the_code_cites_only_rules_that_there_are() -> None:
    found = {(path.name, name) for path in SOURCES for name in cited(path.read_text(encoding="utf-8"))}

    assert len({name for _, name in found}) > 80, "the scan misses the citations"
    assert {(file, name) for file, name in found if name not in KNOWN} == set()


@pytest.mark.parametrize(
    "code", ['Hop("dns", cite="DN-99")', 'return Turn(now, "gone", "DN-99")', 'words = f"{hop.text} (DN-99)"']
)
def test_a_citation_of_no_rule_is_found(code: str) -> None:
    assert list(cited(f'def f():\n    """Not DN-98."""\n    {code}')) == ["DN-99"]


DATA = sorted((ROOT / "core" / "kwake" / "profiles").rglob("*.yaml"))


@pytest.mark.parametrize("path", DATA, ids=[f"{path.parent.name}/{path.stem}" for path in DATA])
def test_profiles_name_only_rules_that_there_are(path: Path) -> None:
    values = "\n".join(line.partition("#")[0] for line in path.read_text(encoding="utf-8").splitlines())

    assert set(RULE_ID.findall(values)) - KNOWN == set()
