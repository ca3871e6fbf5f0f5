"""What the user may ask for. Actions are values; `World.do` carries them out.

An action keeps a reference as the user wrote it; in words it is spelled in the one way that keys are.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.objects.document import Manifest, Origin
from kwake.objects.reference import spelled


class _Action(msgspec.Struct, frozen=True, tag=True, tag_field="action"):
    pass


def _pod(reference: str) -> str:
    """The kind goes without saying where only a pod can be meant."""
    return spelled(reference).removeprefix("Pod/")


def _node(reference: str) -> str:
    return spelled(reference).removeprefix("Node/")


class KillPod(_Action, frozen=True):
    """Delete a pod. `grace` in seconds (default: the pod's own); `force` removes the object at once (PD-13)."""

    pod: str
    force: bool = False
    grace: int | None = None

    def __str__(self) -> str:
        return f"kill pod {_pod(self.pod)}" + (" (force)" if self.force else "")


class RestartContainer(_Action, frozen=True):
    """A container of the pod crashes and starts again: same pod, same uid, same address (PD-2)."""

    pod: str
    container: str | None = None

    def __str__(self) -> str:
        return f"restart container {self.container or 'of'} {_pod(self.pod)}"


class FailReadiness(_Action, frozen=True):
    """The readiness probe of a pod fails: not Ready after failureThreshold x periodSeconds (EP-3, PD-12)."""

    pod: str

    def __str__(self) -> str:
        return f"fail readiness of {_pod(self.pod)}"


class PassReadiness(_Action, frozen=True):
    """The readiness probe of a pod succeeds again: Ready after successThreshold x periodSeconds (EP-3)."""

    pod: str

    def __str__(self) -> str:
        return f"pass readiness of {_pod(self.pod)}"


class EvictPod(_Action, frozen=True):
    """Ask the Eviction API for a pod: refused where a PodDisruptionBudget would be violated (PD-16)."""

    pod: str

    def __str__(self) -> str:
        return f"evict pod {_pod(self.pod)}"


class DrainNode(_Action, frozen=True):
    """`kubectl drain`: cordon a node and evict its pods but those of DaemonSets; `force` takes pods without an owner,
    too. What budgets hold back is tried again (PD-16)."""

    node: str
    force: bool = False

    def __str__(self) -> str:
        return f"drain {_node(self.node)}" + (" (force)" if self.force else "")


class RecreateSandbox(_Action, frozen=True):
    """The pod's sandbox is made anew: same pod, same uid, another address (PD-3)."""

    pod: str

    def __str__(self) -> str:
        return f"recreate sandbox of {_pod(self.pod)}"


class Scale(_Action, frozen=True):
    """Set `spec.replicas` of a workload."""

    workload: str
    replicas: int

    def __str__(self) -> str:
        return f"scale {spelled(self.workload, 'Deployment')} to {self.replicas}"


class RolloutRestart(_Action, frozen=True):
    """`kubectl rollout restart`: a new annotation in the template of a Deployment, StatefulSet or DaemonSet, so that
    its pods are replaced by the rules of its strategy."""

    workload: str

    def __str__(self) -> str:
        return f"rollout restart {spelled(self.workload, 'Deployment')}"


class Relabel(_Action, frozen=True):
    """Set labels of any object; None takes a label away."""

    target: str
    labels: dict[str, str | None]

    def __str__(self) -> str:
        words = [f"{name}-" if value is None else f"{name}={value}" for name, value in self.labels.items()]
        return f"label {spelled(self.target)} {' '.join(words)}"


class Apply(_Action, frozen=True):
    """Create or replace (PUT) an object, by the API server's own rules."""

    manifest: Manifest
    origin: Origin | None = None
    """Where the manifest was read, for evidence (file and line); None for one that was typed or made."""

    def __str__(self) -> str:
        # It is said before the API server has looked: any field may be of any type.
        metadata = self.manifest.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        parts = self.manifest.get("kind") or "?", named.get("namespace"), named.get("name") or "?"
        return f"apply {'/'.join(str(part) for part in parts if part)}"


class Patch(_Action, frozen=True):
    """`kubectl patch --type merge` (RFC 7386)."""

    target: str
    patch: dict[str, Any]

    def __str__(self) -> str:
        return f"patch {spelled(self.target)}"


class Delete(_Action, frozen=True):
    """Delete any object."""

    target: str

    def __str__(self) -> str:
        return f"delete {spelled(self.target)}"


class SetServiceType(_Action, frozen=True):
    """Switch a Service: ClusterIP, NodePort, LoadBalancer, ExternalName (with `external_name`) or Headless (SV-10)."""

    service: str
    type: str
    external_name: str | None = None

    def __str__(self) -> str:
        return f"set type of {spelled(self.service, 'Service')} to {self.type}"


class ReplaceService(_Action, frozen=True):
    """Delete a Service and create it again: a new uid and, unless the manifest pins it, a new ClusterIP (CX-19f).

    `type` switches it on the way, the only road from ClusterIP to Headless.
    """

    service: str
    type: str | None = None

    def __str__(self) -> str:
        return f"delete and create {spelled(self.service, 'Service')}" + (f" as {self.type}" if self.type else "")


class SilenceNode(_Action, frozen=True):
    """A node's kubelet stops to report (PD-17); its pods run on, unless its machine is `lost` (CX-19c)."""

    node: str
    lost: bool = False

    def __str__(self) -> str:
        return f"silence {_node(self.node)}" + (" (lost)" if self.lost else "")


class WakeNode(_Action, frozen=True):
    """A silent node reports again: pods of a lost one start anew, with other addresses (PD-3, PD-18)."""

    node: str

    def __str__(self) -> str:
        return f"wake {_node(self.node)}"


class OpenConnection(_Action, frozen=True):
    """Dial, and keep the connection open under this name."""

    name: str
    source: str
    target: str
    port: int | str | None = None
    protocol: str = "TCP"
    via: str = "dns"

    def __str__(self) -> str:
        return f"open {self.name}"


class CloseConnection(_Action, frozen=True):
    """The client closes the connection in order."""

    name: str

    def __str__(self) -> str:
        return f"close {self.name}"


Action = (
    KillPod | EvictPod | DrainNode | FailReadiness | PassReadiness
    | RestartContainer | RecreateSandbox | Scale | RolloutRestart | Relabel | Apply | Patch | Delete
    | SetServiceType | ReplaceService | SilenceNode | WakeNode | OpenConnection | CloseConnection
)  # fmt: skip
