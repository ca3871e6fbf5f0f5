"""A change of a cluster's records against the same change of one dict."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kwake.objects.key import Key
from kwake.records import Records

KINDS = ("Pod", "Service")
KEYS = [Key(kind, namespace, name) for kind in KINDS for namespace in ("", "a", "b") for name in ("x", "y")]

Changes = list[dict[Key, int | None]]
CHANGES = st.lists(st.dictionaries(st.sampled_from(KEYS), st.none() | st.integers(0, 3), max_size=5), max_size=8)


def _dict(changes: Changes) -> list[dict[Key, int]]:
    """What one dict holds after each of the changes."""
    held: dict[Key, int] = {}
    past = [{**held}]
    for change in changes:
        for key, value in change.items():
            if value is None:
                held.pop(key, None)
            else:
                held[key] = value
        past.append({**held})
    return past


@given(CHANGES)
def test_they_hold_what_one_dict_would_in_the_same_order_and_those_before_stay(
    changes: Changes,
) -> None:
    records = Records[int]({})
    past = [records]
    for change in changes:
        there = {key: value for key, value in change.items() if value is not None or key in records}
        records = records.with_changes(there)
        past.append(records)
    for held, found in zip(_dict(changes), past, strict=True):
        assert found.as_they_came() == list(held.values())
        assert found.in_order() == [held[key] for key in sorted(held)]
        assert {key: found.get(key) for key in KEYS if key in found} == held
        assert {key for kind in KINDS for key in found.of_kind(kind)} == set(held)
        assert found.namespaces == {key.namespace for key in held} - {""}
        assert len(found) == len(held)
        assert found == Records(held)


def test_what_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(KeyError):
        Records[int]({KEYS[0]: 1}).with_changes({KEYS[1]: None})
