"""Tables in Markdown, in which no name of a cluster is read as markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kwake.objects.printable import printable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!@$])")


def cell(text: str) -> str:
    """The text for a cell of a table, or a line: every character that Markdown would obey is escaped."""
    return _MARKUP.sub(r"\\\1", printable(text).replace("\n", " "))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in GitHub's and GitLab's Markdown."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(map(cell, row))} |" for row in rows),
    ]
