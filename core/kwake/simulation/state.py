"""What a world is made of, as one frozen value."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster
from kwake.control.ipam import Addressing
from kwake.dataplane.connection import Connection
from kwake.dataplane.view import View
from kwake.draws import Draws
from kwake.objects.event import Clock, Event
from kwake.profiles.profile import Profile
from kwake.simulation.tasks import Task


class Pending(msgspec.Struct, frozen=True, order=True):
    """A task with its time. The order is that of the fields: time, then priority, then who came first."""

    due_ms: int
    priority: int
    sequence: int
    task: Task
    cause: str
    """The action that it goes back to, in words."""
    clocks: tuple[Clock, ...]
    """The named delays from that action to this task."""


class State(msgspec.Struct, frozen=True, eq=False):
    """A moment: the cluster, and everything that evolves around it."""

    cluster: Cluster
    profile: Profile
    addressing: Addressing
    draws: Draws
    opened: Cluster
    """The snapshot as it was opened: a workload that lacked pods in it keeps that gap."""
    now_ms: int = 0
    sequence: int = 0
    pending: tuple[Pending, ...] = ()
    """Sorted."""
    programmed: dict[str, Cluster] = {}
    """By component (`proxy`, `policy`, `dns`, `balancer`): the older cluster that it still works from.
    A component that is not here has taken in the present one. `endpoints/NAMESPACE` and `workloads/NAMESPACE` are what
    those controllers last made sure of."""
    connections: dict[str, Connection] = {}
    stopped: frozenset[str] = frozenset()
    exits: dict[str, str] = {}
    environments: dict[str, Cluster] = {}
    silent: frozenset[str] = frozenset()
    """Nodes whose kubelet reports nothing, whether or not the API server has noticed (PD-17)."""
    lost: frozenset[str] = frozenset()
    """Those of them whose machine is off."""
    events: tuple[Event, ...] = ()

    @property
    def view(self) -> View:
        """What traffic meets at this moment."""
        cluster, programmed = self.cluster, self.programmed
        return View(
            cluster=cluster,
            proxy=programmed.get("proxy", cluster),
            policy=programmed.get("policy", cluster),
            dns=programmed.get("dns", cluster),
            balancer=programmed.get("balancer", cluster),
            profile=self.profile,
            now_ms=self.now_ms,
            stopped=self.stopped,
            exits=self.exits,
            environments=self.environments,
            lost=self.lost,
        )

    def to_bytes(self) -> bytes:
        """The whole state in a canonical form: equal bytes for equal states, on every machine and Python."""

        form = {
            "cluster": cluster_text(self.cluster),
            "profile": self.profile,
            "addressing": self.addressing,
            "draws": self.draws,
            "opened": self.opened.digest,
            "now_ms": self.now_ms,
            "sequence": self.sequence,
            "pending": self.pending,
            "programmed": {name: cluster.digest for name, cluster in self.programmed.items()},
            "connections": self.connections,
            "stopped": sorted(self.stopped),
            "exits": self.exits,
            "silent": sorted(self.silent),
            "lost": sorted(self.lost),
            "environments": {uid: cluster.digest for uid, cluster in self.environments.items()},
            "events": self.events,
        }
        return msgspec.json.encode(form, order="sorted")


def cluster_text(cluster: Cluster) -> str:
    """The documents of a cluster by key, one a line."""
    return cluster.canonical.decode()
