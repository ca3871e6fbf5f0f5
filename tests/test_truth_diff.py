"""`kwake diff` against what netpol-analyzer finds between two sets of manifests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kwake_tui.cli import main
from tests.core.policy.test_third_party import _in_common_pieces

CASES = 27
WORDS = {"lost": "removed", "gained": "added", "changed": "changed"}


@pytest.mark.parametrize("number", range(CASES))
def test_diff_answers_as_netpol_analyzer_does(number: int, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "diff.json").read_text("utf-8"))
    assert len(cases) == CASES
    case = cases[number]
    folders = [os.path.commonpath([truth / "manifests" / Path(name).parent for name in case[side]])
               for side in ("old", "new")]  # fmt: skip

    code = main(["diff", *folders, "-o", "json",
                 "--set", "host-network-pods=selected", "--set", "ipblock-matches-pods=no"])  # fmt: skip

    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert answer["unknown"] == []
    # netpol-analyzer lists no workload with itself.
    rows = [(WORDS[word], row) for word in WORDS for row in answer[word] if row["src"] != row["dst"]]
    ours = [(row["src"], row["dst"], f"{word}: {row['before']} → {row['after']}") for word, row in rows]
    expected = [row for row in case["expected"] if "{" not in row["src"] + row["dst"]]  # an ingress controller's view
    theirs = [(row["src"], row["dst"], f"{row['change']}: {row['old']} → {row['new']}") for row in expected]
    left, right = _in_common_pieces(ours, theirs)
    assert left == right, case["case"]
    said = {row["reason"] for _, row in rows}
    assert {row["info"] for row in expected if row["info"]} <= said
    assert code == (1 if expected else 0) or answer["dials"] or answer["rerouted"]
