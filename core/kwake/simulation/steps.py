"""What happens when a task's time has come. One function a task, found by the table at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kwake.cluster import Cluster, Record
from kwake.control.balancer import CLEANUP_FINALIZER, balancer_gone, balancer_ready
from kwake.control.endpoints import is_untouched, service_slices
from kwake.control.ipam import assign, release
from kwake.control.pods import addressed, readiness_delay_ms, ready, scheduled, unaddressed
from kwake.control.scheduling import place_all
from kwake.control.workloads import reconcile
from kwake.objects.basis import Basis
from kwake.objects.event import Clock
from kwake.objects.key import Key
from kwake.objects.kinds import EndpointSlice, Pod, Service
from kwake.simulation.draft import Draft
from kwake.simulation.draining import retry_drain
from kwake.simulation.ending import down_by_pod, living, remove_pod, terminate
from kwake.simulation.node_steps import collect_orphans, evict, notice_silence
from kwake.simulation.tasks import (
    BecomeReady,
    BecomeUnready,
    CollectOrphans,
    EvictByTaint,
    ExitProcesses,
    MakeSandbox,
    NoticeSilence,
    ReconcileWorkloads,
    RetryDrain,
    RetryJob,
    SchedulePod,
    StartContainers,
    Sync,
    SyncEndpoints,
    Task,
)

PREFER_SAME_SINCE = 34
"""The minor version from which trafficDistribution knows PreferSameZone and PreferSameNode (EP-18)."""


def run(draft: Draft, tasks: Sequence[Task]) -> None:
    """Carry out tasks of one kind, due at one moment for one cause: all at once, or one after the other."""
    kind = type(tasks[0])
    together = _TOGETHER.get(kind)
    if together is not None:
        together(draft, tasks)
        return
    for task in tasks:
        _ONE_BY_ONE[kind](draft, task)


def start_pods(draft: Draft, keys: list[Key]) -> None:
    """Begin the life of pods that have just been created: the scheduler is next."""
    for key in keys:
        value = draft.cluster.record(key).value
        assert isinstance(value, Pod)
        draft.schedule(SchedulePod(key, value.metadata.uid), draft.profile.clock("schedule"))


def _reconcile_workloads(draft: Draft, task: ReconcileWorkloads | RetryJob) -> None:
    waiting = frozenset(item.task.job for item in draft.pending if isinstance(item.task, RetryJob))
    namespace = task.job.namespace if isinstance(task, RetryJob) else task.namespace
    known = draft.programmed.pop(f"workloads/{namespace}", None) if isinstance(task, ReconcileWorkloads) else None
    changes, draft.draws = reconcile(draft.cluster, draft.draws, draft.opened, waiting, namespace, known)
    created = [k for k, record in changes.items() if record is not None and k.kind == "Pod" and k not in draft.cluster]
    moved = [k for k, record in changes.items() if record is not None and k.kind == "Pod" and k in draft.cluster]
    for key in moved:
        _tell_owner(draft, draft.cluster.record(key), changes[key])
    doomed = [k for k, record in changes.items() if record is None and k.kind == "Pod"]
    draft.change({k: record for k, record in changes.items() if k not in doomed})
    for key in created:
        record = draft.cluster.record(key)
        owner = draft.cluster.controller_of(record.value)
        sure = owner is None or not owner.made.startswith("inferred")  # else nobody saw how many it wants
        draft.tell("pod-created", key, f"{record.made.removeprefix('made by ')} creates pod {key.name}", "controller",
                   rule="PD-5", basis=Basis.SOURCED if sure else Basis.INFERRED)  # fmt: skip
    start_pods(draft, created)
    for key in doomed:
        terminate(draft, key, actor="controller")


def _tell_owner(draft: Draft, before: Record, after: Record | None) -> None:
    """A pod that lost its owner, or found one, by its labels (PD-7): inferred from the controllers' adoption rules."""
    had, has = before.value.controller, after.value.controller if after is not None else None
    name = before.key.name
    if had is not None and has is None:
        words = f"{name} is {had.kind} {had.name}'s no more, its labels do not match: it runs on, nobody replaces it"
        draft.tell("pod-orphaned", before.key, words, "controller", rule="PD-7", basis=Basis.INFERRED)
    elif had is None and has is not None:
        words = f"{name} is {has.kind} {has.name}'s now: its labels match"
        draft.tell("pod-adopted", before.key, words, "controller", rule="PD-7", basis=Basis.INFERRED)


