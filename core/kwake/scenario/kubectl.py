"""A session as kubectl commands: text that would make the same changes to a real cluster. Nothing runs it here."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from itertools import pairwise
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
from kwake.cluster import record
from kwake.control.services import recreated, set_type_patch
from kwake.objects.document import Manifest
from kwake.objects.key import GROUP_OF_KIND, Key
from kwake.objects.kinds import Service
from kwake.sources.yaml_writer import to_yaml
from kwake.timeline import Entry, Timeline
from kwake.world import World

_SERVER_METADATA = ("managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink")


def kubectl_lines(timeline: Timeline, is_secret: Callable[[Manifest], bool] = lambda _: False) -> tuple[str, ...]:
    """The commands on the way from the beginning to here, in order.

    What kubectl cannot do is a comment that says who could; so is a command that would hold what `is_secret`.
    """
    entries = [timeline.entries[number] for number in timeline.path]
    lines: list[str] = []
    for before, entry in pairwise(entries):
        held = _held(before.world, entry.action)
        if held is not None and is_secret(held):
            lines.append(f"# {entry.title}: left out, it holds values that may be secret; kubectl edit does it there")
        elif entry.action is not None:
            lines += _commands(before.world, entry, entry.action)
    return tuple(lines)


def _held(world: World, action: Action | None) -> Manifest | None:
    """The manifest or patch that the command of an action holds."""
    match action:
        case Apply():
            old = world.cluster.find(record(action.manifest).key)
            return action.manifest if old is None else difference(_asked(old.manifest), _asked(action.manifest))
        case Patch():
            return action.patch
        case ReplaceService():
            key = world.cluster.resolve(action.service, "Service")
            return recreated(world.cluster.record(key).manifest, action.type)
        case _:
            return None


def _commands(world: World, entry: Entry, action: Action) -> Iterator[str]:
    cluster = world.cluster
    match action:
        case KillPod():
            how = ["--grace-period=0", "--force"] if action.force else []
            how += [f"--grace-period={action.grace}"] if action.grace is not None and not action.force else []
            yield _command("delete", *_named(_told(entry)), *how)
        case RestartContainer():
            container = ["-c", action.container] if action.container else []
            kind, namespace, name = _told(entry)
            del kind
            yield _command("exec", "-n", namespace, name, *container, "--", "kill", "1")
        case EvictPod():
            _, namespace, name = _told(entry)
            body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
            text = shlex.quote(msgspec.json.encode(body).decode())
            path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
            yield f"{_command('create', '--raw', path, '-f', '-')} <<< {text}"
        case DrainNode():
            flags = ["--ignore-daemonsets", "--delete-emptydir-data", *(["--force"] if action.force else [])]
            yield _command("drain", cluster.resolve(action.node, "Node").name, *flags)
        case FailReadiness() | PassReadiness():
            does = "fails" if isinstance(action, FailReadiness) else "succeeds again"
            pod = "/".join(_told(entry)[1:])
            yield f"# kubectl has no such command; the readiness probe of {pod} {does}"
        case RecreateSandbox():
            pod = "/".join(_told(entry)[1:])
            yield f"# kubectl has no such command; on the node of {pod}: crictl stopp POD-SANDBOX"
        case RolloutRestart():
            yield _command("rollout", "restart", *_of(cluster.resolve(action.workload, "Deployment")))
        case Scale():
            key = cluster.resolve(action.workload, "Deployment")
            yield _command("scale", *_of(key), f"--replicas={action.replicas}")
        case Relabel():
            labels = [f"{name}-" if value is None else f"{name}={value}" for name, value in action.labels.items()]
            yield _command("label", "--overwrite", *_of(cluster.resolve(action.target)), *labels)
        case Apply():
            yield from _apply(world, action.manifest)
        case Patch():
            yield _patch(cluster.resolve(action.target), action.patch)
        case Delete():
            yield _command("delete", *_of(cluster.resolve(action.target)))
        case SetServiceType():
            yield type_command(world, action)
        case ReplaceService():
            key = cluster.resolve(action.service, "Service")
            yield _command("delete", *_of(key))
            yield from _from_text("create", recreated(cluster.record(key).manifest, action.type))
        case SilenceNode():
            node = cluster.resolve(action.node, "Node").name
            off = "switch its machine off" if action.lost else "systemctl stop kubelet"
            yield f"# kubectl has no such command; on the node {node}: {off}"
        case WakeNode():
            node = cluster.resolve(action.node, "Node").name
            yield f"# kubectl has no such command; on the node {node}: systemctl start kubelet, or switch it on"
        case OpenConnection():
            yield f"# {action.name}: {action.source} dials {action.target} and keeps the connection open"
        case CloseConnection():
            yield f"# {action.name}: the client closes it"
        case _:
            assert_never(action)


def type_command(world: World, action: SetServiceType) -> str:
    """The command that switches a Service's type. Raises ReferenceNotFound where there is no such Service."""
    key = world.cluster.resolve(action.service, "Service")
    service = world.cluster.record(key).value
    assert isinstance(service, Service)
    return _patch(key, set_type_patch(service, action.type, action.external_name))


def _apply(world: World, manifest: Manifest) -> Iterator[str]:
    """Of an object that is there what changes, as a merge patch; of a new one all of it."""
    made = record(manifest)
    old = world.cluster.find(made.key)
    if old is None:
        yield from _from_text("create", manifest)
        return
    change = difference(_asked(old.manifest), _asked(manifest))
    if change:
        yield _patch(made.key, change)


def difference(before: Manifest, after: Manifest) -> dict[str, Any]:
    """The merge patch (RFC 7386) that makes one of the other; empty if they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            inner = difference(old, value)
            if inner:
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch


def _asked(manifest: Manifest) -> Manifest:
    """What a user writes: without what the API server owns, and nulls, which it reads as absent."""
    kept = {name: value for name, value in manifest.items() if name not in ("status", "apiVersion", "kind")}
    metadata = kept.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = {name: value for name, value in metadata.items() if name not in _SERVER_METADATA}
    return kept


def _from_text(verb: str, manifest: Manifest) -> Iterator[str]:
    text = to_yaml(manifest).splitlines()
    end = "EOF"
    while end in text:
        end += "_"
    yield f"kubectl {verb} -f - <<'{end}'"
    yield from text
    yield end


def _patch(key: Key, patch: dict[str, Any]) -> str:
    return _command("patch", *_of(key), "--type", "merge", "-p", msgspec.json.encode(patch).decode())


def _command(*words: str) -> str:
    return shlex.join(("kubectl", *words))


def _of(key: Key) -> tuple[str, ...]:
    group = f".{key.group}" if key.group and key.kind not in GROUP_OF_KIND else ""
    return _named((f"{key.kind}{group}", key.namespace, key.name))


def _named(told: tuple[str, str, str]) -> tuple[str, ...]:
    kind, namespace, name = told
    return (*(("-n", namespace) if namespace else ()), f"{kind.lower()}/{name}")


def _told(entry: Entry) -> tuple[str, str, str]:
    """Kind, namespace and name of the object of an action, which the action may name by a connection's end."""
    event = next(event for event in entry.world.events if event.actor == "you")
    kind, namespace, name = event.subject.split("/")
    return kind, namespace, name
