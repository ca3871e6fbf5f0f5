"""PodDisruptionBudgets: what they allow now, and what the Eviction API answers (PD-15, PD-16)."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.cluster import Cluster, Record
from kwake.control.rollout import resolved
from kwake.objects.document import Manifest
from kwake.objects.key import Key
from kwake.objects.kinds import Deployment, Pod, ReplicaSet, ReplicationController, StatefulSet
from kwake.objects.selector import LabelSelector

TOO_MANY = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


class Budget(msgspec.Struct, frozen=True):
    """A PodDisruptionBudget as the disruption controller counts it."""

    key: Key
    healthy: int
    """Pods that it selects and that are ready and not on their way out."""
    desired: int
    """How many of them there must be."""
    is_known: bool
    """Whether the owners of all its pods tell how many there are to be; if not, nothing is allowed."""
    evicts_unready_always: bool

    @property
    def allowed(self) -> int:
        """How many more pods may go now."""
        return max(0, self.healthy - self.desired) if self.is_known else 0

    def __str__(self) -> str:
        return f"{self.key.name}: {self.healthy} healthy, {self.desired} must be"


class Answer(msgspec.Struct, frozen=True):
    """What the Eviction API answers: 200, 429 (try again) or 500; 0 where that is not known."""

    code: int
    reason: str = ""
    budget: Budget | None = None


def eviction(cluster: Cluster, pod: Pod) -> Answer:
    """Whether a pod may be evicted now (`k8s:pkg/registry/core/pod/storage/eviction.go`)."""
    if pod.status.phase in ("", "Pending") or pod.is_terminal or pod.is_terminating:
        return Answer(200, "it does not run: no budget is asked")
    namespace = pod.metadata.namespace
    if cluster.misses("PodDisruptionBudget", namespace):
        return Answer(0, f"PodDisruptionBudgets of {namespace} were not read, and one may select it")
    budgets = budgets_of(cluster, pod)
    if not budgets:
        return Answer(200, "no budget selects it")
    if len(budgets) > 1:
        return Answer(500, TOO_MANY)
    (budget,) = budgets
    if not pod.is_ready and (budget.evicts_unready_always or budget.healthy >= budget.desired > 0):
        return Answer(200, "it is not ready, and the budget keeps without it", budget)
    if budget.allowed < 1:
        return Answer(429, f"{VIOLATES} {budget}", budget)
    return Answer(200, str(budget), budget)


def budgets_of(cluster: Cluster, pod: Pod) -> tuple[Budget, ...]:
    """The budgets that select a pod, by name."""
    found = [
        item
        for item in cluster
        if (item.key.kind, item.key.group) == ("PodDisruptionBudget", "policy")
        and item.key.namespace == pod.metadata.namespace
        and _selects(item, pod)
    ]
    return tuple(_counted(cluster, item) for item in sorted(found, key=lambda item: item.key))


def _selects(budget: Record, pod: Pod) -> bool:
    """A budget without a selector selects nothing, one with an empty selector everything (policy/v1)."""
    selector = _spec(budget).get("selector")
    if not isinstance(selector, dict):
        return False
    try:
        return msgspec.convert(selector, LabelSelector).matches(pod.metadata.labels)
    except msgspec.ValidationError:
        return False


def _counted(cluster: Cluster, budget: Record) -> Budget:
    """By the pods that there are and the numbers that their owners want (`k8s:pkg/controller/disruption`)."""
    pods = [
        pod
        for pod in cluster.pods_by_namespace.get(budget.key.namespace, ())
        if not pod.is_terminal and _selects(budget, pod)
    ]
    spec = _spec(budget)
    healthy = sum(pod.is_ready and not pod.is_terminating for pod in pods)
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    expected = _expected(cluster, pods)
    known = _is_amount(least) or _is_amount(most)
    if _is_amount(most):
        desired, known = max(0, (expected or 0) - resolved(most, expected or 0)), known and expected is not None
    elif _is_amount(least) and str(least).endswith("%"):
        desired, known = resolved(least, expected or 0), known and expected is not None
    else:
        desired = int(str(least)) if _is_amount(least) else 0
    always = spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
    return Budget(budget.key, healthy, desired, known and bool(pods), always)


def _expected(cluster: Cluster, pods: list[Pod]) -> int | None:
    """How many pods the owners want altogether; None where one does not say (a Job, nobody)."""
    total: dict[Key, int] = {}
    for pod in pods:
        owners = [item.value for item in cluster.owners(pod)]
        if not owners or not isinstance(owners[-1], Deployment | ReplicaSet | ReplicationController | StatefulSet):
            return None
        total[owners[-1].key] = owners[-1].spec.replicas
    return sum(total.values())


def _is_amount(value: Any) -> bool:
    text = str(value)
    return value is not None and text.removesuffix("%").isdigit() and len(text) < 10


def _spec(budget: Record) -> Manifest:
    spec = budget.manifest.get("spec")
    return spec if isinstance(spec, dict) else {}
