"""The command that explains the ids of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwake_tui.command_line.output import print_data

if TYPE_CHECKING:
    from argparse import Namespace


def rule(arguments: Namespace) -> int:
    """What rules say and where that was read; without an id all rules."""
    from kwake.rules import rule, rules
    from kwake_tui.text.columns import json_text
    from kwake_tui.text.rules import list_lines, rules_json, rules_lines

    asked = tuple(dict.fromkeys(rule(id) for id in arguments.ids))
    if arguments.output == "json":
        print_data(json_text(rules_json(asked or rules())).split("\n"))
    else:
        print_data(rules_lines(asked) if asked else list_lines(rules()))
    return 0
