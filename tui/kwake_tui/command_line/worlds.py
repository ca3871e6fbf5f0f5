"""From the words of a command line to the worlds that they mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kwake_tui.command_line.output import narrate_live

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from kwake.world import World


def overrides_of(fields: list[str]) -> dict[str, str]:
    """`--set FIELD=VALUE` as a map."""
    from kwake.errors import UsageError

    for field in fields:
        if not field.partition("=")[0] or "=" not in field:
            raise UsageError(f"--set {field}: write FIELD=VALUE, as host-network-pods=selected")
    return {name: value for name, _, value in (field.partition("=") for field in fields)}


def stdin_once() -> Callable[[], bytes]:
    """Standard input, read once however often it is asked for."""
    from functools import cache

    return cache(lambda: sys.stdin.buffer.read())


def worlds_of(arguments: Namespace, piped: bytes | None = None) -> list[World]:
    """The snapshot opened once for each profile; `piped` is what standard input held, if it was read before."""
    import kwake
    from kwake.errors import UsageError

    overrides = overrides_of(arguments.fields)
    if arguments.context is not None:
        from kwake_tui.live_worlds import live_worlds

        if arguments.snapshot:
            raise UsageError("--context: the live cluster is the snapshot; name no other beside it")
        return live_worlds(arguments.context, arguments.namespace, arguments.profile or [],
                           arguments.seed or 0, overrides, narrate_live)  # fmt: skip
    if arguments.namespace:
        raise UsageError("-n: a namespace of a live cluster, which --context names")
    if not arguments.snapshot:
        raise UsageError("name a SNAPSHOT, or a live cluster: --context NAME")
    if arguments.snapshot.count("-") > 1:
        raise UsageError("- stands for standard input, and that can be read only once")
    stdin = stdin_once() if piped is None else lambda: piped
    return [
        kwake.open(arguments.snapshot, profile, arguments.seed or 0, overrides=overrides, lenient=arguments.lenient,
                   stdin=stdin)
        for profile in arguments.profile or ["calico"]
    ]  # fmt: skip
