"""What happens when a task's time has come. One function a task, found by the table at the end."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kwake.control.balancer import CLEANUP_FINALIZER, balancer_gone, balancer_ready
from kwake.control.endpoints import service_slices
from kwake.control.ipam import assign, release
from kwake.control.pods import addressed, exit_delay_ms, readiness_delay_ms, ready, scheduled, terminating
from kwake.control.scheduling import place
from kwake.control.workloads import reconcile
from kwake.objects.basis import Basis
from kwake.objects.event import Clock
from kwake.objects.key import Key
from kwake.objects.kinds import EndpointSlice, Pod, Service
from kwake.simulation.draft import Draft
from kwake.simulation.tasks import (
    BecomeReady,
    ExitProcesses,
    MakeSandbox,
    ReconcileWorkloads,
    SchedulePod,
    StartContainers,
    Sync,
    SyncEndpoints,
    Task,
)


def run(draft: Draft, task: Task) -> None:
    """Carry out a task."""
    _STEPS[type(task)](draft, task)


def living(draft: Draft, pod: Key, uid: str) -> Pod | None:
    """The pod, if it is still this very one."""
    found = draft.cluster.find(pod)
    value = found.value if found is not None else None
    return value if isinstance(value, Pod) and value.metadata.uid == uid else None


def start_pods(draft: Draft, keys: list[Key]) -> None:
    """Begin the life of pods that have just been created: the scheduler is next."""
    for key in keys:
        value = draft.cluster.record(key).value
        assert isinstance(value, Pod)
        draft.schedule(SchedulePod(key, value.metadata.uid), draft.profile.clock("schedule"))


def _reconcile_workloads(draft: Draft, task: ReconcileWorkloads) -> None:
    changes, draft.draws = reconcile(draft.cluster, draft.draws, draft.opened)
    created = [k for k, record in changes.items() if record is not None and k.kind == "Pod" and k not in draft.cluster]
    doomed = [k for k, record in changes.items() if record is None and k.kind == "Pod"]
    draft.change({k: record for k, record in changes.items() if k not in doomed})
    for key in created:
        record = draft.cluster.record(key)
        draft.tell("pod-created", key, f"{record.made.removeprefix('made by ')} creates pod {key.name}", "controller",
                   rule="PD-5")  # fmt: skip
    start_pods(draft, created)
    for key in doomed:
        terminate(draft, key, actor="controller")


def terminate(draft: Draft, key: Key, *, actor: str, grace: int | None = None) -> None:
    """Ask a pod to go: it is marked, and its processes end by themselves or by force (PD-10)."""
    record = draft.cluster.record(key)
    assert isinstance(record.value, Pod)
    pod = record.value
    if pod.is_terminating:
        return
    if not pod.spec.node_name or pod.is_terminal:
        # Nothing runs: the API server removes it at once.
        remove_pod(draft, pod, "killed")
        return
    grace_s = pod.spec.termination_grace_period_seconds if grace is None else grace
    draft.change({key: terminating(record, draft.now_ms, grace_s)})
    ms, parts = exit_delay_ms(record, draft.profile, grace_s)
    how = "graceful"
    if ms < sum(clock.ms for clock in parts):
        parts, how = [Clock("grace-period", ms, Basis.SOURCED, "terminationGracePeriodSeconds")], "killed"
    draft.tell("pod-terminating", key, f"{key.name} is terminating, grace {grace_s} s", actor, rule="PD-10")
    draft.schedule(ExitProcesses(key, pod.metadata.uid, how), *parts)


def remove_pod(draft: Draft, pod: Pod, how: str) -> None:
    """The pod's processes are gone (`graceful` or `killed`), its object is removed, its address is free."""
    uid = pod.metadata.uid
    draft.exits[uid] = how
    draft.stopped -= {uid}
    draft.drop_tasks_of(uid)
    draft.environments.pop(uid, None)
    draft.change({pod.key: None})
    free_address(draft, pod)


def free_address(draft: Draft, pod: Pod) -> None:
    """Give the pod's address back to its node's range (PD-25), and let pods that wait for one try again (PD-24)."""
    if pod.spec.host_network or not pod.ip:
        return
    node = pod.spec.node_name
    draft.addressing = release(draft.addressing, node, pod.ip, draft.profile, draft.now_ms)
    for waiting in draft.cluster.all(Pod):
        if (
            waiting.spec.node_name == node
            and not waiting.ips
            and not waiting.is_terminating
            and not waiting.status.phase
        ):
            draft.schedule_once(MakeSandbox(waiting.key, waiting.metadata.uid), draft.profile.clock("sandbox"))