def _schedule_pods(draft: Draft, tasks: Sequence[SchedulePod]) -> None:
    pods = [pod for task in tasks if (pod := living(draft, task.pod, task.uid)) is not None]
    placements = place_all(draft.cluster, pods)
    bound = {k: scheduled(draft.cluster.record(k), p.node) for k, p in placements.items() if p.node is not None}
    draft.change(bound)
    for pod in pods:
        placement, name = placements[pod.key], pod.metadata.name
        if placement.node is None:
            words = f"{name} stays pending: {placement.reason}"
            draft.tell("pod-unschedulable", pod.key, words, "scheduler", basis=placement.basis)
            continue
        draft.tell("pod-scheduled", pod.key, f"{name} goes to {placement.node}", "scheduler", basis=placement.basis)
        draft.schedule(MakeSandbox(pod.key, pod.metadata.uid), draft.profile.clock("sandbox"))


def _make_sandboxes(draft: Draft, tasks: Sequence[MakeSandbox]) -> None:
    changes: dict[Key, Record | None] = {}
    given_out: set[str] = set()
    not_yet: set[str] = set()
    """Pods that have an address, and nobody listens there."""
    found = [pod for task in tasks if (pod := living(draft, task.pod, task.uid)) is not None]
    pods = [pod for pod in found if not pod.is_terminating and pod.spec.node_name not in draft.silent]
    had = {pod.metadata.uid: pod.ip for pod in pods if not pod.spec.host_network}
    for pod in pods:
        if had.get(pod.metadata.uid):
            draft.addressing = release(draft.addressing, pod.spec.node_name, pod.ip, draft.profile, draft.now_ms)
    draft.change({pod.key: unaddressed(draft.cluster.record(pod.key)) for pod in pods if had.get(pod.metadata.uid)})
    for pod in pods:
        ips = _addresses_for(draft, pod, had.get(pod.metadata.uid, ""), given_out)
        if ips:
            given_out.update(ips)
            node = draft.cluster.node(pod.spec.node_name)
            host_ip = node.ip if node is not None else ""
            changes[pod.key] = addressed(draft.cluster.record(pod.key), ips[0], host_ip, ips)
            not_yet.add(pod.metadata.uid)
            draft.schedule(StartContainers(pod.key, pod.metadata.uid), draft.profile.clock("container-start"))
    draft.stopped |= not_yet
    draft.change(changes)


def _addresses_for(draft: Draft, pod: Pod, was: str, given_out: set[str]) -> tuple[str, ...]:
    """The addresses that a pod's new sandbox gets, told as an event; none where there are none."""
    name, node = pod.metadata.name, pod.spec.node_name
    if pod.spec.host_network:
        found = draft.cluster.node(node)
        if found is None or not found.ip:
            words = f"{name} gets the address of {node}, which is not known"
            draft.tell("ip-unknown", pod.key, words, "cni", basis=Basis.UNKNOWN)
            return ()
        draft.tell("ip-assigned", pod.key, f"{name} has the address of {node}, {found.ip}", "kubelet", rule="PD-21")
        return (found.ip,)
    given = assign(draft.addressing, draft.cluster, node, draft.profile, draft.now_ms, given_out)
    draft.addressing = given.addressing
    if given.ip is None:
        words = f"{name} gets no address: {given.reason}"
        draft.tell("ip-exhausted", pod.key, words, "cni", rule=given.rule, basis=given.basis)
        return ()
    words = f"{name} gets {given.ip} on {node}" + (f", was {was}" if was else "")
    draft.tell("ip-assigned", pod.key, words, "cni", rule=given.rule, basis=given.basis)
    return given.ips


