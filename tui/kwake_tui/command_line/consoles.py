"""The commands that open the console, or say the same as text where there is no terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kwake_tui.arguments import parse
from kwake_tui.command_line.output import narrate_live, print_data, show, version_line
from kwake_tui.command_line.scripts import replay
from kwake_tui.command_line.worlds import overrides_of, worlds_of

if TYPE_CHECKING:
    from argparse import Namespace

    from kwake.scenario.scenario import Scenario
    from kwake.world import World
    from kwake_tui.app import Begun
    from kwake_tui.appearance import Look


def console(arguments: Namespace) -> int:
    """`kwake` without a command: the console, or what a cluster holds as text."""
    if arguments.version:
        print_data([version_line()])
        return 0
    if arguments.resume is not None:
        return _resume(arguments)
    if arguments.learn:
        words = [word for name in arguments.profile[:1] for word in ("--profile", name)]
        words += ["--theme", arguments.theme] if arguments.theme is not None else []
        return learn(parse(["learn", *words, *(["--ascii"] if arguments.ascii else [])]))
    if arguments.context is not None:
        return _live(arguments)
    if not arguments.snapshot:
        from kwake.samples import DEFAULT, sample_path

        arguments.snapshot, title = [str(sample_path())], DEFAULT
    else:
        title = " ".join(arguments.snapshot)
    if len(arguments.snapshot) == 1:
        from kwake_tui.scenario_files import is_scenario

        if is_scenario(arguments.snapshot[0]):
            return _scenario(arguments)
    piped = _piped(arguments)
    if (_takes_a_console(arguments) or piped is not None) and len(arguments.profile) <= 2:
        from kwake_tui.app import run

        return run(lambda: _begun(arguments, title, piped), title, _look(arguments))
    worlds = worlds_of(arguments, piped)
    from kwake_tui.text.cluster import cluster_json, cluster_lines

    show(arguments, worlds, worlds, lambda world: cluster_lines(world, title), cluster_json)
    return 0


def _live(arguments: Namespace) -> int:
    """The console on a live cluster; without a terminal as text."""
    from kwake.errors import UsageError

    title = f"{arguments.context}/{arguments.namespace}" if arguments.namespace else arguments.context
    if _takes_a_console(arguments) and len(arguments.profile) <= 2:
        from kwake_tui.live_console import live_console

        if arguments.snapshot:
            raise UsageError("--context: the live cluster is the snapshot; name no other beside it")
        return live_console(arguments.context, arguments.namespace, title, arguments.profile, arguments.seed or 0,
                            overrides_of(arguments.fields), _look(arguments), narrate_live)  # fmt: skip
    worlds = worlds_of(arguments)
    from kwake_tui.text.cluster import cluster_json, cluster_lines

    show(arguments, worlds, worlds, lambda world: cluster_lines(world, title), cluster_json)
    return 0


def _begun(arguments: Namespace, title: str, piped: bytes | None) -> Begun:
    """The snapshot under the first profile, compared with the second if there is one."""
    from kwake_tui.app import Begun, session_on
    from kwake_tui.opened import Opened

    second = arguments.profile[1] if len(arguments.profile) > 1 else None
    arguments.profile = arguments.profile[:1]
    (world,) = worlds_of(arguments, piped)
    return Begun(session_on(world, title, Opened(tuple(arguments.snapshot), arguments.lenient), second))


def _look(arguments: Namespace) -> Look:
    """How the console is to look. The file of settings is read where there is one."""
    from kwake_tui.appearance import Settings, config_file, look

    file, settings = config_file(os.environ), Settings()
    if file.exists():
        from kwake_tui.settings import read_settings

        settings = read_settings(file)
    return look(arguments.theme, arguments.ascii, os.environ, settings)


def config(arguments: Namespace) -> int:
    """Where the settings are, and what holds."""
    from kwake_tui.appearance import config_file
    from kwake_tui.recording import state_folder
    from kwake_tui.text.columns import json_text
    from kwake_tui.text.config import config_json, config_lines

    asked = (config_file(os.environ), state_folder(), _look(arguments))
    print_data(json_text(config_json(*asked)).split("\n") if arguments.output == "json" else config_lines(*asked))
    return 0


def _takes_a_console(arguments: Namespace) -> bool:
    return arguments.output is None and sys.stdout.isatty() and sys.stdin.isatty()


def _piped(arguments: Namespace) -> bytes | None:
    """What standard input holds, read before the console takes the keys, where there is a terminal for it.

    After a pipe standard input is the terminal.
    """
    if arguments.output is not None or "-" not in arguments.snapshot or not sys.stdout.isatty():
        return None
    if sys.stdin.isatty():
        return sys.stdin.buffer.read()
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    data = sys.stdin.buffer.read()
    os.dup2(terminal, sys.stdin.fileno())
    os.close(terminal)
    return data


def _resume(arguments: Namespace) -> int:
    """The console on a session that crashed."""
    from kwake.errors import UsageError

    if arguments.snapshot:
        raise UsageError("--resume: a session brings its own snapshot; name none beside it")
    if not _takes_a_console(arguments):
        raise UsageError("--resume needs a terminal; kwake sessions lists what can be resumed")
    from kwake_tui.app import Begun, run

    def begin() -> Begun:
        from kwake_tui.recording import Recorder, state_folder
        from kwake_tui.recovery import kept_named, told

        recorder = Recorder(state_folder())
        again = recorder.adopt(kept_named(recorder, arguments.resume))
        return Begun(again.session, recorder, lambda desk: desk.say(*told(again)))

    return run(begin, arguments.resume, _look(arguments))


def learn(arguments: Namespace) -> int:
    """The lessons, on a console over the sample that they are about; without a terminal as text."""
    import kwake
    from kwake.samples import sample_path
    from kwake_tui.lessons import SAMPLE, SEED
    from kwake_tui.session import second_profile

    profile = arguments.profile or "calico"
    path = str(sample_path(SAMPLE))
    world = kwake.open(path, profile, SEED)
    if _takes_a_console(arguments):
        from kwake_tui.app import Begun, run, session_on
        from kwake_tui.learning import learn
        from kwake_tui.opened import Opened

        return run(lambda: Begun(session_on(world, SAMPLE, Opened((path,))), started=learn), SAMPLE, _look(arguments))
    from kwake_tui.text.columns import json_text
    from kwake_tui.text.learn import learn_json, learn_lines

    second = world.with_profile(second_profile(profile)).settle()
    shown = json_text(learn_json(world, second)).split("\n") if arguments.output == "json" else None
    print_data(shown or learn_lines(world, second))
    return 0


def _scenario(arguments: Namespace) -> int:
    """The console at the beginning of a scenario; without a terminal its replay."""
    path, overrides = arguments.snapshot[0], overrides_of(arguments.fields)
    if not _takes_a_console(arguments):
        words = [word for name in arguments.profile for word in ("--profile", name)]
        words += [word for field in arguments.fields for word in ("--set", field)]
        words += ["--seed", str(arguments.seed)] if arguments.seed is not None else []
        words += ["--lenient"] if arguments.lenient else []
        words += ["-o", arguments.output] if arguments.output else []
        return replay(parse(["replay", *words, "--", path]))
    from kwake.scenario.load import load
    from kwake_tui.app import Begun, run

    first, *more = load(path)

    def open_it(scenario: Scenario) -> World:
        from kwake.scenario.begin import begin

        profile = arguments.profile[0] if arguments.profile else None
        return begin(scenario, profile, arguments.seed, overrides=overrides, lenient=arguments.lenient)

    def begun() -> Begun:
        from kwake_tui.replaying import replay, session_of

        session = session_of(first, next(iter(arguments.profile[1:]), None), open_it)
        return Begun(session, started=(lambda desk: replay(desk, [path])) if more else None)

    return run(begun, first.name, _look(arguments))
