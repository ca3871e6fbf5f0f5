"""Deployments: which ReplicaSet is the current one, and how a new template replaces an old one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes, edited
from kwake.control.made_pods import HASH_LABEL, replica_set_of
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import Key
from kwake.objects.kinds import Deployment, Pod, ReplicaSet

REVISION = "deployment.kubernetes.io/revision"

_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "restartPolicy": ("Always",),
    "dnsPolicy": ("ClusterFirst",),
    "schedulerName": ("default-scheduler",),
    "securityContext": ({},),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "resources": ({},),
    "protocol": ("TCP",),
    "creationTimestamp": (None,),
    "timeoutSeconds": (1,),
    "periodSeconds": (10,),
    "successThreshold": (1,),
    "failureThreshold": (3,),
    "scheme": ("HTTP",),
    "path": ("/",),
    "defaultMode": (420,),
    "apiVersion": ("v1",),
    "enableServiceLinks": (True,),
    "hostNetwork": (False,),
    "type": ("",),
}
"""What the API server fills into a template (`k8s:pkg/apis/core/v1/defaults.go`): a manifest that leaves it out says
the same. `serviceAccount` and `hostPort` mirror another field."""


def reconcile_deployment(
    cluster: Cluster, deployment: Deployment, opened: Cluster | None, draws: Draws
) -> tuple[Changes, Draws]:
    """What the Deployment controller writes now: a ReplicaSet for a template, and one step of a rolling update.

    `minReadySeconds` and `progressDeadlineSeconds` are not waited for (inferred: they do not change the outcome).
    """
    record = cluster.record(deployment.key)
    spec: Manifest = record.manifest.get("spec") or {}
    sets = replica_sets_of(cluster, deployment)
    if not sets and record.manifest.get("status"):
        return {}, draws  # a dump without ReplicaSets
    current = _current(record, spec, sets, cluster, opened)
    others = [rs for rs in sets if current is None or rs.key != current.key]
    total = deployment.spec.replicas
    recreate = (spec.get("strategy") or {}).get("type") == "Recreate"
    if recreate and any(rs.spec.replicas for rs in others):
        return {rs.key: _scaled(cluster, rs, 0) for rs in others if rs.spec.replicas}, draws
    if recreate and any(_pods(cluster, rs, gone=False) for rs in others):
        return {}, draws  # the old pods are still on their way out
    surge, unavailable = (0, 0) if recreate else _limits(spec, total)
    running = sum(rs.spec.replicas for rs in others)
    if current is None:
        wanted = min(total, max(0, total + surge - running))
        made, draws = replica_set_of(record, draws, revision=1 + max(map(_revision, sets), default=0), replicas=wanted)
        return {made.key: made}, draws
    present = current.spec.replicas
    wanted = total if present > total or not running else min(total, max(present, total + surge - running))
    if wanted != present:
        return {current.key: _scaled(cluster, current, wanted)}, draws
    if not running:
        return {}, draws
    return _scale_down_old(cluster, current, others, total - unavailable), draws


def replica_sets_of(cluster: Cluster, deployment: Deployment) -> tuple[ReplicaSet, ...]:
    """The ReplicaSets of a Deployment, the newest last, by their revision."""
    own = cluster.controlled_by(deployment.key, ReplicaSet)
    return tuple(sorted(own, key=lambda rs: (_revision(rs), rs.metadata.name)))


def _revision(value: ReplicaSet) -> int:
    text = value.metadata.annotations.get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _current(
    record: Record, spec: Manifest, sets: tuple[ReplicaSet, ...], cluster: Cluster, opened: Cluster | None
) -> ReplicaSet | None:
    """The ReplicaSet of the present template; the newest where the template is as it was when the snapshot was opened
    or the Deployment is paused."""
    template = spec.get("template") or {}
    for candidate in reversed(sets):
        if same_template(template, (cluster.record(candidate.key).manifest.get("spec") or {}).get("template") or {}):
            return candidate
    before = opened.find(record.key) if opened is not None else None
    untouched = before is not None and (before.manifest.get("spec") or {}).get("template") == template
    return sets[-1] if sets and (untouched or spec.get("paused")) else None


def same_template(one: Manifest, other: Manifest) -> bool:
    """Whether two pod templates say the same, whatever defaults either has filled in."""

    def comparable(template: Manifest) -> Manifest:
        metadata = template.get("metadata") or {}
        labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
        return {"labels": labels, "annotations": metadata.get("annotations") or {}, "spec": template.get("spec") or {}}

    return _same(comparable(one), comparable(other), "")


def _same(one: Any, other: Any, field: str) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        exact = field in ("labels", "annotations", "nodeSelector", "matchLabels")
        for name in sorted({*one, *other}):
            if name in one and name in other:
                if not _same(one[name], other[name], name):
                    return False
            elif exact or not _is_default(name, one.get(name, other.get(name))):
                return False
        return True
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b, "") for a, b in zip(one, other, strict=True))
    return bool(one == other) or (field in ("cpu", "memory") and str(one) == str(other))


def _is_default(name: str, value: Any) -> bool:
    """Whether leaving the field out says the same."""
    return value in (None, [], {}, "") or name in ("serviceAccount", "hostPort") or value in _DEFAULTS.get(name, ())


def _limits(spec: Manifest, total: int) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers: percentages round up and down, both zero means one unavailable."""
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = resolved(rolling.get("maxSurge", "25%"), total)
    unavailable = resolved(rolling.get("maxUnavailable", "25%"), total, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def resolved(value: Any, total: int, *, up: bool = True) -> int:
    """`maxSurge` or `maxUnavailable` of `total` pods as a number; a percentage is rounded up or down."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    share = int(text[:-1]) * total / 100
    return math.ceil(share) if up else math.floor(share)


def _scale_down_old(cluster: Cluster, current: ReplicaSet, others: list[ReplicaSet], least: int) -> Changes:
    """One step down of the old ReplicaSets, oldest first: those that are not ready, then as many as may go."""
    ready = {rs.key: sum(pod.is_ready for pod in _pods(cluster, rs, gone=True)) for rs in (*others, current)}
    replicas: dict[Key, int] = {rs.key: rs.spec.replicas for rs in others}
    spare = sum(replicas.values()) + ready[current.key] - least
    for rs in others:
        step = max(0, min(spare, replicas[rs.key] - ready[rs.key]))
        replicas[rs.key] -= step
        spare -= step
    spare = sum(ready.values()) - least
    for rs in others:
        step = max(0, min(spare, replicas[rs.key]))
        replicas[rs.key] -= step
        spare -= step
    return {rs.key: _scaled(cluster, rs, replicas[rs.key]) for rs in others if replicas[rs.key] != rs.spec.replicas}


def _pods(cluster: Cluster, owner: ReplicaSet, *, gone: bool) -> list[Pod]:
    """Its pods that are not terminal; with `gone`, without those on their way out."""
    pods = cluster.controlled_by(owner.key, Pod)
    return [pod for pod in pods if not pod.is_terminal and not (gone and pod.is_terminating)]


def _scaled(cluster: Cluster, replica_set: ReplicaSet, replicas: int) -> Record:
    found = cluster.record(replica_set.key)
    manifest = found.manifest
    manifest["spec"]["replicas"] = replicas
    return edited(found, manifest)
