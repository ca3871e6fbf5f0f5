"""The JSON Schema of scenarios: up to date, and it takes and refuses what the reader does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import fields

from kwake.actions import Action
from kwake.scenario.format import DO, keys_of
from kwake.scenario.schema import schema_text
from kwake.scenario.write import do_of
from kwake_tui.cli import main
from tests.conftest import ROOT

SCHEMA = ROOT / "sample_clusters" / "scenario.schema.json"
STORIES = sorted((ROOT / "sample_clusters").glob("*/scenarios/*.yaml"))
HEAD = """\
kwake: 1
name: a story
snapshot: [../cluster.yaml]
flows: {pay: {from: deploy/demo/web, to: svc/demo/checkout, port: 443}}
"""

BROKEN = {
    "no name": "kwake: 1\nsnapshot: [x.yaml]\n",
    "another version": "kwake: 2\nname: a\nsnapshot: [x.yaml]\n",
    "no snapshot": "kwake: 1\nname: a\nsnapshot: []\n",
    "an unknown key": HEAD + "stepps: []\n",
    "a short digest": "kwake: 1\nname: a\nsnapshot: [{path: x.yaml, sha256: abc}]\n",
    "an unknown key of a step": HEAD + "steps: [{expects: []}]\n",
    "no action of that name": HEAD + "steps: [{do: {kil: shop/a}}]\n",
    "two actions": HEAD + "steps: [{do: {kill: a/b, delete: c/d}}]\n",
    "a key that does not belong to the action": HEAD + "steps: [{do: {kill: a/b, replicas: 3}}]\n",
    "a key missing beside the action": HEAD + "steps: [{do: {scale: deploy/a/b}}]\n",
    "a negative count": HEAD + "steps: [{do: {scale: deploy/a/b, replicas: -1}}]\n",
    "nothing undone": HEAD + "steps: [{do: {undo: 0}}]\n",
    "a duration without a unit": HEAD + "steps: [{after: 10}]\n",
    "no such outcome": HEAD + "steps: [{expect: [{flow: pay, outcome: deliverd}]}]\n",
    "nothing said of a flow": HEAD + "steps: [{expect: [{flow: pay}]}]\n",
    "within and at": HEAD + "steps: [{expect: [{flow: pay, fate: open, within: 1s, at: 1s}]}]\n",
    "no value": HEAD + "steps: [{expect: [{object: svc/a/b, field: spec.type}]}]\n",
    "a time under always": HEAD + "always: [{flow: pay, outcome: delivered, within: 2s}]\n",
    "profile and matrix": HEAD + "profile: calico\nmatrix: {profile: [cilium]}\n",
    "a port out of range": "kwake: 1\nname: a\nsnapshot: x.yaml\nflows: {a: {from: x/y, to: z, port: 70000}}\n",
    "no such protocol": "kwake: 1\nname: a\nsnapshot: x.yaml\nflows: {a: {from: x/y, to: z, protocol: ICMP}}\n",
    "no such policy for the unknown": HEAD + "unknown: ignore\n",
    "a part of more than nothing": HEAD + "steps: [{expect: [{flow: pay, share: half}]}]\n",
    "a lookup by nobody": HEAD + "steps: [{expect: [{resolves: checkout, to: svc/demo/checkout}]}]\n",
    "to without from": HEAD + "steps: [{do: {open: x, to: svc/demo/checkout}}]\n",
}


def _judged(*files: Path) -> Any:
    """What check-jsonschema says, as plain values."""
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), "-o", "json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def test_the_schema_that_is_shipped_is_that_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "renew it: kwake schema > sample_clusters/scenario.schema.json"
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == schema_text()


def test_every_scenario_that_is_shipped_names_the_schema_and_meets_it() -> None:
    assert _judged(*STORIES)["status"] == "ok"
    for story in STORIES:
        first = story.read_text("utf-8").splitlines()[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert (story.parent / named).resolve() == SCHEMA.resolve()


def test_what_is_broken_is_refused_by_the_schema_and_by_kwake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / f"{at}.yaml" for at, name in enumerate(BROKEN)}
    for name, text in BROKEN.items():
        files[name].write_text(text, encoding="utf-8")

    refused = {Path(error["filename"]).name for error in _judged(*files.values())["errors"]}

    assert len(BROKEN) >= 20
    assert [name for name, file in files.items() if file.name not in refused] == []
    assert [name for name, file in files.items() if main(["replay", str(file)]) != 2] == []
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if not re.match(r"kwake: .*/\d+\.yaml:\d+: ", line)] == []


def _example(kind: type[msgspec.Struct]) -> Any:
    """An action of this kind with something in every field that it needs."""
    values: dict[str, Any] = {"manifest": {}, "labels": {}, "patch": {}, "replicas": 1}
    return kind(**{field.name: values.get(field.name, "a/b") for field in fields(kind) if field.required})


def test_a_step_may_do_every_action_there_is() -> None:
    verbs = {next(iter(do_of(_example(kind)))) for kind in get_args(Action)}

    assert len(verbs) == len(get_args(Action))
    assert {keys_of(form)[0] for form in DO} == verbs | {"undo", "redo"}
