"""The commands about scenarios and about sessions that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwake_tui.command_line.output import narrate, print_data, write_report
from kwake_tui.command_line.worlds import overrides_of, stdin_once

if TYPE_CHECKING:
    from argparse import Namespace


def replay(arguments: Namespace) -> int:
    """What of scenarios was not as expected; or whether a run that was kept is the same again."""
    from kwake.errors import UsageError
    from kwake.scenario.journal import is_journal
    from kwake.scenario.running import Choice
    from kwake_tui.replay_command import again, report_of, written

    journals = [path for path in arguments.scenario if is_journal(path)]
    if journals and len(arguments.scenario) > 1:
        raise UsageError(f"{journals[0]}: a journal is run again alone")
    if journals:
        lines, code = again(journals[0], stdin_once())
        print_data(lines)
        return code
    fields = overrides_of(arguments.fields)
    choice = Choice(tuple(arguments.profile), arguments.seed, fields, arguments.lenient, arguments.step)
    report = report_of(arguments.scenario, choice, stdin_once())
    for form in ("json", "junit", "md", "journal"):
        file = getattr(arguments, form)
        if file is not None:
            write_report(f"--{form}", file, "\n".join(written(report, form, choice)) + "\n")
    for error in dict.fromkeys(one.error for one in report.not_run):
        narrate(f"kwake: {error}")
    form = arguments.output or "text"
    if report.cases or form != "text":
        print_data(written(report, form))
    return report.exit_code


def schema(arguments: Namespace) -> int:
    """The JSON Schema of scenarios."""
    from kwake.scenario.schema import schema_text

    print_data(schema_text().splitlines())
    return 0


def kubectl(arguments: Namespace) -> int:
    """The commands for the way that a scenario goes, each scenario of a file after a line with its name."""
    from kwake.scenario.begin import begin
    from kwake.scenario.kubectl import kubectl_lines
    from kwake.scenario.load import load
    from kwake.scenario.stepping import stepped
    from kwake_tui.scenario_files import scenario_path

    scenarios = load(scenario_path([arguments.scenario]))
    for scenario in scenarios:
        steps = stepped(scenario, begin(scenario, stdin=stdin_once()))
        lines = kubectl_lines(steps.timeline.go_to(steps.stops[-1].entry))
        print_data([*([f"# {scenario.name}"] if len(scenarios) > 1 else []), *lines])
    return 0


def sessions(arguments: Namespace) -> int:
    """Which sessions crashed and can be resumed."""
    from kwake_tui.recording import crashed, discard, state_folder
    from kwake_tui.text.columns import json_text
    from kwake_tui.text.sessions import sessions_json, sessions_lines

    for name in arguments.discard:
        discard(state_folder(), name)
        narrate(f"kwake: discarded {name}")
    found, bad = crashed(state_folder())
    if arguments.output == "json":
        print_data(json_text(sessions_json(found, bad)).split("\n"))
    else:
        print_data(sessions_lines(found, bad))
    return 0
