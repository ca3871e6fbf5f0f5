"""All pairs in forms that other programs take: CSV, Markdown, Graphviz dot."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from kwake.objects.printable import printable
from kwake.policy.reach import Pair, Reach

Named = tuple[str, Reach]
"""A table, and the profile that it was made under."""


def csv_lines(tables: Sequence[Named]) -> list[str]:
    """A row for each pair, with a heading: what passes for sure between all of its pods, why more is not known, and
    what passes between some of its pods only. Of several profiles each row begins with its own."""
    several = len(tables) > 1
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow([*(["profile"] if several else []), "src", "dst", "connections", "unknown", "some pods only"])
    for profile, table in tables:
        first = [profile] if several else []
        write.writerows([*first, *map(printable, row)] for row in _rows(table))
    return out.getvalue().splitlines()


def _rows(table: Reach) -> list[tuple[str, str, str, str, str]]:
    rows = [(p.src, p.dst, str(p.always) if p.always else "", "", _some(p)) for p in table.pairs]
    return sorted([*rows, *((pair.src, pair.dst, "", pair.reason, "") for pair in table.unknown)])


def _some(pair: Pair) -> str:
    """What passes between some pods only: `All Connections for 3 of 9 pairs of pods: why`."""
    return f"{pair.partly}: {pair.partly.reason}" if pair.partly is not None else ""


def markdown_lines(tables: Sequence[Named]) -> list[str]:
    """A table of pairs, and one of what is unknown; of several profiles each under its name."""
    lines: list[str] = []
    for profile, table in tables:
        if len(tables) > 1:
            lines += [*([""] if lines else []), f"## {profile}", ""]
        lines += _table(("src", "dst", "connections"), [(p.src, p.dst, str(p.always)) for p in table.pairs if p.always])
        if table.partial:
            lines += ["", "Between some pods only:", ""]
            lines += _table(("src", "dst", "connections"), [(p.src, p.dst, _some(p)) for p in table.partial])
        if table.unknown:
            lines += ["", "Unknown:", ""]
            lines += _table(("src", "dst", "reason"), [(u.src, u.dst, u.reason) for u in table.unknown])
    return lines


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(printable(cell).replace('|', chr(92) + '|') for cell in cells)} |"

    return [line(heads), line(["---"] * len(heads)), *map(line, rows)]


def dot_lines(tables: Sequence[Named]) -> list[str]:
    """A graph for each profile: an arrow for each pair, dotted for what passes between some pods only, dashed
    for what is unknown; a box for each namespace."""
    return [line for profile, table in tables for line in _graph(profile, table)]


def _graph(profile: str, table: Reach) -> list[str]:
    ends = sorted({end for src, dst, *_ in _rows(table) for end in (src, dst)})
    homes: dict[str, list[str]] = {}
    for end in ends:
        homes.setdefault(end.partition("/")[0] if "[" in end and end[0] != "[" else "", []).append(end)
    lines = [f"digraph {_quoted(profile)} {{", "  rankdir=LR;", "  node [shape=box];"]
    for at, (home, names) in enumerate(sorted(homes.items())):
        if not home:
            lines += [f"  {_quoted(name)} [shape=ellipse];" for name in names]
            continue
        lines += [f"  subgraph cluster_{at} {{", f"    label={_quoted(home)};"]
        lines += [f"    {_quoted(name)} [label={_quoted(name.partition('/')[2])}];" for name in names]
        lines += ["  }"]
    lines += [
        f"  {_quoted(pair.src)} -> {_quoted(pair.dst)} [label={_quoted(str(pair.always))}];"
        for pair in table.pairs if pair.always
    ]  # fmt: skip
    lines += [
        f"  {_quoted(pair.src)} -> {_quoted(pair.dst)} [label={_quoted(f'± {pair.partly}')}, style=dotted];"
        for pair in table.partial
    ]  # fmt: skip
    lines += [
        f"  {_quoted(pair.src)} -> {_quoted(pair.dst)} [label={_quoted(f'? {pair.reason}')}, style=dashed];"
        for pair in table.unknown
    ]  # fmt: skip
    return [*lines, "}"]


def _quoted(text: str) -> str:
    """A dot string: a backslash or a quote in a name must not end it."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


FORMS: dict[str, Callable[[Sequence[Named]], list[str]]] = {
    "csv": csv_lines,
    "md": markdown_lines,
    "dot": dot_lines,
}
"""By what `-o` says."""
