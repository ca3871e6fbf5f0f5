"""Back to files: what was read, all of it, whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from kwake.errors import UsageError
from kwake.objects.document import document
from kwake.sources import read, to_yaml, write

NASTY = [
    "no", "y", "on", "~", "null", "", " ", " x", "x ", "1e3", "0o14", "0777", "0x1", "1_0", "+1", ".5", ".inf", "12:30",
    "12:30:45", "2001-01-01", "=", "<<", "-", "- x", "? y", "a: b", "a:", "x #y", "#", "'", '"', "`", "@x", "%x", "!x",
    "&a", "*b", "|", ">", "{{ x }}", "[", "---", "...", "a\nb", "a\n", "\n", "a\n\nb\n\n", " lead\nx", "trail \nx",
    "a\tb", "\t", "a\r\nb", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "é☃", "🎉", "\x00",
]  # fmt: skip
TEXTS = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(-1e15, 1e15) | st.sampled_from([1e-8, 1.5e300, 2.0**70])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def pod(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, **fields}


def manifests(path: Path) -> list[dict[str, Any]]:
    return [entry.document.manifest for entry in read(path).entries]


@given(JSON)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    manifest = pod(extra=value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.yaml")
        write([document(manifest)], path)
        assert manifests(path) == [manifest]


@pytest.mark.parametrize("text", NASTY)
def test_other_yaml_readers_see_the_same_texts(text: str) -> None:
    assert yaml.safe_load(to_yaml({"a": text, "b": [text]})) == {"a": text, "b": [text]}


def test_keys_keep_their_order_and_plain_texts_stay_plain() -> None:
    text = "kind: Pod\napiVersion: v1\nmetadata:\n  name: web-1\nspec:\n  image: example/app:1\n  args:\n  - a b\n"
    assert to_yaml(yaml.safe_load(text)) == text


def test_texts_of_several_lines_are_blocks() -> None:
    assert to_yaml({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


def test_several_documents_are_written_and_read(tmp_path: Path) -> None:
    documents = [document(pod()), document({**pod(), "kind": "Service"})]
    write(documents, tmp_path / "a.yaml")
    assert [d.manifest for d in documents] == manifests(tmp_path / "a.yaml")


def test_a_file_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        write([document(pod())], path)
    assert path.read_text() == "mine"
    write([document(pod())], path, overwrite=True)
    assert manifests(path) == [pod()]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(UsageError):
        write([document(pod())], tmp_path / "a.yaml", overwrite=True)
    with pytest.raises(UsageError, match="No such file"):
        write([document(pod())], tmp_path / "no" / "a.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
