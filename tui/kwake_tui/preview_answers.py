"""The cells of the editor's preview: how a connection stands in a world, and what a dial meets there."""

from __future__ import annotations

from typing import NamedTuple

from kwake.dataplane.path import Flow
from kwake.errors import KwakeError
from kwake.world import World
from kwake_tui.lines import Line
from kwake_tui.panes.connection_rows import dial_words, stands_words
from kwake_tui.session import path_in

Words = tuple[str, str]
"""A cell's text and its colour role."""

UNKNOWN: Words = ("? unknown", "doubt")


class Block(NamedTuple):
    """What connections that fare alike, or a flow, would come to."""

    names: list[str]
    rows: list[Line]
    is_changed: bool


def stands(world: World, name: str) -> Words | None:
    """How an open connection stands, without its age; None where there is none of this name."""
    connection = world.connections.get(name)
    if connection is None:
        return None
    words, role = stands_words(connection, connection.opened_ms)
    return words.removesuffix(" 0:00.0"), role


def again(world: World, name: str) -> Words:
    """What the dial of an open connection would meet if it were made now."""
    try:
        return dial_words(world.again(name))
    except KwakeError:
        return UNKNOWN


def dial(world: World, flow: Flow) -> Words:
    """What a dial of a flow meets."""
    try:
        return dial_words(path_in(world, flow))
    except KwakeError:
        return UNKNOWN
