"""What follows from a selector."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, strategies as st

from kwake.objects.implication import implies
from kwake.objects.selector import LabelSelector, Requirement, parse_selector

KEYS, VALUES = ("k", "l"), ("a", "b", "c")
FRESH = "another"
EVERY_LABELS = [
    {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}
    for values in product((None, *VALUES, FRESH), repeat=len(KEYS))
]
"""All labels that selectors over these keys and values can tell apart."""

some_requirements = st.builds(
    lambda key, operator, values: Requirement(key, operator, tuple(values) if "In" in operator else ()),
    st.sampled_from(KEYS),
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True),
)
selectors = st.builds(
    lambda labels, more: LabelSelector(labels, tuple(more)),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=1),
    st.lists(some_requirements, max_size=2),
)


@given(selectors, selectors)
def test_what_is_said_to_follow_follows_and_nothing_else(known: LabelSelector, asked: LabelSelector) -> None:
    selected = [labels for labels in EVERY_LABELS if known.matches(labels)]

    if selected:
        assert implies(known, asked) is all(asked.matches(labels) for labels in selected)


@pytest.mark.parametrize(
    ("known", "asked"),
    [("app=x", "app"), ("app=x", "app in (x,y)"), ("app=x", "app!=y"), ("!app", "app!=y"), ("app=x,b=y", "b=y"),
     ("app notin (x,y)", "app!=x"), ("app", ""), ("", "")],
)  # fmt: skip
def test_follows(known: str, asked: str) -> None:
    assert implies(parse_selector(known), parse_selector(asked))


@pytest.mark.parametrize(
    ("known", "asked"), [("", "!app"), ("", "app!=y"), ("app", "app=x"), ("app in (x,y)", "app=x"), ("app!=y", "app")]
)
def test_does_not_follow(known: str, asked: str) -> None:
    assert not implies(parse_selector(known), parse_selector(asked))
