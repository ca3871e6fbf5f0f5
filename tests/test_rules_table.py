"""Every rule has a test or a reason, and docs/rules.md says so."""

from __future__ import annotations

from tests.rules_table import TABLE, marks, rules, table


def test_the_page_of_rules_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "python -m tests.rules_table writes it anew"


def test_every_rule_has_a_test_or_a_reason() -> None:
    tested = {mark.rule for mark in marks()}

    assert [name for name, rule in rules().items() if name not in tested and not rule.not_modelled] == []
    assert [name for name, rule in rules().items() if name in tested and rule.not_modelled] == []


def test_every_mark_names_a_rule_and_how_it_holds() -> None:
    known = rules()

    assert [mark for mark in marks() if mark.rule not in known or mark.holds not in ("holds", "inferred")] == []
