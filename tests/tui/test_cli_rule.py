"""`kwake rule`: what the ids say that answers cite."""

from __future__ import annotations

import json

import pytest

from kwake.rules import RuleText, rules
from kwake_tui.cli import main
from kwake_tui.rule_lines import rule_lines
from kwake_tui.text.page import page_lines
from kwake_tui.text.rules import rules_lines

Capture = pytest.CaptureFixture[str]


def test_a_rule_is_told_with_how_sure_it_is_and_its_sources(capsys: Capture) -> None:
    assert main(["rule", "ep-8"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "EP-8      a numeric targetPort is copied whoever listens",
        "family    Endpoints",
        "how sure  holds, in part inferred: that the dial is refused",
        "sources   kubernetes v1.36: pkg/apis/core/v1/defaults.go",
        "          kubernetes v1.36: staging/src/k8s.io/endpointslice/util/controller_utils.go FindPort",
    ]


def test_several_are_told_in_the_order_asked_each_once(capsys: Capture) -> None:
    assert main(["rule", "SV-41", "NP-23", "sv-41"]) == 0

    first = [block.split()[0] for block in capsys.readouterr().out.split("\n\n")]
    assert first == ["SV-41", "NP-23"]


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("NP-2", "how sure  holds: a test builds an example of it"),
        ("CX-31", "how sure  inferred: "),
        ("DN-4", "how sure  not modelled: a dial asks for addresses"),
    ],
)
def test_how_sure_a_rule_is_stands_beside_it(id: str, words: str, capsys: Capture) -> None:
    assert main(["rule", id]) == 0

    assert words in capsys.readouterr().out


def test_a_rule_without_a_source_says_so() -> None:
    without = RuleText("NP-0", "nobody read this")

    assert page_lines(rule_lines(without))[-1] == "sources   no source noted"


def test_without_an_id_all_rules_are_listed_by_family(capsys: Capture) -> None:
    assert main(["rule"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Pods"
    assert lines[lines.index("Policies") + 1].split() == ["NP-1", "when", "a", "pod", "is", "isolated"]
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [rule.id for rule in rules()]
    assert any(line.startswith("  CX-31") and line.endswith("  inferred") for line in lines)


def test_its_json_has_the_same(capsys: Capture) -> None:
    assert main(["rule", "PD-1", "DN-4", "-o", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert shown["version"] == 1
    first, second = shown["rules"]
    assert (first["id"], first["standing"]) == ("PD-1", "holds, in part inferred")
    assert first["inferred"] == "that the second listener on a port fails"
    assert second["not_modelled"] == "a dial asks for addresses"
    assert second["sources"][0].startswith("kubernetes/dns@")

    assert main(["rule", "-o", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rules"]) == len(rules())


def test_an_unknown_id_ends_with_2_and_names_near_ones(capsys: Capture) -> None:
    assert main(["rule", "NP-2", "NP-99"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("kwake: NP-99: no such rule; did you mean NP-9 or ")


def test_every_rule_can_be_told() -> None:
    assert len(rules_lines(rules())) > 4 * len(rules())
