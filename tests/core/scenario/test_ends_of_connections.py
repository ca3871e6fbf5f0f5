"""`source(pay)` and `backend(pay)` stand for a pod wherever a scenario names one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.scenario.begin import begin
from kwake.scenario.load import load
from kwake.scenario.report import Case, Report
from kwake.scenario.runner import replay

HEAD = """\
kwake: 1
name: ends
snapshot: sample:small
flows:
  pay: {from: deploy/demo/web, to: svc/demo/checkout, port: 443, hold: true}
  straight: {from: source(pay), to: backend(pay), port: 8443}
steps:
"""


def ran(folder: Path, *steps: str) -> Case:
    file = folder / "story.yaml"
    file.write_text(HEAD + "".join(f"  - {step}\n" for step in steps), encoding="utf-8")
    (scenario,) = load(file)
    return replay(scenario, begin(scenario))


@pytest.mark.parametrize(
    "step",
    [
        "{expect: [{flow: straight, outcome: delivered, backend: backend(pay)}]}",
        '{expect: [{flow: pay, fate: open, backend: "deploy/demo/checkout#0"}]}',
        "{expect: [{object: backend(pay), field: metadata.namespace, value: demo}]}",
        "{expect: [{resolves: checkout, from: source(pay), to: svc/demo/checkout}]}",
        '{expect: [{env: CHECKOUT_SERVICE_PORT, from: source(pay), value: "443"}]}',
        '{do: {relabel: backend(pay), labels: {x: ""}}, '
        'expect: [{object: "deploy/demo/checkout#0", field: metadata.labels.x, value: ""}]}',
        "{do: {delete: source(pay)}, expect: [{flow: pay, fate: closed}]}",
        "{do: {open: more, from: source(pay), to: svc/demo/checkout, port: 443}, expect: [{flow: more, fate: open}]}",
    ],
)
def test_they_name_a_pod_in(step: str, tmp_path: Path) -> None:
    report = Report((ran(tmp_path, step),))

    assert report.exit_code == 0, [(check.actual, check.why) for check in report.checks]


def test_an_end_of_no_connection_is_said(tmp_path: Path) -> None:
    case = ran(tmp_path, "{do: {delete: source(paay)}, expect: [{flow: pay, fate: open}]}")

    assert "there is no connection paay" in case.steps[0].checks[0].actual
