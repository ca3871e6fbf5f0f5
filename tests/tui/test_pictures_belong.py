"""No approved picture is left behind by its test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.tui.picture import FOLDER
from tests.tui.test_pictures_every_look import NAMES as EVERY_LOOK

NAMED = re.compile(r'^ {4}"([\w-]+)": \(|\("([\w-]+)", \(\d+, \d+\)\)', re.MULTILINE)
"""How the tests name a picture: in a table with its story, or beside its size."""


def test_every_picture_belongs_to_a_test() -> None:
    named = {
        name
        for path in Path(__file__).parent.glob("test_pictures*.py")
        if path.stem != "test_pictures_every_look"  # its table names views; it makes the names of pictures itself
        for pair in NAMED.findall(path.read_text(encoding="utf-8"))
        for name in pair
        if name
    }

    assert {path.stem for path in FOLDER.glob("*.svg")} == named | EVERY_LOOK
