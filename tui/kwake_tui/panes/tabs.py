"""The row of tabs, where only one pane fits."""

from __future__ import annotations

from kwake_tui.glyphs import OUTCOMES
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lines import Line, Span
from kwake_tui.names import parts
from kwake_tui.panes.connections import dialled
from kwake_tui.session import Session

TITLES = (
    ("cluster", "Cluster"),
    ("path", "Path"),
    ("editor", "YAML"),
    ("connections", "Connections"),
    ("events", "Events"),
)


def tab_line(session: Session, active: str, edited: str, is_edited: bool, keymap: Keymap = AS_IT_COMES) -> Line:
    """Every pane's word, the active one as a chip, with a word on what happens in it; `edited` is what the editor
    holds."""
    flow = session.shown_flow
    path = session.once(("tab", flow), lambda: dialled(session.world, flow)) if flow is not None else None
    facts = {
        "path": str(OUTCOMES[path.outcome]) if path is not None else "",
        "editor": "edited" if is_edited else "",
        "connections": str(len(session.world.connections) or ""),
        "events": str(len(session.events) or ""),
    }
    spans: list[Span] = []
    for name, title in TITLES:
        word = _kind_word(edited) if name == "editor" else title
        spans.append(Span(f" {word} ", "you", chip=True) if name == active else Span(f" {word} "))
        role = OUTCOMES[path.outcome].role if name == "path" and path is not None else _ROLES.get(name, "muted")
        spans.append(Span(f"{' ' if name == active else ''}{facts.get(name, '')} ", role))
    return Line(tuple(spans), (Span(keymap.shown("next-pane"), "you", bold=True), Span(" next", "muted")))


_ROLES = {"editor": "you"}
"""Of what was edited, as the tree has it."""


def _kind_word(reference: str) -> str:
    kind = parts(reference)[0]
    return "Policy" if kind == "NetworkPolicy" else kind if 0 < len(kind) <= _LONGEST else "YAML"


def tab_at(line: Line, cell: int) -> int | None:
    """The number of the tab at a cell of such a row, from 1; None beside them. A tab is its word and the fact after."""
    end = 0
    for number in range(len(TITLES)):
        end += sum(span.cells for span in line.left[2 * number : 2 * number + 2])
        if cell < end:
            return number + 1
    return None


_LONGEST = 10
"""Letters of the longest kind that the row has room for."""
