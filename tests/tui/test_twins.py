"""Every screen has a twin on the command line."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from textual.screen import Screen

import kwake_tui
from kwake_tui.arguments import COMMANDS, parse
from kwake_tui.screens.dialog import Dialog
from kwake_tui.screens.editing import EditingScreen
from kwake_tui.screens.panes import PanesScreen
from kwake_tui.screens.view import ViewScreen
from kwake_tui.twins import TWINS

BASES = (Dialog, EditingScreen, PanesScreen, ViewScreen)
"""What other screens are made of; nobody sees one of these alone."""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"


def screens() -> Iterator[type[Screen[object]]]:
    """Every screen of the console."""
    for found in pkgutil.walk_packages(kwake_tui.__path__, "kwake_tui."):
        if found.name.endswith("__main__"):
            continue
        module = import_module(found.name)
        for value in vars(module).values():
            is_ours = inspect.isclass(value) and issubclass(value, Screen) and value.__module__ == module.__name__
            if is_ours and value not in BASES:
                yield value


def test_every_screen_is_listed_with_its_twin() -> None:
    there = {screen.__name__ for screen in screens()}

    assert there - {twin.screen for twin in TWINS} == set()
    assert {twin.screen for twin in TWINS if twin.screen} - there == set()


@pytest.mark.parametrize("command", [command for twin in TWINS for command in twin.command.split("; ")])
def test_every_twin_is_a_command_that_there_is(command: str) -> None:
    name, *words = command.split()
    assert name == "kwake"
    if words and not words[0].startswith("-") and words[0].islower():
        assert words[0] in COMMANDS


def test_the_options_of_twins_are_understood() -> None:
    arguments = parse(["what-if", "x", "--do", "kill a/b", "--do", "apply f", "--flow", "n=a,b:1"])

    assert (arguments.actions, arguments.flows) == (["kill a/b", "apply f"], ["n=a,b:1"])


def test_the_page_on_the_command_line_lists_every_twin() -> None:
    page = DOCS.read_text(encoding="utf-8")

    for twin in TWINS:
        commands = ", ".join(f"`{command}`" for command in twin.command.split("; "))
        assert f"| {twin.view} | {commands} |" in page
