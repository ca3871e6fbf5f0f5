"""The command line: standard output is data, standard error is narration. One catch for everything that goes wrong.

Modules are imported where a command needs them: `kwake --help` must not wait for the model, nor any command but the
console for Textual.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from kwake_tui.arguments import parse

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Sequence

    from kwake.policy.exposure import Exposure
    from kwake.policy.reach_view import ReachView
    from kwake.scenario.scenario import Scenario
    from kwake.world import World
    from kwake_tui.app import Begun
    from kwake_tui.appearance import Look

T = TypeVar("T")

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
        _narrate(f"kwake: {error}")
        return error.exit_code
    import platform
    import shlex
    import traceback

    trace = "".join(traceback.format_exception(error))
    _narrate(f"kwake: a fault of kwake, not of what it was given. Please report it with all of this:\n"
             f"kwake {shlex.join(words)}\n{_version()}, Python {platform.python_version()} on {platform.platform()}\n"
             f"{trace}")  # fmt: skip
    return INTERNAL_ERROR


def _run(words: list[str]) -> int:
    arguments = parse(words)
    return _COMMANDS[arguments.command](arguments)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"kwake {version('kwake')}"
    except PackageNotFoundError:
        return "kwake, not installed"


def _print(lines: Iterable[str]) -> None:
    """Data. Names in it are shown, never obeyed."""
    from kwake.objects.printable import printable

    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def _narrate(text: str) -> None:
    from kwake.objects.printable import printable

    sys.stderr.writelines(f"{printable(line)}\n" for line in text.splitlines())


def _narrate_live(text: str) -> None:
    _narrate(f"kwake: {text}")


def _overrides(fields: list[str]) -> dict[str, str]:
    """`--set FIELD=VALUE` as a map."""
    from kwake.errors import UsageError

    for field in fields:
        if not field.partition("=")[0] or "=" not in field:
            raise UsageError(f"--set {field}: write FIELD=VALUE, as host-network-pods=selected")
    return {name: value for name, _, value in (field.partition("=") for field in fields)}


def _stdin() -> Callable[[], bytes]:
    """Standard input, read once however often it is asked for."""
    from functools import cache

    return cache(lambda: sys.stdin.buffer.read())


def _worlds(arguments: Namespace, piped: bytes | None = None) -> list[World]:
    """The snapshot opened once for each profile; `piped` is what standard input held, if it was read before."""
    import kwake
    from kwake.errors import UsageError

    overrides = _overrides(arguments.fields)
    if arguments.context is not None:
        from kwake_tui.live_worlds import live_worlds

        if arguments.snapshot:
            raise UsageError("--context: the live cluster is the snapshot; name no other beside it")
        return live_worlds(arguments.context, arguments.namespace, arguments.profile or ["calico"],
                           arguments.seed or 0, overrides, _narrate_live)  # fmt: skip
    if arguments.namespace:
        raise UsageError("-n: a namespace of a live cluster, which --context names")
    if not arguments.snapshot:
        raise UsageError("name a SNAPSHOT, or a live cluster: --context NAME")
    if arguments.snapshot.count("-") > 1:
        raise UsageError("- stands for standard input, and that can be read only once")
    stdin = _stdin() if piped is None else lambda: piped
    return [
        kwake.open(arguments.snapshot, profile, arguments.seed or 0, overrides=overrides, lenient=arguments.lenient,
                   stdin=stdin)
        for profile in arguments.profile or ["calico"]
    ]  # fmt: skip


def _show(
    arguments: Namespace,
    worlds: Sequence[World],
    answers: Sequence[T],
    text: Callable[[T], list[str]],
    form: Callable[[T], dict[str, Any]],
) -> None:
    """One answer for each world; of several, each under the name of its profile."""
    from kwake_tui.text.columns import json_text

    several = len(worlds) > 1
    if arguments.output == "json":
        forms = [form(answer) for answer in answers]
        named = [{"profile": world.profile.name, **one} for world, one in zip(worlds, forms, strict=True)]
        _print(json_text(named if several else forms[0]).split("\n"))
        return
    for at, (world, answer) in enumerate(zip(worlds, answers, strict=True)):
        if several:
            _print([*([""] if at else []), f"profile {world.profile.name}"])
        _print(text(answer))


def _tell_findings(world: World) -> None:
    """One line about what the answer rests on."""
    if world.findings:
        from kwake_tui.text.findings import count_line

        _narrate(f"kwake: {count_line(world.findings)}; kwake check lists them")


def _console(arguments: Namespace) -> int:
    if arguments.version:
        _print([_version()])
        return 0
    if arguments.resume is not None:
        return _resume(arguments)
    if arguments.learn:
        words = [word for name in arguments.profile[:1] for word in ("--profile", name)]
        words += ["--theme", arguments.theme] if arguments.theme is not None else []
        return _run(["learn", *words, *(["--ascii"] if arguments.ascii else [])])
    if arguments.context is not None:
        return _live(arguments)
    hint = "" if arguments.snapshot else "new here: {command} learn opens five short lessons"
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

        return run(lambda: _begun(arguments, title, piped)._replace(hint=hint), title, _look(arguments))
    worlds = _worlds(arguments, piped)
    from kwake_tui.text.cluster import cluster_json, cluster_lines

    _show(arguments, worlds, worlds, lambda world: cluster_lines(world, title), cluster_json)
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
                            _overrides(arguments.fields), _look(arguments), _narrate_live)  # fmt: skip
    worlds = _worlds(arguments)
    from kwake_tui.text.cluster import cluster_json, cluster_lines

    _show(arguments, worlds, worlds, lambda world: cluster_lines(world, title), cluster_json)
    return 0


def _capture(arguments: Namespace) -> int:
    """A live cluster into a file, and on standard error what was left out."""
    from pathlib import Path

    from kwake.errors import UsageError
    from kwake_live.capturing import capture, text_of, write_capture
    from kwake_live.opening import connect, read_cluster

    target = arguments.to
    if target != "-" and not arguments.overwrite and Path(target).exists():
        raise UsageError(f"{target}: exists already, and is not overwritten unasked; --overwrite replaces it")
    access = connect(arguments.context or "", interactive=True)
    loaded = read_cluster(access, arguments.namespace, _narrate_live)
    captured = capture(loaded)
    if target == "-":
        sys.stdout.write(text_of(captured, access.context, "yaml").decode())
    else:
        write_capture(captured, access.context, target, overwrite=arguments.overwrite)
    _narrate(f"kwake: {len(captured.entries)} objects of {access.context}; left out:")
    _narrate("\n".join(f"  {line}" for line in captured.told))
    for kind in loaded.unread:
        if not kind.read_in:
            _narrate(f"  {kind.name}: not read, and marked so in the file: {kind.reason}")
    return 0


def _rbac(arguments: Namespace) -> int:
    from kwake.sources import to_yaml
    from kwake_live.rights import roles
    from kwake_tui.text.columns import json_text

    found = roles(arguments.namespace, arguments.name)
    if arguments.output == "json":
        _print(json_text({"apiVersion": "v1", "kind": "List", "items": list(found)}).split("\n"))
    else:
        _print("---\n".join(map(to_yaml, found)).rstrip("\n").split("\n"))
    return 0


def _begun(arguments: Namespace, title: str, piped: bytes | None) -> Begun:
    """The snapshot under the first profile, compared with the second if there is one."""
    from kwake_tui.app import Begun, session_on
    from kwake_tui.opened import Opened

    second = arguments.profile[1] if len(arguments.profile) > 1 else None
    arguments.profile = arguments.profile[:1]
    (world,) = _worlds(arguments, piped)
    return Begun(session_on(world, title, Opened(tuple(arguments.snapshot), arguments.lenient), second))


def _look(arguments: Namespace) -> Look:
    """How the console is to look. The file of settings is read where there is one."""
    from kwake_tui.appearance import Settings, config_file, look

    file, settings = config_file(os.environ), Settings()
    if file.exists():
        from kwake_tui.settings import read_settings

        settings = read_settings(file)
    return look(arguments.theme, arguments.ascii, os.environ, settings)


def _config(arguments: Namespace) -> int:
    from kwake_tui.appearance import config_file
    from kwake_tui.recording import state_folder
    from kwake_tui.text.columns import json_text
    from kwake_tui.text.config import config_json, config_lines

    asked = (config_file(os.environ), state_folder(), _look(arguments))
    _print(json_text(config_json(*asked)).split("\n") if arguments.output == "json" else config_lines(*asked))
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


def _kubectl(arguments: Namespace) -> int:
    """The commands for the way that a scenario goes, each scenario of a file after a line with its name."""
    from kwake.scenario.begin import begin
    from kwake.scenario.kubectl import kubectl_lines
    from kwake.scenario.load import load
    from kwake.scenario.stepping import stepped
    from kwake_tui.scenario_files import scenario_path

    scenarios = load(scenario_path([arguments.scenario]))
    for scenario in scenarios:
        steps = stepped(scenario, begin(scenario, stdin=_stdin()))
        lines = kubectl_lines(steps.timeline.go_to(steps.stops[-1].entry))
        _print([*([f"# {scenario.name}"] if len(scenarios) > 1 else []), *lines])
    return 0


def _learn(arguments: Namespace) -> int:
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
    _print(shown or learn_lines(world, second))
    return 0


def _sessions(arguments: Namespace) -> int:
    from kwake_tui.recording import crashed, discard, state_folder
    from kwake_tui.text.columns import json_text
    from kwake_tui.text.sessions import sessions_json, sessions_lines

    for name in arguments.discard:
        discard(state_folder(), name)
    found, bad = crashed(state_folder())
    if arguments.output == "json":
        _print(json_text(sessions_json(found, bad)).split("\n"))
    else:
        _print(sessions_lines(found, bad))
    return 0


def _scenario(arguments: Namespace) -> int:
    """The console at the beginning of a scenario; without a terminal its replay."""
    path, overrides = arguments.snapshot[0], _overrides(arguments.fields)
    if not _takes_a_console(arguments):
        words = [word for name in arguments.profile for word in ("--profile", name)]
        words += [word for field in arguments.fields for word in ("--set", field)]
        words += ["--seed", str(arguments.seed)] if arguments.seed is not None else []
        words += ["--lenient"] if arguments.lenient else []
        words += ["-o", arguments.output] if arguments.output else []
        return _run(["replay", *words, "--", path])
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


def _trace(arguments: Namespace) -> int:
    from kwake.dataplane.path import Outcome
    from kwake.errors import UsageError
    from kwake_tui.text.path import path_json, path_lines

    for option, word in (("--from", arguments.source), ("--to", arguments.target), ("--port", arguments.port)):
        if word == "":
            raise UsageError(f"{option}: an empty name")
    port: int | str | None = arguments.port
    if isinstance(port, str) and port.lstrip("-").isdecimal():
        port = int(port) if len(port) < 6 else 0
        if not 0 < port < 65536:
            raise UsageError(f"--port {arguments.port}: a port is a number from 1 to 65535, or a name")
    worlds = _worlds(arguments)
    asked = (arguments.source, arguments.target, port, arguments.protocol, arguments.via, arguments.at)
    paths = [world.trace(*asked) for world in worlds]
    if arguments.flip:
        from kwake.flips import path_flips
        from kwake_tui.text.flips import flip_lines, flips_json

        told = [(path, path_flips(world, path)) for world, path in zip(worlds, paths, strict=True)]
        _show(arguments, worlds, told, lambda both: [*path_lines(both[0]), *flip_lines(both[1])],
              lambda both: {**path_json(both[0]), "flips": flips_json(both[1])})  # fmt: skip
    else:
        _show(arguments, worlds, paths, path_lines, path_json)
    if arguments.svg is not None:
        from kwake_tui.text.path_svg import path_svg

        _write("--svg", arguments.svg, "\n".join(path_svg(paths[0])) + "\n")
    for note in dict.fromkeys(note for path in paths for note in path.notes):
        _narrate(f"kwake: note: {note}")
    if any(path.outcome is Outcome.UNRESOLVED for path in paths):
        _tell_nearest(worlds[0], arguments.target)
    _tell_findings(worlds[0])
    return 4 if any(path.outcome is Outcome.UNKNOWN for path in paths) else 0


def _tell_nearest(world: World, target: str) -> None:
    """The Services that a name without an answer may have meant."""
    import difflib

    from kwake.objects.kinds import Service

    references = {f"svc/{s.metadata.namespace}/{s.metadata.name}": s.metadata.name for s in world.cluster.all(Service)}
    word = target.rpartition("/")[2].partition(".")[0].partition(":")[0]
    near = difflib.get_close_matches(word, references.values(), n=1)
    if near and target not in references:
        meant = ", ".join(reference for reference, name in references.items() if name == near[0])
        _narrate(f"kwake: note: {target}: did you mean {meant}?")


def _reach(arguments: Namespace) -> int:
    from kwake_tui.reach_question import reach_view
    from kwake_tui.text.reach import exposed_lines, reach_json, reach_lines
    from kwake_tui.text.reach_forms import FORMS

    worlds = _worlds(arguments)
    view = reach_view(arguments, worlds[0])
    tables = [view.of(world.reach(arguments.by)) for world in worlds]
    exposed = [_exposure(world, arguments.by, view) for world in worlds] if arguments.exposure else []
    if arguments.output in FORMS:
        names = [world.profile.name for world in worlds]
        if exposed:
            tables = [table.joined(e.as_table) for table, e in zip(tables, exposed, strict=True)]
        _print(FORMS[arguments.output](list(zip(names, tables, strict=True))))
    elif exposed:
        both = list(zip(tables, exposed, strict=True))
        _show(arguments, worlds, both, lambda two: [*reach_lines(two[0]), *exposed_lines(two[1])],
              lambda two: {**reach_json(two[0]), "exposure": two[1].as_form()})  # fmt: skip
    else:
        _show(arguments, worlds, tables, reach_lines, reach_json)
    _tell_findings(worlds[0])
    return 0


def _exposure(world: World, by: str, view: ReachView) -> Exposure:
    """What pods that do not exist yet could do, as far as a view shows it."""
    from kwake.policy.exposure import Exposure, exposure
    from kwake.policy.reach import Reach

    whole = exposure(world.cluster, world.profile, by)
    egress, ingress = (view.of(Reach(pairs, ())).pairs for pairs in (whole.egress, whole.ingress))
    return Exposure(egress, ingress, view.of(Reach((), whole.unknown)).unknown)


def _diff(arguments: Namespace) -> int:
    from kwake.comparison import DIALS, compare
    from kwake.errors import UsageError
    from kwake_tui.text.diff import diff_json, diff_lines, diff_markdown

    if (arguments.old, arguments.new) == ("-", "-"):
        raise UsageError("- stands for standard input, and that can be read only once")
    if arguments.context is not None and arguments.old is not None:
        raise UsageError("--context: the live cluster is OLD; name NEW alone")
    if arguments.context is None and arguments.old is None:
        raise UsageError("name two snapshots, OLD and NEW; or one, and --context NAME for the live cluster as OLD")
    arguments.snapshot = [] if arguments.old is None else [arguments.old]
    before = _worlds(arguments)
    arguments.snapshot, arguments.context, arguments.namespace = [arguments.new], None, ""
    after = _worlds(arguments)
    limit = None if arguments.every_dial else DIALS
    found = [compare(old, new, limit) for old, new in zip(before, after, strict=True)]
    if arguments.md is not None:
        _write("--md", arguments.md, "\n\n".join("\n".join(diff_markdown(one)) for one in found) + "\n")
    text = diff_markdown if arguments.output == "md" else diff_lines
    _show(arguments, after, found, text, diff_json)
    codes = {one.exit_code for one in found}
    return next(code for code in (1, 4, 0) if code in codes)


def _what_if(arguments: Namespace) -> int:
    from kwake_tui.text.what_if import read_actions, read_flows, what_if, what_if_json, what_if_lines

    actions, flows = read_actions(arguments.actions), read_flows(arguments.flows)
    worlds = _worlds(arguments)
    _show(arguments, worlds, [what_if(world, actions, flows) for world in worlds], what_if_lines, what_if_json)
    _tell_findings(worlds[0])
    return 0


def _describe(arguments: Namespace) -> int:
    from kwake_tui.text.page import described, described_json

    worlds, name = _worlds(arguments), arguments.reference
    _show(arguments, worlds, worlds, lambda world: described(world, name), lambda world: described_json(world, name))
    return 0


def _yaml(arguments: Namespace) -> int:
    from kwake_tui.text.page import manifest_json, manifest_lines

    worlds, name = _worlds(arguments), arguments.reference
    _show(arguments, worlds, worlds, lambda world: manifest_lines(world, name), lambda w: manifest_json(w, name))
    return 0


def _check(arguments: Namespace) -> int:
    from kwake_tui.text.findings import check_json, finding_lines

    worlds = _worlds(arguments)
    _show(
        arguments, worlds, worlds, lambda w: finding_lines(w.findings), lambda w: check_json(w.findings, len(w.cluster))
    )
    return 0


def _schema(arguments: Namespace) -> int:
    from kwake.scenario.schema import schema_text

    _print(schema_text().splitlines())
    return 0


def _replay(arguments: Namespace) -> int:
    from kwake.errors import UsageError
    from kwake.scenario.journal import is_journal
    from kwake.scenario.running import Choice
    from kwake_tui.replay_command import again, report_of, written

    journals = [path for path in arguments.scenario if is_journal(path)]
    if journals and len(arguments.scenario) > 1:
        raise UsageError(f"{journals[0]}: a journal is run again alone")
    if journals:
        lines, code = again(journals[0], _stdin())
        _print(lines)
        return code
    fields = _overrides(arguments.fields)
    choice = Choice(tuple(arguments.profile), arguments.seed, fields, arguments.lenient, arguments.step)
    report = report_of(arguments.scenario, choice, _stdin())
    for form in ("json", "junit", "md", "journal"):
        file = getattr(arguments, form)
        if file is not None:
            _write(f"--{form}", file, "\n".join(written(report, form, choice)) + "\n")
    _print(written(report, arguments.output or "text"))
    return report.exit_code


def _write(option: str, path: str, text: str) -> None:
    """The report's file, written beside and renamed: a crash leaves the old one or the new."""
    from pathlib import Path

    from kwake.errors import UsageError

    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


_COMMANDS = {
    "": _console,
    "trace": _trace,
    "reach": _reach,
    "diff": _diff,
    "what-if": _what_if,
    "describe": _describe,
    "yaml": _yaml,
    "schema": _schema,
    "check": _check,
    "capture": _capture,
    "rbac": _rbac,
    "sessions": _sessions,
    "kubectl": _kubectl,
    "learn": _learn,
    "config": _config,
    "replay": _replay,
}
