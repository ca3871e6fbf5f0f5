"""The timeline's two rows."""

from __future__ import annotations

import msgspec
import pytest

from kwake_tui.panes.rail import Moment, rail
from tests.tui.player import plain


def test_what_was_undone_stays_in_sight() -> None:
    moments = (Moment("load", 0, "done"), Moment("open pay", 4000, "here"), Moment("kill web-1", 9000, "undone"))

    marks, words = (plain(line) for line in rail(moments, 90))

    assert marks == "●" + "━" * 24 + "◉" + "┄" * 24 + "○"
    assert words == "load 0:00.0              open pay 0:04.0 now      kill web-1 undone"


def test_many_moments_show_those_around_the_present() -> None:
    moments = (*(Moment(f"step {n}", 1000 * n, "done") for n in range(30)), Moment("last", 31_000, "here"))

    marks, words = (plain(line) for line in rail(moments, 116))

    assert "last 0:31.0 now" in words
    assert "26 earlier" in marks
    assert len(words) <= 116


STEPS = ("load", "open checkout", "open checkout-2", "apply allow-web", "kill search-tqz7c", "scale web to 5")


@pytest.mark.parametrize("width", [78, 98, 118, 198])
@pytest.mark.parametrize("here", [2, 4, 5])
@pytest.mark.parametrize("within", ["", "3 of 12"])
def test_labels_never_touch_and_the_present_one_says_now(width: int, here: int, within: str) -> None:
    states = ["done"] * here + ["here"] + ["undone"] * (len(STEPS) - here - 1)
    moments = [Moment(title, 61_100, state) for title, state in zip(STEPS, states, strict=True)]
    moments[here] = msgspec.structs.replace(moments[here], within=within)
    marks, words = ("".join(span.text for span in line.left) for line in rail(tuple(moments), width))

    assert len(marks) <= width and len(words) <= width
    stops = [at for at, sign in enumerate(marks) if sign in "●◉○"]
    assert all(words[at] != " " and (at == 0 or words[at - 2 : at] == "  ") for at in stops)
    present = words[marks.index("◉") :].partition("  ")[0]
    assert present == f"{STEPS[here]} 1:01.1 {'moment 3 of 12' if within else 'now'}"
