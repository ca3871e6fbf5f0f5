"""`kwake reach`: views and forms of all pairs on the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from kwake_tui.cli import main
from tests.tui.test_cli import SMALL, Capture, form, out

SHOP = str(Path(__file__).parents[2] / "sample_clusters" / "shop")
HEAD = ["src", "dst", "connections", "unknown", "some pods only"]


def test_a_focus_leaves_its_pairs(capsys: Capture) -> None:
    pairs = form(capsys, "reach", SMALL, "--focus", "deploy/demo/web", "--peer", "checkout")["pairs"]

    assert [(p["src"], p["dst"], p["connections"]) for p in pairs] == [
        ("demo/checkout[Deployment]", "demo/web[Deployment]", "All Connections"),
        ("demo/web[Deployment]", "demo/checkout[Deployment]", "TCP 8443"),
    ]


def test_a_focus_on_a_workload_means_its_pods_where_pods_are_ends(capsys: Capture) -> None:
    pairs = form(capsys, "reach", SMALL, "--by", "pod", "--focus", "web", "--direction", "egress")["pairs"]

    assert {p["src"].split("-")[0] for p in pairs} == {"demo/web"} and len({p["src"] for p in pairs}) == 2


@pytest.mark.parametrize("words", [["--port", "8443"], ["--port", "8443/TCP"], ["--port", "tcp-8443"]])
def test_a_port_is_written_as_people_write_it(capsys: Capture, words: list[str]) -> None:
    pairs = form(capsys, "reach", SMALL, "--focus", "checkout", "--direction", "ingress", *words)["pairs"]

    assert [(p["src"], p["connections"]) for p in pairs] == [("demo/web[Deployment]", "TCP 8443")]


def test_csv_has_a_row_for_each_pair(capsys: Capture) -> None:
    rows = list(csv.reader(io.StringIO(out(capsys, "reach", SMALL, "-o", "csv"))))

    assert rows[0] == HEAD
    assert ["demo/web[Deployment]", "demo/checkout[Deployment]", "TCP 8443", "", ""] in rows
    assert len(rows) - 1 == len(form(capsys, "reach", SMALL)["pairs"])


def test_csv_of_two_profiles_names_each_rows_own(capsys: Capture) -> None:
    rows = list(csv.reader(io.StringIO(
        out(capsys, "reach", SMALL, "-o", "csv", "--profile", "calico", "--profile", "flannel"))))  # fmt: skip

    assert rows[0] == ["profile", *HEAD]
    assert {row[0] for row in rows[1:]} == {"calico", "flannel"}


def test_csv_says_what_is_unknown_beside_what_is_sure(capsys: Capture, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(out(capsys, "reach", str(_with_cilium(tmp_path)), "-o", "csv"))))

    assert any(row[2] == "" and "CiliumNetworkPolicy/demo/l7" in row[3] for row in rows[1:])


def _with_cilium(folder: Path) -> Path:
    (folder / "pods.yaml").write_text(
        """\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: demo}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: demo}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: l7, namespace: demo}
