"""A name in a flow that is never there is the scenario's mistake: exit 2 with its line, not a failed expectation."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake_tui.cli import main

Capture = pytest.CaptureFixture[str]

SERVICE = (
    "{apply: {apiVersion: v1, kind: Service, metadata: {name: late, namespace: demo},"
    " spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}}"
)


def ended(folder: Path, flow: str, step: str) -> int:
    file = folder / "story.yaml"
    file.write_text(
        f"kwake: 1\nname: names\nsnapshot: sample:small\nflows:\n  pay: {flow}\nsteps: [{step}]\n", encoding="utf-8"
    )
    return main(["replay", str(file)])


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ("{from: deploy/demo/wbe, to: svc/demo/web}", "flows.pay.from: deploy/demo/wbe: there is no Deployment"),
        ("{from: demo/clinet, to: svc/demo/web}", "did you mean Pod/demo/client"),
        ("{from: demo/client, to: svc/demo/wbe, port: 80}", "flows.pay.to: svc/demo/wbe: there is no Service demo/wbe"),
        ("{from: demo/client, to: deploy/demo/wbe, port: 80}", "did you mean Deployment/demo/web"),
        ("{from: demo/client, to: demo/wbe, port: 80}", "flows.pay.to: demo/wbe: there is no Pod"),
        ("{from: demo/client, to: backend(paay), port: 80}", "there is no connection paay"),
    ],
)
def test_a_name_that_is_never_there_is_told_with_its_place(
    flow: str, said: str, tmp_path: Path, capsys: Capture
) -> None:
    assert ended(tmp_path, flow, "{expect: [{flow: pay, outcome: delivered}]}") == 2
    told = capsys.readouterr().err
    assert "story.yaml:5: " in told
    assert said in told


@pytest.mark.parametrize(
    ("flow", "step", "code"),
    [
        ("{from: demo/client, to: demo/web, port: 80}", "{expect: [{flow: pay, outcome: delivered}]}", 0),
        ("{from: demo/client, to: svc/demo/none, port: 80}", "{expect: [{flow: pay, outcome: unresolved}]}", 0),
        (
            "{from: demo/client, to: svc/demo/late, port: 80}",
            f"{{do: {SERVICE}, expect: [{{flow: pay, outcome: delivered}}]}}",
            0,
        ),
        (
            "{from: demo/client, to: svc/demo/web, port: 80}",
            "{do: {delete: pod/demo/client}, expect: [{flow: pay, outcome: delivered}]}",
            1,
        ),
        (
            "{from: demo/client, to: svc/demo/late, port: 80}",
            "{do: {kill: demo/nobody}, expect: [{flow: pay, outcome: delivered}]}",
            1,
        ),
    ],
    ids=["a Service in two parts", "meant to lead nowhere", "comes later", "goes later", "perhaps not made"],
)
def test_a_name_that_is_there_at_some_time_or_meant_so_is_judged(
    flow: str, step: str, code: int, tmp_path: Path
) -> None:
    assert ended(tmp_path, flow, step) == code
