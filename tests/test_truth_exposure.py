"""What pods that do not exist yet could do, as np-guard/netpol-analyzer tells it, asked through the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kwake_tui.cli import main

CASES = 40
UNDERSTATED = {"exposure_test_with_different_rules_2", "exposure_test_with_different_rules_2_with_matching_pod"}
"""Cases where a pod meets two rules, one by `app in (x)` and one by `app`, and the answer tells only the first."""
_REQUIREMENT = re.compile(r"\{Key:([^,]+),Operator:(\w+),Values:\[([^\]]*)\],\}")


def _cases(truth: Path) -> list[dict[str, Any]]:
    files = ("networkpolicy.json", "adminnetworkpolicy.json")
    return [case for name in files for case in json.loads((truth / name).read_text()) if case.get("exposure")]


def _spelled(end: str) -> str:
    """An end with its selectors as kubectl spells them, in one order."""

    def requirement(match: re.Match[str]) -> str:
        key, values = match[1], ",".join(match[3].split())
        return {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key,
                "DoesNotExist": f"!{key}"}[match[2]]  # fmt: skip

    def ordered(match: re.Match[str]) -> str:
        parts = re.split(r",(?![^()]*\))", match[1].rstrip(","))
        labels = sorted(part for part in parts if re.fullmatch(r"[^=!() ]+=[^=]*", part))
        return "{" + ",".join([*labels, *sorted(part for part in parts if part not in labels)]) + "}"

    return re.sub(r"\{([^{}]*)\}", ordered, _REQUIREMENT.sub(requirement, end))


def _rows(lines: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    """Lines between pods; of addresses outside `pairs` tells."""
    rows = {(_spelled(line["src"]), _spelled(line["dst"]), line["connections"]) for line in lines}
    return {row for row in rows if not any(re.match(r"\d+\.", end) for end in row[:2])}


@pytest.mark.parametrize("number", range(CASES))
def test_exposure_is_what_netpol_analyzer_tells(number: int, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = _cases(truth)
    assert len(cases) == CASES
    case = cases[number]
    files = [str(truth / "manifests" / manifest) for manifest in case["manifests"]]

    assert main(["reach", *files, "--exposure", "-o", "json", "--set", "host-network-pods=selected",
                 "--set", "ipblock-matches-pods=no"]) == 0  # fmt: skip

    answer = json.loads(capsys.readouterr().out)["exposure"]
    assert answer["unknown"] == []
    for direction in ("egress_exposure", "ingress_exposure"):
        found, expected = _rows(answer[direction]), _rows(case["exposure"].get(direction, []))
        if case["case"] in UNDERSTATED and direction == "ingress_exposure":
            assert {row[:2] for row in found} == {row[:2] for row in expected}
        else:
            assert found == expected, case["case"]
