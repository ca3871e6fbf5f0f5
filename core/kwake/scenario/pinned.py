"""What a snapshot was when a scenario was written: the SHA-256 of each of its layers."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable

from kwake.errors import SnapshotUnreadable
from kwake.objects.printable import printable
from kwake.scenario.scenario import Scenario
from kwake.sources.files import sources_of

_SCENARIO = re.compile(rb"^kwake:", re.MULTILINE)


def layer_sha256(path: str, stdin: Callable[[], bytes] | None = None) -> str:
    """The SHA-256 of a file or of standard input; of a folder that of a list of its files, `sha256  name` a line each.

    Files with a scenario in them do not count: they are not part of the cluster, and may hold the digest themselves.
    Raises what reading the snapshot raises.
    """
    named = list(sources_of(path, stdin or sys.stdin.buffer.read))
    if len(named) == 1 and named[0].directly:
        return hashlib.sha256(named[0].source.data).hexdigest()
    rows = [
        f"{hashlib.sha256(one.source.data).hexdigest()}  {os.path.relpath(one.source.name, path)}\n"
        for one in named
        if not _SCENARIO.search(one.source.data)
    ]
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def confirm(scenario: Scenario, stdin: Callable[[], bytes] | None = None) -> None:
    """Raises SnapshotUnreadable where a layer is not what was pinned."""
    for path, wanted in scenario.sha256.items():
        found = layer_sha256(path, stdin)
        if found != wanted:
            raise SnapshotUnreadable(printable(
                f"{scenario.file}: snapshot {path} is not what was pinned: expected sha256 {wanted}, found {found}"
            ))  # fmt: skip
