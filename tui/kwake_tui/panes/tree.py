"""What is in the cluster, as rows: namespaces ▸ workloads ▸ pods, Services, policies; nodes at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from operator import is_
from typing import NamedTuple

import msgspec

from kwake.cluster import Cluster
from kwake.objects.key import Key
from kwake.objects.kinds import (
    AdminPolicy,
    CronJob,
    DaemonSet,
    Deployment,
    EndpointSlice,
    Job,
    KubeObject,
    NetworkPolicy,
    Node,
    Pod,
    ReplicaSet,
    ReplicationController,
    Service,
    StatefulSet,
    Unmodelled,
)
from kwake.policy.tiers import admin_policies
from kwake_tui.glyphs import GONE, PENDING, READY, STARTING, Mark
from kwake_tui.lines import Line, Span
from kwake_tui.names import KIND_WORDS

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "CronJob", "Job")
_WORKLOAD_TYPES: tuple[type[KubeObject], ...] = (
    Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, CronJob, Job, Unmodelled,
)  # fmt: skip
_SHOWN: tuple[type[KubeObject], ...] = (Pod, Service, EndpointSlice, NetworkPolicy, *_WORKLOAD_TYPES)
_GROUP = "group:"


class TreeState(msgspec.Struct, frozen=True):
    """What the rows are made of besides the cluster."""

    folded: frozenset[str] = frozenset()
    """Targets of the folded rows."""
    before: Cluster | None = None
    """The cluster before the last action: what went is shown struck through, what came is tinted."""
    edited: str = ""
    """The reference of the object that is edited and not applied."""
    namespace: str = ""
    """The only namespace that is shown; empty: all, and the nodes."""


def foldable(target: str) -> bool:
    """Whether a row has rows under it: a group, a namespace or a workload."""
    kind = target.partition("/")[0]
    return target.startswith(_GROUP) or kind == "Namespace" or kind in _WORKLOADS


def open_at_start(cluster: Cluster) -> str:
    """The namespace that begins unfolded: the one with the most pods, system ones only if there is no other."""
    pods = cluster.pods_by_namespace
    names = sorted(cluster.namespaces, key=lambda name: (name.startswith("kube-"), -len(pods.get(name, ())), name))
    return f"Namespace/{names[0]}" if names else ""


def folded_at_start(cluster: Cluster) -> frozenset[str]:
    """One namespace begins unfolded, so that it fits; all others and the nodes are folded."""
    names = {f"Namespace/{name}" for name in cluster.namespaces}
    return frozenset({*names, f"{_GROUP}nodes"} - {open_at_start(cluster)})


class _Made(NamedTuple):
    """The rows of a namespace, and all that they were made of."""

    made_of: tuple[object, ...]
    own: tuple[object, ...]
    rows: tuple[Line, ...]


Made = dict[str, _Made]
"""Rows that were made before, by namespace: most actions change few of them."""


def tree(cluster: Cluster, state: TreeState, made: Made | None = None) -> tuple[Line, ...]:
    """All visible rows; those in `made` are taken from there where they would be the same, and the others put there."""
    rows: list[Line] = []
    known: Made = {} if made is None else made
    folded = _folded_by_namespace(state.folded)
    for namespace in namespaces_in_order(cluster):
        if state.namespace in ("", namespace):
            rows += _rows_of(cluster, namespace, state, folded.get(namespace, _NONE), known)
    if not state.namespace and (policies := admin_policies(cluster)):
        rows += _group("cnp", "tiers", 0, state, [_tier_policy(policy, state) for policy in policies])
    if not state.namespace and (nodes := cluster.all(Node)):
        rows += _group("no", "nodes", 0, state, [_node(node) for node in nodes])
    return tuple(rows)


_NONE: frozenset[str] = frozenset()


def _folded_by_namespace(folded: frozenset[str]) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for target in folded:
        head, _, rest = target.removeprefix(_GROUP).partition("/")
        found[head if target.startswith(_GROUP) else rest.partition("/")[0]].add(target)
    return {namespace: frozenset(targets) for namespace, targets in found.items()}


def _rows_of(
    cluster: Cluster, namespace: str, state: TreeState, folded: frozenset[str], known: Made
) -> tuple[Line, ...]:
    made_of = _made_of(cluster, namespace)
    before = _made_of(state.before, namespace) if state.before else made_of
    edited = state.edited if f"/{namespace}/" in state.edited else ""
    own = (folded, edited)
    found = known.get(namespace)
    same = all(map(is_, made_of, before))
    if found is not None and same and found.own == own and all(map(is_, found.made_of, made_of)):
        return found.rows
    rows = tuple(_namespace(cluster, namespace, state))
    if same:  # what was just changed is marked, and at the next moment it is not
        known[namespace] = _Made(made_of, own, rows)
    return rows


def _made_of(cluster: Cluster, namespace: str) -> tuple[object, ...]:
    """The objects that the rows of a namespace are made of: the same tuples as long as none of them changes."""
    return (*(cluster.all(kind, namespace) for kind in _SHOWN), cluster.all(Node))


def namespaces_in_order(cluster: Cluster) -> list[str]:
    """By name, those of the system last."""
    return sorted(cluster.namespaces, key=lambda name: (name.startswith("kube-"), name))


def _fold(target: str, state: TreeState) -> Span:
    return Span("▸ " if target in state.folded else "▾ ", "faint")


def _namespace(cluster: Cluster, namespace: str, state: TreeState) -> Iterator[Line]:
    pods = cluster.pods_by_namespace.get(namespace, ())
    target = f"Namespace/{namespace}"
    yield Line(
        (_fold(target, state), Span("ns ", "muted"), Span(namespace, bold=True)),
        (_ready_count(pods),),
        shrink=2,
        target=target,
    )
    if target in state.folded:
        return
    for owner, owned in _by_owner(cluster, namespace, state.before).items():
        yield from _workload(owner, owned, state) if owner else (_pod(row, "", 1, state) for row in owned)
    services = cluster.all(Service, namespace)
    if services:
        yield from _group("svc", f"{namespace}/svc", 1, state, [_service(cluster, s, state) for s in services])
    policies = cluster.policies_by_namespace.get(namespace, ())
    if policies:
        yield from _group("np", f"{namespace}/np", 1, state, [_policy(p, state) for p in policies])


class _PodRow(msgspec.Struct, frozen=True):
    pod: Pod
    fate: str = ""
    """`gone`, `born` or empty."""


def _by_owner(cluster: Cluster, namespace: str, before: Cluster | None) -> dict[Key | None, list[_PodRow]]:
    """The pods of a namespace under the owner at the top of their chain; a pod that went just above its successor."""
    now: defaultdict[Key | None, list[Pod]] = defaultdict(list)
    for value in (value for kind in _WORKLOAD_TYPES for value in cluster.all(kind, namespace)):
        if value.kind in _WORKLOADS and cluster.controller_of(value) is None:
            now[value.key] = []
    for pod in cluster.pods_by_namespace.get(namespace, ()):
        now[_top(cluster, pod)].append(pod)
    then: defaultdict[Key | None, list[Pod]] = defaultdict(list)
    for pod in before.pods_by_namespace.get(namespace, ()) if before else ():
        then[_top(before, pod) if before else None].append(pod)
    owners = sorted({*now, *then}, key=_owner_order)
    return {owner: _merged(now.get(owner, []), then.get(owner, []), before is not None) for owner in owners}


def _owner_order(owner: Key | None) -> tuple[int, str]:
    return (_WORKLOADS.index(owner.kind) if owner.kind in _WORKLOADS else 98, owner.name) if owner else (99, "")


def _top(cluster: Cluster, pod: Pod) -> Key | None:
    chain = list(cluster.owners(pod))
    return chain[-1].key if chain else None


def _merged(now: list[Pod], then: list[Pod], compare: bool) -> list[_PodRow]:
    if not compare:
        return [_PodRow(pod) for pod in now]
    alive = {pod.metadata.uid: pod for pod in now}
    known = {pod.metadata.uid for pod in then}
    born = [pod for pod in now if pod.metadata.uid not in known]
    rows: list[_PodRow] = []
    for pod in then:
        if pod.metadata.uid in alive:
            rows.append(_PodRow(alive[pod.metadata.uid]))
        else:
            rows.append(_PodRow(pod, "gone"))
            if born:
                rows.append(_PodRow(born.pop(0), "born"))
    return rows + [_PodRow(pod, "born") for pod in born]


def _workload(owner: Key, rows: list[_PodRow], state: TreeState) -> Iterator[Line]:
    target = str(owner)
    edited = (Span(" edited", "you"),) if target == state.edited else ()
    word = KIND_WORDS.get(owner.kind, owner.kind)
    yield Line(
        (Span("  "), _fold(target, state), Span(f"{word} ", "muted"), Span(owner.name), *edited),
        (_ready_count(tuple(row.pod for row in rows if row.fate != "gone")),),
        shrink=3,
        target=target,
    )
    if target not in state.folded:
        for row in rows:
            yield _pod(row, owner.name, 2, state)


def _ready_count(pods: tuple[Pod, ...]) -> Span:
    counted = [pod for pod in pods if not pod.is_terminal]
    ready = sum(pod.is_ready for pod in counted)
    return Span(f"{ready}/{len(counted)}", "muted" if ready == len(counted) else "warn")


def pod_mark(pod: Pod) -> Mark:
    """Ready, on its way, or without an address."""
    if pod.is_ready and not pod.is_terminating:
        return READY
    return STARTING if pod.ip else PENDING


def _pod(row: _PodRow, owner: str, depth: int, state: TreeState) -> Line:
    pod = row.pod
    name = pod.metadata.name
    if owner and name.startswith(f"{owner}-"):
        name = name.removeprefix(f"{owner}-").rpartition("-")[2]
    indent = Span("  " * depth)
    edited = (Span(" edited", "you"),) if str(pod.key) == state.edited else ()
    if row.fate == "gone":
        return Line(
            (indent, Span(f"{GONE.glyph} ", "bad"), Span(name, "bad", strike=True)),
            (Span(pod.ip, "bad", strike=True),),
            tint="badbg",
            shrink=2,
            target=f"gone:{pod.key}",
        )
    mark = pod_mark(pod)
    born = row.fate == "born"
    address = Span(pod.ip or mark.word, "ok" if born and pod.ip else "muted", bold=born)
    return Line(
        (indent, Span(f"{mark.glyph} ", mark.role), Span(name, bold=born), *edited),
        (address,),
        tint="okbg" if born else "",
        shrink=2,
        target=str(pod.key),
    )


def _group(word: str, name: str, depth: int, state: TreeState, rows: list[Line]) -> Iterator[Line]:
    target = f"{_GROUP}{name}"
    yield Line(
        (Span("  " * depth), _fold(target, state), Span(word, "muted")), (Span(str(len(rows)), "muted"),), target=target
    )
    if target not in state.folded:
        yield from rows


def _changed(value: KubeObject, state: TreeState) -> bool:
    if state.before is None:
        return False
    was = state.before.find(value.key)
    return was is None or was.value != value


def service_address(service: Service) -> str:
    """What callers dial: the ClusterIP, or the word for what stands in its place."""
    if service.spec.type == "ExternalName":
        return service.spec.external_name
    return "headless" if service.is_headless else service.spec.cluster_ip or "pending"


def _service(cluster: Cluster, service: Service, state: TreeState) -> Line:
    slices: tuple[EndpointSlice, ...] = cluster.slices_by_service.get(service.key, ())
    served = service.spec.type == "ExternalName" or any(e.ready for s in slices for e in s.endpoints)
    mark = READY if served else PENDING
    kind = {"NodePort": " nport", "LoadBalancer": " lb", "ExternalName": " ext"}.get(service.spec.type, "")
    edited = (Span(" edited", "you"),) if str(service.key) == state.edited else ()
    return Line(
        (
            Span("    "),
            Span(f"{mark.glyph} ", mark.role),
            Span(service.metadata.name),
            Span(kind, "muted"),
            *edited,
        ),
        (Span(service_address(service), "muted"),),
        tint="youbg" if _changed(service, state) else "",
        shrink=2,
        spare=3,
        target=str(service.key),
    )


def _policy(policy: NetworkPolicy, state: TreeState) -> Line:
    edited = (Span(" edited", "you"),) if str(policy.key) == state.edited else ()
    directions = " ".join(sorted(direction.lower() for direction in policy.directions))
    return Line(
        (Span("    "), Span(f"{READY.glyph} ", READY.role), Span(policy.metadata.name), *edited),
        () if edited else (Span(directions, "muted"),),
        tint="youbg" if _changed(policy, state) else "",
        shrink=2,
        target=str(policy.key),
    )


def _tier_policy(policy: AdminPolicy, state: TreeState) -> Line:
    edited = (Span(" edited", "you"),) if str(policy.key) == state.edited else ()
    place = policy.tier if policy.spec.priority is None else f"{policy.tier} {policy.spec.priority}"
    return Line(
        (Span("  "), Span(f"{READY.glyph} ", READY.role), Span(policy.metadata.name), *edited),
        () if edited else (Span(place, "muted"),),
        tint="youbg" if _changed(policy, state) else "",
        shrink=2,
        target=str(policy.key),
    )


def _node(node: Node) -> Line:
    mark = STARTING if node.is_silent else READY
    state = "silent" if node.is_silent else "cordoned" if node.spec.unschedulable else ""
    return Line(
        (Span("  "), Span(f"{mark.glyph} ", mark.role), Span(node.metadata.name)),
        (Span(state, "warn"),) if state else (Span(", ".join(node.pod_cidrs) or node.ip, "muted"),),
        shrink=2,
        target=str(node.key),
    )
