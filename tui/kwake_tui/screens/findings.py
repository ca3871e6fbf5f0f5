"""What is wrong, assumed or unknown in the snapshot, as a page: enter goes to the object."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from kwake.cluster import Cluster
from kwake.findings import LEVELS
from kwake.objects.finding import Finding, Level
from kwake.objects.key import GROUP_OF_KIND, key
from kwake_tui.desk import Desk
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import BLANK, Line, Span, section, wrap
from kwake_tui.names import parts
from kwake_tui.screens.choice import ChoiceScreen
from kwake_tui.text.findings import count_line

_MARKS: dict[Level, tuple[str, str]] = {
    "warning": ("▲ ", "warn"),
    "unknown": ("? ", "doubt"),
    "skipped": ("? ", "doubt"),
    "assumption": ("· ", "muted"),
    "inferred": ("· ", "muted"),
}

GRAVE = ("warning", "unknown", "skipped")
"""Levels that are told when a snapshot is opened."""


def findings_page(desk: Desk) -> None:
    """Every finding, those that may decide something first."""
    findings = desk.session.world.findings
    width = min(desk.app.size.width * 94 // 100, 100) - 8
    lines = tuple(_lines(findings, desk.session.world.cluster, width))
    if not lines:
        desk.say("nothing is wrong, assumed or unknown in this snapshot", "ok")
        return

    def answered(target: str | None) -> None:
        if target:
            desk.reveal(target)

    desk.open(ChoiceScreen(f"Check  {count_line(findings)}", "enter goes there   esc back", lines), answered)


def grave_words(findings: tuple[Finding, ...], keymap: Keymap = AS_IT_COMES) -> str:
    """What is to be told of a snapshot that has just been opened: `2 warnings, 1 unknown; :check lists them`; empty
    where nothing is."""
    grave = [finding for finding in findings if finding.level in GRAVE]
    return keymap.spelt(f"{count_line(grave)}; {{command}} check lists them") if grave else ""


def _lines(findings: tuple[Finding, ...], cluster: Cluster, width: int) -> Iterator[Line]:
    for level in LEVELS:
        found = [finding for finding in findings if finding.level == level]
        if found:
            yield section(f"{level} {len(found)}")
            for finding in found:
                yield from _finding(finding, cluster, width)
            yield BLANK


def _finding(finding: Finding, cluster: Cluster, width: int) -> Iterator[Line]:
    glyph, role = _MARKS[finding.level]
    kind, namespace, name = parts(finding.subject)
    found = kind in GROUP_OF_KIND and cluster.find(key(kind, namespace, name)) is not None
    is_of_file = finding.where.startswith(finding.subject)
    fits = is_of_file or cell_len(f"{glyph}{finding.subject} {finding.where}") <= width
    place = finding.where if fits else finding.where.rpartition("/")[2]
    where = (Span(place, "muted"),) if place else ()
    head = (Span(glyph, role), Span(finding.subject, bold=True))
    yield Line(head, where, shrink=1, target=finding.subject if found else "")
    for row in wrap(finding.text, width):
        yield Line((Span("  "), Span(row, "muted")))