def _schedule_pod(draft: Draft, task: SchedulePod) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None:
        return
    placement = place(draft.cluster, pod)
    if placement.node is None:
        draft.tell("pod-unschedulable", pod.key, f"{pod.metadata.name} stays pending: {placement.reason}", "scheduler")
        return
    draft.change({pod.key: scheduled(draft.cluster.record(pod.key), placement.node)})
    draft.tell("pod-scheduled", pod.key, f"{pod.metadata.name} goes to {placement.node}", "scheduler",
               basis=placement.basis)  # fmt: skip
    draft.schedule(MakeSandbox(task.pod, task.uid), draft.profile.clock("sandbox"))


def _make_sandbox(draft: Draft, task: MakeSandbox) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None or pod.is_terminating:
        return
    node = draft.cluster.node(pod.spec.node_name)
    host_ip = node.ip if node is not None else ""
    name = pod.metadata.name
    again = bool(pod.ips)
    ips: tuple[str, ...] = ()
    if pod.spec.host_network:
        ip, basis, rule = host_ip, Basis.SOURCED, "PD-21"
    else:
        if again:
            draft.addressing = release(draft.addressing, pod.spec.node_name, pod.ip, draft.profile, draft.now_ms)
        given = assign(draft.addressing, draft.cluster, pod.spec.node_name, draft.profile, draft.now_ms)
        draft.addressing = given.addressing
        if given.ip is None:
            draft.tell("ip-exhausted", pod.key, f"{name} gets no address: {given.reason}", "cni", rule=given.rule)
            return
        ip, ips, basis, rule = given.ip, given.ips, given.basis, given.rule
    if not ip:
        draft.tell("ip-unknown", pod.key, f"{name} gets the address of {pod.spec.node_name}, which is not known", "cni",
                   basis=Basis.UNKNOWN)  # fmt: skip
        return
    draft.change({pod.key: addressed(draft.cluster.record(pod.key), ip, host_ip, ips)})
    words = f"{name} gets {ip} on {pod.spec.node_name}" + (f", was {pod.ip}" if again else "")
    draft.tell("ip-assigned", pod.key, words, "cni", rule=rule, basis=basis)
    draft.schedule(StartContainers(task.pod, task.uid), draft.profile.clock("container-start"))


def _start_containers(draft: Draft, task: StartContainers) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None or pod.is_terminating:
        return
    draft.stopped -= {task.uid}
    draft.environments[task.uid] = draft.cluster
    draft.tell("containers-started", pod.key, f"containers of {pod.metadata.name} run", "kubelet")
    delay_ms = readiness_delay_ms(pod, draft.profile)
    if not delay_ms:
        _become_ready(draft, BecomeReady(task.pod, task.uid))
        return
    # The probe's own numbers are the snapshot's; that it succeeds the first time is not.
    draft.schedule(BecomeReady(task.pod, task.uid), Clock("readiness-probe", delay_ms, Basis.ASSUMED, "readinessProbe"))


def _become_ready(draft: Draft, task: BecomeReady) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None or task.uid in draft.stopped:
        return
    draft.change({pod.key: ready(draft.cluster.record(pod.key), True)})
    draft.tell("pod-ready", pod.key, f"{pod.metadata.name} is ready at {pod.ip}", "kubelet")


def _exit_processes(draft: Draft, task: ExitProcesses) -> None:
    pod = living(draft, task.pod, task.uid)
    if pod is None:
        return
    how = "its processes have ended" if task.how == "graceful" else "killed at the end of its grace period"
    words = f"{pod.metadata.name} is gone: {how}; {pod.ip or 'no address'} is free"
    draft.tell("pod-gone", pod.key, words, "kubelet", rule="PD-10")
    remove_pod(draft, pod, task.how)


def _sync_endpoints(draft: Draft, task: SyncEndpoints) -> None:
    for service in draft.cluster.all(Service):
        if service.metadata.namespace != task.namespace:
            continue
        before = _conditions(draft, service)
        changes, draft.draws = service_slices(draft.cluster, service, draft.draws)
        if not changes:
            continue
        draft.change(changes)
        difference = _difference(before, _conditions(draft, service))
        if difference:
            words = f"endpoints of {service.metadata.name}: {difference}"
            draft.tell("endpoints-changed", service.key, words, "endpointslice", rule="EP-1")


def _conditions(draft: Draft, service: Service) -> dict[str, str]:
    """Each endpoint address of a Service and how it stands, in words."""
    slices: tuple[EndpointSlice, ...] = draft.cluster.slices_by_service.get(service.key, ())
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


_STEPS: dict[type[msgspec.Struct], Callable[..., None]] = {
    ReconcileWorkloads: _reconcile_workloads,
    SchedulePod: _schedule_pod,
    MakeSandbox: _make_sandbox,
    StartContainers: _start_containers,
    BecomeReady: _become_ready,
    ExitProcesses: _exit_processes,
    SyncEndpoints: _sync_endpoints,
    Sync: _sync,
}
