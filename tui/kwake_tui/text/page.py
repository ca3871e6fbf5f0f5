"""A page of the console as plain rows: what `d` and `y` show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kwake.world import World
from kwake_tui.lines import Line, shown
from kwake_tui.screens.describe import describe_lines
from kwake_tui.text.columns import columns
from kwake_tui.used_by import used_by
from kwake_tui.yaml_text import yaml_lines

VERSION = 1


def page_lines(lines: Iterable[Line]) -> list[str]:
    """Each row as text, the facts at its right after two spaces."""
    return [_plain(line) for line in lines]


def _plain(line: Line) -> str:
    left, right = ("".join(span.text for span in shown(spans)) for spans in (line.left, line.right))
    return f"{left}  {right}".rstrip() if right else left.rstrip()


def described(world: World, reference: str) -> list[str]:
    """What is known of an object, and who refers to it besides its owners. Raises ReferenceNotFound."""
    record = world.cluster.get(reference)
    lines = page_lines(describe_lines(world, str(record.key)))
    owners = {str(owner.key) for owner in world.cluster.owners(record.value)}
    others = [(target, words) for target, words in used_by(world.cluster, record.value) if target not in owners]
    return [*lines, "", "── used by", *columns([[target, words] for target, words in others])] if others else lines


def described_json(world: World, reference: str) -> dict[str, Any]:
    """The same rows under the object's name. Raises ReferenceNotFound."""
    return {"version": VERSION, "object": str(world.cluster.get(reference).key), "rows": described(world, reference)}


def manifest_lines(world: World, reference: str) -> list[str]:
    """An object's YAML. Raises ReferenceNotFound."""
    return page_lines(yaml_lines(world.cluster.get(reference).manifest))


def manifest_json(world: World, reference: str) -> dict[str, Any]:
    """The manifest itself. Raises ReferenceNotFound."""
    return world.cluster.get(reference).manifest