def _start_containers(draft: Draft, tasks: Sequence[StartContainers]) -> None:
    at_once: list[BecomeReady] = []
    again: list[Pod] = []
    started: list[str] = []
    were_down, up = down_by_pod(draft), set[str]()
    for task in tasks:
        pod = living(draft, task.pod, task.uid)
        if pod is None or pod.is_terminating or pod.spec.node_name in draft.silent:
            continue
        up |= {f"{task.uid}/{task.container}"} if task.container else were_down.get(task.uid, set())
        if task.container:
            started.append(f"{task.uid}/{task.container}")
        else:
            again.append(pod)
            started.append(task.uid)
        draft.pending = [item for item in draft.pending if item.task != BecomeUnready(task.pod, task.uid)]
        what = f"container {task.container}" if task.container else "containers"
        draft.tell("containers-started", pod.key, f"{what} of {pod.metadata.name} run", "kubelet")
        delay_ms = readiness_delay_ms(pod, draft.profile)
        become_ready = BecomeReady(task.pod, task.uid)
        if delay_ms:
            # The probe's own numbers are the snapshot's; that it succeeds the first time is not.
            draft.schedule(become_ready, Clock("readiness-probe", delay_ms, Basis.ASSUMED, "readinessProbe"))
        else:
            at_once.append(become_ready)
    draft.stopped -= up
    draft.forget_environments(again)
    draft.remember_environments(started)
    _become_ready(draft, at_once)


def _become_ready(draft: Draft, tasks: Sequence[BecomeReady]) -> None:
    changes: dict[Key, Record | None] = {}
    are_down = down_by_pod(draft)
    for task in tasks:
        pod = living(draft, task.pod, task.uid)
        if pod is None or task.uid in are_down or pod.spec.node_name in draft.silent:
            continue
        changes[pod.key] = ready(draft.cluster.record(pod.key), True)
        draft.tell("pod-ready", pod.key, f"{pod.metadata.name} is ready at {pod.ip}", "kubelet")
    draft.change(changes)


def _become_unready(draft: Draft, task: BecomeUnready) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None or not pod.is_ready or pod.spec.node_name in draft.silent:
        return
    draft.change({pod.key: ready(draft.cluster.record(pod.key), False)})
    draft.tell("pod-unready", pod.key, f"{pod.metadata.name} is not ready: its probe fails", "kubelet", rule="EP-3")


def _exit_processes(draft: Draft, task: ExitProcesses) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None:
        return
    if pod.spec.node_name in draft.silent:
        draft.exits.setdefault(task.uid, task.how)
        return
    how = "its processes have ended" if task.how == "graceful" else "killed at the end of its grace period"
    words = f"{pod.metadata.name} is gone: {how}; {pod.ip or 'no address'} is free"
    draft.tell("pod-gone", pod.key, words, "kubelet", rule="PD-10")
    remove_pod(draft, pod, task.how)


def _sync_endpoints(draft: Draft, task: SyncEndpoints) -> None:
    prefer_same = int(draft.profile["proxy-version"].partition(".")[2]) >= PREFER_SAME_SINCE
    known = draft.programmed.pop(f"endpoints/{task.namespace}", None)
    cluster, written = draft.cluster, dict[Key, Record | None]()
    services: list[Service] = []
    for service in cluster.all(Service, task.namespace):
        if known is not None and is_untouched(known, cluster, service):
            continue
        changes, draft.draws = service_slices(cluster, service, draft.draws, prefer_same=prefer_same)
        if changes:
            services.append(service)
            written.update(changes)
    draft.change(written)
    for service in services:
        difference = _difference(_conditions(cluster, service), _conditions(draft.cluster, service))
        if difference:
            words = f"endpoints of {service.metadata.name}: {difference}"
            draft.tell("endpoints-changed", service.key, words, "endpointslice", rule="EP-1")


