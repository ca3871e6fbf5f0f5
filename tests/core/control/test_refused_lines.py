"""The line that a refusal tells is the line of the field at fault, however the manifest is written."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from kwake.cluster import Record
from kwake.findings import refusals
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.field_path import dotted
from kwake.sources import read
from tests.core.control.test_admission_tiers import REFUSED

OTHER: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "z"}}


def block(value: Any) -> str:
    return str(yaml.safe_dump(value, sort_keys=False))


def indented(value: Any) -> str:
    return json.dumps(value, indent=1)


def listed(manifest: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "List", "items": [OTHER, manifest]}


STYLES: dict[str, Callable[[Manifest], str]] = {
    "block": block,
    "flow": lambda manifest: f"# flow\n---\n{indented(manifest)}",
    "JSON": indented,
    "second document": lambda manifest: f"{block(OTHER)}---\n{block(manifest)}",
    "List in blocks": lambda manifest: block(listed(manifest)),
    "List in JSON": lambda manifest: indented(listed(manifest)),
}
MARK = "FAULT"


def marked(manifest: Manifest, path: FieldPath) -> Manifest:
    """The manifest with a mark in the place of a field, or of the nearest one around it that there is."""
    whole = copy.deepcopy(manifest)
    value: Any = whole
    for step, following in zip(path, (*path[1:], None), strict=True):
        child = value[step]
        there = following in child if isinstance(child, dict) else isinstance(following, int) and following < len(child)
        if following is None or not there:
            value[step] = MARK
            break
        value = child
    return whole


@pytest.mark.parametrize("style", STYLES)
def test_the_line_is_that_of_the_field(style: str) -> None:
    written = STYLES[style]
    wrong = []
    for manifest, _ in REFUSED:
        entry = read("-", stdin=written(manifest).encode).entries[-1]
        for problem in refusals([Record(entry.document, entry.value)]):
            if problem.field[0] in manifest:
                lines = written(marked(manifest, problem.field)).splitlines()
                line = next(at for at, text in enumerate(lines, 1) if MARK in text)
                if problem.where != f"-:{line}":
                    wrong.append((problem.where, line, dotted(problem.field)))
    assert wrong == []
