"""The `:` prompt as data: what can be typed, how it is completed, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kwake.actions import Action
from kwake.cluster import Cluster
from kwake.errors import UsageError
from kwake.objects.key import SHORT_NAMES
from kwake.objects.kinds import Node, Pod, Service, Workload
from kwake.rules import rules
from kwake_tui.action_words import ACTIONS, PROTOCOLS, Words, check_words, flow, near_name, number, opening
from kwake_tui.appearance import palette_name
from kwake_tui.desk import Desk
from kwake_tui.filtering import parse_filter
from kwake_tui.learning import learn
from kwake_tui.lessons import LESSONS
from kwake_tui.live_pages import follow, live_page, seen_page
from kwake_tui.names import KIND_WORDS, count_actions, targets
from kwake_tui.palettes import PALETTES
from kwake_tui.replaying import replay, run_on, steps_page
from kwake_tui.saving import export, kubectl, save
from kwake_tui.scenario_files import offered
from kwake_tui.screens.findings import findings_page
from kwake_tui.screens.pages import describe_page, rule_page, used_by_page, yaml_page
from kwake_tui.theme import PREFIX
from kwake_tui.views import open_flows, open_reach, open_wake

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Headless")


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


def _trace(desk: Desk, words: Words) -> None:
    desk.look_at(flow(words))


def _open(desk: Desk, words: Words) -> None:
    shown = desk.session.shown_flow
    if len(words) >= 3:
        dialled = flow(words[1:])
    elif len(words) == 1 and shown:
        dialled = shown
    else:
        raise UsageError("open NAME SOURCE TARGET; without a source it opens the path that is shown")
    if desk.attempt(opening(words[0], dialled)) and dialled != shown:
        desk.look_at(dialled)


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


def _go(desk: Desk, moment: str) -> None:
    desk.show(desk.session.go_to(number(moment, "the number of a moment")))


def _undo(desk: Desk, words: Words) -> None:
    desk.show(desk.session.undo(_times(words, len(desk.session.timeline.path) - 1, "undo")))


def _redo(desk: Desk, words: Words) -> None:
    desk.show(desk.session.redo(_times(words, len(desk.session.timeline.redo_path), "redo")))


def _times(words: Words, there: int, name: str) -> int:
    """How many of the actions that are there are meant; one where nothing is said."""
    if words == ["all"]:
        return max(there, 1)  # none is refused as one is
    times = number(words[0], "a number of actions, or all") if words else 1
    if times > max(there, 1):
        raise UsageError(f"{times}: {count_actions(there)} to {name}; {name} all takes all")
    return times


def _pin(desk: Desk, words: Words) -> None:
    watched = flow(words) if len(words) > 1 else desk.session.shown_flow
    if watched is None or len(words) == 1:
        raise UsageError("pin SOURCE TARGET [PORT]; without them it pins the path that is shown")
    if watched not in desk.session.pins:
        desk.show(desk.session.pinned(watched))


def _unpin(desk: Desk, words: Words) -> None:
    session = desk.session
    which = range(len(session.pins))
    if words:
        wanted = number(words[0], "the number of a pinned flow")
        if not 1 <= wanted <= len(which):
            raise UsageError(f"{wanted}: {len(which)} flows are pinned")
        which = range(wanted - 1, wanted)
    for pin in [session.pins[index] for index in which]:
        session = session.pinned(pin)
    desk.show(session)


def _theme(desk: Desk, words: Words) -> None:
    names = list(PALETTES)
    shown = desk.app.theme.removeprefix(PREFIX)
    following = names[(names.index(shown) + 1) % len(names)] if shown in names else names[0]
    name = palette_name(words[0]) if words else following
    desk.app.theme = PREFIX + name
    desk.say(f"theme {name}; kwake config says where it can be kept", "ok")


def _rule(desk: Desk, words: Words) -> None:
    rule_page(desk, *words)


def _help(desk: Desk, words: Words) -> None:
    from kwake_tui.acts import help_page  # whose page lists these commands

    del words
    help_page(desk)


def _quit(desk: Desk, words: Words) -> None:
    if words and words != ["!"]:
        raise UsageError(f"{words[0]}: not understood; write quit, or quit! to leave at once")
    desk.leave(at_once=bool(words))


COMMANDS: tuple[Command, ...] = (
    *(Command(action.name, action.usage, action.help, _does(action.make)) for action in ACTIONS),
    Command("trace", "SOURCE TARGET [PORT] [PROTOCOL]", "show where a dial would go", _trace),
    Command("open", "CONNECTION [SOURCE TARGET] [PORT] [PROTOCOL]", "open a connection under a name", _open),
    Command("edit", "OBJECT", "edit an object's YAML", lambda desk, w: desk.edit(w[0])),
    Command("describe", "OBJECT", "what is known of an object", lambda desk, w: describe_page(desk, w[0])),
    Command("yaml", "OBJECT", "an object's YAML, to read", lambda desk, w: yaml_page(desk, w[0])),
    Command("undo", "[ACTIONS]", "before the last action, or before so many; undo all: to the beginning", _undo),
    Command("redo", "[ACTIONS]", "forward again, by an action or so many; redo all: by all that were undone", _redo),
    Command("moment", "MOMENT", "go to a moment of the timeline, by number", lambda desk, w: _go(desk, w[0])),
    Command("namespace", "[NAMESPACE]", "show one namespace alone; without one, all", _namespace),
    Command("filter", "[FILTER…]", "keep rows: text, !text, -l app=web, -f letters; without one, all", _filter),
    Command("used-by", "OBJECT", "who owns, selects or serves an object", lambda desk, w: used_by_page(desk, w[0])),
    Command("pin", "[SOURCE] [TARGET] [PORT] [PROTOCOL]", "watch a flow; without one, the path that is shown", _pin),
    Command("unpin", "[NUMBER]", "watch a pinned flow no more, by its number; without one, none", _unpin),
    Command("save", "FILE…", "write what was done as a scenario, which kwake replay runs", save),
    Command("export", "FILE… [changed]", "write the present cluster as manifests; changed: what you changed", export),
    Command("kubectl", "[FILE…]", "the kubectl commands that would do the same; nothing is run", kubectl),
    Command("replay", "SCENARIO…", "step along a scenario: n and N; sample:shop/kill is one that comes along", replay),
    Command("run", "", "on along the scenario until something is not as expected", lambda desk, w: run_on(desk)),
    Command("steps", "", "the steps of the scenario and what they found", lambda desk, w: steps_page(desk)),
    Command("wake", "[MOMENT]", "what changed for traffic since the last action, or since a moment", open_wake),
    Command("flows", "", "flows through the last action, and who knew what when", open_flows),
    Command("reach", "[MOMENT]", "who may talk to whom, and what changed since a moment", open_reach),
    Command("live", "", "how the live cluster is followed, what changed under it", lambda desk, words: live_page(desk)),
    Command("follow", "", "replay the actions on the live cluster as it is now", lambda desk, words: follow(desk)),
    Command("seen", "", "predicted and seen: actions that really happened", lambda desk, words: seen_page(desk)),
    Command("learn", "[LESSON]", "five short lessons on a sample cluster, or one; your session stays", learn),
    Command("check", "", "what is wrong, assumed or unknown in the snapshot", lambda desk, w: findings_page(desk)),
    Command("rule", "[RULE]", "what a rule such as NP-2 says; without an id, that of the row", _rule),
    Command("theme", "[THEME]", "deep, foam, colour-blind, high-contrast, 16, 16-light; without one the next", _theme),
    Command("help", "", "all keys and commands", _help),
    Command("quit", "[!]", "leave; asks where actions are not saved; quit! leaves at once", _quit),
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
    if words[0].endswith("!") and words[0] != "!":  # as vi has it: `:q!`
        words = [words[0].removesuffix("!"), "!", *words[1:]]
    named = [command for command in COMMANDS if command.name == words[0]]
    kind = SHORT_NAMES.get(words[0].lower())
    if kind in KINDS and not named:
        _show_kind(desk, kind, words[1:])
        return
    found = named or [command for command in COMMANDS if command.name.startswith(words[0])]
    if len(found) != 1:
        kinds = [kind for kind in KIND_COMMANDS if kind.startswith(words[0].lower())]
        fit = [*(command.name for command in found), *kinds]
        if len(fit) == 1:
            _show_kind(desk, SHORT_NAMES[fit[0]], words[1:])
            return
        if fit:
            raise UsageError(f"{words[0]}: which one: {', '.join(fit)}")
        known = [*(command.name for command in COMMANDS), *KIND_COMMANDS]
        near = near_name(words[0], known)
        hint = f"is it {near}?" if near else f"{desk.key('help')} and {desk.key('command')}help list all"
        raise UsageError(f"{words[0]}: no such command; {hint}")
    command = found[0]
    check_words(command.name, command.usage, words[1:])
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
        case "ACTIONS":
            return ["all"]
        case "FORCE":
            return ["force"]
        case "LOST":
            return ["lost"]
        case "LESSON":
            return [str(number) for number in range(1, len(LESSONS) + 1)]
        case "MOMENT":
            return [str(number) for number in range(len(desk.session.timeline.entries))]
        case "CONNECTION":
            return list(desk.session.world.connections)
        case "SCENARIO":
            return offered()
        case "PROTOCOL":
            return list(PROTOCOLS)
        case "TYPE":
            return list(TYPES)
        case "RULE":
            return list(dict.fromkeys((*desk.cites, *(rule.id for rule in rules()))))
        case "THEME":
            return list(PALETTES)
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
    candidates = _candidates(arguments[len(words) - 2], desk)
    last = words[-1].lower()
    best = sorted((c for c in candidates if last in c.lower()), key=lambda c: not c.lower().startswith(last))
    return [" ".join([*words[:-1], candidate]) for candidate in best]
