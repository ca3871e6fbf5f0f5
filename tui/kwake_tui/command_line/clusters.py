"""The commands about live clusters."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from kwake_tui.command_line.output import narrate, narrate_live, print_data

if TYPE_CHECKING:
    from argparse import Namespace


def capture_command(arguments: Namespace) -> int:
    """A live cluster into a file, and on standard error what was left out."""
    from pathlib import Path

    from kwake.errors import UsageError
    from kwake_live.capturing import capture, text_of, write_capture
    from kwake_live.opening import connect, read_cluster

    target = arguments.to
    if target != "-" and not arguments.overwrite and Path(target).exists():
        raise UsageError(f"{target}: exists already, and is not overwritten unasked; --overwrite replaces it")
    connected = connect(arguments.context or "", interactive=True)
    with contextlib.closing(connected) as access:
        loaded = read_cluster(access, arguments.namespace, narrate_live)
    captured = capture(loaded)
    if target == "-":
        sys.stdout.write(text_of(captured, access.context, "yaml").decode())
    else:
        write_capture(captured, access.context, target, overwrite=arguments.overwrite)
    narrate(f"kwake: {len(captured.entries)} objects of {access.context}; left out:")
    narrate("\n".join(f"  {line}" for line in captured.told))
    if captured.options:
        narrate(f"kwake: the cluster is set up as {captured.options} has it")
    for kind in loaded.unread:
        if not kind.read_in:
            narrate(f"  {kind.name}: not read, and marked so in the file: {kind.reason}")
    return 0


def rbac(arguments: Namespace) -> int:
    """The least rights that reading a live cluster needs."""
    from kwake.sources import to_yaml
    from kwake_live.rights import roles
    from kwake_tui.text.columns import json_text

    found = roles(arguments.namespace, arguments.name)
    if arguments.output == "json":
        print_data(json_text({"apiVersion": "v1", "kind": "List", "items": list(found)}).split("\n"))
    else:
        print_data("---\n".join(map(to_yaml, found)).rstrip("\n").split("\n"))
    return 0
