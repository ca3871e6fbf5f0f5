"""Which pods an object selects: a NetworkPolicy by its podSelector, a tier's policy by its subject, a Service."""

from __future__ import annotations

from kwake.cluster import Cluster, record
from kwake.errors import KwakeError
from kwake.objects.kinds import AdminPolicy, KubeObject, NetworkPolicy, Pod, Service
from kwake.policy.rules import Seeing
from kwake.policy.tiers import TIER_KINDS, TierSeeing
from kwake_tui.yaml_text import read_manifest


def selected(cluster: Cluster, value: KubeObject) -> tuple[Pod, ...] | None:
    """The pods that an object selects by their labels; None for what selects none by its kind."""
    namespace = value.metadata.namespace
    match value:
        case NetworkPolicy():
            pods, selector = cluster.pods_by_namespace.get(namespace, ()), value.spec.pod_selector
            return tuple(pod for pod in pods if selector.matches(pod.metadata.labels))
        case Service():
            wanted = value.spec.selector.items()
            if not wanted:
                return None
            pods = cluster.pods_by_namespace.get(namespace, ())
            return tuple(pod for pod in pods if wanted <= pod.metadata.labels.items())
        case _ if isinstance(value, TIER_KINDS):
            return _subjects(cluster, value)
        case _:
            return None


def _subjects(cluster: Cluster, policy: AdminPolicy) -> tuple[Pod, ...] | None:
    """None too where it depends on labels of a namespace that the snapshot does not say."""
    seeing = TierSeeing(Seeing(cluster.namespaces, host_network_pods=False, ip_blocks_hold_pods=True), (), frozenset())
    answers = [(pod, seeing.selects(policy.spec.subject, pod)) for pod in cluster.all(Pod)]
    return None if any(answer is None for _, answer in answers) else tuple(pod for pod, answer in answers if answer)


def selected_by_text(cluster: Cluster, text: str) -> tuple[Pod, ...] | None:
    """The pods that the object in a text would select; None where it selects none by its kind or cannot be read."""
    try:
        return selected(cluster, record(read_manifest(text)).value)
    except KwakeError:
        return None
