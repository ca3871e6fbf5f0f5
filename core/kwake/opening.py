"""From what people have to a settled world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from kwake.cluster import Cluster, Record, record
from kwake.control.admission import Violation, record_violations
from kwake.control.admission_pods import too_many_pods
from kwake.control.endpoints import missing_slices
from kwake.control.inference import infer
from kwake.control.ipam import addressing_of
from kwake.control.services import admit, node_port_range, service_range, taken
from kwake.control.workloads import initial_pods
from kwake.draws import Draws
from kwake.errors import InvalidSnapshot, Rejected
from kwake.findings import check, fatal, problem
from kwake.objects.decode import decode
from kwake.objects.document import Manifest
from kwake.objects.field_path import dotted
from kwake.objects.finding import Finding, Problem
from kwake.objects.key import Key
from kwake.objects.kinds import (
    KubeObject,
    LoadBalancerStatus,
    Pod,
    PodStatus,
    ReplicationController,
    Service,
    Unmodelled,
    Workload,
)
from kwake.objects.unread_kind import left_out, marker
from kwake.profiles import load_profile
from kwake.profiles.profile import Profile
from kwake.simulation.draft import Draft
from kwake.simulation.engine import settle
from kwake.simulation.state import State
from kwake.simulation.steps import start_pods
from kwake.simulation.tasks import Sync
from kwake.sources import Snapshot, read
from kwake.sources.snapshot import Where, garbage_collector_off
from kwake.world import LaterFindings, World


def open_world(
    where: Where,
    profile: str = "calico",
    seed: int = 0,
    *,
    overrides: Mapping[str, str] | None = None,
    lenient: bool = False,
    layered: bool = False,
    stdin: Callable[[], bytes] | None = None,
) -> World:
    """A settled world from a file, a folder, `-`, several of them, or manifests.

    Workloads without pods get pods, nodes and addresses from the model's own controllers; what the snapshot
    implies but does not hold is inferred, and listed in `World.findings`. `overrides` are fields of the profile.
    Raises SnapshotUnreadable, InvalidSnapshot (what the API server would refuse; with `lenient` such objects are
    left out and what they could decide is unknown) and ProfileError. With `layered`, later entries of `where`
    override earlier ones object by object.
    """
    chosen = load_profile(profile, overrides or {})
    with garbage_collector_off():
        if stdin is None:
            snapshot = read(where, layered=layered, lenient=lenient)
        else:
            snapshot = read(where, stdin=stdin, layered=layered, lenient=lenient)
        return world_from(snapshot, chosen, seed, lenient=lenient)


def world_from(snapshot: Snapshot, profile: Profile, seed: int, *, lenient: bool = False) -> World:
    """The settled world of a snapshot that was read."""
    findings = list(snapshot.findings)
    findings += map(_left_out, snapshot.problems)
    judged: dict[Key, tuple[KubeObject, tuple[Violation, ...]]] = {}
    cluster, refused = _admitted(snapshot, lenient, findings, judged)
    cluster = cluster.with_changes(_missing(snapshot.problems, cluster))
    cluster = infer(cluster, profile)
    draws = Draws(seed)
    cluster, draws = _with_services(cluster, profile, draws, findings)
    if refused:
        raise InvalidSnapshot(tuple(map(str, refused)))
    changes, draws = missing_slices(cluster, draws)
    cluster = cluster.with_changes(changes)
    changes, draws = initial_pods(cluster, draws)
    cluster = cluster.with_changes(changes)
    state = _started(State(cluster, profile, addressing_of(cluster, profile), draws, opened=cluster))
    opened, found = state.cluster, tuple(findings)
    return World(state, LaterFindings(lambda: check(opened, profile, found, judged)))


def _left_out(problem: Problem) -> Finding:
    field = f"{dotted(problem.field)}: " if problem.field else ""
    text = f"left out, what it decides is unknown: {field}{problem.reason}"
    return Finding("unknown", problem.subject or "object", text, problem.where)


def _missing(problems: tuple[Problem, ...], cluster: Cluster) -> dict[Key, Record | None]:
    """A note that objects are missing which could not be taken in, for what hangs on them is unknown."""
    kinds = left_out(problems, cluster.namespaces.keys())
    if not kinds:
        return {}
    manifest = marker(kinds, min(cluster.namespaces, default="default"))
    manifest["metadata"]["name"] = "kwake-left-out"
    note = record(manifest, made="made by kwake")
    return {note.key: note}


def _admitted(
    snapshot: Snapshot,
    lenient: bool,
    findings: list[Finding],
    judged: dict[Key, tuple[KubeObject, tuple[Violation, ...]]],
) -> tuple[Cluster, list[Problem]]:
    """The objects that the API server would take, and why it refuses the others; notes what each breaks."""
    records: dict[Key, Record] = {}
    refused: list[Problem] = []
    for entry in snapshot.entries:
        item = Record(entry.document, entry.value)
        found = record_violations(item)
        judged[entry.key] = entry.value, found
        wrong = fatal(item, found)
        if isinstance(entry.value, Workload | ReplicationController) and not item.manifest.get("status"):
            wrong += [problem(item, violation) for violation in too_many_pods(entry.value)]
        if wrong and (lenient or isinstance(entry.value, Service)):
            findings += map(_left_out, wrong)
            item = _unread(item)
        else:
            refused += wrong
        records[entry.key] = item
    return Cluster(records), refused


def _unread(item: Record) -> Record:
    """An object that is kept as it was written but that nothing may be concluded from."""
    value = item.value
    kept = Unmodelled(api_version=value.api_version, kind=value.kind, metadata=value.metadata)
    return Record(item.document, kept)


def _with_services(cluster: Cluster, profile: Profile, draws: Draws, findings: list[Finding]) -> tuple[Cluster, Draws]:
    """The cluster with Services that were never stored (no uid) taken in, those with a fixed address first.

    One that the API server would refuse does not refuse the snapshot, as a policy would: it opens and closes no way
    but its own, and that is unknown.
    """
    snapshot = cluster
    findings += _ranges(snapshot, profile)
    fresh = [s for s in cluster.all(Service) if not s.metadata.uid]
    cluster = cluster.with_changes({s.key: None for s in fresh})
    held = taken(cluster.all(Service))
    stored: dict[Key, Record | None] = {}
    for service in sorted(fresh, key=lambda s: (not _pinned(s), s.key)):
        old = snapshot.record(service.key)
        try:
            manifest, draws = admit(cluster, old.manifest, None, "create", profile, draws, snapshot, held)
        except Rejected as error:
            where = str(old.origin) if old.origin is not None else ""
            reason = f"{error.field}: {error.reason}" if error.field else error.reason
            if not _comes_from_a_cluster(snapshot, service):
                findings.append(_left_out(Problem(where, str(service.key), (), reason)))
                stored[service.key] = _unread(old)
                continue
            text = f"the API server would refuse it, and it has its numbers, so it is taken as it is: {reason}"
            findings.append(Finding("warning", str(service.key), text, where))
            manifest = old.manifest
        if _has_seen_its_balancer(service):
            manifest["status"] = old.manifest["status"]
        made, draws = _identified(old, manifest, draws)
        if isinstance(made.value, Service):
            held.add(made.value)
        stored[service.key] = made
    return cluster.with_changes(stored), draws


def _identified(old: Record, manifest: Manifest, draws: Draws) -> tuple[Record, Draws]:
    """A Service as it is stored, under a uid."""
    manifest["metadata"]["uid"], draws = draws.uid(str(old.key))
    manifest["metadata"].setdefault("namespace", old.key.namespace)
    doc = old.document.replaced(manifest)
    return Record(doc, decode(doc), old.made), draws


def _has_seen_its_balancer(service: Service) -> bool:
    """Whether its status has a balancer's address: it was stored somewhere, as a Pod with a status was."""
    return service.spec.type == "LoadBalancer" and bool(service.status.load_balancer.ingress)


