"""What may stand on the command line. Only argparse is imported here: `kwake --help` is quick."""

from __future__ import annotations

import argparse
import os
import re
from typing import NoReturn

COMMANDS = {
    "trace": "where a dial would go, hop by hop, and what decides it",
    "reach": "who may talk to whom: all pairs",
    "diff": "what of the traffic differs between two snapshots, and what decides it",
    "what-if": "what actions come to: events, connections, flows through time, and the wake",
    "describe": "what is known of one object",
    "yaml": "one object's YAML, as kubectl would show it",
    "replay": "run scenarios and tell what was not as expected",
    "schema": "the JSON Schema of scenarios, for editors",
    "check": "what is wrong, assumed or unknown in a snapshot",
    "rule": "what a rule says that an answer cites by its id, how sure it is, and where it was read",
    "learn": "five short lessons on a sample cluster: predict, do, see",
    "kubectl": "the kubectl commands that would make a scenario's changes; nothing is run",
    "config": "where the settings are, and what holds: theme, signs, mouse, keys",
    "capture": "what a live cluster holds, as a snapshot without secrets",
    "rbac": "the least rights that reading a live cluster needs, as manifests",
    "sessions": "which sessions of the console ended in a crash and can be resumed",
}

_EXIT_CODES = """\
exit codes: 0 all met, 1 an expectation failed, diff found changes or check what --fail-on names, 2 bad usage, syntax
or an object that the API server would refuse, 3 a snapshot that cannot be read, 4 only unknown answers stood in the
way, 5 nothing to run, 70 a fault of kwake"""

_SNAPSHOT = "a file, a folder or - for standard input: plain Kubernetes manifests, YAML or JSON"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error is said."""

    def error(self, message: str) -> NoReturn:
        choice = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if choice is not None:
            import difflib

            near = difflib.get_close_matches(choice[1], choice[2].replace("'", "").split(", "), n=1)
            message += f"; did you mean {near[0]}?" if near else ""
        self.exit(2, f"kwake: {message}; see {self.prog} --help\n")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def command_of(arguments: list[str]) -> str:
    """The command that these arguments call; empty for the console."""
    return arguments[0] if arguments and arguments[0] in COMMANDS else ""


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments as values, `command` among them. Ends the process on bad ones, and for --help and --version."""
    command = command_of(arguments)
    if not command:
        _refuse_misspelt(arguments)
        parser = _console()
        _refuse_misspelt_options(parser, arguments)
        found = parser.parse_args(arguments, argparse.Namespace(command=""))
        late = next((word for word in found.snapshot if word in COMMANDS and not os.path.lexists(word)), None)
        if late is not None:
            parser.error(f"{late}: a command comes first, as in kwake {late} …; there is no such file or folder")
        return found
    parser = _Parser(prog=f"kwake {command}", description=_sentence(COMMANDS[command]), allow_abbrev=False,
                     formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EXIT_CODES)  # fmt: skip
    _ADD[command](parser)
    _refuse_misspelt_options(parser, arguments[1:])
    return parser.parse_args(arguments[1:], argparse.Namespace(command=command))


def _refuse_misspelt(arguments: list[str]) -> None:
    """A first word that is no file but nearly a command is meant as that, whatever follows it."""
    word = arguments[0] if arguments else ""
    if not word or word.startswith("-") or os.path.lexists(word):
        return
    import difflib

    near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.7)
    if near:
        _Parser(prog="kwake").error(f"{word}: no file, no folder and no command; did you mean kwake {near[0]}?")


