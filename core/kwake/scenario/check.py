"""Whether an expectation holds in a world, and if not, what is there instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.connection import Connection, Fate
from kwake.dataplane.path import Branch, Decider, Flow, Outcome, Path
from kwake.errors import KwakeError, ReferenceNotFound
from kwake.findings import check
from kwake.objects.basis import Basis
from kwake.objects.document import FieldPath
from kwake.objects.field_path import dotted
from kwake.objects.key import Key
from kwake.objects.kinds import Service
from kwake.objects.reference import parse_reference
from kwake.objects.time import clock
from kwake.scenario.advice import advice
from kwake.scenario.dialling import dialled
from kwake.scenario.lookups import Looked, addresses_of, resolved, variable
from kwake.scenario.report import Verdict, worst
from kwake.scenario.scenario import (
    AvailabilityExpectation,
    EnvExpectation,
    Expectation,
    FieldExpectation,
    FlowExpectation,
    Part,
    ResolvesExpectation,
    TimedExpectation,
)
from kwake.sources.location import locate
from kwake.world import World


class Found(msgspec.Struct, frozen=True):
    """What a look at one moment gave."""

    verdict: Verdict
    actual: str
    why: tuple[str, ...] = ()
    path: Path | None = None


class _Seen(msgspec.Struct, frozen=True):
    """One thing that was asked: what it is called, what is there, and whether that is what was expected."""

    text: str
    verdict: Verdict


def subject(expectation: Expectation) -> str:
    """What an expectation is about."""
    if isinstance(expectation, FlowExpectation):
        return f"flow {expectation.flow}"
    if isinstance(expectation, AvailabilityExpectation):
        return f"flow {expectation.flow} over time"
    if isinstance(expectation, FieldExpectation):
        return f"{expectation.object} {dotted(expectation.field)}"
    if isinstance(expectation, ResolvesExpectation):
        return f"{expectation.name} looked up by {expectation.source}"
    if isinstance(expectation, EnvExpectation):
        return f"{expectation.name} in {expectation.source}"
    return "the action"


def expected(expectation: TimedExpectation) -> str:
    """What it expects, in words."""
    match expectation:
        case FieldExpectation():
            return "absent" if expectation.value is None else _shown(expectation.value)
        case ResolvesExpectation():
            return ", ".join(expectation.to) or "nothing"
        case EnvExpectation():
            return "not set" if expectation.value is None else expectation.value
    words = [expectation.outcome, expectation.fate]
    if expectation.share is not None:
        words = [f"share {expectation.share.text} {expectation.outcome or 'delivered'}"]
    words += [f"decided by {expectation.decided_by}"] if expectation.decided_by else []
    words += [f"basis {expectation.basis}"] if expectation.basis else []
    words += [f"backend {expectation.backend}"] if expectation.backend else []
    return ", ".join(word for word in words if word)


def look(expectation: TimedExpectation, world: World, flows: Mapping[str, Flow]) -> Found:
    """Whether it holds at this moment."""
    try:
        if isinstance(expectation, ResolvesExpectation):
            return _resolves(expectation, world)
        if isinstance(expectation, EnvExpectation):
            return _env(expectation, world)
        if isinstance(expectation, FieldExpectation):
            return _field(expectation, world)
        if expectation.backend is not None:
            expectation = msgspec.structs.replace(expectation, backend=world.named(expectation.backend))
        if expectation.fate is not None:
            return _fate(expectation, world, flows)
        return _dial(expectation, world, flows)
    except KwakeError as error:
        return Found(Verdict.FAILED, "no answer", (str(error),))


def dial(world: World, name: str, flows: Mapping[str, Flow]) -> Path:
    """The path of a flow, or of an open connection's flow, dialled at this moment."""
    flow = flows.get(name)
    if flow is None:
        return world.again(name)
    return dialled(world, flow)


def _field(expectation: FieldExpectation, world: World) -> Found:
    record = world.cluster.get(world.named(expectation.object))
    value: Any = record.manifest
    why: tuple[str, ...] = ()
    for at, step in enumerate(expectation.field):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            why = tuple(_nearest_field(value, expectation.field[: at + 1]))
            value = None
            break
    if value == expectation.value:
        return Found(Verdict.MET, "absent" if value is None else _shown(value))
    place = record.origin and f"{record.origin.source.name}:{locate(record.origin, expectation.field)}"
    written = (f"{record.key}: {dotted(expectation.field)}" + (f"  {place}" if place else "  made by a controller"),)
    return Found(Verdict.FAILED, "absent" if value is None else _shown(value), (*written, *why))


def _nearest_field(value: object, path: FieldPath) -> Iterator[str]:
    """What there is where a field is not: the nearest key, or how long the list is."""
    parent = dotted(path[:-1]) or "the object"
    if isinstance(value, list):
        yield f"{parent} has {len(value)} entries, counted from 0"
    elif isinstance(value, dict):
        near = difflib.get_close_matches(str(path[-1]), map(str, value), n=1)
        yield f"{parent} has no {path[-1]}" + (f"; nearest key {near[0]}" if near else "")
    else:
        yield f"{parent} is {_shown(value)}, not a map"


