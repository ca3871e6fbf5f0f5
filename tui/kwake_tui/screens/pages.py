"""Pages about one object, opened by a key or a command."""

from __future__ import annotations

from kwake_tui.desk import Desk
from kwake_tui.names import short
from kwake_tui.screens.describe import describe_lines
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.yaml_text import yaml_lines


def yaml_page(desk: Desk, reference: str) -> None:
    """An object's YAML, to read. Raises ReferenceNotFound."""
    record = desk.session.world.cluster.get(reference)
    desk.open(ReaderScreen("YAML", short(str(record.key)), yaml_lines(record.manifest)))


def describe_page(desk: Desk, reference: str) -> None:
    """What is known of an object or connection. Raises ReferenceNotFound."""
    if not reference.startswith("connection:"):
        reference = str(desk.session.world.cluster.get(reference).key)
    lines = describe_lines(desk.session.world, reference)
    desk.open(ReaderScreen("Describe", reference.replace("connection:", "connection "), lines))
