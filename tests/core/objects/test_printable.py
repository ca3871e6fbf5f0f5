"""Texts from a cluster are shown, never obeyed."""

from __future__ import annotations

import pytest

from kwake.objects.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jweb", r"\x1b[2Jweb"),
        ("a\nb\tc\r", r"a\x0ab\x09c\x0d"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("abc\u202edcba\u2066", r"abc\u202edcba\u2066"),
        ("a\u200bb\ufeff\u2028", r"a\u200bb\ufeff\u2028"),
        ("half\ud800", r"half\ud800"),
        ("wëb ☃ 🎉 網", "wëb ☃ 🎉 網"),
    ],
)
def test_control_and_direction_characters_are_seen(text: str, shown: str) -> None:
    assert printable(text) == shown
