"""`kwake check` on policies: what is wrong, and the change that mends it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from kwake.findings import LEVELS
from kwake_tui.arguments import FAIL_ON
from kwake_tui.cli import main
from tests.tui.test_cli import Capture, form, out

MISSPELT = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: demo, labels: {app: frontend}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow, namespace: demo}
spec:
  podSelector:
    matchLabels: {app: frontned}
"""


@pytest.fixture
def misspelt(tmp_path: Path) -> str:
    file = tmp_path / "demo.yaml"
    file.write_text(MISSPELT)
    return str(file)


def test_a_mistake_has_its_place_and_what_mends_it(capsys: Capture, misspelt: str) -> None:
    lines = out(capsys, "check", misspelt).splitlines()

    at = next(n for n, line in enumerate(lines) if "NetworkPolicy/demo/allow" in line)
    assert lines[at].endswith(f"{misspelt}:10")
    assert lines[at + 1].strip() == "selects 0 pods: app=frontned; nearest label app=frontend"
    assert lines[at + 2].strip().startswith("fix: kubectl patch -n demo networkpolicy/allow --type json -p ")


def test_json_has_the_patch_and_the_command(capsys: Capture, misspelt: str) -> None:
    (finding,) = [f for f in form(capsys, "check", misspelt)["findings"] if f["level"] == "warning"]

    (fix,) = finding["fixes"]
    assert fix["object"] == "NetworkPolicy/demo/allow"
    assert fix["patch"] == [{"op": "replace", "path": "/spec/podSelector/matchLabels/app", "value": "frontend"}]
    assert json.loads(shlex.split(fix["kubectl"])[-1]) == fix["patch"]


def test_the_samples_have_no_mistakes(capsys: Capture) -> None:
    from kwake.samples import sample_names, sample_path

    for name in sample_names():
        assert main(["check", str(sample_path(name)), "-o", "json"]) == 0
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert [f["text"] for f in findings if f["level"] == "warning"] == []


def test_findings_fail_a_run_only_where_it_is_asked_for_and_by_their_level(capsys: Capture, misspelt: str) -> None:
    out(capsys, "check", misspelt)
    out(capsys, "check", misspelt, "--fail-on", "warning", code=1)
    out(capsys, "check", "sample:shop", "--fail-on", "warning")
    out(capsys, "check", "sample:shop", "--fail-on", "unknown")
    out(capsys, "check", "sample:shop", "--fail-on", "assumption", code=1)
    out(capsys, "check", misspelt, "--fail-on", "assumption", code=1)
    assert FAIL_ON == LEVELS
