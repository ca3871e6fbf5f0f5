"""The command line: standard output is data, standard error is narration. One catch for everything that goes wrong.

Modules are imported where a command needs them: `kwake --help` must not wait for the model, nor any command but the
console for Textual.
"""

from __future__ import annotations

import os
import sys

from kwake_tui.arguments import parse
from kwake_tui.command_line.answers import check, describe, diff, reach, trace, what_if_command, yaml
from kwake_tui.command_line.clusters import capture_command, rbac
from kwake_tui.command_line.consoles import config, console, learn
from kwake_tui.command_line.output import narrate, version_line
from kwake_tui.command_line.rules import rule
from kwake_tui.command_line.scripts import kubectl, replay, schema, sessions

INTERNAL_ERROR = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell says of a process that wrote to a closed pipe."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the process's exit code."""
    _take_any_character()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = _run(words)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has gone: leave Python nothing to flush into the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        return _failed(error, words)
    return code


def _take_any_character() -> None:
    """A terminal or a pipe that is not UTF-8 gets escapes, not an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _failed(error: Exception, words: list[str]) -> int:
    """Say what went wrong: the user's mistake in its own words, ours with all that a report needs."""
    from kwake.errors import KwakeError

    if isinstance(error, KwakeError):
        narrate(f"kwake: {error}")
        return error.exit_code
    import platform
    import shlex
    import traceback

    trace = "".join(traceback.format_exception(error))
    narrate("kwake: a fault of kwake, not of what it was given. Please report it with all of this:")
    narrate(f"kwake {shlex.join(words)}")
    narrate(f"{version_line()}, Python {platform.python_version()} on {platform.platform()}\n{trace}")
    return INTERNAL_ERROR


def _run(words: list[str]) -> int:
    arguments = parse(words)
    return _COMMANDS[arguments.command](arguments)


_COMMANDS = {
    "": console,
    "trace": trace,
    "reach": reach,
    "diff": diff,
    "what-if": what_if_command,
    "describe": describe,
    "yaml": yaml,
    "schema": schema,
    "check": check,
    "capture": capture_command,
    "rbac": rbac,
    "sessions": sessions,
    "kubectl": kubectl,
    "learn": learn,
    "config": config,
    "rule": rule,
    "replay": replay,
}
