"""What the kubelet and the API server write about a pod, as edits of its manifest, and how long each step takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwake.cluster import Record
from kwake.control.changes import edited
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.event import Clock
from kwake.objects.kinds import Pod
from kwake.objects.pod import Probe
from kwake.objects.time import timestamp
from kwake.profiles.profile import Profile


def scheduled(record: Record, node: str) -> Record:
    """The pod bound to a node: `spec.nodeName` and the PodScheduled condition."""
    manifest = record.manifest
    manifest.setdefault("spec", {})["nodeName"] = node
    status = _status(manifest)
    status.setdefault("phase", "Pending")
    _set_condition(status, "PodScheduled", True)
    return edited(record, manifest)


def addressed(record: Record, ip: str, host_ip: str, ips: Sequence[str] = ()) -> Record:
    """The pod with an address (PD-20): `ips` are all of them, the primary one first; without it, `ip` alone."""
    manifest = record.manifest
    status = _status(manifest)
    status.setdefault("phase", "Pending")
    status["podIP"] = ip
    status["podIPs"] = [{"ip": address} for address in ips or (ip,)]
    if host_ip:
        status["hostIP"] = host_ip
        status["hostIPs"] = [{"ip": host_ip}]
    return edited(record, manifest)


def unaddressed(record: Record) -> Record:
    """The pod without an address: its sandbox is gone, the next one gets another (PD-3)."""
    manifest = record.manifest
    status = _status(manifest)
    for field in ("podIP", "podIPs"):
        status.pop(field, None)
    return edited(record, manifest)


def ready(record: Record, is_ready: bool) -> Record:
    """The pod started, and ready or not: `serving` of its endpoints follows the Ready condition (EP-3)."""
    manifest = record.manifest
    status = _status(manifest)
    status["phase"] = "Running"
    for condition in ("Initialized", "PodReadyToStartContainers"):
        _set_condition(status, condition, True)
    for condition in ("ContainersReady", "Ready"):
        _set_condition(status, condition, is_ready)
    for container in status.get("containerStatuses") or ():
        container["ready"] = is_ready
    return edited(record, manifest)


def failed(record: Record) -> Record:
    """The pod whose containers have ended and are not started again (`restartPolicy: Never`): it keeps its object and
    its `podIP`, and is never an endpoint again (PD-14)."""
    manifest = record.manifest
    status = _status(manifest)
    status["phase"] = "Failed"
    for condition in ("ContainersReady", "Ready"):
        _set_condition(status, condition, False)
    return edited(record, manifest)


def terminating(record: Record, now_ms: int, grace: int | None = None) -> Record:
    """The pod asked to go within `grace` seconds (default: its own): it stays until its processes exit (PD-10)."""
    manifest = record.manifest
    metadata = manifest.setdefault("metadata", {})
    seconds = grace_seconds(record) if grace is None else grace
    # The API server writes the moment the grace ends, not the moment of the request.
    metadata["deletionTimestamp"] = timestamp(now_ms + seconds * 1000)
    metadata["deletionGracePeriodSeconds"] = seconds
    return edited(record, manifest)


def grace_seconds(record: Record) -> int:
    """`terminationGracePeriodSeconds`, 30 where the pod does not say."""
    return record.value.spec.termination_grace_period_seconds if isinstance(record.value, Pod) else 30


def readiness_delay_ms(pod: Pod, profile: Profile) -> int:
    """From the start of the containers to Ready: the slowest readiness probe's first success.

    A probe first runs after `initialDelaySeconds` and must succeed `successThreshold` times, `periodSeconds` apart
    (`k8s:pkg/kubelet/prober/worker.go`); that the application passes it at once is assumed. No probe: ready at start.
    """
    probes = _readiness_probes(pod)
    delays = [p.initial_delay_seconds + (max(1, p.success_threshold) - 1) * p.period_seconds for p in probes]
    return 1000 * max(delays, default=0)


def readiness_failure_ms(pod: Pod) -> int | None:
    """From the first failed probe to not Ready: of several probes the first to fail often enough; None without one."""
    return min((1000 * p.period_seconds * max(1, p.failure_threshold) for p in _readiness_probes(pod)), default=None)


def readiness_success_ms(pod: Pod) -> int:
    """From the first probe that succeeds again to Ready: of several the last."""
    return max((1000 * p.period_seconds * max(1, p.success_threshold) for p in _readiness_probes(pod)), default=0)


def _readiness_probes(pod: Pod) -> list[Probe]:
    return [c.readiness_probe for c in pod.port_containers if c.readiness_probe is not None]


def exit_delay_ms(record: Record, profile: Profile, grace: int | None = None) -> tuple[int, list[Clock]]:
    """From the deletion request to the exit of the processes, and the clocks that it is the sum of (PD-10).

    A `preStop` sleep runs first; SIGTERM follows, and the process exits after the clock `sigterm-exit`; SIGKILL ends
    both when the grace is over.
    """
    limit_ms = 1000 * (grace_seconds(record) if grace is None else grace)
    parts: list[Clock] = []
    sleep_ms = 1000 * _prestop_sleep_seconds(record.manifest)
    exit_clock = profile.clock("sigterm-exit")
    if sleep_ms:
        parts.append(Clock("preStop-sleep", sleep_ms, Basis.SOURCED, "lifecycle.preStop.sleep.seconds"))
    parts.append(exit_clock)
    return min(sleep_ms + exit_clock.ms, limit_ms), parts


def _prestop_sleep_seconds(manifest: Manifest) -> int:
    """The longest `preStop.sleep` of the containers: they run side by side."""
    longest = 0
    for container in (manifest.get("spec") or {}).get("containers") or ():
        sleep = (((container.get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}).get("seconds")
        if isinstance(sleep, int):
            longest = max(longest, sleep)
    return longest


def _status(manifest: Manifest) -> dict[str, Any]:
    status: dict[str, Any] | None = manifest.get("status")
    if status is None:
        status = manifest["status"] = {}
    return status


def _set_condition(status: dict[str, Any], kind: str, value: bool) -> None:
    word = "True" if value else "False"
    conditions: list[dict[str, Any]] = status.get("conditions") or []
    status["conditions"] = conditions
    for condition in conditions:
        if condition.get("type") == kind:
            condition["status"] = word
            return
    conditions.append({"type": kind, "status": word})
