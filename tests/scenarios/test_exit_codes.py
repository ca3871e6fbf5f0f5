"""Every exit code that a replay can end with, each from a scenario that leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.samples import sample_path
from kwake_tui import cli

HEAD = """\
kwake: 1
name: a story
snapshot: [cluster.yaml]
flows:
  window: {from: pod/demo/client, to: svc/demo/web, port: 80}
  pay: {from: deploy/demo/web, to: svc/demo/checkout, port: 443}
"""
KILL = '{kill: "deploy/demo/checkout#0"}'

MET = HEAD + "steps: [{expect: [{flow: window, outcome: delivered}]}]\n"
UNKNOWN = HEAD + f"steps: [{{do: {KILL}, expect: [{{flow: pay, outcome: refused, at: 1.5s}}]}}]\n"
CASES = {
    "met": (0, MET),
    "told to fail": (0, HEAD + "steps: [{expect: [{flow: window, outcome: dropped, xfail: later}]}]\n"),
    "unknown is allowed": (0, "unknown: allow\n" + UNKNOWN),
    "unknown is only told": (0, "unknown: warn\n" + UNKNOWN),
    "failed": (1, HEAD + "steps: [{expect: [{flow: window, outcome: dropped}]}]\n"),
    "holds although told to fail": (1, "xfail: later\n" + MET),
    "no such key": (2, HEAD + "stepps: []\n"),
    "bad syntax": (2, HEAD + "steps: [\n"),
    "an object that the API server refuses": (2, MET.replace("cluster.yaml", "refused.yaml")),
    "no such profile": (2, "profile: calicoo\n" + MET),
    "no such snapshot": (3, MET.replace("cluster.yaml", "none.yaml")),
    "not what was pinned": (3, MET.replace("[cluster.yaml]", f"{{path: cluster.yaml, sha256: {'f' * 64}}}")),
    "only unknown": (4, UNKNOWN),
    "nothing expected": (5, HEAD),
}


@pytest.fixture(autouse=True)
def _cluster(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    (tmp_path / "refused.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/99}}]}]}\n"
    )


@pytest.mark.parametrize("what", CASES)
def test_a_replay_ends_with(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = CASES[what]
    file = tmp_path / "story.yaml"
    file.write_text(text, encoding="utf-8")

    assert cli.main(["replay", str(file)]) == code
    captured = capsys.readouterr()
    assert ("story.yaml" in captured.out + captured.err) or code in (2, 3)
    assert "Traceback" not in captured.err


def test_a_folder_without_scenarios_ends_with_5_and_a_missing_file_with_3(tmp_path: Path) -> None:
    assert cli.main(["replay", str(tmp_path)]) == 5
    assert cli.main(["replay", str(tmp_path / "none.yaml")]) == 3


def test_a_fault_of_ours_ends_with_70_and_an_interrupt_with_130(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(MET, encoding="utf-8")

    def raising(error: BaseException) -> None:
        def run(*_: object) -> int:
            raise error

        monkeypatch.setitem(cli._COMMANDS, "replay", run)

    raising(ZeroDivisionError())
    assert cli.main(["replay", str(file)]) == cli.INTERNAL_ERROR == 70
    assert "Please report it" in capsys.readouterr().err
    raising(KeyboardInterrupt())
    assert cli.main(["replay", str(file)]) == cli.INTERRUPTED == 130
