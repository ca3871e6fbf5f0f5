"""How a line is fitted into a width."""

from __future__ import annotations

from hypothesis import given, strategies as st
from rich.cells import cell_len

from kwake_tui.lines import Line, Span, fit, folded, middle_cut, section, spread


def text_of(spans: list[Span]) -> str:
    return "".join(span.text for span in spans)


def test_facts_at_the_right_are_aligned() -> None:
    line = Line((Span("web"),), (Span("10.244.1.7"),))

    assert text_of(fit(line, 20)) == "web       10.244.1.7"


def test_a_long_name_is_cut_in_the_middle_and_an_address_never() -> None:
    line = Line((Span("● "), Span("checkout-66c-canary-q4t")), (Span("10.244.3.5"),), shrink=1)

    assert text_of(fit(line, 26)) == "● checko…ry-q4t 10.244.3.5"


def test_a_section_is_ruled_to_its_end() -> None:
    assert text_of(fit(section("keys"), 16)) == "── keys ────────"


def test_control_characters_are_shown_in_the_colour_of_doubt() -> None:
    line = Line((Span("a\x1b[31mb"),))

    spans = fit(line, 20)

    assert text_of(spans).rstrip() == "a\\x1b[31mb"
    assert [span.text for span in spans if span.role == "doubt"] == ["\\x1b"]


def test_markup_is_shown_as_it_is() -> None:
    assert text_of(fit(Line((Span("[red]x[/]"),)), 12)) == "[red]x[/]   "


@given(st.text(), st.text(max_size=8), st.integers(0, 60))
def test_a_line_fills_its_width_exactly(left: str, right: str, width: int) -> None:
    line = Line((Span("● "), Span(left)), (Span(right),) if right else (), shrink=1)

    assert cell_len(text_of(fit(line, width))) == width


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_is_never_wider_than_asked(text: str, cells: int) -> None:
    assert cell_len(middle_cut(text, cells)) <= cells


def test_a_line_that_would_be_cut_goes_on_below_its_beginning() -> None:
    line = Line((Span("label  "), Span("one two three four five six seven")), (Span("SV-1"),), shrink=1)

    rows = spread(line, 34)

    assert ["".join(span.text for span in row.left).rstrip() for row in rows] == [
        "label  one two three four",
        "       five six seven",
    ]
    assert rows[0].right == line.right
    assert spread(line, 80) == (line,)


def test_a_folded_text_loses_nothing() -> None:
    text = "kubectl patch service/a -p '" + "x" * 50 + "' --type merge"

    rows = folded(text, 20, 4)

    assert "".join(rows) == text
    assert [len(row) <= 20 for row in rows[:1]] + [len(row) <= 16 for row in rows[1:]] == [True] * len(rows)


def test_a_number_keeps_its_unit_beside_it() -> None:
    assert folded("web-0 is terminating, grace 30 s", 31, 0) == ["web-0 is terminating, grace ", "30 s"]
    assert folded("web-0 is terminating, grace 30 seconds", 31, 0)[1] == "seconds", "a word is no unit"
