"""Cases of the cluster-wide policies, asked through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kwake_tui.cli import main
from tests.test_truth_networkpolicy import bounds, normal, rows

CASES = 42


@pytest.mark.parametrize("number", range(CASES))
def test_reach_answers_as_netpol_analyzer_does(number: int, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "adminnetworkpolicy.json").read_text())
    assert len(cases) == CASES
    case = cases[number]
    files = [str(truth / "manifests" / manifest) for manifest in case["manifests"]]

    code = main(["reach", *files, "--by", "workload", "-o", "json",
                 "--set", "host-network-pods=selected", "--set", "ipblock-matches-pods=no"])  # fmt: skip

    printed = capsys.readouterr()
    assert code == 0, printed.err
    answer = json.loads(printed.out)
    assert answer["unknown"] == []
    expected, found = rows(case["expected"]), rows(answer["pairs"])
    edges = bounds(expected + found)
    assert normal(found, edges) == normal(expected, edges), case["case"]
