"""The row of tabs, where only one pane fits."""

from __future__ import annotations

from kwake_tui.lines import Line, Span
from kwake_tui.session import Session

TITLES = (
    ("cluster", "Cluster"),
    ("path", "Path"),
    ("editor", "YAML"),
    ("connections", "Connections"),
    ("events", "Events"),
)


def tab_line(session: Session, active: str, edited: bool) -> Line:
    """Every pane's word, the active one as a chip, with a word on what happens in it."""
    facts = {
        "editor": "edited" if edited else "",
        "connections": str(len(session.world.connections) or ""),
        "events": str(len(session.events) or ""),
    }
    spans: list[Span] = []
    for name, title in TITLES:
        spans.append(Span(f" {title} ", "you", chip=True) if name == active else Span(f" {title} "))
        spans.append(Span(f"{facts.get(name, '')} ", "faint"))
    return Line(tuple(spans), (Span("tab", "you", bold=True), Span(" next", "muted")))