spec: {endpointSelector: {}, ingress: [{}]}
"""
    )
    return folder


def test_who_asks_for_the_port_of_a_service_is_told_which_port_its_pods_are_asked_on(capsys: Capture) -> None:
    assert main(["reach", SMALL, "--focus", "checkout", "--port", "443"]) == 0
    assert "kwake: note: 443 is the port of svc/demo/checkout: its pods are asked on 8443\n" in capsys.readouterr().err

    assert main(["reach", SMALL, "--focus", "checkout", "--port", "8443"]) == 0
    assert "is the port of" not in capsys.readouterr().err


def test_markdown_is_a_table(capsys: Capture) -> None:
    lines = out(capsys, "reach", SMALL, "-o", "md").splitlines()

    assert lines[:2] == ["| src | dst | connections |", "| --- | --- | --- |"]
    assert "| demo/web[Deployment] | demo/checkout[Deployment] | TCP 8443 |" in lines


def test_dot_is_a_graph_with_an_arrow_for_each_pair(capsys: Capture) -> None:
    shown = out(capsys, "reach", SMALL, "-o", "dot")

    assert shown.startswith('digraph "calico" {') and shown.endswith("}\n")
    assert '"demo/web[Deployment]" -> "demo/checkout[Deployment]" [label="TCP 8443"];' in shown
    assert shown.count(" -> ") == len(form(capsys, "reach", SMALL)["pairs"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--focus", "chekout"], "did you mean demo/checkout?"),
        (["--focus", "zzz"], "no workload and no pod has this name; there is demo/checkout, demo/web"),
        (["--direction", "egress"], "--direction needs --focus"),
        (["--peer", "web"], "--peer needs --focus"),
        (["--port", "0"], "a port is a number from 1 to 65535"),
        (["--port", "53/ICMP"], "a port is a number from 1 to 65535"),
        (["--port", "53/UDP", "--protocol", "TCP"], "says otherwise"),
        (["--focus", "web,"], "an empty name"),
    ],
)
def test_a_question_that_makes_no_sense_is_an_error(capsys: Capture, words: list[str], said: str) -> None:
    assert main(["reach", SMALL, *words]) == 2
    assert said in capsys.readouterr().err


def test_every_form_says_which_rows_are_true_of_some_pods_only(capsys: Capture) -> None:
    asked = ("reach", SHOP, "--focus", "ops/node-agent", "--peer", "shop/checkout", "--direction", "egress")
    told = "All Connections for 3 of 9 pairs of pods"
    assert form(capsys, *asked)["pairs"] == []
    [row] = form(capsys, *asked)["partial"]
    assert (row["shares"], row["of"]) == ([{"connections": "All Connections", "pairs": 3}], 9)
    assert told in out(capsys, *asked)
    for output, means in (("csv", ",,,{}: pods on one node"), ("md", "| {}: pods on one node"), ("dot", "± {}")):
        assert means.format(told) in out(capsys, *asked, "-o", output)


def test_a_focus_by_the_owner_that_a_dump_implies_means_its_replica_set(capsys: Capture, tmp_path: Path) -> None:
    """A dump of pods names ReplicaSets; the console's tree shows the Deployments that they come of."""
    names = ("web", "db")
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-5bd985c46d-x2v4k",
                "namespace": "shop",
                "labels": {"app": name, "pod-template-hash": "5bd985c46d"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-5bd985c46d",
                                     "uid": name, "controller": True}],
            },
            "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]},
            "status": {"phase": "Running", "podIP": f"10.244.1.{number}", "podIPs": [{"ip": f"10.244.1.{number}"}]},
        }
        for number, name in enumerate(names, 2)
    ]  # fmt: skip
    dump = tmp_path / "pods.json"
    dump.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}), encoding="utf-8")

    for word in ("web", "shop/web", "deploy/shop/web", "web-5bd985c46d"):
        pairs = form(capsys, "reach", str(dump), "--focus", word, "--direction", "egress")["pairs"]
        assert {pair["src"] for pair in pairs} == {"shop/web-5bd985c46d[ReplicaSet]"}


def test_rows_from_outside_say_that_only_policies_allow_them(capsys: Capture) -> None:
    said = "▲ from addresses outside: what policies allow; pod addresses are not routed from there (assumed)"

    assert out(capsys, "reach", SHOP).splitlines()[-1] == said
    assert said not in out(capsys, "reach", SHOP, "--focus", "shop/web", "--direction", "egress")


def test_why_puts_the_rules_under_each_pair(capsys: Capture) -> None:
    asked = ("reach", "sample:shop", "--focus", "payments/ledger", "--direction", "ingress", "--why")

    rows = out(capsys, *asked).splitlines()

    assert rows[0].split() == ["payments/api[Deployment]", "→", "payments/ledger[StatefulSet]", "TCP", "5432"]
    assert rows[1].split()[:5] == ["egress", "NetworkPolicy/payments/api-from-checkout:", "egress", "rule", "1"]
    assert rows[2].split()[:5] == ["ingress", "NetworkPolicy/payments/ledger-from-api:", "ingress", "rule", "1"]
    assert rows[1].split()[-1].startswith("sample:shop/policies.yaml:")
    (pair,) = form(capsys, *asked)["pairs"]
    assert pair["ingress"]["decided_by"][0]["object"] == "NetworkPolicy/payments/ledger-from-api"


def test_why_needs_a_form_that_has_room_for_it(capsys: Capture) -> None:
    assert main(["reach", "sample:shop", "--why", "-o", "csv"]) == 2
    assert "-o csv has no place for rules" in capsys.readouterr().err
