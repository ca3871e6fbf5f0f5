"""Every command that takes a snapshot takes a live cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kwake_tui.cli import main
from tests.live.fake_api import FakeApi
from tests.live.sample import small_cluster


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The same cluster as a file."""
    path = tmp_path / "same.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": small_cluster()}), encoding="utf-8")
    return str(path)


COMMANDS = {
    "trace": ["--from", "deploy/shop/web", "--to", "svc/shop/checkout", "--port", "443"],
    "reach": [],
    "what-if": ["--do", "kill deploy/shop/checkout#0", "--flow", "pay=deploy/shop/web,svc/shop/checkout:443"],
    "describe": ["svc/shop/checkout"],
    "yaml": ["deploy/shop/web"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_live_cluster_answers_as_its_file(
    prod: FakeApi, file: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    words = COMMANDS[command]
    assert main([command, "--context", "prod", "-o", "json", *words]) in (0, 4)
    live = json.loads(capsys.readouterr().out)
    assert main([command, "-o", "json", file, *words]) in (0, 4)

    assert _placeless(live) == _placeless(json.loads(capsys.readouterr().out))


def _placeless(value: object) -> object:
    """Without files and lines, which a live cluster has none of, and without resourceVersions."""
    if isinstance(value, dict):
        return {k: _placeless(v) for k, v in value.items() if k not in ("file", "line", "where", "resourceVersion")}
    if isinstance(value, list):
        return [_placeless(item) for item in value if not str(item).startswith("read from ")]
    return value


def test_without_a_terminal_the_console_prints_the_cluster(prod: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--context", "prod"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("kwake  prod  ")
    assert "namespace shop" in shown


def test_diff_compares_the_live_cluster_with_a_file(
    prod: FakeApi, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "--context", "prod", file]) in (0, 4)
    same = capsys.readouterr().out

    prod.store.put({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "shop"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    })  # fmt: skip
    assert main(["diff", "--context", "prod", file]) == 1
    assert capsys.readouterr().out != same


@pytest.mark.parametrize(("words", "said"), [
    (["check", "--context", "prod", "x.yaml"], "name no other beside it"),
    (["check", "-n", "shop", "x.yaml"], "which --context names"),
    (["check"], "name a SNAPSHOT"),
    (["diff", "a"], "OLD and NEW"),
])  # fmt: skip
def test_what_does_not_go_together_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
