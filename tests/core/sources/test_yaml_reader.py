"""YAML from events: merges, aliases, and hostile input."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kwake.sources import yaml_reader
from kwake.sources.yaml_reader import MAX_DEPTH, SyntaxProblem, read_yaml


def value_of(text: str) -> Any:
    [parsed] = read_yaml(text.encode())
    return parsed.value


def problem_of(text: str) -> SyntaxProblem:
    with pytest.raises(SyntaxProblem) as caught:
        list(read_yaml(text.encode()))
    return caught.value


def test_documents_keep_their_first_line_and_the_lines_of_their_items() -> None:
    text = "# a\nkind: A\n---\n---\nkind: List\nitems:\n- kind: B\n- kind: C\n  x: [1, 2]\n"
    parsed = list(read_yaml(text.encode()))
    assert [(p.value and p.value["kind"], p.line, p.item_lines) for p in parsed] == [
        ("A", 2, ()),
        (None, 4, ()),
        ("List", 5, (7, 8)),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{<<: {a: 1, b: 2}, a: 3}", {"a": 3, "b": 2}),
        ("{a: 3, <<: {a: 1, b: 2}}", {"a": 1, "b": 2}),
        ("{<<: [{a: 1}, {a: 2, b: 2}]}", {"a": 1, "b": 2}),
        ("{<<: {a: 1}, <<: {b: 2}}", {"a": 1, "b": 2}),
        ('{"<<": {a: 1}}', {"<<": {"a": 1}}),
        ("[<<]", ["<<"]),
    ],
)
def test_merge_keys_work_as_in_kubectl(text: str, value: object) -> None:
    assert value_of(text) == value


def test_aliases_stand_for_their_anchors() -> None:
    assert value_of("a: &x {k: &y v}\nb: *x\n*y : *y\n") == {"a": {"k": "v"}, "b": {"k": "v"}, "v": "v"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice"),
        ("1: a\n'1': b\n", 2, "'1' stands twice"),
        ("a:\n  - b\n\t- c\n", 3, "a tab, where YAML takes only spaces"),
        ("a: 1\n? [x]\n: y\n", 2, "no key of a map"),
        ("a: 1\nb: .inf\n", 2, "JSON cannot hold"),
        ("a: &x [*x]\n", 1, "before its &x, or inside it"),
        ("a: 1\nb: *nope\n", 2, "before its &nope"),
        ("a: 1\n<<: 3\n", 2, "<< needs a map"),
        ("a: 1\nb: [\n", 3, "bad YAML"),
        ("a: é\n\tb: 1\n", 2, "bad YAML: a tab, where YAML takes only spaces"),
        ("a:\n\tb: 1\n", 2, "bad YAML: a tab, where YAML takes only spaces"),
        ("a: @b\n", 1, "bad YAML: found character that cannot start any token"),
        ("a: !!int x\n", 1, "cannot read 'x' as a !!int"),
    ],
)
def test_bad_yaml_is_an_error_with_its_line(text: str, line: int, words: str) -> None:
    problem = problem_of(text)
    assert words in problem.text
    assert problem.line == line


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"a: [1e3, '1e3', !!str 2, no]\nb: &x {c: t}\nd: *x\n---\nkind: List\nitems:\n- 1\n- 2\n"
    before = list(read_yaml(text))
    monkeypatch.setattr(yaml_reader, "_Loader", yaml.SafeLoader)
    assert list(read_yaml(text)) == before
    assert problem_of("a: 1\na: 2\n").line == 2
    assert problem_of("a: [\n").line == 2


def test_aliases_that_multiply_are_refused_without_being_written_out() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "aliases stand for more than" in problem_of("\n".join(levels)).text


def test_long_texts_that_multiply_are_refused() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]\n"
    assert "aliases stand for more than" in problem_of(text).text


def test_endless_nesting_is_refused() -> None:
    assert str(MAX_DEPTH) in problem_of("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).text


def test_nesting_past_the_parsers_own_bound_is_refused_in_the_same_words() -> None:
    """libyaml from 0.2.6 on counts too, and further ahead than what it has handed out."""
    problem = problem_of("a: 1\nb: " + "[" * 5_000 + "]" * 5_000)
    assert (problem.line, str(MAX_DEPTH) in problem.text) == (2, True)