def _resolves(expectation: ResolvesExpectation, world: World) -> Found:
    looked = resolved(world, world.named(expectation.source), expectation.name)
    meant = {word: addresses_of(world.cluster, word) for word in expectation.to}
    allowed = {address for addresses in meant.values() for address in addresses}

    def is_so(found: tuple[str, ...]) -> bool:
        hit = all(set(addresses) & set(found) for addresses in meant.values())
        return set(found) <= allowed and hit and bool(found) == bool(expectation.to)

    words = [
        f"{word} is {', '.join(addresses) or 'no address'}" for word, addresses in meant.items() if (word,) != addresses
    ]
    return _looked(looked, is_so, "nothing", tuple(words))


def _env(expectation: EnvExpectation, world: World) -> Found:
    looked = variable(world, world.named(expectation.source), expectation.name)
    wanted = () if expectation.value is None else (expectation.value,)
    return _looked(looked, lambda found: found == wanted, "not set")


def _looked(
    looked: tuple[Looked, ...], is_so: Callable[[tuple[str, ...]], bool], nothing: str, meant: tuple[str, ...] = ()
) -> Found:
    """Met if it is so for every pod; else what the first one finds for which it is not."""
    verdicts = [_verdict(is_so(one.found) and one.is_known, not one.is_known) for one in looked]
    verdict = worst(verdicts)
    told = looked[verdicts.index(verdict)]
    words = ", ".join(told.found) or nothing
    others = sum(one is not verdict for one in verdicts)
    actual = words if not others or verdict is Verdict.MET else f"{words} in {told.who}, not so in {others} more"
    why = () if verdict is Verdict.MET else (f"{told.who}: {told.reason}", *told.detail, *meant)
    return Found(verdict, actual, why)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _fate(expectation: FlowExpectation, world: World, flows: Mapping[str, Flow]) -> Found:
    connection = world.connections.get(expectation.flow)
    if connection is None:
        hint = f"no connection was opened under this name; say hold: true, or do: {{open: {expectation.flow}}}"
        return Found(Verdict.FAILED, "not open", (hint,))
    turn = connection.turns[-1]
    unsure = connection.basis is Basis.UNKNOWN and expectation.basis != "unknown"
    is_so = connection.migrated if expectation.fate == "migrated" else connection.fate.value == expectation.fate
    words = f"{connection.fate.value} and migrated" if connection.migrated else connection.fate.value
    seen = [_Seen(words, _verdict(is_so, unsure))]
    path: Path | None = None
    if expectation.outcome is not None:
        path = dial(world, expectation.flow, flows)
        seen.append(_outcome(path, expectation.outcome))
    seen += _details(expectation, turn.decided_by, connection.basis, _server(connection), world.cluster)
    cite = f" ({turn.cite})" if turn.cite else ""
    since = "" if turn.fate is Fate.OPEN else f" {turn.fate.value} since {clock(turn.time_ms)}"
    why = (f"{expectation.flow}{since}: {turn.reason}{cite}", *(_decider(d) for d in turn.decided_by))
    return _found(seen, why, path)


def _server(connection: Connection) -> tuple[str | None, ...]:
    return (connection.server.pod if connection.server is not None else None,)


def _dial(expectation: FlowExpectation, world: World, flows: Mapping[str, Flow]) -> Found:
    path = dial(world, expectation.flow, flows)
    if expectation.share is not None:
        return _part(expectation, expectation.share, path, world.cluster)
    wanted = expectation.outcome
    seen = [_outcome(path, wanted)] if wanted is not None else [_Seen(path.outcome.value, Verdict.MET)]
    pods = tuple(branch.pod for branch in path.branches if branch.outcome is Outcome.DELIVERED)
    seen += _details(expectation, path.decided_by, path.basis, pods, world.cluster)
    other = [b for b in path.branches if b.outcome.value != wanted] or list(path.branches)
    found = _found(seen, evidence(other[0]) if other else (), path)
    if found.verdict is Verdict.MET:
        return found
    more = (*_near_misses(world, expectation, path), *advice(expectation, path, world.cluster))
    return msgspec.structs.replace(found, why=(*found.why, *more))


def _part(expectation: FlowExpectation, part: Part, path: Path, cluster: Cluster) -> Found:
    """Which part of all dials ends so, and there."""
    wanted = expectation.outcome or Outcome.DELIVERED.value
    pods = None if expectation.backend is None else _pods_named(cluster, expectation.backend)
    here = [b for b in path.branches if b.outcome.value == wanted and (pods is None or b.pod in pods)]
    least = sum((b.share for b in here), Fraction(0))
    doubt = sum((b.share for b in path.branches if b.outcome is Outcome.UNKNOWN), Fraction(0))
    most = least + (doubt if wanted != Outcome.UNKNOWN.value else 0)
    met = part.holds(least) and part.holds(most)
    open_ = least < most and (part.holds(least) or part.holds(most) or least < part.part < most)
    there = "" if expectation.backend is None else f" at {expectation.backend}"
    words = f"{least} {wanted}{there}" + (f", {most - least} unknown" if least < most else "")
    details = _details(msgspec.structs.replace(expectation, backend=None), path.decided_by, path.basis, (), cluster)
    rows = [f"{b.share} {b.outcome.value}" + (f" at {b.pod or b.ip}" if b.pod or b.ip else "") for b in path.branches]
    return _found([_Seen(words, _verdict(met, open_)), *details], tuple(rows), path)


