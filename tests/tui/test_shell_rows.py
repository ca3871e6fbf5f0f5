"""Commands in rows that a shell takes."""

from __future__ import annotations

import json
import shlex

import pytest

from kwake_tui.shell_rows import shell_rows

PATCH = [{"op": "add", "path": "/spec/ingress/0/from/-", "value": {"podSelector": {"matchLabels": {"app": "it's"}}}}]
COMMAND = shlex.join(
    ["kubectl", "patch", "-n", "shop", "networkpolicy/allow-web", "--type", "json", "-p", json.dumps(PATCH)]
)


@pytest.mark.parametrize("width", [40, 76, 116, 400])
def test_what_is_copied_from_the_rows_is_the_same_command(width: int) -> None:
    rows = shell_rows(COMMAND, width)

    *words, patch = shlex.split("\n".join(rows).replace("\\\n", ""))
    assert words == shlex.split(COMMAND)[:-1]
    assert json.loads(patch) == PATCH


def test_json_stays_whole_where_a_row_has_room_for_it() -> None:
    rows = shell_rows(COMMAND, 130)
    assert rows[0].endswith(" -p \\")
    assert json.loads(shlex.split(rows[1])[0]) == PATCH


def test_a_comment_goes_on_as_a_comment() -> None:
    assert all(row.startswith("# ") for row in shell_rows("# kubectl has no such command; " * 4, 40))
