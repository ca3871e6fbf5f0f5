"""`kwake what-if`, `describe` and `yaml`: the console's actions and pages without a terminal."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kwake.samples import sample_path
from kwake_tui.cli import main

Capture = pytest.CaptureFixture[str]
SHOP = str(sample_path("shop"))
KILL = ["what-if", SHOP, "--seed", "7", "--do", "open pay deploy/shop/web svc/shop/search:80",
        "--do", "kill deploy/shop/search#0", "--flow", "s=deploy/shop/web,svc/shop/search:80"]  # fmt: skip


def out(capsys: Capture, *arguments: str, code: int = 0) -> str:
    ended = main(list(arguments))
    captured = capsys.readouterr()
    assert ended == code, captured.err
    return captured.out


def form(capsys: Capture, *arguments: str) -> Any:
    return json.loads(out(capsys, *arguments, "-o", "json"))


def test_what_if_tells_events_flow_connection_and_wake(capsys: Capture) -> None:
    shown = out(capsys, *KILL)

    for words in ("settled after", "flow s", "× refused", "connections", "○ closed", "~ rerouted", "× cut 1"):
        assert words in shown


def test_what_if_json_has_the_spans_of_a_flow_and_the_fate_of_a_connection(capsys: Capture) -> None:
    shown = form(capsys, *KILL)

    spans = shown["actions"][1]["flows"]["s"]
    assert shown["version"] == 1
    assert [span["outcome"] for span in spans] == ["delivered", "unknown", "refused", "delivered"]
    assert all(one["toMs"] == two["fromMs"] for one, two in pairwise(spans))
    assert [(c["name"], c["fate"]) for c in shown["connections"]] == [("pay", "closed")]
    assert {dial["turn"] for dial in shown["wake"]["dials"]} == {"rerouted"}


def test_what_if_names_the_rule_that_took_a_dial_away_with_its_line(capsys: Capture, tmp_path: Path) -> None:
    deny = tmp_path / "deny.yaml"
    deny.write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny-search, namespace: shop}\n"
        "spec:\n  podSelector: {matchLabels: {app: search}}\n  policyTypes: [Ingress]\n"
    )

    shown = out(capsys, "what-if", SHOP, "--do", f"apply {deny}")

    assert "− lost" in shown
    assert f"{deny}:" in shown


def test_what_if_under_two_profiles_is_a_list(capsys: Capture) -> None:
    shown = form(capsys, *KILL, "--profile", "calico", "--profile", "cilium")

    assert [one["profile"] for one in shown] == ["calico", "cilium"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--do", "kil shop/web"], "kil: no such action; is it kill?"),
        (["--do", "kill"], "write kill POD"),
        (["--do", "kill a b"], "b: not understood; write kill POD"),
        (["--do", "apply"], "write apply FILE"),
        (["--do", " "], "an empty action"),
        ([], "nothing to do: write --do ACTION"),
        (["--do", "kill shop/nobody"], "shop/nobody"),
        (["--do", "scale deploy/shop/web many"], "many: expected a number of replicas"),
        (["--do", "kill shop/x", "--flow", "pay"], "--flow pay: write NAME=FROM,TO:PORT"),
        (["--do", "kill shop/x", "--flow", "a=x,y", "--flow", "a=x,y"], "a is a flow already"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(capsys: Capture, words: list[str], said: str) -> None:
    assert main(["what-if", SHOP, *words]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_describe_and_yaml_show_one_object(capsys: Capture) -> None:
    assert "10.100." in out(capsys, "describe", SHOP, "svc/shop/search")
    assert "kind: Service" in out(capsys, "yaml", SHOP, "svc/shop/search")
    assert form(capsys, "yaml", SHOP, "svc/shop/search")["kind"] == "Service"
    assert form(capsys, "describe", SHOP, "svc/shop/search")["object"] == "Service/shop/search"


def test_describe_of_nothing_names_what_is_near(capsys: Capture) -> None:
    assert main(["describe", SHOP, "svc/shop/serch"]) == 2

    assert "did you mean Service/shop/search" in capsys.readouterr().err
