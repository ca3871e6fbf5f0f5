"""The timeline's two rows."""

from __future__ import annotations

from kwake_tui.panes.rail import Moment, rail
from tests.tui.player import plain


def test_what_was_undone_stays_in_sight() -> None:
    moments = (Moment("load", 0, "done"), Moment("open pay", 4000, "here"), Moment("kill web-1", 9000, "undone"))

    marks, words = (plain(line) for line in rail(moments, 90))

    assert marks == "●" + "━" * 24 + "◉" + "┄" * 24 + "○"
    assert words == "load 0:00                open pay 0:04 now        kill web-1 undone"


def test_many_moments_show_those_around_the_present() -> None:
    moments = (*(Moment(f"step {n}", 1000 * n, "done") for n in range(30)), Moment("last", 31_000, "here"))

    marks, words = (plain(line) for line in rail(moments, 116))

    assert "last 0:31 now" in words
    assert "26 earlier" in marks
    assert len(words) <= 116