def _refuse_misspelt_options(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """An option that there is not is told with the nearest that there is, before what else may be missing."""
    known = _options_of(parser)
    for word in arguments[: arguments.index("--") if "--" in arguments else None]:
        option = word.partition("=")[0]
        is_long = option.startswith("--") or (len(option) > 2 and f"-{option}" in known)
        if option.startswith("-") and is_long and option not in known:
            hint = _nearest_option(f"--{option.lstrip('-').lower()}", known)
            parser.error(f"{option}: there is no such option" + (f"; {hint}" if hint else ""))


def _nearest_option(option: str, known: list[str]) -> str:
    import difflib

    if option.startswith("--expect"):
        return "expectations stand in a scenario, which kwake replay runs"
    begun = [name for name in known if name.startswith(option)]
    for name, add in _ADD.items():
        other = _Parser(add_help=False)
        add(other)
        if not begun and option in _options_of(other):
            return f"kwake {name} has it"
    near = begun if len(begun) == 1 else difflib.get_close_matches(option, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def _options_of(parser: argparse.ArgumentParser) -> list[str]:
    """The long options that a parser takes."""
    return [option for option in parser._option_string_actions if option.startswith("--")]


def _console() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS)) + 2
    commands = "\n".join(f"  {name:<{width}}{words}" for name, words in COMMANDS.items())
    parser = _Parser(
        prog="kwake",
        usage="kwake [OPTION…] [SNAPSHOT…]\n       kwake --context NAME [-n NS]\n"
        "       kwake [OPTION…] SCENARIO\n       kwake COMMAND …",
        description="A what-if console for Kubernetes networking. Without a snapshot it opens the sample cluster\n"
        "shop; without a terminal it prints what the cluster holds.",
        epilog=f"commands (kwake COMMAND --help):\n{commands}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_snapshot(parser)
    parser.add_argument("--version", action="store_true", help="print the version and end")
    parser.add_argument("--learn", action="store_true", help="begin with five short lessons on a sample cluster")
    parser.add_argument("--resume", metavar="NAME", nargs="?", const="last",
                        help="go on with a session that crashed: the last, or one of kwake sessions")  # fmt: skip
    _add_look(parser)
    _add_world(parser, seed=None)
    _add_output(parser)
    return parser


def _add_look(parser: argparse.ArgumentParser) -> None:
    """How the console looks."""
    parser.add_argument("--theme", metavar="NAME",
                        help="deep (dark), foam (light), colour-blind, high-contrast, 16 or 16-light")  # fmt: skip
    parser.add_argument("--ascii", action="store_true", help="signs and borders of the console in ASCII")


def _add_snapshot(parser: argparse.ArgumentParser) -> None:
    """Which cluster: files, or a live one."""
    parser.add_argument("snapshot", metavar="SNAPSHOT", nargs="*", help=_SNAPSHOT)
    _add_context(parser)


def _add_context(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--context", metavar="NAME",
                        help="a live cluster instead, read and never touched: a context of the kubeconfig")  # fmt: skip
    parser.add_argument("-n", "--namespace", metavar="NS", default="",
                        help="of the live cluster this namespace alone")  # fmt: skip


def _add_world(parser: argparse.ArgumentParser, seed: int | None = 0) -> None:
    """How the cluster behaves: profile, its fields, seed, leniency."""
    parser.add_argument("--profile", metavar="NAME[+NAME]", action="append", default=[],
                        help="how CNI, proxy, DNS and IPAM behave (default: calico); several compare")  # fmt: skip
    parser.add_argument("--set", metavar="FIELD=VALUE", action="append", default=[], dest="fields",
                        help="one field of the profile, as host-network-pods=selected")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=int, default=seed, help="what all draws come from")
    parser.add_argument("--lenient", action="store_true",
                        help="skip objects that the API server would refuse; what they touch is unknown")  # fmt: skip


def _add_output(parser: argparse.ArgumentParser, forms: tuple[str, ...] = ("text", "json")) -> None:
    parser.add_argument("-o", "--output", choices=forms,
                        help=f"text (default){', '.join(['', *forms[1:-1]])} or {forms[-1]}")  # fmt: skip


def _add_trace(parser: argparse.ArgumentParser) -> None:
    _add_snapshot(parser)
    parser.add_argument("--from", required=True, metavar="A", dest="source",
                        help="who dials: deploy/shop/web, shop/web-1, node/node-a, internet, an address")  # fmt: skip
    parser.add_argument("--to", required=True, metavar="B", dest="target",
                        help="who is dialled: svc/shop/checkout:443, a pod, a DNS name, 10.96.0.10:53/UDP")  # fmt: skip
    parser.add_argument("--port", metavar="P",
                        help="if not in --to: a number or a port's name (default: the target's only one)")  # fmt: skip
    parser.add_argument("--protocol", type=str.upper, choices=("TCP", "UDP", "SCTP"), help="default: TCP")
    parser.add_argument("--via", choices=("dns", "env", "ip"), default="dns", help="how the client finds a Service")
    parser.add_argument("--flip", action="store_true",
                        help="and the smallest edits of policies and labels that turn it, each tried")  # fmt: skip
    parser.add_argument("--svg", metavar="FILE", help="draw the path to this file, too; of several profiles the first")
    parser.add_argument("--at", metavar="NODE", default="", help="the node where a dial from outside comes in")
    _add_world(parser)
    _add_output(parser)


def _add_reach(parser: argparse.ArgumentParser) -> None:
    _add_snapshot(parser)
    parser.add_argument("--by", choices=("workload", "pod"), default="workload", help="what counts as one end")
    parser.add_argument("--focus", metavar="NAME", action="append", default=[],
                        help="only pairs with this workload or pod at one end: checkout, shop/checkout,"
                        " deploy/shop/checkout, shop/ all there, a CIDR, internet; several with commas")  # fmt: skip
    parser.add_argument("--peer", metavar="NAME", action="append", default=[],
                        help="of those only pairs with this one at the other end")  # fmt: skip
    parser.add_argument("--direction", choices=("ingress", "egress"),
                        help="what may reach the focus, or what it may reach (default: both)")  # fmt: skip
    parser.add_argument("--exposure", action="store_true",
                        help="and what pods that do not exist yet could reach, or be reached on")  # fmt: skip
    parser.add_argument("--why", action="store_true",
                        help="and for each pair the rules that let it pass, with file and line")  # fmt: skip
    parser.add_argument("--port", metavar="P", help="only pairs that may talk on this port, as 443 or 53/UDP")
    parser.add_argument("--protocol", type=str.upper, choices=("TCP", "UDP", "SCTP"),
                        help="the port's (default: TCP); without a port, all of its ports")  # fmt: skip
    _add_world(parser)
    _add_output(parser, ("text", "json", "csv", "md", "dot"))


