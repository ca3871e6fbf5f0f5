"""The working copy of one step: changed freely inside, frozen at the end."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kwake.cluster import Cluster, Record
from kwake.dataplane.connection import STAYS_OPEN
from kwake.dataplane.connections import follow
from kwake.dataplane.dns import records_of
from kwake.objects.basis import Basis, weakest
from kwake.objects.event import Clock, Event
from kwake.objects.key import Key
from kwake.objects.kinds import (
    AdminPolicy,
    EndpointSlice,
    KubeObject,
    NetworkPolicy,
    Node,
    Pod,
    ReplicationController,
    Service,
    Workload,
)
from kwake.objects.time import seconds
from kwake.simulation.state import Pending, State
from kwake.simulation.tasks import PRIORITY, ReconcileWorkloads, SchedulePod, Sync, SyncEndpoints, Task

Touched = Sequence[tuple[KubeObject | None, KubeObject | None]]
"""Objects as they were and as they are."""

Clusters = tuple[Cluster, Cluster]
"""Before a change, and after it."""


class Draft:
    """A state being changed. `cause` and `clocks` are what the step at hand goes back to."""

    def __init__(self, state: State, cause: str, clocks: tuple[Clock, ...] = ()) -> None:
        self.profile = state.profile
        self.cluster = state.cluster
        self.addressing = state.addressing
        self.draws = state.draws
        self.opened = state.opened
        self.now_ms = state.now_ms
        self.sequence = state.sequence
        self.pending = list(state.pending)
        self.programmed = dict(state.programmed)
        self.connections = dict(state.connections)
        self.stopped = state.stopped
        self.exits = dict(state.exits)
        self.silent = state.silent
        self.lost = state.lost
        self.environments = state.environments
        """Never changed in place: there is an entry for every pod, and a draft for every step."""
        self.events = list(state.events)
        self.cause = cause
        self.clocks = clocks
        self._followed = state
        self._listed: list[Pending] | None = None
        self._waiting: set[Task] = set()

    def freeze(self) -> State:
        """The state as it is now."""
        return State(
            cluster=self.cluster,
            profile=self.profile,
            addressing=self.addressing,
            draws=self.draws,
            opened=self.opened,
            now_ms=self.now_ms,
            sequence=self.sequence,
            pending=tuple(self.pending),
            programmed=dict(self.programmed),
            connections=dict(self.connections),
            stopped=self.stopped,
            exits=dict(self.exits),
            silent=self.silent,
            lost=self.lost,
            environments=self.environments,
            events=tuple(self.events),
        )

    def tell(
        self, kind: str, subject: object, text: str, actor: str, *, rule: str = "", basis: Basis = Basis.SOURCED
    ) -> None:
        """Record that something happened now."""
        self.events.append(Event(self.now_ms, kind, str(subject), text, actor, self.cause, basis, rule, self.clocks))

    def schedule(self, task: Task, *clocks: Clock) -> None:
        """Let something happen after these named delays from now."""
        due_ms = self.now_ms + sum(clock.ms for clock in clocks)
        self.sequence += 1
        self._tasks.add(task)
        insort(
            self.pending,
            Pending(due_ms, PRIORITY[type(task)], self.sequence, task, self.cause, (*self.clocks, *clocks)),
            key=lambda item: (item.due_ms, item.priority, item.sequence),
        )

    def schedule_once(self, task: Task, *clocks: Clock) -> None:
        """The same, unless the very task waits already."""
        if task not in self._tasks:
            self.schedule(task, *clocks)

    @property
    def _tasks(self) -> set[Task]:
        """The tasks that wait."""
        if self._listed is not self.pending:
            self._listed, self._waiting = self.pending, {item.task for item in self.pending}
        return self._waiting

    def forget_environments(self, pods: Iterable[Pod]) -> None:
        """Take back what the containers of pods found when they started."""
        names = {
            name
            for pod in pods
            for uid in (pod.metadata.uid,)
            for name in (uid, *(f"{uid}/{container.name}" for container in pod.spec.containers))
        }
        known = [name for name in names if name in self.environments]
        if known:
            self.environments = dict(self.environments)
            for name in known:
                del self.environments[name]

    def remember_environments(self, names: Iterable[str]) -> None:
        """Containers start now, and find the present Services in their environment (DN-22)."""
        self.environments = {**self.environments, **dict.fromkeys(names, self.cluster)}

    def drop_tasks_of(self, uid: str) -> None:
        """Take back what waits for a pod that is gone."""
        self.pending = [item for item in self.pending if getattr(item.task, "uid", None) != uid]

    def change(self, changes: Mapping[Key, Record | None]) -> None:
        """Put these records into the cluster (None takes one out) and let the components notice."""
        before = self.cluster
        self.cluster = before.with_changes(changes)
        if self.cluster is before:
            return
        pairs = [(before.find(k), self.cluster.find(k)) for k in changes]
        touched = [(_value(old), _value(new)) for old, new in pairs if old != new]
        for component, concerns in _CONCERNS.items():
            if any(concerns(old, new, (before, self.cluster)) for old, new in touched):
                self._lag(component, before, touched)
        for namespace in sorted({ns for old, new in touched for ns in self._endpoint_namespaces(old, new)}):
            self.programmed.setdefault(f"endpoints/{namespace}", before)
            self.schedule_once(SyncEndpoints(namespace), self.profile.clock("endpointslice-sync"))
        for namespace in _workload_namespaces(touched):
            self.programmed.setdefault(f"workloads/{namespace}", before)
            self.schedule_once(ReconcileWorkloads(namespace), self.profile.clock("replacement"))
        if any(_makes_room(old, new) for old, new in touched):
            self._schedule_again()

    def _endpoint_namespaces(self, old: KubeObject | None, new: KubeObject | None) -> tuple[str, ...]:
        """Namespaces whose slices may change with this; of a Node (EP-2, its zone) those of its pods."""
        if not _is(Node, old, new):
            return tuple(v.metadata.namespace for v in (old, new) if isinstance(v, (Pod, Service)))
        if old is not None and new is not None and old.metadata.labels == new.metadata.labels:
            return ()
        names = {value.metadata.name for value in (old, new) if value is not None}
        return tuple(pod.metadata.namespace for pod in self.cluster.all(Pod) if pod.spec.node_name in names)

    def _schedule_again(self) -> None:
        """Let pods that no node fitted try again. Why one was pending in the snapshot is not known: it stays so."""
        for pod in self.cluster.living_pods_by_node.get("", ()):
            if pod.is_terminating:
                continue
            found = self.opened.find(pod.key)
            if (
                found is None
                or found.value.metadata.uid not in ("", pod.metadata.uid)
                or ("status" not in found.manifest)
            ):
                self.schedule_once(SchedulePod(pod.key, pod.metadata.uid), self.profile.clock("schedule"))

    def _lag(self, component: str, before: Cluster, touched: Touched) -> None:
        self.programmed.setdefault(component, before)
        name = f"{component}-sync"
        if component == "balancer":
            name = "load-balancer" if any(_is_balanced(new) for _, new in touched) else "load-balancer-teardown"
        self.schedule_once(Sync(component), self.profile.clock(name))

    def follow_connections(self) -> None:
        """Let every open connection meet what has changed since the last look."""
        now = self.freeze()
        before, after = self._followed.view, now.view
        for name, connection in self.connections.items():
            moved = follow(connection, before, after, self.cause)
            if moved is connection:
                continue
            turn = msgspec.structs.replace(moved.turns[-1], time_basis=weakest(clock.basis for clock in self.clocks))
            self.connections[name] = msgspec.structs.replace(moved, turns=(*moved.turns[:-1], turn))
            if len(moved.backends) == len(connection.backends):
                age = seconds(self.now_ms - moved.opened_ms)
                stays = "stays " if turn.reason.startswith(STAYS_OPEN) else ""
                words = f"{name}, {age} old, {stays}{turn.fate.value}: {turn.reason.removeprefix(STAYS_OPEN)}"
                self.tell(f"connection-{turn.fate.value}", name, words, "connection", rule=turn.cite, basis=turn.basis)
            else:
                backend = moved.backends[-1]
                kind = "connection-misdelivered" if backend.misdelivered else "connection-migrated"
                words = f"{name} reaches {backend.backend} {backend.ip} now: {turn.reason}"
                self.tell(kind, name, words, "connection", rule=turn.cite, basis=turn.basis)
        self._followed = self.freeze()


def _value(item: Record | None) -> KubeObject | None:
    return item.value if item is not None else None


def _is(kind: type[KubeObject], old: KubeObject | None, new: KubeObject | None) -> bool:
    return isinstance(old, kind) or isinstance(new, kind)


def _labels(value: KubeObject | None) -> dict[str, str] | None:
    return value.metadata.labels if value is not None else None


def _concerns_proxy(old: KubeObject | None, new: KubeObject | None, _: Clusters) -> bool:
    return _is(Service, old, new) or _is(EndpointSlice, old, new) or _is(Node, old, new)


def _concerns_policy(old: KubeObject | None, new: KubeObject | None, _: Clusters) -> bool:
    """Policies, namespaces and other policy kinds; a pod's labels. A pod's coming and going is part of its
    own start: its isolation is in force before its containers run (NP-10)."""
    kind = (new or old or KubeObject()).kind
    if kind in ("Namespace",) or kind.endswith("Policy"):
        return not (
            isinstance(old, NetworkPolicy | AdminPolicy)
            and isinstance(new, NetworkPolicy | AdminPolicy)
            and old.spec == new.spec
        )
    return isinstance(old, Pod) and isinstance(new, Pod) and _labels(old) != _labels(new)


def _concerns_dns(old: KubeObject | None, new: KubeObject | None, clusters: Clusters) -> bool:
    """Services whose records differ; of slices those of headless Services (DN-2), whose records they are."""
    services = [value for value in (old, new) if isinstance(value, Service)]
    if services:
        return len(services) == 1 or records_of(services[0]) != records_of(services[1])
    for item in (old, new):
        if isinstance(item, EndpointSlice) and item.service_name:
            found = [cluster.service(item.metadata.namespace, item.service_name) for cluster in clusters]
            if any(service is None or service.is_headless for service in found):
                return True
    return False


def _concerns_balancer(old: KubeObject | None, new: KubeObject | None, _: Clusters) -> bool:
    if new is None and isinstance(old, Service) and old.metadata.deletion_timestamp:
        return False  # it waited for its load balancer to be gone, and that is done (SV-17)
    return any(
        isinstance(value, Service) and value.spec.type == "LoadBalancer" for value in (old, new)
    ) and _balancer_inputs(old) != _balancer_inputs(new)


def _workload_namespaces(touched: Touched) -> list[str]:
    """Namespaces whose workload controllers have something to look at; of a Node all of them (empty)."""
    values = [value for pair in touched for value in pair]
    if any(isinstance(value, Node) for value in values):
        return [""]
    concerned = (value for value in values if isinstance(value, (Workload, ReplicationController, Pod)))
    return sorted({value.metadata.namespace for value in concerned})


def _is_balanced(value: KubeObject | None) -> bool:
    """Whether it is to have a load balancer."""
    return isinstance(value, Service) and value.spec.type == "LoadBalancer" and not value.metadata.deletion_timestamp


def _balancer_inputs(value: KubeObject | None) -> object:
    """What the service controller acts on (SV-18); its own writes to the status are not among it."""
    if not isinstance(value, Service) or value.spec.type != "LoadBalancer":
        return None
    return value.spec, value.metadata.annotations, value.metadata.uid, value.metadata.deletion_timestamp


_CONCERNS = {
    "proxy": _concerns_proxy,
    "policy": _concerns_policy,
    "dns": _concerns_dns,
    "balancer": _concerns_balancer,
}


def _makes_room(old: KubeObject | None, new: KubeObject | None) -> bool:
    """Whether a pod may fit now that did not: a Node came or changed, a pod went."""
    return isinstance(new, Node) or (isinstance(old, Pod) and new is None)
