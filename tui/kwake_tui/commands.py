"""The `:` prompt as data: what can be typed, how it is completed, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Final, NamedTuple

from kwake.actions import (
    Action,
    CloseConnection,
    Delete,
    KillPod,
    OpenConnection,
    RecreateSandbox,
    Relabel,
    ReplaceService,
    RestartContainer,
    RolloutRestart,
    Scale,
    SetServiceType,
    SilenceNode,
    WakeNode,
)
from kwake.cluster import Cluster
from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake.objects.key import SHORT_NAMES
from kwake.objects.kinds import Node, Pod, Service, Workload
from kwake_tui.desk import Desk
from kwake_tui.filtering import parse_filter
from kwake_tui.names import KIND_WORDS, parse_target, targets
from kwake_tui.saving import export, kubectl, save
from kwake_tui.screens.pages import describe_page, used_by_page, yaml_page

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Headless")

PROTOCOLS = ("TCP", "UDP", "SCTP")

Words = list[str]


class Command(NamedTuple):
    """One command."""

    name: str
    usage: str
    """Its arguments, by the names of `_CANDIDATES`; in brackets what may be left out."""
    help: str
    run: Callable[[Desk, Words], None]


def _does(make: Callable[[Words], Action]) -> Callable[[Desk, Words], None]:
    def run(desk: Desk, words: Words) -> None:
        desk.attempt(make(words))

    return run


def _number(text: str, what: str = "a number of replicas") -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise UsageError(f"{text}: expected {what}")
    return int(text)


_DIGITS = 9
"""Digits of the longest number that anything here counts to."""


def _labels(words: Words) -> dict[str, str | None]:
    labels: dict[str, str | None] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals and not word.endswith("-"):
            raise UsageError(f"{word}: write name=value, or name- to take a label away")
        labels[name if equals else name.removesuffix("-")] = value if equals else None
    return labels


def _flow(words: Words) -> Flow:
    """SOURCE TARGET [PORT] [PROTOCOL], as kubectl users write them apart. Raises UsageError."""
    target = parse_target(words[1])
    if target.port is not None and len(words) > 2 and words[2] != str(target.port):
        raise UsageError(f"two ports: {words[1]} and {words[2]}")
    port: int | str | None = target.port
    if len(words) > 2:
        port = _number(words[2], "a port") if words[2].isdigit() else words[2]
    protocol = words[3].upper() if len(words) > 3 else target.protocol
    if protocol not in PROTOCOLS:
        raise UsageError(f"{words[3]}: no such protocol: {', '.join(PROTOCOLS)}")
    return Flow(words[0], target.reference, port, protocol)


def _silence(desk: Desk, words: Words) -> None:
    if len(words) > 1 and words[1] != "lost":
        raise UsageError(f"{words[1]}: write lost, or nothing where the machine runs on")
    desk.attempt(SilenceNode(words[0], lost=len(words) > 1))


def _trace(desk: Desk, words: Words) -> None:
    desk.show(desk.session.looking_at(_flow(words)))


def _open(desk: Desk, words: Words) -> None:
    if len(words) >= 3:
        flow = _flow(words[1:])
    elif len(words) == 1 and desk.session.shown_flow:
        flow = desk.session.shown_flow
    else:
        raise UsageError("open NAME SOURCE TARGET; without a source it opens the path that is shown")
    desk.attempt(OpenConnection(words[0], flow.source, flow.target, flow.port, flow.protocol, flow.via))


def _namespace(desk: Desk, words: Words) -> None:
    if words and words[0] not in desk.session.world.cluster.namespaces:
        raise UsageError(f"{words[0]}: no such namespace")
    desk.choose_namespace(words[0] if words else "")


def _show_kind(desk: Desk, kind: str, words: Words) -> None:
    """`:pods`, and `:pods shop` as k9s takes it."""
    if words[1:]:
        raise UsageError(f"{' '.join(words[1:])}: not understood; write a kind, and a namespace if it is to be one")
    if words:
        _namespace(desk, words)
    desk.keep_kind(kind)


def _filter(desk: Desk, words: Words) -> None:
    rows = desk.rows
    if rows is None:
        raise UsageError("this pane has no list to filter")
    rows.keep(parse_filter(" ".join(words)))


def _go(desk: Desk, number: str) -> None:
    desk.show(desk.session.go_to(_number(number, "the number of a moment")))


def _pin(desk: Desk, words: Words) -> None:
    flow = _flow(words) if len(words) > 1 else desk.session.shown_flow
    if flow is None or len(words) == 1:
        raise UsageError("pin SOURCE TARGET [PORT]; without them it pins the path that is shown")
    if flow not in desk.session.pins:
        desk.show(desk.session.pinned(flow))


def _unpin(desk: Desk, words: Words) -> None:
    session = desk.session
    which = range(len(session.pins))
    if words:
        number = _number(words[0], "the number of a pinned flow")
        if not 1 <= number <= len(which):
            raise UsageError(f"{number}: {len(which)} flows are pinned")
        which = range(number - 1, number)
    for pin in [session.pins[index] for index in which]:
        session = session.pinned(pin)
    desk.show(session)


COMMANDS: tuple[Command, ...] = (
    Command("kill", "POD", "kill a pod", _does(lambda w: KillPod(w[0]))),
    Command("delete", "OBJECT", "delete any object", _does(lambda w: Delete(w[0]))),
    Command("restart", "POD", "restart the containers: same pod, same IP", _does(lambda w: RestartContainer(w[0]))),
    Command("sandbox", "POD", "recreate the sandbox: same pod, new IP", _does(lambda w: RecreateSandbox(w[0]))),
    Command("scale", "WORKLOAD NUMBER", "set the replicas of a workload", _does(lambda w: Scale(w[0], _number(w[1])))),
    Command("rollout-restart", "WORKLOAD", "replace the pods, by its strategy", _does(lambda w: RolloutRestart(w[0]))),
    Command(
        "relabel", "OBJECT LABEL [LABEL…]", "set labels, name=value; name- takes one away",
        _does(lambda w: Relabel(w[0], _labels(w[1:]))),
    ),
    Command(
        "set-type", "SERVICE TYPE [NAME]", "switch a Service's type; ExternalName needs the name",
        _does(lambda w: SetServiceType(w[0], w[1], w[2] if len(w) > 2 else None)),
    ),
    Command(
        "replace", "SERVICE [TYPE]", "delete a Service and create it again",
        _does(lambda w: ReplaceService(w[0], w[1] if len(w) > 1 else None)),
    ),
    Command("silence-node", "NODE [LOST]", "a node stops to report; lost: its machine is off", _silence),
    Command("wake-node", "NODE", "a silent node reports again", _does(lambda w: WakeNode(w[0]))),
    Command("trace", "SOURCE TARGET [PORT] [PROTOCOL]", "show where a dial would go", _trace),
    Command("open", "CONNECTION [SOURCE TARGET] [PORT] [PROTOCOL]", "open a connection under a name", _open),
    Command("close", "CONNECTION", "close a connection in order", _does(lambda w: CloseConnection(w[0]))),
    Command("edit", "OBJECT", "edit an object's YAML", lambda desk, w: desk.edit(w[0])),
    Command("describe", "OBJECT", "what is known of an object", lambda desk, w: describe_page(desk, w[0])),
    Command("yaml", "OBJECT", "an object's YAML, to read", lambda desk, w: yaml_page(desk, w[0])),
    Command("undo", "", "before the last action", lambda desk, w: desk.show(desk.session.undo())),
    Command("redo", "", "forward again", lambda desk, w: desk.show(desk.session.redo())),
    Command("moment", "MOMENT", "go to a moment of the timeline, by number", lambda desk, w: _go(desk, w[0])),
    Command("namespace", "[NAMESPACE]", "show one namespace alone; without one, all", _namespace),
    Command("filter", "[FILTER…]", "keep rows: text, !text, -l app=web, -f letters; without one, all", _filter),
    Command("used-by", "OBJECT", "who owns, selects or serves an object", lambda desk, w: used_by_page(desk, w[0])),
    Command("pin", "[SOURCE] [TARGET] [PORT] [PROTOCOL]", "watch a flow; without one, the path that is shown", _pin),
    Command("unpin", "[NUMBER]", "watch a pinned flow no more, by its number; without one, none", _unpin),
    Command("save", "FILE…", "write what was done as a scenario, which kwake replay runs", save),
    Command("export", "FILE… [changed]", "write the present cluster as manifests; changed: what you changed", export),
    Command("kubectl", "[FILE…]", "the kubectl commands that would do the same; nothing is run", kubectl),
    Command("quit", "", "leave", lambda desk, w: desk.leave()),
)  # fmt: skip
"""All commands. Those that are the first letters of one alone stand for it."""


KINDS: Final = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob",
         "Service", "NetworkPolicy", "Namespace", "Node")  # fmt: skip
"""Kinds whose name or kubectl short name shows them alone."""

KIND_COMMANDS = tuple(f"{kind.lower()}s".replace("ys", "ies") for kind in KINDS)
"""Their plurals, as they are offered."""


def run(desk: Desk, text: str) -> None:
    """Carry out what was typed. Raises KwakeError: an unknown command, a missing argument, a refusal."""
    words = text.split()
    if not words:
        return
    named = [command for command in COMMANDS if command.name == words[0]]
    kind = SHORT_NAMES.get(words[0].lower())
    if kind in KINDS and not named:
        _show_kind(desk, kind, words[1:])
        return
    found = named or [command for command in COMMANDS if command.name.startswith(words[0])]
    if len(found) != 1:
        if found:
            raise UsageError(f"{words[0]}: which one: {', '.join(command.name for command in found)}")
        known = [*(command.name for command in COMMANDS), *KIND_COMMANDS]
        near = get_close_matches(words[0], known, 1, cutoff=0.5)
        hint = f"is it {near[0]}?" if near else "tab lists all, ? tells what they do"
        raise UsageError(f"{words[0]}: no such command; {hint}")
    command = found[0]
    arguments = command.usage.split()
    least = len([name for name in arguments if not name.startswith("[") and not name.endswith("]")])
    if len(words) - 1 < least:
        raise UsageError(f"write {command.name} {command.usage}")
    over = [] if "…" in command.usage else words[1 + len(arguments) :]
    if over:
        raise UsageError(f"{' '.join(over)}: not understood; write {command.name} {command.usage}".rstrip())
    command.run(desk, words[1:])


def _references(cluster: Cluster, *kinds: type) -> list[str]:
    values = [record.value for record in cluster if not kinds or isinstance(record.value, kinds)]
    keys = sorted(value.key for value in values)
    return ["/".join(filter(None, (KIND_WORDS.get(k.kind, k.kind), k.namespace, k.name))) for k in keys]


def _candidates(kind: str, desk: Desk) -> list[str]:
    """What may stand for an argument."""
    cluster = desk.session.world.cluster
    match kind:
        case "POD":
            return _references(cluster, Pod)
        case "OBJECT":
            return _references(cluster)
        case "WORKLOAD":
            return _references(cluster, Workload)
        case "SERVICE":
            return _references(cluster, Service)
        case "SOURCE":
            return [*_references(cluster, Workload), *_references(cluster, Pod), "internet"]
        case "TARGET":
            return list(targets(cluster))
        case "NAMESPACE":
            return sorted(cluster.namespaces)
        case "NODE":
            return _references(cluster, Node)
        case "LOST":
            return ["lost"]
        case "MOMENT":
            return [str(number) for number in range(len(desk.session.timeline.entries))]
        case "CONNECTION":
            return list(desk.session.world.connections)
        case "PROTOCOL":
            return list(PROTOCOLS)
        case "TYPE":
            return list(TYPES)
        case _:
            return []


def completions(desk: Desk, text: str) -> list[str]:
    """The whole lines that the text may become, best first."""
    words = text.split(" ")
    if len(words) == 1:
        begun = [command for command in COMMANDS if command.name.startswith(text)]
        kinds = [kind for kind in KIND_COMMANDS if kind.startswith(text)]
        return [*(f"{command.name} " if command.usage else command.name for command in begun), *kinds]
    found = [command for command in COMMANDS if command.name.startswith(words[0])]
    arguments = [name.strip("[]…") for name in found[0].usage.split()] if found else []
    if len(words) - 2 >= len(arguments):
        return []
    last = words[-1]
    candidates = _candidates(arguments[len(words) - 2], desk)
    best = sorted((c for c in candidates if last in c), key=lambda candidate: not candidate.startswith(last))
    return [" ".join([*words[:-1], candidate]) for candidate in best]
