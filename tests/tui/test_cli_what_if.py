"""`kwake what-if`, `describe` and `yaml`: the console's actions and pages without a terminal."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kwake.objects.time import clock
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


def test_json_is_no_surer_of_an_event_and_of_a_connection_than_the_text(capsys: Capture) -> None:
    rows, shown = out(capsys, *KILL).splitlines(), form(capsys, *KILL)

    for event in (event for done in shown["actions"] for event in done["events"]):
        (row,) = {row for row in rows if event["text"] in row and row.strip().startswith(clock(event["atMs"]))}
        assert row.endswith(f"({event['basis']})") == (event["basis"] != "sourced"), event
    ready = next(event for event in shown["actions"][1]["events"] if event["kind"] == "pod-ready")
    assert (ready["basis"], ready["atMs"]) == ("assumed", sum(term["ms"] for term in ready["clocks"]))
    (row,) = [row for row in rows if row.startswith("  pay ")]
    assert row.endswith("(assumed)")
    assert [connection["basis"] for connection in shown["connections"]] == ["assumed"]


def test_what_is_unknown_says_so_once(capsys: Capture) -> None:
    shown = out(capsys, *KILL)

    assert "? unknown  " in shown
    assert "unknown (unknown)" not in shown


def test_what_if_names_the_rule_that_took_a_dial_away_with_its_line(capsys: Capture, tmp_path: Path) -> None:
    deny = tmp_path / "deny.yaml"
    deny.write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny-search, namespace: shop}\n"
        "spec:\n  podSelector: {matchLabels: {app: search}}\n  policyTypes: [Ingress]\n"
    )

    shown = out(capsys, "what-if", SHOP, "--do", f"apply {deny}")

    assert "− lost" in shown
    assert f"{deny}:" in shown


def test_objects_that_are_applied_as_they_are_take_one_row(capsys: Capture, tmp_path: Path) -> None:
    file, new = tmp_path / "cluster.yaml", tmp_path / "new.yaml"
    text = Path(SHOP, "shop.yaml").read_text()
    file.write_text(text.partition("kind: Service")[0].rpartition("---")[0])  # its first objects
    new.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n")
    flow = ["--flow", "s=deploy/shop/web,svc/shop/search:80"]

    shown = out(capsys, "what-if", SHOP, "--do", f"apply {file}", "--do", f"apply {new}", *flow)
    assert shown.startswith("0:00.0  2 unchanged: Namespace/shop, Deployment/shop/web\n\n0:00.0  apply Namespace/new")
    assert shown.count("flow s") == 1

    alone = out(capsys, "what-if", SHOP, "--do", f"apply {file}", *flow)
    assert alone.count("flow s") == 1, "where nothing changes they are told once"


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


def test_a_node_is_named_without_a_namespace_and_lost_is_read_in_any_case(capsys: Capture) -> None:
    found = form(capsys, "what-if", SHOP, "--do", "silence-node node-a LOST")

    assert found["actions"][0]["action"] == "silence node-a (lost)"


def test_an_allocated_node_port_is_assumed_since_the_api_server_draws_it(capsys: Capture) -> None:
    found = form(capsys, "what-if", SHOP, "--do", "set-type svc/shop/checkout NodePort")
    bases = {event["text"].split()[0]: event["basis"] for event in found["actions"][0]["events"]}

    assert (bases["nodePort"], bases["clusterIP"]) == ("assumed", "sourced"), "the one is new, the other kept"


def test_groups_of_the_wake_count_dials_and_pairs_by_name(capsys: Capture) -> None:
    lines = out(capsys, "what-if", SHOP, "--do", "delete np/shop/allow-web").splitlines()

    (gained,) = [line for line in lines if line.startswith("+ gained")]
    dials, pairs = (int(word) for word in gained.replace(",", "").split() if word.isdigit())
    found = form(capsys, "what-if", SHOP, "--do", "delete np/shop/allow-web")["wake"]
    assert dials == sum(dial["turn"] == "gained" for dial in found["dials"])
    assert 0 < pairs <= len(found["pairs"]["gained"])


def test_an_action_is_taken_as_events_say_it(capsys: Capture) -> None:
    told = out(capsys, "what-if", SHOP, "--do", "kill deploy/shop/checkout#0")
    assert out(capsys, "what-if", SHOP, "--do", "kill pod deploy/shop/checkout#0") == told


@pytest.mark.parametrize("words", ["deploy/shop/cart", "Deployment/shop/cart", "deployments/shop/cart"])
def test_an_action_is_told_in_one_way_however_it_was_typed(words: str, capsys: Capture) -> None:
    (done,) = form(capsys, "what-if", SHOP, "--do", f"relabel {words} a=b")["actions"]

    assert done["action"] == "label Deployment/shop/cart a=b"
    assert done["events"][0]["text"] == "label Deployment/shop/cart a=b: its pods keep their own labels"


def test_a_flow_to_a_misspelt_service_says_which_is_near(capsys: Capture) -> None:
    ended = main(
        ["what-if", SHOP, "--do", "kill deploy/shop/search#0", "--flow", "s=deploy/shop/web,svc/shop/serch:80"]
    )

    assert ended == 0
    assert "kwake: note: svc/shop/serch: did you mean svc/shop/search?" in capsys.readouterr().err


def test_labels_of_a_workload_are_not_those_of_its_pods_and_the_event_says_so(capsys: Capture) -> None:
    shown = out(
        capsys, "what-if", SHOP, "--do", "relabel deploy/shop/web app=other", "--do", "relabel svc/shop/web a=b"
    )

    assert "label Deployment/shop/web app=other: its pods keep their own labels" in shown
    assert "label Service/shop/web a=b\n" in shown


def test_who_asks_for_expectations_here_is_told_where_they_stand(capsys: Capture) -> None:
    assert main(["what-if", SHOP, "--expect", "s=delivered"]) == 2

    assert "expectations stand in a scenario, which kwake replay runs" in capsys.readouterr().err
