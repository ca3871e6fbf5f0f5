"""Manifests that other tools say the API server refuses; and those that people run, which must open."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kwake.cluster import Record
from kwake.errors import InvalidSnapshot
from kwake.findings import refusals
from kwake.sources import read
from kwake_tui.cli import main


def refused(paths: list[Path]) -> str:
    """Why these manifests are no snapshot, or nothing."""
    try:
        snapshot = read(paths)
    except InvalidSnapshot as error:
        return str(error)
    return "\n".join(map(str, refusals(Record(entry.document, entry.value) for entry in snapshot.entries)))


def test_network_policies_and_namespaces_that_the_api_server_rejects_are_refused(truth: Path) -> None:
    cases = json.loads((truth / "errors.json").read_text())

    taken = []
    for case in cases:
        if case["api_server_rejects"]:
            paths = [truth / "manifests" / name for name in case["manifests"]]
            why = refused(paths)
            if not any(str(path) in why for path in paths):
                taken.append((case["case"], why))
    assert taken == []


def test_manifests_that_are_right_are_not_refused(truth: Path) -> None:
    wrong = []
    for name in ("networkpolicy.json", "explain.json", "evaluate.json"):
        for case in json.loads((truth / name).read_text()):
            paths = [truth / "manifests" / path for path in case.get("manifests", ())]
            if paths and (why := refused(paths)):
                wrong.append((case["case"], why))
    assert wrong == []


def test_the_command_line_refuses_with_reason_file_and_line(truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((truth / "errors.json").read_text())
    assert len(cases) == 28
    wrong = []
    for case in cases:
        files = [str(truth / "manifests" / name) for name in case["manifests"]]
        code = main(["reach", *files])
        told = capsys.readouterr().err
        placed = re.search(r"[\w./-]+\.yaml:\d+: \w+/\S+: \S+", told)
        if (code == 2 and placed is not None) is not case["api_server_rejects"]:
            wrong.append((case["case"], code, told))
    assert wrong == []
