"""Rules as text: those that are asked for, or all by their family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwake.rules import FAMILIES, RuleText
from kwake_tui.rule_lines import rule_lines
from kwake_tui.text.columns import columns
from kwake_tui.text.page import page_lines


def rules_lines(rules: Sequence[RuleText]) -> list[str]:
    """Each rule in full, an empty line between two."""
    lines: list[str] = []
    for rule in rules:
        lines += [*([""] if lines else []), *page_lines(rule_lines(rule))]
    return lines


def list_lines(rules: Sequence[RuleText]) -> list[str]:
    """A row a rule, under the names of the families; how sure it is where it does not hold as it stands."""
    lines: list[str] = []
    for family, title in FAMILIES.items():
        own = [rule for rule in rules if rule.family == family]
        rows = [[rule.id, rule.says, "" if rule.standing == "holds" else rule.standing] for rule in own]
        lines += [title, *columns(rows, 2), ""]
    return [*lines, "kwake rule ID… tells where one was read"]


def rules_json(rules: Sequence[RuleText]) -> dict[str, Any]:
    """The same as plain values."""
    return {"version": 1, "rules": [_form(rule) for rule in rules]}


def _form(rule: RuleText) -> dict[str, Any]:
    return {
        "id": rule.id,
        "family": FAMILIES[rule.family],
        "says": rule.says,
        "standing": rule.standing,
        "inferred": rule.inferred or rule.partly_inferred,
        "not_modelled": rule.not_modelled,
        "sources": list(rule.sources),
    }
