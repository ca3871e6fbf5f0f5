"""Which line a field stands in."""

from __future__ import annotations

import json

import pytest

from kwake.objects.document import FieldPath
from kwake.sources import locate, read

YAML = """# head
apiVersion: v1
kind: Service
metadata:
  name: a
spec:
  ports:
  - port: 80

  - name: b
    port: 81
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: b}}
- apiVersion: v1
  kind: Service
  metadata:
    name: c
    labels: {app: c}
"""


@pytest.mark.parametrize(
    ("name", "path", "line"),
    [
        ("a", (), 2),
        ("a", ("spec", "ports", 1), 10),
        ("a", ("spec", "ports", 1, "port"), 11),
        ("a", ("spec", "ports", 7, "port"), 7),
        ("a", ("spec", "selector", "app"), 6),
        ("b", ("metadata", "name"), 16),
        ("c", ("metadata", "labels", "app"), 21),
        ("c", ("nope",), 17),
    ],
)
def test_a_field_of_yaml_is_found(name: str, path: FieldPath, line: int) -> None:
    [origin] = [e.document.origin for e in read("-", stdin=YAML.encode).entries if e.key.name == name]
    assert origin is not None
    assert locate(origin, path) == line


MERGED = """apiVersion: v1
kind: Service
metadata:
  name: a
  labels:
    on: a
    'off': b
    0x10: c
spec:
  first: &first
    app: a
  second: &second
    app: b
    tier: c
  one:
    <<: *first
  after:
    app: own
    <<: *first
  before:
    <<: *first
    app: own
  two:
    <<: [*first, *second]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("metadata", "labels", "true"), 6),
        (("metadata", "labels", "off"), 7),
        (("metadata", "labels", "16"), 8),
        (("spec", "one", "app"), 11),
        (("spec", "after", "app"), 11),
        (("spec", "before", "app"), 22),
        (("spec", "two", "app"), 11),
        (("spec", "two", "tier"), 14),
        (("spec", "two", "nope"), 23),
    ],
)
def test_a_field_is_found_by_the_key_that_kubectl_reads_and_in_maps_that_are_merged(path: FieldPath, line: int) -> None:
    [entry] = read("-", stdin=MERGED.encode).entries
    assert entry.document.origin is not None
    assert locate(entry.document.origin, path) == line


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("tail", ["", '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": 7}}'])
def test_a_field_of_json_is_found(indent: int | None, tail: str) -> None:
    def service(port: int) -> dict[str, object]:
        ports = [{"name": "x", "port": port}]
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{port}"}, "spec": {"ports": ports}}

    text = json.dumps({"kind": "List", "items": [service(80), service(81)]}, indent=indent) + "\n" + tail
    snapshot = read("-", stdin=text.encode, lenient=True)
    for entry in snapshot.entries:
        assert entry.document.origin is not None
        line = locate(entry.document.origin, ("spec", "ports", 0, "port"))
        assert f'"port": {entry.key.name[1:]}' in text.split("\n")[line - 1]
    assert [problem.where for problem in snapshot.problems] == ([f"-:{text.count(chr(10)) + 1}"] if tail else [])


def every_line(text: str) -> list[int]:
    """The line of each `marker` in the objects of a text."""
    entries = read("-", stdin=text.encode).entries
    return [locate(e.document.origin, ("metadata", "labels", "marker")) for e in entries if e.document.origin]


@pytest.mark.parametrize(
    "text",
    [
        # a block text that looks like an item and like the end of a document
        "kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  x: |\n    - a\n    ---\n# c\n  metadata:\n    name: a\n"
        "    labels:\n      marker: x\n- {apiVersion: v1, kind: Pod, metadata: {name: b, labels: {\n   marker: z}}}\n",
        # a dash on a line of its own
        "kind: List\nitems:\n-\n  apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    labels:\n     marker: x\n",
        # an alias to another item
        "kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a, labels: &l {marker: x}}\n"
        "- apiVersion: v1\n  kind: Service\n  metadata: {name: b,\n    labels: {<<: *l,\n      marker: z}}\n",
        # a document that begins behind its marks
        "--- {apiVersion: v1, kind: Pod, metadata: {name: a,\n labels: {marker: x}}}\n...\n---\n# c\napiVersion: v1\n"
        "kind: Pod\nmetadata: {name: b, labels: {\n  marker: z}}\n",
    ],
)
def test_an_excerpt_says_the_same_as_the_whole_file(text: str) -> None:
    lines = [at for at, line in enumerate(text.split("\n"), 1) if "marker" in line]
    assert every_line(text) == lines


def test_the_line_of_a_field_in_a_large_dump_costs_no_second_reading() -> None:
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}", "labels": {"marker": "x"}}}
        for n in range(2000)
    ]
    text = json.dumps({"kind": "List", "items": pods}, indent=2)
    lines = [at for at, line in enumerate(text.split("\n"), 1) if "marker" in line]
    assert every_line(text) == lines


@pytest.mark.parametrize("line_break", ["\u0085", "\u2028", "\r"])
def test_breaks_that_only_yaml_counts_do_no_harm(line_break: str) -> None:
    text = f"# {line_break}{line_break}{line_break}\n{YAML}"
    for entry in read("-", stdin=text.encode).entries:
        assert entry.document.origin is not None
        assert locate(entry.document.origin, ("metadata", "name")) >= entry.document.origin.line
