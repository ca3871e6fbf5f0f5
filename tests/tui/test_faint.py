"""A fact that decides something is never faint: what every approved picture has in that colour."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from kwake_tui.palettes import DEEP, FOAM
from tests.tui.picture import FOLDER

FAINT = {DEEP.roles["faint"], FOAM.roles["faint"]}
COLOUR = re.compile(r"\.terminal-(r\d+) \{ fill: (#[0-9a-f]{6})")
TEXT = re.compile(r'<text class="terminal-(r\d+)"[^>]*#terminal-line-(\d+)\)">([^<]*)</text>')

FOOT = 3
"""Rows of the timeline and the keys, where what is undone and what cannot act now is faint."""

DECIDES_NOTHING = (
    r"[-:.·…→▾▸▲●○×?+~−v>|]+",  # punctuation, arrows, folds, and the signs of a count of none
    r"\d{1,3}",  # numbers of lines
    r"\d+:\d\d(\.\d)?",  # a scale of time
    r"[A-Z]{2}-\d+",  # a rule's id
    r"([\w./-]+:\d+)(  [A-Z]{2}-\d+)?",  # where it stands
    r"((calico|cilium), \S+\.(go|c)(; )?)+",  # who says so
    r"against",
)


def faint_texts(path: Path) -> Iterator[str]:
    svg = path.read_text(encoding="utf-8")
    colours = dict(COLOUR.findall(svg))
    found = [(colours.get(style), int(row), html.unescape(text)) for style, row, text in TEXT.findall(svg)]
    last = max(row for _, row, _ in found)
    for colour, row, text in found:
        if colour in FAINT and row <= last - FOOT:
            yield text.replace("\xa0", " ").strip()


def test_what_is_faint_decides_nothing() -> None:
    allowed = re.compile("|".join(f"(?:{words})" for words in DECIDES_NOTHING))
    texts = {(text, path.stem) for path in FOLDER.glob("*.svg") for text in faint_texts(path) if text}

    assert len(texts) > 500, "the pictures have such a colour"
    assert sorted((text, name) for text, name in texts if not allowed.fullmatch(text)) == []