def _near_misses(world: World, expectation: FlowExpectation, path: Path) -> list[str]:
    """What is doubtful about what decided, what was expected to decide, and the policies at both ends; and the ports
    that a Service has where it was dialled on another."""
    pods = [end for b in path.branches for end in (b.source, b.pod) if end is not None and end.startswith("Pod/")]
    ends = {pod.split("/")[1] for pod in pods}
    deciders = {decider.object for decider in path.decided_by}
    doubts = [
        f"{finding.subject}: {finding.text}" + (f"  {finding.where}" if finding.where else "")
        for finding in check(world.cluster, world.profile)
        if finding.level == "warning"
        and (finding.subject in deciders or _may_explain(finding.subject, expectation.decided_by, ends))
    ]
    return [*doubts, *_ports_there_are(world.cluster, path)]


def _ports_there_are(cluster: Cluster, path: Path) -> Iterator[str]:
    for decider in dict.fromkeys(d for d in path.decided_by if d.cite == "SV-50" and d.object.startswith("Service/")):
        service = cluster.value(Service, *decider.object.split("/")[1:])
        if service is not None:
            ports = [f"{port.port}/{port.protocol} {port.name}".strip() for port in service.spec.ports]
            yield f"{decider.object} has {', '.join(ports) or 'no port'}"


def _may_explain(subject: str, decided_by: str | None, namespaces: set[str]) -> bool:
    kind, _, name = subject.partition("/")
    at_an_end = kind == "NetworkPolicy" and name.partition("/")[0] in namespaces
    return at_an_end or (decided_by is not None and "/" in subject and _same(subject, decided_by))


def evidence(branch: Branch) -> tuple[str, ...]:
    """Why a branch ends as it does: the reason, what nearly matched, and the rules with their places."""
    details = [line for hop in branch.hops for line in hop.details if hop.outcome is not None]
    return (*filter(None, (branch.reason,)), *details, *(_decider(d) for d in branch.decided_by))


def _decider(decider: Decider) -> str:
    return "  ".join(filter(None, (f"{decider.object}: {decider.rule}", decider.place, decider.cite)))


def _outcome(path: Path, wanted: str) -> _Seen:
    outcome = path.outcome
    return _Seen(outcome.value, _verdict(outcome.value == wanted, outcome is Outcome.UNKNOWN and wanted != "unknown"))


def _details(
    expectation: FlowExpectation,
    deciders: tuple[Decider, ...],
    basis: Basis,
    pods: tuple[str | None, ...],
    cluster: Cluster,
) -> list[_Seen]:
    seen = []
    if expectation.decided_by is not None:
        objects = list(dict.fromkeys(decider.object for decider in deciders))
        met = any(_same(object_, expectation.decided_by) for object_ in objects)
        seen.append(_Seen(f"decided by {', '.join(objects) or 'nothing'}", _verdict(met)))
    if expectation.basis is not None:
        seen.append(_Seen(f"basis {basis.value}", _verdict(basis.value == expectation.basis)))
    if expectation.backend is not None:
        wanted = _pods_named(cluster, expectation.backend)
        words = ", ".join(sorted({pod or "outside the cluster" for pod in pods})) or "none"
        seen.append(_Seen(f"backend {words}", _verdict(bool(pods) and all(pod in wanted for pod in pods))))
    return seen


def _pods_named(cluster: Cluster, reference: str) -> set[str]:
    """The pods that a reference means: a pod, or all of a workload's."""
    key: Key = cluster.resolve(reference)
    return {str(key)} if key.kind == "Pod" else {str(pod.key) for pod in cluster.pods_of(key)}


def _same(object_: str, reference: str) -> bool:
    """Whether a decider is what a reference names, kinds written as kubectl reads them."""
    if object_ == reference:
        return True
    try:
        wanted, named = parse_reference(reference), parse_reference(object_)
    except ReferenceNotFound:
        return False
    same_place = (wanted.namespace, wanted.name) == (named.namespace, named.name)
    return same_place and wanted.kind in (None, named.kind)


def _verdict(met: bool, unknown: bool = False) -> Verdict:
    return Verdict.MET if met and not unknown else Verdict.UNKNOWN if unknown else Verdict.FAILED


def _found(seen: list[_Seen], why: tuple[str, ...], path: Path | None) -> Found:
    return Found(worst([s.verdict for s in seen]), ", ".join(s.text for s in seen), why, path)
