"""What components will do, as values that can wait on the clock. The table of priorities orders one moment."""

from __future__ import annotations

import msgspec

from kwake.objects.key import Key


class _Task(msgspec.Struct, frozen=True, order=True, tag=True):
    pass


class ReconcileWorkloads(_Task, frozen=True, order=True):
    """The workload controllers make pods match replicas (PD-5), in one namespace or, unnamed, in all."""

    namespace: str = ""


class RetryJob(_Task, frozen=True, order=True):
    """A Job has waited long enough after a failure to make another pod (PD-5)."""

    job: Key


class SchedulePod(_Task, frozen=True, order=True):
    """The scheduler picks a node."""

    pod: Key
    uid: str


class MakeSandbox(_Task, frozen=True, order=True):
    """The kubelet makes the sandbox, the CNI gives it an address (PD-22 to PD-26)."""

    pod: Key
    uid: str


class StartContainers(_Task, frozen=True, order=True):
    """The containers run; their environment is written now (DN-22)."""

    pod: Key
    uid: str
    container: str = ""
    """The one that starts again; empty: all of them."""


class BecomeReady(_Task, frozen=True, order=True):
    """The readiness probe succeeds for the first time."""

    pod: Key
    uid: str


class BecomeUnready(_Task, frozen=True, order=True):
    """The readiness probe has failed as often as it may (EP-3)."""

    pod: Key
    uid: str


class ExitProcesses(_Task, frozen=True, order=True):
    """The processes of a terminating pod are gone, and with them the pod (PD-10)."""

    pod: Key
    uid: str
    how: str
    """`graceful` after SIGTERM, `killed` at the end of the grace period."""


class SyncEndpoints(_Task, frozen=True, order=True):
    """The EndpointSlice controller writes the slices of a namespace's Services (EP-1)."""

    namespace: str


class NoticeSilence(_Task, frozen=True, order=True):
    """The node lifecycle controller finds that a node has not reported for its grace period (PD-17)."""

    node: str


class EvictByTaint(_Task, frozen=True, order=True):
    """A pod has been on an unreachable node for as long as it tolerates (PD-17)."""

    pod: Key
    uid: str


class RetryDrain(_Task, frozen=True, order=True):
    """`kubectl drain` asks again for the pods that a budget held back (PD-16)."""

    node: str
    refused: tuple[str, ...]


class CollectOrphans(_Task, frozen=True, order=True):
    """The pod garbage collector force-deletes the pods of a Node that is no more, or out of service (PD-18)."""

    node: str


class Sync(_Task, frozen=True, order=True):
    """A component takes in the cluster as it is: `proxy`, `policy`, `dns` or `balancer`."""

    component: str


Task = (
    ReconcileWorkloads
    | RetryJob
    | SchedulePod
    | MakeSandbox
    | StartContainers
    | BecomeReady
    | BecomeUnready
    | ExitProcesses
    | SyncEndpoints
    | NoticeSilence
    | EvictByTaint
    | RetryDrain
    | CollectOrphans
    | Sync
)

PRIORITY: dict[type[_Task], int] = {
    SchedulePod: 1,
    MakeSandbox: 2,
    ExitProcesses: 3,
    CollectOrphans: 3,
    RetryDrain: 9,
    NoticeSilence: 3,
    EvictByTaint: 3,
    StartContainers: 4,
    BecomeReady: 5,
    BecomeUnready: 5,
    ReconcileWorkloads: 6,
    RetryJob: 6,
    SyncEndpoints: 7,
    Sync: 8,
}
"""Who goes first in one millisecond."""
