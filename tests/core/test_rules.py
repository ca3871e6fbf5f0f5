"""The texts of the rules: found by id, in order, each with sources that a stranger can follow."""

from __future__ import annotations

import re

import pytest

from kwake.errors import UsageError
from kwake.rules import FAMILIES, rule, rules

KNOWN = {text.id for text in rules()}
SHORT_FORMS = re.compile(r"\.\.\.|^/|\b(?:k8s|web|kep|gh|e2e):|\bsame\b|\]$")


@pytest.mark.parametrize("id", ["NP-23", "np-23", " Np-23 "])
def test_a_rule_is_found_in_letters_of_either_case(id: str) -> None:
    assert rule(id).id == "NP-23"
    assert rule("cx-19C").id == "CX-19c"


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("NP-99", "NP-99: no such rule; did you mean NP-9 or"),
        ("CX-27c", "did you mean CX-27 or"),
        ("frobnicate", "no such rule; ids are such as NP-23; kwake rule lists all"),
        ("", "an empty id: no such rule"),
    ],
)
def test_an_unknown_id_is_told_with_near_ones(id: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        rule(id)


def test_rules_are_in_order_of_family_and_number() -> None:
    families = [text.family for text in rules()]
    policies = [text.id for text in rules() if text.family == "NP"]

    assert list(dict.fromkeys(families)) == list(FAMILIES)
    assert policies[:3] == ["NP-1", "NP-2", "NP-3"]
    assert policies == sorted(policies, key=lambda id: int(id.partition("-")[2]))


def test_a_rule_stands_as_one_of_four() -> None:
    assert [rule(id).standing for id in ("NP-2", "PD-1", "CX-31", "DN-4")] == [
        "holds",
        "holds, in part inferred",
        "inferred",
        "not modelled",
    ]
    assert [text.id for text in rules() if (text.standing == "holds") == bool(text.doubt)] == []
    doubts = [(text.inferred, text.partly_inferred, text.not_modelled) for text in rules()]
    assert [doubt for doubt in doubts if sum(map(bool, doubt)) > 1] == []


def test_every_rule_has_a_text_and_sources_that_a_stranger_can_follow() -> None:
    assert [text.id for text in rules() if not text.says or not text.sources] == []
    assert [(text.id, source) for text in rules() for source in text.sources if SHORT_FORMS.search(source)] == []


def test_sources_refer_only_to_rules_that_there_are() -> None:
    named = re.compile(rf"\b(?:{'|'.join(FAMILIES)})-\d+[a-z]?\b")
    referred = {(text.id, id) for text in rules() for source in text.sources for id in named.findall(source)}

    assert {(id, other) for id, other in referred if other not in KNOWN or other == id} == set()


def test_a_rule_leads_by_its_sources_to_a_place_outside() -> None:
    def leads_outside(id: str, seen: frozenset[str] = frozenset()) -> bool:
        others = {source.removeprefix("rule ") for source in rule(id).sources if source.startswith("rule ")}
        outside = any(not source.startswith("rule") for source in rule(id).sources)
        return outside or any(leads_outside(other, seen | {id}) for other in others - seen)

    ranges = {"SV-54"}  # of ranges of rules alone
    assert {text.id for text in rules() if not leads_outside(text.id)} == ranges
