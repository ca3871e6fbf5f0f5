"""A session as a scenario: the way from the beginning to a moment, written so that a replay goes it again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, assert_never

import msgspec

from kwake.actions import (
    Action,
    Apply,
    CloseConnection,
    Delete,
    DrainNode,
    EvictPod,
    FailReadiness,
    KillPod,
    OpenConnection,
    PassReadiness,
    Patch,
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
from kwake.dataplane.path import Flow, Outcome
from kwake.errors import KwakeError, ReferenceNotFound
from kwake.objects.basis import Basis
from kwake.objects.reference import parse_reference
from kwake.sources.yaml_writer import Row, to_yaml
from kwake.timeline import Timeline
from kwake.world import World

_HEAD = "# Recorded by kwake. `kwake replay` runs it and tells what of it is otherwise by then.\n"


class Recording(msgspec.Struct, frozen=True):
    """What of a session becomes a scenario."""

    name: str
    timeline: Timeline
    """Its present moment is the end of the scenario; what was undone is left out."""
    snapshot: tuple[str, ...]
    """What the beginning was opened from, as the scenario is to name it: paths relative to its file."""
    flows: Mapping[str, Flow] = {}
    """Flows to look at after each step, by name."""
    lenient: bool = False
    turning: frozenset[str] = frozenset()
    """Those of them that are looked at only at the beginning and where they end otherwise than a step before."""


def scenario_text(recording: Recording) -> str:
    """The scenario as YAML."""
    return _HEAD + to_yaml(_scenario(recording))


def flow_names(flows: tuple[Flow, ...], taken: tuple[str, ...]) -> dict[str, Flow]:
    """A name for each of several flows, none of those that are taken: `web-checkout-443`."""
    named: dict[str, Flow] = {}
    for flow in dict.fromkeys(flows):
        words = [_last(flow.source), _last(flow.target), *([str(flow.port)] if flow.port is not None else [])]
        words += [flow.protocol.lower()] * (flow.protocol != "TCP")
        named[_unused("-".join(words), (*taken, *named))] = flow
    return named


def turns(timeline: Timeline, flow: Flow) -> bool:
    """Whether dials of a flow end otherwise after one of the actions on the way to here than before it."""
    outcomes: list[Outcome | None] = []
    for number in timeline.path:
        try:
            world = timeline.entries[number].world.settle()
            outcomes.append(world.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via).outcome)
        except KwakeError:  # an end of it is not there
            outcomes.append(None)
    return len(set(outcomes) - {None}) > 1


def _scenario(recording: Recording) -> dict[str, Any]:
    beginning = recording.timeline.entries[0].world
    chosen = beginning.profile.chosen
    return {
        "kwake": 1,
        "name": recording.name,
        "snapshot": list(recording.snapshot),
        "profile": beginning.profile.name,
        **({"set": chosen} if chosen else {}),
        **({"lenient": True} if recording.lenient else {}),
        "seed": beginning.seed,
        **({"flows": {name: Row(_flow(flow)) for name, flow in recording.flows.items()}} if recording.flows else {}),
        "steps": list(_steps(recording)),
    }


def _flow(flow: Flow | OpenConnection) -> dict[str, Any]:
    return {
        "from": flow.source,
        "to": flow.target,
        **({} if flow.port is None else {"port": flow.port}),
        **({} if flow.protocol == "TCP" else {"protocol": flow.protocol}),
        **({} if flow.via == "dns" else {"via": flow.via}),
    }


def _steps(recording: Recording) -> Iterator[dict[str, Any]]:
    timeline, flows = recording.timeline, recording.flows
    ids: list[str] = []
    told: dict[str, dict[str, Any]] = {}
    for at, number in enumerate(timeline.path):
        entry = timeline.entries[number]
        rows = list(_expectations(entry.world.settle(), flows))
        expect = [Row(row) for row in rows if row["flow"] not in recording.turning or told.get(row["flow"]) != row]
        told |= {row["flow"]: row for row in rows}
        if entry.action is None:
            if expect:
                ids.append("beginning")
                yield {"id": "beginning", "expect": expect}
            continue
        ids.append(_unused(_step_name(entry.action), tuple(ids)))
        after_ms = _waited_ms(timeline, timeline.path[:at])
        yield {
            "id": ids[-1],
            **({} if after_ms is None else {"after": _duration(after_ms)}),
            "do": do_of(entry.action),
            **({"expect": expect} if expect else {}),
        }


def _waited_ms(timeline: Timeline, before: tuple[int, ...]) -> int | None:
    """How long after the action before the next one was taken; None where all had settled and no longer."""
    *earlier, last = before
    here = timeline.entries[last]
    if here.action is None or not earlier:
        return here.world.now_ms or None
    taken = timeline.entries[earlier[-1]].world
    if here.world.is_settled and taken.do(here.action).settle().now_ms == here.world.now_ms:
        return None
    return here.world.now_ms - taken.now_ms


def _duration(ms: int) -> str:
    return f"{ms // 1000}s" if ms % 1000 == 0 else f"{ms}ms"


def _expectations(world: World, flows: Mapping[str, Flow]) -> Iterator[dict[str, Any]]:
    """What is so in a world at rest: how each flow and each connection stands."""
    for name, flow in flows.items():
        try:
            path = world.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via)
        except KwakeError:  # an end of it is not there
            continue
        told = path.decided_by if path.outcome not in (Outcome.DELIVERED, Outcome.UNKNOWN) else ()
        decided = {"decided_by": told[0].object} if told else {}
        yield {"flow": name, "outcome": path.outcome.value, **decided}
    for name, connection in world.connections.items():
        fate = "migrated" if connection.migrated else connection.fate.value
        sure = {"basis": "unknown"} if connection.basis is Basis.UNKNOWN else {}
        yield {"flow": name, "fate": fate, **sure}


def do_of(action: Action) -> dict[str, Any]:
    """An action as the `do` of a step."""
    match action:
        case KillPod():
            grace = {} if action.grace is None else {"grace": action.grace}
            return {"kill": action.pod, **({"force": True} if action.force else {}), **grace}
        case RestartContainer():
            container = {} if action.container is None else {"container": action.container}
            return {"restart-container": action.pod, **container}
        case RolloutRestart():
            return {"rollout-restart": action.workload}
        case EvictPod():
            return {"evict": action.pod}
        case DrainNode():
            return {"drain": action.node, **({"force": True} if action.force else {})}
        case FailReadiness():
            return {"fail-readiness": action.pod}
        case PassReadiness():
            return {"pass-readiness": action.pod}
        case RecreateSandbox():
            return {"recreate-sandbox": action.pod}
        case Scale():
            return {"scale": action.workload, "replicas": action.replicas}
        case Relabel():
            return {"relabel": action.target, "labels": dict(action.labels)}
        case Apply():
            return {"apply": action.manifest}
        case Patch():
            return {"patch": action.target, "with": action.patch}
        case Delete():
            return {"delete": action.target}
        case SetServiceType():
            name = {} if action.external_name is None else {"external-name": action.external_name}
            return {"set-type": action.service, "type": action.type, **name}
        case ReplaceService():
            return {"replace-service": action.service, **({} if action.type is None else {"type": action.type})}
        case SilenceNode():
            return {"silence-node": action.node, **({"lost": True} if action.lost else {})}
        case WakeNode():
            return {"wake-node": action.node}
        case OpenConnection():
            return {"open": action.name, **_flow(action)}
        case CloseConnection():
            return {"close": action.name}
    assert_never(action)


def _step_name(action: Action) -> str:
    """A name for a step: its verb and the object that it is about."""
    verb, about = next(iter(do_of(action).items()))
    if isinstance(action, Apply):
        metadata = action.manifest.get("metadata")
        about = str(metadata.get("name") or "") if isinstance(metadata, dict) else ""
    return f"{verb}-{_last(about)}"


def _last(reference: str) -> str:
    """The name in a reference, in letters that need no quotes."""
    try:
        name = parse_reference(reference).name
    except ReferenceNotFound:
        name = reference
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "x"


def _unused(name: str, taken: tuple[str, ...]) -> str:
    candidates = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)
