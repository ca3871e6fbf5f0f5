"""Every case of np-guard/netpol-analyzer, asked through the command line."""

from __future__ import annotations

import ipaddress
import json
import re
from bisect import bisect_left, bisect_right
from itertools import pairwise
from pathlib import Path

import pytest

from kwake_tui.cli import main

CASES = 63
RANGE = re.compile(r"(\d+\.\d+\.\d+\.\d+)-(\d+\.\d+\.\d+\.\d+)")

Row = tuple[str, str, str]


def bounds(rows: list[Row]) -> list[int]:
    """Where any range of any row begins, or has just ended."""
    edges = {0, 1 << 32}
    for source, destination, _ in rows:
        for end in (source, destination):
            if match := RANGE.fullmatch(end):
                edges |= {int(ipaddress.IPv4Address(match[1])), int(ipaddress.IPv4Address(match[2])) + 1}
    return sorted(edges)


def _pieces(end: str, edges: list[int]) -> list[str]:
    match = RANGE.fullmatch(end)
    if match is None:
        return [end]
    low, high = (int(ipaddress.IPv4Address(address)) for address in match.groups())
    within = edges[bisect_left(edges, low) : bisect_right(edges, high + 1)]
    return [f"{a}-{b - 1}" for a, b in pairwise(within)]


def normal(rows: list[Row], edges: list[int]) -> dict[tuple[str, str], str]:
    return {
        (s, d): c
        for source, destination, c in rows
        for s in _pieces(source, edges)
        for d in _pieces(destination, edges)
    }


def rows(pairs: list[dict[str, str]]) -> list[Row]:
    return [(pair["src"], pair["dst"], pair["connections"]) for pair in pairs]


@pytest.mark.parametrize("number", range(CASES))
def test_reach_answers_as_netpol_analyzer_does(number: int, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "networkpolicy.json").read_text())
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
