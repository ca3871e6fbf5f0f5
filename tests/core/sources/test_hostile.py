"""Whatever the bytes, reading ends in a snapshot or in an error of ours that names the place."""

from __future__ import annotations

from hypothesis import example, given, settings, strategies as st

from kwake.cluster import Cluster, Record
from kwake.control.inference import infer
from kwake.errors import InvalidSnapshot, SnapshotUnreadable
from kwake.findings import check, refusals
from kwake.sources import read

YAML = b"""apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: a, labels: &l {app: web}}
  spec:
    podSelector: {matchLabels: *l}
    ingress:
    - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
      ports: [{port: 80, endPort: 90, protocol: TCP}]
---
apiVersion: v1
kind: Pod
metadata:
  name: a
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: a-1, controller: true}]
spec: {nodeName: n, containers: [{name: c, ports: [{containerPort: 80}]}]}
"""
JSON = (
    b'{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]},'
    b'"status":{"podIP":"10.0.0.1","phase":"Running"}}]}'
)
SNIPPETS = [b"{{ .x }}", b"&a ", b"*l", b"<<: ", b"\t", b"- ", b": ", b'"', b"[", b"]", b"{", b"}", b"|\n", b"---\n",
            b"!!int ", b"~", b"null", b"\xff", b"\x00", b"\x1b", b"\r", b"\xc2\x85", b"items:", b"kind: List\n",
            b"kwake: 1\n", b"? ", b".inf", b"1e999", b"\\ud800", b","]  # fmt: skip
EDITS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 12), st.sampled_from(SNIPPETS) | st.binary(max_size=3)))


@settings(deadline=None)
@given(st.sampled_from([YAML, JSON]), EDITS, st.booleans())
@example(b"\xc2\x85" + JSON, [], False)
@example(b"apiVersion: v1\nkind: [Pod]\n", [], False)
def test_reading_ends_in_a_snapshot_or_in_an_error_that_names_the_place(
    text: bytes, edits: list[tuple[int, int, bytes]], lenient: bool
) -> None:
    for at, removed, put in edits:
        text = text[:at] + put + text[at + removed :]
    try:
        snapshot = read("-", stdin=lambda: text, lenient=lenient)
    except InvalidSnapshot as error:
        assert error.problems
        assert all(problem.startswith("-:") for problem in error.problems)
    except SnapshotUnreadable as error:
        assert str(error).startswith("-:")
    else:
        cluster = Cluster({entry.key: Record(entry.document, entry.value) for entry in snapshot.entries})
        shown = [*map(str, refusals(cluster)), *map(str, check(infer(cluster), found=snapshot.findings))]
        assert all(line.isprintable() for line in shown)
