"""What each action asks of the API server or of a node, and what follows from it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from kwake.cluster import Record
from kwake.control.pods import readiness_failure_ms, readiness_success_ms, ready
from kwake.control.services import recreated, set_type_patch
from kwake.control.workloads import MIRROR_ANNOTATION, replacement_rule
from kwake.dataplane.connection import Fate, Turn
from kwake.dataplane.connections import end_of_connection, open_connection
from kwake.dataplane.path import Flow
from kwake.errors import ReferenceNotFound, Rejected, UsageError
from kwake.objects.basis import Basis
from kwake.objects.event import Clock
from kwake.objects.key import Key
from kwake.objects.kinds import Node, Pod, Service, Workload
from kwake.objects.time import timestamp
from kwake.simulation.apiserver import create, delete_object, is_same, store, update
from kwake.simulation.draft import Draft
from kwake.simulation.draining import drain, evict
from kwake.simulation.ending import fail_pod, force_delete, reports, terminate
from kwake.simulation.node_steps import silence, wake
from kwake.simulation.steps import start_pods
from kwake.simulation.tasks import BecomeReady, BecomeUnready, MakeSandbox, StartContainers

SCALABLE = ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController")
ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def request(draft: Draft, action: Action) -> None:
    """Carry out an action. Raises Rejected, ReferenceNotFound or UsageError; the draft is then thrown away."""
    named = {name: end_of_connection(draft.connections, value) for name in action.__struct_fields__
             if isinstance(value := getattr(action, name), str)}  # fmt: skip
    meant = {name: value for name, value in named.items() if value is not None}
    _REQUESTS[type(action)](draft, msgspec.structs.replace(action, **meant) if meant else action)


def _pod(draft: Draft, reference: str) -> tuple[Record, Pod]:
    record = draft.cluster.record(draft.cluster.resolve(reference))
    if not isinstance(record.value, Pod):
        hint = f"; name one of its pods, as {reference}#0" if draft.cluster.pods_of(record.key) else ""
        raise ReferenceNotFound(f"{reference}: {record.key} is not a pod{hint}")
    return record, record.value


def _say(draft: Draft, kind: str, key: Key, text: str, rule: str = "") -> None:
    draft.tell(kind, key, text, "you", rule=rule)


def _kill(draft: Draft, action: KillPod) -> None:
    _, pod = _pod(draft, action.pod)
    name = pod.metadata.name
    rule = replacement_rule(draft.cluster, pod, draft.opened)
    how = ", force" if action.force else "" if action.grace is None else f", grace {action.grace} s"
    words = f"kill pod {pod.metadata.namespace}/{name}{how}"
    _say(draft, "pod-killed", pod.key, words, "PD-13" if action.force else "PD-10")
    if MIRROR_ANNOTATION in pod.metadata.annotations:
        words = f"{name} is a static pod: its kubelet runs on and makes the mirror object again"
        draft.tell("mirror-recreated", pod.key, words, "kubelet", rule="PD-5", basis=Basis.INFERRED)
        return
    if action.force:
        known = reports(draft, pod) or not pod.spec.node_name
        left = (
            f"{pod.ip or 'no address'} is free"
            if known
            else (f"{pod.spec.node_name} does not report, its processes may run on")
        )
        draft.tell("pod-gone", pod.key, f"{name} is removed at once; {left}", "apiserver", rule="PD-13",
                   basis=Basis.SOURCED if known else Basis.UNKNOWN)  # fmt: skip
        force_delete(draft, pod)
    else:
        terminate(draft, pod.key, actor="apiserver", grace=action.grace)
    if rule.when == "never":
        draft.tell("pod-not-replaced", pod.key, f"nothing replaces {name}: {rule.reason}", "controller", rule="PD-5")
    elif not rule.modelled:
        words = f"what replaces {name} is not known here: {rule.reason}"
        draft.tell("replacement-unknown", pod.key, words, "controller", rule="PD-5", basis=Basis.UNKNOWN)


def _restart_container(draft: Draft, action: RestartContainer) -> None:
    record, pod = _pod(draft, action.pod)
    names = [c.name for c in pod.spec.containers]
    if action.container is not None and action.container not in names:
        raise ReferenceNotFound(f"{action.container}: {pod.key} has the containers {', '.join(names)}")
    _needs_running(draft, pod)
    uid = pod.metadata.uid
    if f"{uid}/{action.container}" in draft.stopped:
        raise UsageError(f"{pod.key}: container {action.container} is not running: nothing to restart")
    # A container alone in its pod is the whole of it; of several, the others run on (PD-2).
    alone = action.container is None or len(names) == 1
    stays_down = pod.spec.restart_policy == "Never"
    if stays_down and alone:
        _say(draft, "container-crashed", pod.key, f"crash the containers of {pod.metadata.name}", "PD-14")
        fail_pod(draft, pod)
        return
    draft.stopped |= {uid if alone else f"{uid}/{action.container}"}
    words = f"{'crash' if stays_down else 'restart'} {action.container or 'the containers'} of {pod.metadata.name}"
    _say(draft, "container-crashed" if stays_down else "container-restarted", pod.key, words, "PD-2")
    draft.change({pod.key: ready(record, False)})
    if stays_down:
        return
    task = StartContainers(pod.key, uid, "" if alone or action.container is None else action.container)
    draft.schedule(task, draft.profile.clock("container-restart"))


def _fail_readiness(draft: Draft, action: FailReadiness) -> None:
    _, pod = _pod(draft, action.pod)
    ms = _probed(draft, pod)
    if not pod.is_ready:
        raise UsageError(f"{pod.key} is not ready already")
    _say(draft, "readiness-failing", pod.key, f"the readiness probe of {pod.metadata.name} fails", "EP-3")
    clock = Clock("readiness-failure", ms, Basis.SOURCED, "0.2: periodSeconds x failureThreshold")
    draft.schedule_once(BecomeUnready(pod.key, pod.metadata.uid), clock)


def _pass_readiness(draft: Draft, action: PassReadiness) -> None:
    _, pod = _pod(draft, action.pod)
    _probed(draft, pod)
    unready = BecomeUnready(pod.key, pod.metadata.uid)
    waits = [item for item in draft.pending if item.task == unready]
    if pod.is_ready and not waits:
        raise UsageError(f"{pod.key} is ready already")
    _say(draft, "readiness-passing", pod.key, f"the readiness probe of {pod.metadata.name} succeeds again", "EP-3")
    draft.pending = [item for item in draft.pending if item.task != unready]
    if not pod.is_ready:
        source = "periodSeconds x successThreshold of its readinessProbe"
        clock = Clock("readiness-success", readiness_success_ms(pod), Basis.SOURCED, source)
        draft.schedule_once(BecomeReady(pod.key, pod.metadata.uid), clock)


def _probed(draft: Draft, pod: Pod) -> int:
    """How long its readiness probe fails before it counts, ms. Raises UsageError for a pod that is not probed."""
    ms = readiness_failure_ms(pod)
    if ms is None:
        raise UsageError(f"{pod.key} has no readinessProbe: it is ready while its containers run")
    if pod.is_terminal or not pod.ips or pod.metadata.uid in draft.stopped:
        raise UsageError(f"{pod.key} is not running: it is not probed")
    if pod.spec.node_name in draft.silent:
        raise UsageError(f"{pod.key}: {pod.spec.node_name} does not report; what its probes say is not heard")
    return ms


def _recreate_sandbox(draft: Draft, action: RecreateSandbox) -> None:
    record, pod = _pod(draft, action.pod)
    _needs_running(draft, pod)
    uid = pod.metadata.uid
    draft.stopped |= {uid}
    _say(draft, "sandbox-recreated", pod.key, f"recreate the sandbox of {pod.metadata.name}", "PD-3")
    draft.change({pod.key: ready(record, False)})
    draft.schedule(MakeSandbox(pod.key, uid), draft.profile.clock("sandbox"))


def _needs_running(draft: Draft, pod: Pod) -> None:
    if pod.is_terminal or pod.is_terminating or not pod.ips or pod.metadata.uid in draft.stopped:
        raise UsageError(f"{pod.key} is not running: nothing to restart")
    if pod.spec.node_name in draft.silent:
        raise UsageError(f"{pod.key}: {pod.spec.node_name} does not report; nothing that is asked of it is done")


def _scale(draft: Draft, action: Scale) -> None:
    key = draft.cluster.resolve(action.workload, default_kind="Deployment")
    if key.kind not in SCALABLE:
        raise UsageError(f"{key}: a {key.kind} has no replicas to set")
    if action.replicas < 0:
        raise Rejected(
            str(key), f"Invalid value: {action.replicas}: must be greater than or equal to 0", field="spec.replicas"
        )
    _say(draft, "scaled", key, f"scale {key} to {action.replicas}")
    update(draft, draft.cluster.record(key), {"spec": {"replicas": action.replicas}}, how="patch")


def _rollout_restart(draft: Draft, action: RolloutRestart) -> None:
    """As kubectl does it: a second restart within the same second changes nothing."""
    key = draft.cluster.resolve(action.workload, default_kind="Deployment")
    if key.kind not in ROLLED_OUT:
        raise UsageError(f"{key}: a {key.kind} has no rollout to restart; {', '.join(ROLLED_OUT)} have")
    record = draft.cluster.record(key)
    if (record.manifest.get("spec") or {}).get("paused"):
        raise UsageError(f"{key} is paused: its rollout cannot be restarted before it is resumed")
    _say(draft, "rollout-restarted", key, f"restart the rollout of {key}")
    annotations = {RESTARTED_AT: timestamp(draft.now_ms)}
    update(draft, record, {"spec": {"template": {"metadata": {"annotations": annotations}}}}, how="patch")


def _relabel(draft: Draft, action: Relabel) -> None:
    key = draft.cluster.resolve(action.target)
    keeps = ": its pods keep their own labels" if isinstance(draft.cluster.record(key).value, Workload) else ""
    _say(draft, "relabelled", key, f"{action}{keeps}", "PD-7" if key.kind == "Pod" else "")
    update(draft, draft.cluster.record(key), {"metadata": {"labels": dict(action.labels)}}, how="patch")


def _apply(draft: Draft, action: Apply) -> None:
    made = create(draft, action.manifest, action.origin)
    old = draft.cluster.find(made.key)
    if old is not None and is_same(old, made):
        _say(draft, "unchanged", made.key, f"apply {made.key}: unchanged")
        return
    _say(draft, "applied", made.key, f"apply {made.key}: {'replaced' if made.key in draft.cluster else 'created'}")
    fresh = made.key not in draft.cluster
    store(draft, made)
    if fresh and isinstance(made.value, Pod):
        start_pods(draft, [made.key])


def _patch(draft: Draft, action: Patch) -> None:
    key = draft.cluster.resolve(action.target)
    _say(draft, "patched", key, f"patch {key}")
    update(draft, draft.cluster.record(key), action.patch, how="patch")


def _delete(draft: Draft, action: Delete) -> None:
    key = draft.cluster.resolve(action.target)
    if key.kind == "Pod":
        _kill(draft, KillPod(str(key)))
        return
    _say(draft, "deleted", key, f"delete {key}")
    delete_object(draft, key)


def _service(draft: Draft, reference: str) -> tuple[Record, Service]:
    record = draft.cluster.record(draft.cluster.resolve(reference, default_kind="Service"))
    if not isinstance(record.value, Service):
        raise UsageError(f"{record.key} is not a Service")
    return record, record.value


def _set_service_type(draft: Draft, action: SetServiceType) -> None:
    record, service = _service(draft, action.service)
    _say(draft, "type-set", record.key, f"set type of {service.metadata.name} to {action.type}", "SV-10")
    patch = set_type_patch(service, action.type, action.external_name)
    update(draft, record, patch, how="patch")
    after = draft.cluster.record(record.key).value
    assert isinstance(after, Service)
    _tell_addresses(draft, record.key, service, after, "SV-10")


def _tell_addresses(draft: Draft, key: Key, before: Service, after: Service, rule: str) -> None:
    """What a Service that is now another keeps, allocates and releases (SV-10).

    What the API server allocates is drawn: it takes any address or port that is free.
    """
    old_ip, new_ip = before.spec.cluster_ip or "none", after.spec.cluster_ip or "none"
    if old_ip == new_ip:
        changed = [(f"clusterIP {old_ip} kept", Basis.SOURCED)]
    else:
        changed = [(f"clusterIP {old_ip} released, {new_ip} allocated", Basis.ASSUMED)]
    old_ports = {(p.port, p.protocol): p.node_port for p in before.spec.ports}
    new_ports = {(p.port, p.protocol): p.node_port for p in after.spec.ports}
    for one in sorted({*old_ports, *new_ports}):
        changed += _port_changed("nodePort", old_ports.get(one, 0), new_ports.get(one, 0), f" of {one[0]}/{one[1]}")
    health = before.spec.health_check_node_port, after.spec.health_check_node_port
    changed += _port_changed("healthCheckNodePort", *health)
    for words, basis in changed:
        draft.tell("address-changed", key, words, "apiserver", rule=rule, basis=basis)


def _port_changed(name: str, old: int, new: int, of: str = "") -> list[tuple[str, Basis]]:
    if old and old == new:
        return [(f"{name} {old}{of} kept", Basis.SOURCED)]
    changes = [(f"{name} {old}{of} released", Basis.SOURCED)] if old else []
    return [*changes, (f"{name} {new}{of} allocated", Basis.ASSUMED)] if new else changes


def _replace_service(draft: Draft, action: ReplaceService) -> None:
    record, service = _service(draft, action.service)
    manifest = recreated(record.manifest, action.type)
    _say(draft, "replaced", record.key, str(action), "EP-14")
    delete_object(draft, record.key, at_once=True)
    made = create(draft, manifest, record.origin)
    draft.change({made.key: made})
    assert isinstance(made.value, Service)
    _tell_addresses(draft, record.key, service, made.value, "SV-15")


def _open(draft: Draft, action: OpenConnection) -> None:
    if action.name in draft.connections:
        raise UsageError(f"{action.name}: there is a connection of this name already; close it, or choose another")
    flow = Flow(action.source, action.target, action.port, action.protocol, action.via)
    before = tuple(draft.connections.values())
    connection, draft.draws = open_connection(draft.freeze().view, action.name, flow, draft.draws, before)
    draft.connections[action.name] = connection
    turn = connection.turns[-1]
    draft.tell("connection-opened" if turn.fate is Fate.OPEN else "connection-failed", action.name,
               f"open {action.name}: {turn.reason}", "you", rule=turn.cite, basis=turn.basis)  # fmt: skip


def _close(draft: Draft, action: CloseConnection) -> None:
    connection = draft.connections.get(action.name)
    if connection is None:
        raise UsageError(f"{action.name}: there is no connection of this name")
    if connection.fate.is_over:
        raise UsageError(f"{action.name} is {connection.fate.value} already")
    turn = Turn(draft.now_ms, Fate.CLOSED, "the client closed it", Basis.SOURCED, cause=str(action))
    draft.connections[action.name] = msgspec.structs.replace(connection, turns=(*connection.turns, turn))
    draft.tell("connection-closed", action.name, f"close {action.name}", "you")


def _node(draft: Draft, reference: str) -> Node:
    record = draft.cluster.record(draft.cluster.resolve(reference, default_kind="Node"))
    if not isinstance(record.value, Node):
        raise UsageError(f"{record.key} is not a Node")
    return record.value


def _evict(draft: Draft, action: EvictPod) -> None:
    _, pod = _pod(draft, action.pod)
    _say(draft, "eviction-asked", pod.key, f"evict {pod.metadata.namespace}/{pod.metadata.name}", "PD-16")
    if MIRROR_ANNOTATION in pod.metadata.annotations:
        raise UsageError(f"{pod.key} is a static pod: its kubelet runs it whatever the API says")
    evict(draft, pod)


def _drain(draft: Draft, action: DrainNode) -> None:
    node = _node(draft, action.node)
    _say(draft, "drain-begun", node.key, f"drain {node.metadata.name}{', force' if action.force else ''}", "PD-15")
    drain(draft, node, action.force)


def _silence(draft: Draft, action: SilenceNode) -> None:
    node = _node(draft, action.node)
    name = node.metadata.name
    if name in draft.silent:
        raise UsageError(f"{name} does not report already; wake it first")
    what = "its machine is off" if action.lost else "its pods run on"
    _say(draft, "node-silent", node.key, f"{name} reports no more; {what}", "PD-17")
    silence(draft, node, action.lost)


def _wake(draft: Draft, action: WakeNode) -> None:
    node = _node(draft, action.node)
    if node.metadata.name not in draft.silent and not node.is_silent:
        raise UsageError(f"{node.metadata.name} reports: there is nothing to wake")
    _say(draft, "node-awake", node.key, f"{node.metadata.name} reports again", "PD-18")
    wake(draft, node)


_REQUESTS: dict[type[Any], Callable[..., None]] = {
    KillPod: _kill,
    RestartContainer: _restart_container,
    RecreateSandbox: _recreate_sandbox,
    FailReadiness: _fail_readiness,
    PassReadiness: _pass_readiness,
    Scale: _scale,
    RolloutRestart: _rollout_restart,
    Relabel: _relabel,
    Apply: _apply,
    Patch: _patch,
    Delete: _delete,
    SetServiceType: _set_service_type,
    ReplaceService: _replace_service,
    OpenConnection: _open,
    CloseConnection: _close,
    EvictPod: _evict,
    DrainNode: _drain,
    SilenceNode: _silence,
    WakeNode: _wake,
}
