"""Views of all pairs as np-guard/netpol-analyzer focuses them, asked through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kwake_tui.cli import main
from tests.test_truth_networkpolicy import bounds, normal, rows

CASES = 15
OTHER_FORM = frozenset({"anp_banp_blog_demo_udp-52"})
"""Cases whose answer is not a table there: netpol-analyzer prints a view of one port without a column of connections,
so the record of it is empty. What a port view lists is held to the whole table instead (test_reach_view.py)."""


def _words(focus: dict[str, Any]) -> list[str]:
    words = [word for name in focus.get("focusWorkloads", ()) for word in ("--focus", name)]
    words += [word for name in focus.get("focusWorkloadPeers", ()) for word in ("--peer", name)]
    if "focusDirection" in focus:
        words += ["--direction", "ingress" if "Ingress" in focus["focusDirection"] else "egress"]
    if "focusConn" in focus:
        words += ["--port", focus["focusConn"]]
    return words


@pytest.mark.parametrize("number", range(CASES))
def test_reach_focuses_as_netpol_analyzer_does(number: int, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "filters.json").read_text())
    assert len(cases) == CASES
    case = cases[number]

    code = main(["reach", str(truth / "manifests" / "tests" / case["base"]), *_words(case["focus"]), "-o", "json",
                 "--set", "host-network-pods=selected", "--set", "ipblock-matches-pods=no"])  # fmt: skip

    printed = capsys.readouterr()
    assert code == 0, printed.err
    answer = json.loads(printed.out)
    assert answer["unknown"] == []
    expected, found = rows(case["expected"]), rows(answer["pairs"])
    edges = bounds(expected + found)
    if case["case"] in OTHER_FORM:
        assert found and all(connections == "UDP 52" for _, _, connections in found)
    else:
        assert normal(found, edges) == normal(expected, edges), case["case"]
