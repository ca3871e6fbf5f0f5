"""`kubectl -l` selectors, case by case after `k8s:apimachinery/pkg/labels/selector_test.go`."""

from __future__ import annotations

import pytest

from kwake.errors import UsageError
from kwake.objects.selector import parse_selector


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("", {}, True),
        ("x=y", {"x": "y"}, True),
        ("x==y", {"x": "y"}, True),
        ("x=y,z=w", {"x": "y", "z": "w"}, True),
        ("x=y,z=w", {"x": "y"}, False),
        ("x!=y", {}, True),
        ("x!=y", {"x": "y"}, False),
        ("x", {"x": ""}, True),
        ("x", {}, False),
        ("!x", {}, True),
        ("!x", {"x": "y"}, False),
        ("x in (a,b), y", {"x": "b", "y": ""}, True),
        ("x in (a,b)", {"x": "c"}, False),
        ("x notin (a,b)", {}, True),
        ("x notin (a,b)", {"x": "a"}, False),
        ("app.kubernetes.io/name=web", {"app.kubernetes.io/name": "web"}, True),
    ],
)
def test_it_matches_as_kubectl_does(text: str, labels: dict[str, str], matches: bool) -> None:
    assert parse_selector(text).matches(labels) is matches


@pytest.mark.parametrize("text", ["x y", "=", "x in a", "x in (a", "a,,b=*"])
def test_what_cannot_be_read_is_quoted(text: str) -> None:
    with pytest.raises(UsageError, match="is no label selector"):
        parse_selector(text)