def _comes_from_a_cluster(snapshot: Cluster, service: Service) -> bool:
    """Whether it has the numbers that an API server gives, and nobody else in the snapshot has them."""
    if not service.cluster_ips:
        return False
    ports = [port.node_port for port in service.spec.ports if port.node_port]
    holders = [
        *map(snapshot.services_by_address.get, service.cluster_ips),
        *map(snapshot.services_by_node_port.get, ports),
    ]
    return all(held is None or len(held) == 1 for held in holders)


def _ranges(cluster: Cluster, profile: Profile) -> Iterator[Finding]:
    """What the numbers of Services say about a cluster whose ranges are not the profile's."""
    found, ports = service_range(cluster, profile), node_port_range(profile, cluster)
    if found.is_inferred:
        yield Finding("assumption", "Service", f"the range of ClusterIPs: {found.note}")
    if ports != node_port_range(profile):
        first, last = ports
        yield Finding(
            "assumption", "Service", f"node ports from {first} to {last}, as Services with a ClusterIP have them"
        )


def _pinned(service: Service) -> bool:
    return bool(service.cluster_ips) or any(port.node_port for port in service.spec.ports)


def _started(state: State) -> State:
    """Run the controllers until all is settled, then call that moment zero."""
    draft = Draft(state, cause="open")
    uids = {}
    for pod in state.cluster.all(Pod):
        if not pod.metadata.uid:
            record = state.cluster.record(pod.key)
            manifest = record.manifest
            manifest["metadata"]["uid"], draft.draws = draft.draws.uid(str(pod.key))
            manifest["metadata"].setdefault("namespace", pod.metadata.namespace)
            doc = record.document.replaced(manifest)
            uids[pod.key] = Record(doc, decode(doc), record.made)
    draft.cluster = state.cluster.with_changes(uids)
    new = [pod for pod in draft.cluster.all(Pod) if not _has_status(draft.cluster.record(pod.key), pod)]
    start_pods(draft, [pod.key for pod in new])
    if any(_waits_for_balancer(s) for s in draft.cluster.all(Service)):
        draft.schedule(Sync("balancer"), state.profile.clock("load-balancer"))
    settled = settle(draft.freeze())
    environments = {pod.metadata.uid: settled.cluster for pod in settled.cluster.all(Pod)}
    return msgspec.structs.replace(settled, now_ms=0, events=(), exits={}, environments=environments)


def _has_status(item: Record, pod: Pod) -> bool:
    """Whether its manifest has one; an empty one counts."""
    return pod.status != PodStatus() or (b'"status"' in item.document.raw and "status" in item.manifest)


def _waits_for_balancer(service: Service) -> bool:
    return service.spec.type == "LoadBalancer" and service.status.load_balancer == LoadBalancerStatus()
