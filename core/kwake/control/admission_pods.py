"""Pods, and templates of pods, that the API server refuses (`k8s:pkg/apis/core/validation/validation.go`).

What changes no traffic (a container's name, a workload's selector) is `reported`, since people cut it from examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from kwake.control.admission_names import dns_label, port_name, port_number
from kwake.control.admission_policies import PROTOCOLS, selector_violations
from kwake.control.violation import Violation, duplicate, invalid, required, unsupported
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.kinds import Container, Job, Pod, PodSpec, ReplicationController, Workload

MOST_PODS = 10_000
"""Pods that are made for one workload. A thousand take seconds; a slip of the finger would take days."""


def pod_violations(pod: Pod) -> Iterator[Violation]:
    """Every rule that a pod's spec breaks."""
    yield from _pod_spec(pod.spec, ("spec",))


def workload_violations(workload: Workload | ReplicationController) -> Iterator[Violation]:
    """Every rule that a workload's selector and template break."""
    spec = workload.spec
    yield from _pod_spec(spec.template.spec, ("spec", "template", "spec"))
    if spec.replicas < 0:
        yield invalid(("spec", "replicas"), spec.replicas, "must be greater than or equal to 0")
    yield from (msgspec.structs.replace(much, severity="reported") for much in too_many_pods(workload))
    if not isinstance(workload, Workload):
        return
    selector = workload.spec.selector
    yield from selector_violations(selector, ("spec", "selector"))
    if workload.api_version == "apps/v1":
        if selector.is_empty:
            yield required(("spec", "selector"))
        elif not selector.matches(spec.template.metadata.labels):
            labels = ("spec", "template", "metadata", "labels")
            words = "`selector` does not match template `labels`"
            yield invalid(labels, dict(spec.template.metadata.labels), words, "reported")


def too_many_pods(workload: Workload | ReplicationController) -> Iterator[Violation]:
    """Why kwake makes no pods for a workload; a dump, which has its pods, may hold it all the same."""
    field = "parallelism" if isinstance(workload, Job) else "replicas"
    wanted = workload.spec.parallelism if isinstance(workload, Job) else workload.spec.replicas
    if wanted > MOST_PODS:
        yield invalid(("spec", field), wanted, f"kwake makes at most {MOST_PODS} pods for a workload")


def strategy_violations(manifest: Manifest) -> Iterator[Violation]:
    """How many pods a rollout may have too many or too few: a number, or a percentage. A partition is a number."""
    for strategy in ("strategy", "updateStrategy"):
        yield from _rolling_violations(manifest, ("spec", strategy, "rollingUpdate"))


def _rolling_violations(manifest: Manifest, where: FieldPath) -> Iterator[Violation]:
    value: object = manifest
    for step in where:
        value = value.get(str(step)) if isinstance(value, dict) else value
    if value is not None and not isinstance(value, dict):
        yield invalid(where, str(value), "must be an object")
        return
    for field, said in (value or {}).items():
        if field in ("maxSurge", "maxUnavailable") and not re.fullmatch(r"\d{1,9}%?", str(said)):
            words = "must be an integer or percentage (e.g '5%')"
            yield invalid((*where, field), str(said), words)
        if field == "partition" and not re.fullmatch(r"\d{1,9}", str(said)):
            yield invalid((*where, field), str(said), "must be greater than or equal to 0")


def _pod_spec(spec: PodSpec, path: FieldPath) -> Iterator[Violation]:
    if not spec.containers:
        yield required((*path, "containers"))
    names: set[str] = set()
    for field, containers in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        for at, container in enumerate(containers):
            where = (*path, field, at)
            if not container.name:
                yield required((*where, "name"), severity="reported")
            elif container.name in names:
                yield duplicate((*where, "name"), container.name)
            else:
                for words in dns_label(container.name):
                    yield invalid((*where, "name"), container.name, words, "reported")
            names.add(container.name)
            yield from _ports(container, (*where, "ports"), spec.host_network)


def _ports(container: Container, path: FieldPath, host_network: bool) -> Iterator[Violation]:
    names: set[str] = set()
    for at, port in enumerate(container.ports):
        where = (*path, at)
        if port.name:
            for words in port_name(port.name):
                yield invalid((*where, "name"), port.name, words)
            if port.name in names:
                yield duplicate((*where, "name"), port.name)
            names.add(port.name)
        if port.container_port == 0:
            yield required((*where, "containerPort"), severity="reported")
        else:
            for words in port_number(port.container_port):
                yield invalid((*where, "containerPort"), port.container_port, words)
        if port.host_port:
            yield from (invalid((*where, "hostPort"), port.host_port, words) for words in port_number(port.host_port))
            if host_network and port.host_port != port.container_port:
                words = "must match `containerPort` when `hostNetwork` is true"
                yield invalid((*where, "hostPort"), port.host_port, words)
        if port.protocol not in PROTOCOLS:
            yield unsupported((*where, "protocol"), port.protocol, PROTOCOLS)