def _add_diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", nargs="?",
                        help=f"the snapshot before: {_SNAPSHOT}; with --context the live cluster is")  # fmt: skip
    parser.add_argument("new", metavar="NEW", help="the snapshot after; one of the two may be -")
    _add_context(parser)
    parser.add_argument("--all", action="store_true", dest="every_dial",
                        help="compare every dial that the change can touch, however long it takes")  # fmt: skip
    parser.add_argument("--md", metavar="FILE", help="write it as Markdown to this file, too")
    _add_world(parser)
    parser.add_argument("-o", "--output", choices=("text", "json", "md"), help="text (default), json or md")


def _add_what_if(parser: argparse.ArgumentParser) -> None:
    _add_snapshot(parser)
    parser.add_argument(
        "--do",
        metavar="ACTION",
        action="append",
        default=[],
        dest="actions",
        help="an action in the words of the prompt: 'kill shop/web-1', 'scale deploy/shop/web 3',"
        " 'open pay deploy/shop/web svc/shop/cart:80', or 'apply FILE'; several are done in this order",
    )
    parser.add_argument(
        "--flow",
        metavar="NAME=FROM,TO:PORT",
        action="append",
        default=[],
        dest="flows",
        help="a flow to watch through each action, as pay=deploy/shop/web,svc/shop/cart:80",
    )
    _add_world(parser)
    _add_output(parser)


def _add_object(parser: argparse.ArgumentParser) -> None:
    _add_snapshot(parser)
    parser.add_argument("reference", metavar="OBJECT", help="svc/shop/web, shop/web-1, np/shop/default-deny")
    _add_world(parser)
    _add_output(parser)


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", metavar="SCENARIO", nargs="+",
                        help="a scenario, a folder of them, or a journal to run again")  # fmt: skip
    parser.add_argument("--step", metavar="ID", help="look at this step only")
    parser.add_argument("--json", metavar="FILE", help="write the report to this file, too")
    parser.add_argument("--junit", metavar="FILE", help="write it as JUnit XML, for a CI system")
    parser.add_argument("--md", metavar="FILE", help="write it as Markdown, for a pull request's comment")
    parser.add_argument("--journal", metavar="FILE.json", help="write what was run and found, to be run again")
    _add_world(parser, seed=None)
    parser.add_argument("-o", "--output", choices=("text", "json", "md"), help="text (default), json or md")


def _add_kubectl(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", metavar="SCENARIO", help="a scenario, such as the console saves")


def _add_learn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", metavar="NAME", help="how CNI, proxy, DNS and IPAM behave (default: calico)")
    _add_look(parser)
    _add_output(parser)


def _add_rule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="*", help="as answers cite it: NP-23; without one, all rules")
    _add_output(parser)


def _add_config(parser: argparse.ArgumentParser) -> None:
    _add_look(parser)
    _add_output(parser)


def _add_capture(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="FILE", required=True,
                        help="a file not there yet, YAML or JSON by its name; - is standard output")  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    _add_context(parser)


def _add_rbac(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--namespace", metavar="NS", default="",
                        help="rights in this namespace alone (default: in all)")  # fmt: skip
    parser.add_argument("--name", metavar="NAME", default="kwake-reader", help="what the roles are called")
    _add_output(parser)


def _add_sessions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--discard", metavar="NAME", action="append", default=[], help="remove one of them")
    _add_output(parser)


FAIL_ON = ("warning", "unknown", "assumption", "inferred", "skipped")
"""Levels of findings, the worst first."""


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_snapshot(parser)
    parser.add_argument("--fail-on", choices=FAIL_ON,
                        help="end with 1 if there is a finding of this level or one before it")  # fmt: skip
    _add_world(parser)
    _add_output(parser)


def _add_nothing(parser: argparse.ArgumentParser) -> None:
    """No options."""


_ADD = {
    "trace": _add_trace,
    "reach": _add_reach,
    "diff": _add_diff,
    "what-if": _add_what_if,
    "describe": _add_object,
    "yaml": _add_object,
    "replay": _add_replay,
    "schema": _add_nothing,
    "check": _add_check,
    "capture": _add_capture,
    "rbac": _add_rbac,
    "sessions": _add_sessions,
    "kubectl": _add_kubectl,
    "learn": _add_learn,
    "config": _add_config,
    "rule": _add_rule,
}
