"""Pages about one object, opened by a key or a command."""

from __future__ import annotations

from kwake.errors import UsageError
from kwake.rules import rule
from kwake_tui.desk import Desk
from kwake_tui.lines import Line, Span
from kwake_tui.names import short
from kwake_tui.rule_lines import rule_lines
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.screens.describe import describe_lines
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.used_by import used_by
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


def used_by_page(desk: Desk, reference: str) -> None:
    """Who owns, selects, serves or runs an object; enter goes there. Raises ReferenceNotFound."""
    cluster = desk.session.world.cluster
    record = cluster.get(reference)
    found = used_by(cluster, record.value)
    name = short(str(record.key))
    if not found:
        desk.say(f"nothing refers to {name}")
        return

    def answered(target: str | None) -> None:
        if target:
            desk.reveal(target)

    lines = tuple(Line((Span(short(target)),), (Span(words, "muted"),), target=target) for target, words in found)
    desk.open(ChoiceScreen(f"Used by  {name}", "enter goes there   esc back", lines), answered)


def rule_page(desk: Desk, id: str = "") -> None:
    """What a rule says, how sure it is and where it was read; without an id that of the row under the cursor. Raises
    UsageError where there is none."""
    rows = desk.rows
    asked = id or (rows.cite if rows is not None else "")
    if not asked:
        what = "the row under the cursor" if rows is not None else "the editor"
        raise UsageError(f"{what} cites no rule; name one: after rule, tab offers those in sight first")
    found = rule(asked)
    desk.open(ReaderScreen("Rule", found.id, rule_lines(found)))