def _conditions(cluster: Cluster, service: Service) -> dict[str, str]:
    """Each endpoint address of a Service and how it stands, in words."""
    slices: tuple[EndpointSlice, ...] = cluster.slices_by_service.get(service.key, ())
    return {
        address: "terminating" if e.terminating else "ready" if e.ready else "not ready"
        for item in slices
        for e in item.endpoints
        for address in e.addresses
    }


def _difference(before: dict[str, str], after: dict[str, str]) -> str:
    words = [f"{ip} removed" for ip in before if ip not in after]
    words += [f"{ip} added{'' if how == 'ready' else f', {how}'}" for ip, how in after.items() if ip not in before]
    words += [f"{ip} {how}" for ip, how in after.items() if ip in before and before[ip] != how]
    return ", ".join(words)


def _sync(draft: Draft, task: Sync) -> None:
    draft.programmed.pop(task.component, None)
    match task.component:
        case "proxy":
            draft.tell("proxy-synced", "kube-proxy", f"{draft.profile['proxy']} rules written on every node", "proxy")
        case "policy":
            name = draft.profile["policy"]
            words = "no plugin enforces policies" if name == "none" else f"{name} has taken in the change on every node"
            draft.tell("policy-synced", "policy", words, name if name != "none" else "policy",
                       rule="NP-12" if name == "none" else "CX-37")  # fmt: skip
        case "balancer":
            _sync_balancer(draft)
        case _:
            draft.tell("dns-synced", "dns", "the cluster's DNS answers by the change", "dns")


def _sync_balancer(draft: Draft) -> None:
    """The service controller has set up or torn down the cloud's load balancers (SV-16 to SV-18)."""
    for service in draft.cluster.all(Service):
        wanted = service.spec.type == "LoadBalancer" and not service.metadata.deletion_timestamp
        record = draft.cluster.record(service.key)
        name = service.metadata.name
        if wanted and not service.status.load_balancer.ingress and not service.spec.load_balancer_class:
            made, draft.draws = balancer_ready(record, draft.profile, draft.draws)
            if made is record:
                draft.tell(
                    "balancer-absent", service.key, f"nobody gives {name} a load balancer", "cloud", rule="SV-18"
                )
                continue
            draft.change({service.key: made})
            assert isinstance(made.value, Service)
            where = " ".join(i.ip or i.hostname for i in made.value.status.load_balancer.ingress)
            words = f"the load balancer of {name} answers on {where}"
            draft.tell("balancer-ready", service.key, words, "cloud", rule="SV-18", basis=Basis.ASSUMED)
        elif not wanted and CLEANUP_FINALIZER in service.metadata.finalizers:
            draft.change(balancer_gone(draft.cluster, record))
            draft.tell("balancer-gone", service.key, f"the load balancer of {name} is gone", "cloud", rule="SV-16")


_TOGETHER: dict[type[msgspec.Struct], Callable[..., None]] = {
    SchedulePod: _schedule_pods,
    MakeSandbox: _make_sandboxes,
    StartContainers: _start_containers,
    BecomeReady: _become_ready,
}
"""Steps of pods: many are taken at once, so that a hundred new pods make one new cluster and not a hundred."""

_ONE_BY_ONE: dict[type[msgspec.Struct], Callable[..., None]] = {
    ReconcileWorkloads: _reconcile_workloads,
    RetryJob: _reconcile_workloads,
    BecomeUnready: _become_unready,
    ExitProcesses: _exit_processes,
    SyncEndpoints: _sync_endpoints,
    NoticeSilence: notice_silence,
    EvictByTaint: evict,
    CollectOrphans: collect_orphans,
    RetryDrain: retry_drain,
    Sync: _sync,
}
