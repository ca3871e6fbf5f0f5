"""The commands that answer a question about a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwake_tui.arguments import FAIL_ON
from kwake_tui.command_line.output import narrate, print_data, show, tell_findings, write_report
from kwake_tui.command_line.worlds import worlds_of

if TYPE_CHECKING:
    from argparse import Namespace

    from kwake.policy.exposure import Exposure
    from kwake.policy.reach import Reach
    from kwake.policy.reach_view import ReachView
    from kwake.reasons import Both
    from kwake.world import World
    from kwake_tui.names import Target

MOST_NOTES = 3
"""Notes of one kind that stand beside an answer."""


def trace(arguments: Namespace) -> int:
    """Where a dial would go."""
    from kwake.dataplane.path import Outcome
    from kwake.errors import UsageError
    from kwake_tui.names import client_named
    from kwake_tui.text.path import path_json, path_lines

    for option, word in (("--from", arguments.source), ("--to", arguments.target), ("--port", arguments.port)):
        if word == "":
            raise UsageError(f"{option}: an empty name")
    target = _dialled(arguments)
    worlds = worlds_of(arguments)
    source = client_named(worlds[0].cluster, arguments.source)
    asked = (source, target.reference, target.port, target.protocol, arguments.via, arguments.at)
    paths = [world.trace(*asked) for world in worlds]
    if arguments.flip:
        from kwake.flips import path_flips
        from kwake_tui.text.flips import flip_lines, flips_json

        told = [(path, path_flips(world, path)) for world, path in zip(worlds, paths, strict=True)]
        show(arguments, worlds, told, lambda both: [*path_lines(both[0]), *flip_lines(both[1])],
              lambda both: {**path_json(both[0]), "flips": flips_json(both[1])})  # fmt: skip
    else:
        show(arguments, worlds, paths, path_lines, path_json)
    if arguments.svg is not None:
        from kwake_tui.text.path_svg import path_svg

        write_report("--svg", arguments.svg, "\n".join(path_svg(paths[0])) + "\n")
    for note in dict.fromkeys(note for path in paths for note in path.notes):
        narrate(f"kwake: note: {note}")
    if any(path.outcome is Outcome.UNRESOLVED for path in paths):
        _tell_nearest(worlds[0], target.reference)
        if "/" in target.reference and any(branch.source.startswith("Node/") for branch in paths[0].branches):
            narrate("kwake: note: a node may dial the Service by its address: --via ip")
    tell_findings(worlds[0])
    return 4 if any(path.outcome is Outcome.UNKNOWN for path in paths) else 0


def _dialled(arguments: Namespace) -> Target:
    """What `--to` names, with its port and protocol, which may stand in options of their own. Raises UsageError."""
    from kwake.errors import UsageError
    from kwake_tui.names import Target, parse_target

    port: int | str | None = arguments.port
    if isinstance(port, str) and port.lstrip("-").isdecimal():
        port = int(port) if len(port) < 6 else 0
        if not 0 < port < 65536:
            raise UsageError(f"--port {arguments.port}: a port is a number from 1 to 65535, or a name")
    if ":" not in arguments.target:  # a Service may be called as a protocol is
        return Target(arguments.target, port, arguments.protocol or "TCP")
    return parse_target(arguments.target, port, arguments.protocol)


def _tell_nearest(world: World, target: str) -> None:
    """The Services that a name without an answer may have meant; workloads where none is near."""
    import difflib

    from kwake.objects.kinds import Deployment, Service, StatefulSet
    from kwake_tui.names import KIND_WORDS

    word = target.rpartition("/")[2].partition(".")[0].partition(":")[0]
    for kinds in ((Service,), (Deployment, StatefulSet)):
        keys = [value.key for kind in kinds for value in world.cluster.all(kind)]
        references = {f"{KIND_WORDS[key.kind]}/{key.namespace}/{key.name}": key.name for key in keys}
        if target in references or f"svc/{target}" in references:
            return
        near = difflib.get_close_matches(word, references.values(), n=1)
        if near:
            meant = ", ".join(reference for reference, name in references.items() if name == near[0])
            narrate(f"kwake: note: {target}: did you mean {meant}?")
            return


def reach(arguments: Namespace) -> int:
    """Who may talk to whom."""
    from kwake_tui.reach_question import port_notes, reach_view
    from kwake_tui.text.reach import exposed_lines, reach_json, reach_lines
    from kwake_tui.text.reach_forms import FORMS

    worlds = worlds_of(arguments)
    view = reach_view(arguments, worlds[0])
    tables = [view.of(world.reach(arguments.by)) for world in worlds]
    exposed = [_exposure(world, arguments.by, view) for world in worlds] if arguments.exposure else []
    whys = [_reasons(arguments, world, table) for world, table in zip(worlds, tables, strict=True)]
    if arguments.output in FORMS:
        names = [world.profile.name for world in worlds]
        if exposed:
            tables = [table.joined(e.as_table) for table, e in zip(tables, exposed, strict=True)]
        print_data(FORMS[arguments.output](list(zip(names, tables, strict=True))))
    elif exposed:
        both = list(zip(tables, whys, exposed, strict=True))
        show(arguments, worlds, both, lambda each: [*reach_lines(*each[:2]), *exposed_lines(each[2])],
              lambda each: {**reach_json(*each[:2]), "exposure": each[2].as_form()})  # fmt: skip
    else:
        told = list(zip(tables, whys, strict=True))
        show(arguments, worlds, told, lambda each: reach_lines(*each), lambda each: reach_json(*each))
    for note in port_notes(arguments, worlds[0])[:MOST_NOTES]:
        narrate(f"kwake: note: {note}")
    tell_findings(worlds[0])
    return 0


def _reasons(arguments: Namespace, world: World, table: Reach) -> dict[tuple[str, str], Both]:
    """What lets the pairs of a table pass, where that is asked for. Raises UsageError for a form that has no room."""
    if not arguments.why:
        return {}
    from kwake.errors import UsageError
    from kwake.reasons import reasons
    from kwake_tui.text.reach_forms import FORMS

    if arguments.output in FORMS:
        raise UsageError(f"--why: -o {arguments.output} has no place for rules; take text or json")
    return reasons(world, table.pairs, arguments.by)


def _exposure(world: World, by: str, view: ReachView) -> Exposure:
    """What pods that do not exist yet could do, as far as a view shows it."""
    from kwake.policy.exposure import Exposure, exposure
    from kwake.policy.reach import Reach

    whole = exposure(world.cluster, world.profile, by)
    egress, ingress = (view.of(Reach(pairs, ())).pairs for pairs in (whole.egress, whole.ingress))
    return Exposure(egress, ingress, view.of(Reach((), whole.unknown)).unknown)


def diff(arguments: Namespace) -> int:
    """What of the traffic differs between two snapshots."""
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
    before = worlds_of(arguments)
    if arguments.context is not None and not arguments.profile:
        profile = before[0].profile  # which the live cluster tells of
        arguments.profile = [profile.name]
        arguments.fields = [f"{field}={value}" for field, value in profile.chosen.items()]
    arguments.snapshot, arguments.context, arguments.namespace = [arguments.new], None, ""
    after = worlds_of(arguments)
    limit = None if arguments.every_dial else DIALS
    found = [compare(old, new, limit) for old, new in zip(before, after, strict=True)]
    if arguments.md is not None:
        write_report("--md", arguments.md, "\n\n".join("\n".join(diff_markdown(one)) for one in found) + "\n")
    text = diff_markdown if arguments.output == "md" else diff_lines
    show(arguments, after, found, text, diff_json)
    codes = {one.exit_code for one in found}
    return next(code for code in (1, 4, 0) if code in codes)


def what_if_command(arguments: Namespace) -> int:
    """What actions come to."""
    from kwake.dataplane.path import Outcome
    from kwake_tui.text.what_if import read_actions, read_flows, what_if, what_if_json, what_if_lines

    actions, flows = read_actions(arguments.actions), read_flows(arguments.flows)
    worlds = worlds_of(arguments)
    answers = [what_if(world, actions, flows) for world in worlds]
    show(arguments, worlds, answers, what_if_lines, what_if_json)
    for name, fared in answers[0].done[-1].flows.items():
        if fared[-1].outcome is Outcome.UNRESOLVED:
            _tell_nearest(answers[0].after, flows[name].target)
    tell_findings(worlds[0])
    return 0


def describe(arguments: Namespace) -> int:
    """What is known of one object."""
    from kwake_tui.text.page import described, described_json

    worlds, name = worlds_of(arguments), arguments.reference
    show(arguments, worlds, worlds, lambda world: described(world, name), lambda world: described_json(world, name))
    return 0


def yaml(arguments: Namespace) -> int:
    """One object's YAML."""
    from kwake_tui.text.page import manifest_json, manifest_lines

    worlds, name = worlds_of(arguments), arguments.reference
    show(arguments, worlds, worlds, lambda world: manifest_lines(world, name), lambda w: manifest_json(w, name))
    return 0


def check(arguments: Namespace) -> int:
    """What is wrong, assumed or unknown; with `--fail-on` 1 if it is as bad as that."""
    from kwake_tui.text.findings import check_json, finding_lines

    worlds = worlds_of(arguments)
    show(
        arguments, worlds, worlds, lambda w: finding_lines(w.findings), lambda w: check_json(w.findings, len(w.cluster))
    )
    levels = FAIL_ON[: FAIL_ON.index(arguments.fail_on) + 1] if arguments.fail_on else ()
    return 1 if any(finding.level in levels for world in worlds for finding in world.findings) else 0
