"""Who refers to an object: what owns it, selects it, serves it or runs on it, as the core has it."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.cluster import Cluster
from kwake.objects.kinds import KubeObject, NetworkPolicy, Node, Pod, Service
from kwake.policy.tiers import admin_policies_of


def used_by(cluster: Cluster, value: KubeObject) -> tuple[tuple[str, str], ...]:
    """References with what they have to do with the object: `serves it`, `selects it`, `owns it`, `runs on it`."""
    found = [*_owned(cluster, value), *_of_kind(cluster, value)]
    return tuple(dict.fromkeys(found))


def _owned(cluster: Cluster, value: KubeObject) -> Iterator[tuple[str, str]]:
    for owner in cluster.owners(value):
        yield str(owner.key), "owns it"
    for pod in cluster.pods_of(value.key):
        yield str(pod.key), "is owned by it"


def _of_kind(cluster: Cluster, value: KubeObject) -> Iterator[tuple[str, str]]:
    namespace = value.metadata.namespace
    match value:
        case Pod():
            for key, slices in sorted(cluster.slices_by_service.items()):
                ends = (endpoint for item in slices for endpoint in item.endpoints if key.namespace == namespace)
                if any(end.target_ref and end.target_ref.name == value.metadata.name for end in ends):
                    yield str(key), "sends to it"
            for policy in cluster.policies_by_namespace.get(namespace, ()):
                if policy.spec.pod_selector.matches(value.metadata.labels):
                    yield str(policy.key), "selects it"
            for tiered in admin_policies_of(cluster, value):
                yield str(tiered.key), "selects it"
            if value.spec.node_name:
                yield f"Node/{value.spec.node_name}", "runs it"
        case Service():
            names = {
                end.target_ref.name
                for item in cluster.slices_by_service.get(value.key, ())
                for end in item.endpoints
                if end.target_ref
            }
            for name in sorted(names):
                yield f"Pod/{namespace}/{name}", "serves it"
        case NetworkPolicy():
            for pod in cluster.pods_by_namespace.get(namespace, ()):
                if value.spec.pod_selector.matches(pod.metadata.labels):
                    yield str(pod.key), "is selected by it"
        case Node():
            for pod in cluster.all(Pod):
                if pod.spec.node_name == value.metadata.name:
                    yield str(pod.key), "runs on it"
        case _:
            for pod in cluster.pods_by_namespace.get(value.metadata.name, ()) if value.kind == "Namespace" else ():
                yield str(pod.key), "is in it"
