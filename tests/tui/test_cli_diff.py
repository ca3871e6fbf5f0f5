"""`kwake diff`: what of the traffic differs between two snapshots."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kwake_tui.cli import main
from tests.core.manifests import Manifest, default_deny, deployment, service, shop

Capture = pytest.CaptureFixture[str]
ALLOW_443 = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "some", "namespace": "shop"},
    "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [{"port": 443}]}]},
}


def written(folder: Path, name: str, manifests: list[Manifest]) -> str:
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    return str(file)


def form(capsys: Capture, *arguments: str, code: int) -> Any:
    ended = main(["diff", *arguments, "-o", "json"])
    captured = capsys.readouterr()
    assert ended == code, captured.err + captured.out
    return json.loads(captured.out)


@pytest.fixture
def plain(tmp_path: Path) -> str:
    return written(tmp_path, "plain", shop())


@pytest.fixture
def denied(tmp_path: Path) -> str:
    return written(tmp_path, "denied", shop(default_deny()))


def test_a_snapshot_does_not_differ_from_itself(plain: str, capsys: Capture) -> None:
    shown = form(capsys, plain, plain, code=0)

    assert not shown["changes"]
    assert [shown[word] for word in ("lost", "gained", "changed", "unknown", "rerouted", "dials")] == [[]] * 6


def test_a_policy_that_takes_traffic_away_is_named_with_its_line(plain: str, denied: str, capsys: Capture) -> None:
    shown = form(capsys, plain, denied, code=1)

    pair = next(row for row in shown["lost"] if row["src"] == "shop/client[Deployment]")
    assert pair["dst"] in ("shop/web[Deployment]", "shop/lone[Pod]")
    assert (pair["before"], pair["after"]) == ("All Connections", "No Connections")
    (decider,) = pair["decided_by"]
    assert decider["object"] == "NetworkPolicy/shop/default-deny"
    line = Path(denied).read_text("utf-8").splitlines()[decider["line"] - 1]
    assert "podSelector" in line
    dial = next(row for row in shown["dials"] if row["from"] == "Deployment/shop/client")
    assert (dial["turn"], dial["before"], dial["after"]) == ("lost", "delivered", "dropped")


def test_the_way_back_gains_what_was_lost_and_names_what_denied_it(plain: str, denied: str, capsys: Capture) -> None:
    there, back = form(capsys, plain, denied, code=1), form(capsys, denied, plain, code=1)

    assert [(r["src"], r["dst"]) for r in there["lost"]] == [(r["src"], r["dst"]) for r in back["gained"]]
    assert back["lost"] == []
    assert back["gained"][0]["decided_before"] == there["lost"][0]["decided_by"]


def test_fewer_ports_are_a_change_with_the_ports_of_both_sides(plain: str, tmp_path: Path, capsys: Capture) -> None:
    fewer = written(tmp_path, "fewer", shop(ALLOW_443))

    shown = form(capsys, plain, fewer, code=1)

    pair = next(row for row in shown["changed"] if row["src"] == "shop/client[Deployment]")
    assert (pair["before"], pair["after"]) == ("All Connections", "TCP 443")
    assert pair["reason"].startswith("TCP 1: isolated by some")


def test_a_workload_that_came_is_named_and_so_is_why_its_pairs_are_new(
    plain: str, tmp_path: Path, capsys: Capture
) -> None:
    more = written(tmp_path, "more", shop(deployment("new")))

    shown = form(capsys, plain, more, code=1)

    assert shown["workloads"] == {"added": ["shop/new[Deployment]"], "removed": []}
    assert {row["reason"] for row in shown["gained"]} == {"workload shop/new[Deployment] added"}


def test_more_pods_of_a_workload_are_no_difference(plain: str, tmp_path: Path, capsys: Capture) -> None:
    scaled = written(tmp_path, "scaled", shop(replicas=5))

    assert form(capsys, plain, scaled, code=0)["rerouted"] == []


def test_a_service_that_selects_another_workload_is_rerouted(plain: str, tmp_path: Path, capsys: Capture) -> None:
    others = [m for m in shop() if (m["kind"], m["metadata"]["name"]) != ("Service", "lone")]
    moved = written(tmp_path, "moved", [*others, service("lone", selector={"app": "web"})])

    shown = form(capsys, plain, moved, code=1)

    assert {(row["from"], row["to"]) for row in shown["rerouted"]} >= {("Deployment/shop/client", "Service/shop/lone")}
    assert shown["lost"] == []


def test_another_port_of_the_same_pods_is_told_with_both_ports(plain: str, tmp_path: Path, capsys: Capture) -> None:
    moved = shop()
    (lone,) = [m for m in moved if (m["kind"], m["metadata"]["name"]) == ("Service", "lone")]
    lone["spec"]["ports"][0]["targetPort"] = 9999

    assert main(["diff", plain, written(tmp_path, "moved", moved)]) == 1

    told = capsys.readouterr().out
    assert ":9999" in told
    (row,) = {line.rpartition("without ")[2] for line in told.splitlines() if "without " in line}
    before, after = row.split(" and with ")
    assert before != after
    assert before.partition(":")[0] == after.partition(":")[0]


def with_cilium_policy(port: str) -> list[Manifest]:
    rule = {"toPorts": [{"ports": [{"port": port, "protocol": "TCP"}]}]}
    spec = {"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [rule]}
    metadata = {"name": "p", "namespace": "shop"}
    return shop({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec})


def test_a_policy_that_is_not_read_and_says_something_else_makes_unknown_and_exit_4(
    tmp_path: Path, capsys: Capture
) -> None:
    old, new = (written(tmp_path, port, with_cilium_policy(port)) for port in ("80", "81"))

    shown = form(capsys, old, new, code=4)

    assert ("shop/client[Deployment]", "shop/web[Deployment]") in {(u["src"], u["dst"]) for u in shown["unknown"]}
    assert form(capsys, old, old, code=0)["unknown"] == []


def test_standard_input_stands_for_one_of_the_two(
    plain: str, denied: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = form(capsys, plain, denied, code=1)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(plain).read_bytes())))

    assert form(capsys, "-", denied, code=1) == named
    assert main(["diff", "-", "-"]) == 2
    assert "only once" in capsys.readouterr().err


def test_a_snapshot_that_is_not_there_ends_with_3(plain: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["diff", plain, str(tmp_path / "none.yaml")]) == 3
    assert "none.yaml" in capsys.readouterr().err


def test_text_and_markdown_say_who_lost_what_and_where_that_is_written(
    plain: str, denied: str, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "wake.md"

    assert main(["diff", plain, denied, "--md", str(file)]) == 1
    text = capsys.readouterr().out
    assert main(["diff", plain, denied, "-o", "md"]) == 1
    markdown = capsys.readouterr().out

    assert f"{denied}:" in text
    assert "− lost" in text
    assert file.read_text("utf-8") == markdown
    assert "| shop/client\\[Deployment\\]" in markdown


def test_markdown_obeys_no_name() -> None:
    from kwake_tui.text.markdown import cell

    assert cell("a|b<script>`x`[y](z)\x1b[31m") == "a\\|b\\<script\\>\\`x\\`\\[y\\](z)" + cell("\x1b[31m")
    assert "\x1b" not in cell("\x1b[31m")


def test_several_profiles_are_compared_each_by_its_own_rules(plain: str, denied: str, capsys: Capture) -> None:
    shown = form(capsys, plain, denied, "--profile", "calico", "--profile", "flannel", code=1)

    assert [(one["profile"], bool(one["lost"])) for one in shown] == [("calico", True), ("flannel", False)]
