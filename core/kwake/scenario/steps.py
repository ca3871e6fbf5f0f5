"""How `do` is spelt: one action a step, its name first, its own keys beside it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
from kwake.dataplane.path import Flow
from kwake.errors import SnapshotUnreadable
from kwake.objects.document import Origin
from kwake.objects.field_path import dotted
from kwake.samples import is_sample, sample_words
from kwake.scenario.format import DO, Protocol, ServiceType, Via, keys_of, words_of
from kwake.scenario.reading import Value
from kwake.scenario.scenario import Redo, Undo
from kwake.sources.snapshot import read

PROTOCOLS = words_of(Protocol)
VIA = words_of(Via)
SERVICE_TYPES = words_of(ServiceType)

Fields = Mapping[str, Value]
Done = tuple[Action, ...] | Undo | Redo


def flow_of(fields: Fields) -> Flow:
    """A flow from its keys; `protocol` is TCP and `via` dns unless they say."""
    return Flow(
        source=fields["from"].text(),
        target=fields["to"].text(),
        port=fields["port"].port() if "port" in fields else None,
        protocol=fields["protocol"].one_of(*PROTOCOLS) if "protocol" in fields else "TCP",
        via=fields["via"].one_of(*VIA) if "via" in fields else "dns",
    )


def do_of(value: Value, folder: Path, flows: Mapping[str, Flow]) -> Done:
    """What a step does. Files that it names are relative to `folder`. Raises ScenarioError."""
    names = list(value.entries())
    verbs = [name for name in names if name in VERBS]
    if len(verbs) != 1:
        found = " and ".join(verbs) or ", ".join(names) or "nothing"
        near = [word for name in names for word in difflib.get_close_matches(name, VERBS, n=1)]
        hint = f"did you mean {near[0]}?" if near and not verbs else f"actions: {', '.join(VERBS)}"
        value.fail(f"expected one action, found {found}; {hint}")
    verb = verbs[0]
    return _BUILD[verb](value.fields(*keys_of(VERBS[verb]), required=(verb,)), folder, flows)


def _kill(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    force = fields["force"].flag() if "force" in fields else False
    return (KillPod(fields["kill"].text(), force, fields["grace"].integer() if "grace" in fields else None),)


def _restart(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (RestartContainer(fields["restart-container"].text(), _text(fields, "container")),)


def _fail_readiness(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (FailReadiness(fields["fail-readiness"].text()),)


def _pass_readiness(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (PassReadiness(fields["pass-readiness"].text()),)


def _evict(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (EvictPod(fields["evict"].text()),)


def _drain(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (DrainNode(fields["drain"].text(), fields["force"].flag() if "force" in fields else False),)


def _recreate(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (RecreateSandbox(fields["recreate-sandbox"].text()),)


def _scale(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (Scale(fields["scale"].text(), _needed(fields, "scale", "replicas").integer()),)


def _rollout_restart(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (RolloutRestart(fields["rollout-restart"].text()),)


def _relabel(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    wanted = _needed(fields, "relabel", "labels").entries()
    labels = {name: None if label.raw is None else label.text_or_empty() for name, label in wanted.items()}
    return (Relabel(fields["relabel"].text(), labels),)


def _apply(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    what = fields["apply"]
    if isinstance(what.raw, dict):
        # The document that is applied stands inside the scenario; its lines are counted from there.
        place = Origin(what.origin.source, what.origin.index, what.path, what.line)
        return (Apply(what.raw, place),)
    path = folder / what.text()
    try:
        entries = read(sample_words(path) if is_sample(what.origin.source.name) else path).entries
    except SnapshotUnreadable as error:
        raise SnapshotUnreadable(f"{what.origin.source.name}:{what.line}: {dotted(what.path)}: {error}") from None
    if not entries:
        what.fail(f"there is no object in {path}")
    return tuple(Apply(entry.document.manifest, entry.document.origin) for entry in entries)


def _patch(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    merge: dict[str, Any] = {name: value.raw for name, value in _needed(fields, "patch", "with").entries().items()}
    return (Patch(fields["patch"].text(), merge),)


def _delete(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (Delete(fields["delete"].text()),)


def _set_type(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    type_ = _needed(fields, "set-type", "type").one_of(*SERVICE_TYPES)
    return (SetServiceType(fields["set-type"].text(), type_, _text(fields, "external-name")),)


def _replace(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    type_ = fields["type"].one_of(*SERVICE_TYPES) if "type" in fields else None
    return (ReplaceService(fields["replace-service"].text(), type_),)


def _open(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    name = fields["open"].text()
    if "from" in fields or "to" in fields:
        _needed(fields, "open", "from")
        _needed(fields, "open", "to")
        flow = flow_of(fields)
    elif name in flows:
        flow = flows[name]
    else:
        near = difflib.get_close_matches(name, flows, n=1)
        fields["open"].fail(
            f"there is no flow {name}" + (f"; did you mean {near[0]}?" if near else "; say from and to")
        )
    return (OpenConnection(name, flow.source, flow.target, flow.port, flow.protocol, flow.via),)


def _close(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (CloseConnection(fields["close"].text()),)


def _silence(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (SilenceNode(fields["silence-node"].text(), fields["lost"].flag() if "lost" in fields else False),)


def _wake(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return (WakeNode(fields["wake-node"].text()),)


def _undo(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return Undo(fields["undo"].integer(1))


def _redo(fields: Fields, folder: Path, flows: Mapping[str, Flow]) -> Done:
    return Redo(fields["redo"].integer(1))


def _text(fields: Fields, name: str) -> str | None:
    return fields[name].text() if name in fields else None


def _needed(fields: Fields, verb: str, name: str) -> Value:
    if name not in fields:
        fields[verb].fail(f"the key {name} is missing beside {verb}")
    return fields[name]


_Build = Callable[[Fields, Path, Mapping[str, Flow]], Done]

_BUILD: dict[str, _Build] = {
    "kill": _kill,
    "restart-container": _restart,
    "evict": _evict,
    "drain": _drain,
    "fail-readiness": _fail_readiness,
    "pass-readiness": _pass_readiness,
    "recreate-sandbox": _recreate,
    "scale": _scale,
    "rollout-restart": _rollout_restart,
    "relabel": _relabel,
    "apply": _apply,
    "patch": _patch,
    "delete": _delete,
    "set-type": _set_type,
    "replace-service": _replace,
    "silence-node": _silence,
    "wake-node": _wake,
    "open": _open,
    "close": _close,
    "undo": _undo,
    "redo": _redo,
}
VERBS = {keys_of(form)[0]: form for form in DO}
"""Each action with the keys that may stand beside it."""
