"""Heads of columns: their widths, and names that stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kwake_tui.widgets.heads import told_apart, widths


@pytest.mark.parametrize(
    ("needs", "room", "found"),
    [
        ([4, 5, 6], 60, [12, 12, 12]),
        ([4, 20, 6], 60, [12, 20, 12]),
        ([4, 40, 6], 60, [10, 40, 10]),
        ([4, 40, 30], 60, [8, 26, 26]),
        ([4, 40, 30], 61, [8, 27, 26]),
        ([40, 40, 40], 30, [12, 12, 12]),
    ],
    ids=["even", "longer", "from the others", "as much for each", "what is left", "not all fit"],
)
def test_what_short_heads_do_not_need_goes_to_long_ones(needs: list[int], room: int, found: list[int]) -> None:
    assert widths(needs, 8, 12, room) == found


def test_names_that_would_be_cut_to_the_same_show_where_they_differ() -> None:
    names = ["hpe-csi", "hpe-ldap", "hpe-nfscsi", "argocd"]
    assert told_apart(names, [5] * 4) == ["…csi", "hp…ap", "…nfsc", "ar…cd"]
    deep = ["a-blue-one-end", "a-blue-two-end", "a-red-one-end"]
    assert told_apart(deep, [5] * 3) == ["…one-", "…two-", "…red-"]
    assert told_apart(["web", "web"], [5, 5]) == ["web", "web"], "the same name is no other one"


@given(st.lists(st.text("ab-", min_size=1, max_size=12), max_size=6), st.integers(1, 8))
def test_no_name_takes_more_than_its_cells(names: list[str], room: int) -> None:
    assert all(len(text) <= room for text in told_apart(names, [room] * len(names)))
