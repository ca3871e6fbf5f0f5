"""Actions in words, as the `:` prompt and the command line take them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from kwake.actions import (
    Action,
    CloseConnection,
    Delete,
    DrainNode,
    EvictPod,
    FailReadiness,
    KillPod,
    OpenConnection,
    PassReadiness,
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
from kwake.dataplane.path import Flow
from kwake.errors import UsageError
from kwake_tui.names import parse_target

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")

Words = list[str]

_DIGITS: Final = 9
"""Digits of the longest number that anything here counts to."""


class ActionWords(NamedTuple):
    """One action."""

    name: str
    usage: str
    """Its arguments; in brackets what may be left out."""
    help: str
    make: Callable[[Words], Action]


def number(text: str, what: str = "a number of replicas") -> int:
    """A whole number. Raises UsageError."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise UsageError(f"{text}: expected {what}")
    return int(text)


def labels(words: Sequence[str]) -> dict[str, str | None]:
    """`name=value` sets a label, `name-` takes it away. Raises UsageError."""
    found: dict[str, str | None] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals and not word.endswith("-"):
            raise UsageError(f"{word}: write name=value, or name- to take a label away")
        found[name if equals else name.removesuffix("-")] = value if equals else None
    return found


def flow(words: Words) -> Flow:
    """SOURCE TARGET [PORT] [PROTOCOL], as kubectl users write them apart. Raises UsageError."""
    port: int | str | None = None
    if len(words) > 2:
        port = number(words[2], "a port") if words[2].isdigit() else words[2]
    protocol = words[3].upper() if len(words) > 3 else None
    if protocol is not None and protocol not in PROTOCOLS:
        raise UsageError(f"{words[3]}: no such protocol: {', '.join(PROTOCOLS)}")
    target = parse_target(words[1], port, protocol)
    return Flow(words[0], target.reference, target.port, target.protocol)


def opening(name: str, dialled: Flow) -> OpenConnection:
    """The action that opens a flow under a name."""
    return OpenConnection(name, dialled.source, dialled.target, dialled.port, dialled.protocol, dialled.via)


def _drain(words: Words) -> Action:
    if len(words) > 1 and words[1].lower() != "force":
        raise UsageError(f"{words[1]}: write force, or nothing to spare pods without an owner")
    return DrainNode(words[0], force=len(words) > 1)


def _silence(words: Words) -> Action:
    if len(words) > 1 and words[1].lower() != "lost":
        raise UsageError(f"{words[1]}: write lost, or nothing where the machine runs on")
    return SilenceNode(words[0], lost=len(words) > 1)


def _open(words: Words) -> Action:
    return opening(words[0], flow(words[1:]))


ACTIONS: Final[tuple[ActionWords, ...]] = (
    ActionWords("kill", "POD", "delete a pod: its grace period runs", lambda w: KillPod(w[0])),
    ActionWords("delete", "OBJECT", "delete any object", lambda w: Delete(w[0])),
    ActionWords("restart", "POD", "restart the containers: same pod, same IP", lambda w: RestartContainer(w[0])),
    ActionWords("evict", "POD", "evict a pod, if its disruption budget allows", lambda w: EvictPod(w[0])),
    ActionWords("drain", "NODE [FORCE]", "cordon a node and evict its pods", _drain),
    ActionWords(
        "fail-readiness", "POD", "its readiness probe fails from now on", lambda w: FailReadiness(w[0])
    ),
    ActionWords("pass-readiness", "POD", "its readiness probe succeeds again", lambda w: PassReadiness(w[0])),
    ActionWords("sandbox", "POD", "recreate the sandbox: same pod, new IP", lambda w: RecreateSandbox(w[0])),
    ActionWords("scale", "WORKLOAD NUMBER", "set the replicas of a workload", lambda w: Scale(w[0], number(w[1]))),
    ActionWords("rollout-restart", "WORKLOAD", "replace the pods, by its strategy", lambda w: RolloutRestart(w[0])),
    ActionWords("relabel", "OBJECT LABEL [LABEL…]", "set labels, name=value; name- takes one away",
                lambda w: Relabel(w[0], labels(w[1:]))),
    ActionWords("set-type", "SERVICE TYPE [NAME]", "switch a Service's type; ExternalName needs the name",
                lambda w: SetServiceType(w[0], w[1], w[2] if len(w) > 2 else None)),
    ActionWords("replace", "SERVICE [TYPE]", "delete a Service and create it again",
                lambda w: ReplaceService(w[0], w[1] if len(w) > 1 else None)),
    ActionWords("silence-node", "NODE [LOST]", "a node stops to report; lost: its machine is off", _silence),
    ActionWords("wake-node", "NODE", "a silent node reports again", lambda w: WakeNode(w[0])),
    ActionWords("close", "CONNECTION", "close a connection in order", lambda w: CloseConnection(w[0])),
)  # fmt: skip
"""Every action that one can type; `open` has a table entry of its own where a path is shown."""

OPEN: Final = ActionWords("open", "CONNECTION SOURCE TARGET [PORT] [PROTOCOL]", "open a connection under a name", _open)


def near_name(word: str, known: Sequence[str]) -> str:
    """The one of these names that a word is a slip of; empty where it is near none."""
    return next(iter(get_close_matches(word, known, 1, _NEAR)), "")


_NEAR = 0.7
"""Share of letters in common from which on a name is near."""


def check_words(name: str, usage: str, words: Words) -> None:
    """Raise UsageError where arguments are missing, or more than there are."""
    arguments = usage.split()
    least = len([word for word in arguments if not word.startswith("[") and not word.endswith("]")])
    if len(words) < least:
        raise UsageError(f"write {name} {usage}")
    over = [] if "…" in usage else words[len(arguments) :]
    if over:
        raise UsageError(f"{' '.join(over)}: not understood; write {name} {usage}".rstrip())


def parse_action(text: str) -> Action:
    """`kill shop/web-1`, `scale deploy/shop/web 3`, `open pay deploy/shop/web svc/shop/cart:80`. Raises UsageError."""
    words = text.split()
    known = (*ACTIONS, OPEN)
    if not words:
        raise UsageError(f"an empty action: write one of {', '.join(action.name for action in known)}")
    found = next((action for action in known if action.name == words[0]), None)
    if found is None:
        near = near_name(words[0], [action.name for action in known])
        hint = f"is it {near}?" if near else f"actions: {', '.join(action.name for action in known)}"
        raise UsageError(f"{words[0]}: no such action; {hint}")
    if found.usage == "POD" and len(words) == len(("kill", "pod", "shop/web-1")) and words[1].lower() == "pod":
        del words[1]  # as events say it
    check_words(found.name, found.usage, words[1:])
    return found.make(words[1:])
