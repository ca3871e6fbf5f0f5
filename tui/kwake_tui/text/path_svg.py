"""A path as a picture: each branch a line of hops, the one that decides marked, for a page or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from rich.cells import cell_len

from kwake.dataplane.path import Branch, Hop, Outcome, Path
from kwake.objects.basis import Basis
from kwake.objects.printable import printable
from kwake_tui.glyphs import OUTCOMES
from kwake_tui.palettes import PALETTES
from kwake_tui.text.path import share

_PALETTE = PALETTES["deep"]
_ROLES = _PALETTE.roles
_CELL, _ROW, _MARGIN, _DOT = 8.4, 22, 24, 8
_LABEL = 13
"""Cells of a hop's kind."""
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def path_svg(path: Path) -> list[str]:
    """The picture's lines. It says in words all that it says in colours."""
    mark = OUTCOMES[path.outcome]
    rows: list[_Row] = [
        ("", f"{mark}", mark.role, True, ""),
        ("", f"{path.flow}   basis {path.basis.value}", "muted", False, ""),
    ]
    for branch in path.branches:
        rows += [("", "", "muted", False, ""), *_branch_rows(branch, len(path.branches) > 1)]
    width = max(cell_len(printable(text)) for _, text, *_ in rows) * _CELL + (_LABEL * _CELL) + 2 * _MARGIN + 2 * _DOT
    height = len(rows) * _ROW + 2 * _MARGIN
    title = escape(_shown(f"{path.flow}: {path.outcome.value}"))
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}"'
        f' viewBox="0 0 {width:.0f} {height}"'
        f' role="img" aria-label="{title}" font-family="{_FONT}" font-size="14" xml:space="preserve">',
        f"<title>{title}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{_PALETTE.background}"/>',
        *_lines(rows),
        "</svg>",
    ]


_AFTER = "  "
"""The kind of a row under the hop that ends the branch: the line of hops goes no further."""
_Row = tuple[str, str, str, bool, str]
"""Kind of a hop (empty: a line of words), text, role of its colour, whether it is strong, and the sign on the line."""


def _branch_rows(branch: Branch, several: bool) -> Iterator[_Row]:
    mark = OUTCOMES[branch.outcome]
    if several:
        to = branch.pod or branch.ip or "nobody"
        yield "", f"{mark}  {share(branch.share)}  {branch.source} → {to}", mark.role, True, ""
    under = " "
    for hop in branch.hops:
        ends = hop.outcome is not None
        role = mark.role if ends else "text1"
        yield hop.kind, _words(hop), role, ends, mark.glyph if ends else "●"
        under = _AFTER if ends else " "
        for detail in hop.details:
            yield under, detail, "muted", False, ""
    for decider in branch.decided_by:
        yield under, f"{decider.object}: {decider.rule}  {decider.place}".rstrip(), "key", False, ""
    if branch.reason and branch.outcome is not Outcome.DELIVERED:
        yield under, branch.reason, mark.role, False, ""


def _words(hop: Hop) -> str:
    sure = "" if hop.basis is Basis.SOURCED else f"  ({hop.basis.value})"
    return f"{hop.text}  {hop.at}" + (f"  {hop.cite}" if hop.cite else "") + sure


def _lines(rows: Sequence[_Row]) -> Iterator[str]:
    left, label, text = _MARGIN + _DOT, _MARGIN + 2 * _DOT + 6, _MARGIN + 2 * _DOT + 6 + _LABEL * _CELL
    for at, (kind, words, role, strong, _) in enumerate(rows):
        y = _MARGIN + at * _ROW + 15
        if kind not in ("", _AFTER) and rows[at - 1][0]:
            yield f'<path d="M{left} {y - _ROW - 5}V{y - 5}" stroke="{_ROLES["rule"]}" stroke-width="2"/>'
        weight = ' font-weight="bold"' if strong else ""
        if kind.strip():
            yield f'<text x="{label}" y="{y}" fill="{_ROLES["muted"]}">{escape(_shown(kind))}</text>'
        if words:
            x = text if kind else _MARGIN
            yield f'<text x="{x:g}" y="{y}" fill="{_ROLES[role]}"{weight}>{escape(_shown(words))}</text>'
    for at, (kind, _, role, _, sign) in enumerate(rows):
        if kind and sign:
            y = _MARGIN + at * _ROW + 15
            yield f'<rect x="{left - 8}" y="{y - 14}" width="16" height="18" fill="{_PALETTE.background}"/>'
            yield f'<text x="{left}" y="{y}" text-anchor="middle" fill="{_ROLES[role]}">{escape(sign)}</text>'


def _shown(text: str) -> str:
    return printable(text)
