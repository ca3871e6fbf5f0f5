"""JSON: fast where it may be, and no key lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from kwake.objects.item_lines import item_lines
from kwake.sources.json_reader import is_json, read_items, read_json
from kwake.sources.yaml_reader import SyntaxProblem

NAMES = st.sampled_from(["a", "b", 'q"', '":', "\\", "", "é"])
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | NAMES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)
)


@given(JSON, st.sampled_from([None, 2]))
def test_any_json_is_read_as_the_standard_library_reads_it(value: object, indent: int | None) -> None:
    text = json.dumps({"x": value}, indent=indent)
    [parsed] = read_json(text.encode())
    assert parsed.value == {"x": value}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": 1,\n "b": {"c": 1,\n "c": 2}}', 3, "'c' stands twice"),
        ('{"a" : 1, "b" : 2, "a": 3}', 1, "'a' stands twice"),
        ('{"a": "\\u0022:", "b": 1, "b": 2}', 1, "'b' stands twice"),
        ('{"a": 1,\n "b": }', 2, "bad JSON"),
        ('{"a": NaN}', 1, "JSON cannot hold"),
        ('{"a": 1e999}', 1, "JSON cannot hold"),
        ('{"a": "\\ud800"}', 1, "surrogate"),
        ('{"a": "\\\\ud800 \\uD83D\\uDE00",\n"b":\n"\\uDE00"}', 3, "surrogate"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", 1, "inside each other"),
    ],
)
def test_bad_json_is_an_error_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(SyntaxProblem, match=words) as caught:
        list(read_json(text.encode()))
    assert caught.value.line == line


def test_a_number_with_more_digits_than_any_float_is_refused_and_not_written_out() -> None:
    with pytest.raises(SyntaxProblem) as refused:
        list(read_json(b'{\n"a": ' + b"9" * 10_000 + b"}"))

    assert refused.value.text == f"{'9' * 40}… is a number that JSON cannot hold"


def test_json_documents_may_follow_each_other() -> None:
    parsed = list(read_json(b'{"kind": "A"}\n{"kind": "B"}\n'))
    assert [(p.value["kind"], p.line) for p in parsed] == [("A", 1), ("B", 2)]


def test_items_of_a_list_are_found_with_their_lines() -> None:
    text = b'{"metadata": {"items": [{"a": 0}]}, "kind": "List",\n"items": [\n{"a": 1},\n{"a": 1}, {\n"a": 2}]}'
    listed = read_items(text)
    assert listed is not None
    assert [p.value["a"] for p in listed[1]] == [1, 1, 2]
    assert list(item_lines(text)) == [3, 4, 4]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"kind": "List",\n"items": [\n{"a": 1}],\n"items": [{"a": 2}]}', 4, "'items' stands twice"),
        ('{"kind": "List",\n"items": [\n{"a": 1}],\n"items": [{"a": 1}, {"a": 2}]}', 4, "'items' stands twice"),
        ('{"kind": "List",\n"kind": "List",\n"items": [\n{"a": 1}]}', 2, "'kind' stands twice"),
    ],
)
def test_no_item_is_lost_to_a_second_list_of_items(text: str, line: int, words: str) -> None:
    assert read_items(text.encode()) is None
    with pytest.raises(SyntaxProblem, match=words) as caught:
        list(read_json(text.encode()))
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("item", "line", "words"),
    [
        ('{"b": 1,\n"a": 1,\n"a": 2}', 5, "'a' stands twice"),
        ('{"a": 1,\n"b": 1e999}', 3, "JSON cannot hold"),
    ],
)
def test_a_bad_item_is_an_error_with_its_line(item: str, line: int, words: str) -> None:
    listed = read_items(f'{{"kind": "List",\n"items": [{{}},\n{item}\n]}}'.encode())
    assert listed is not None
    with pytest.raises(SyntaxProblem, match=words) as caught:
        list(listed[1])
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "answer"), [(b' {"a": 1}', True), (b"{}", True), (b"{a: 1}", False), (b"a: 1", False)]
)
def test_json_is_known_by_its_first_signs(text: bytes, answer: bool) -> None:
    assert is_json(text) is answer
