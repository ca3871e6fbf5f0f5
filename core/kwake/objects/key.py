"""What an object is called."""

from __future__ import annotations

from functools import lru_cache

import msgspec

GROUP_OF_KIND: dict[str, str] = {
    "Pod": "",
    "Service": "",
    "Endpoints": "",
    "Namespace": "",
    "Node": "",
    "ReplicationController": "",
    "ConfigMap": "",
    "EndpointSlice": "discovery.k8s.io",
    "NetworkPolicy": "networking.k8s.io",
    "Ingress": "networking.k8s.io",
    "Deployment": "apps",
    "ReplicaSet": "apps",
    "StatefulSet": "apps",
    "DaemonSet": "apps",
    "Job": "batch",
    "CronJob": "batch",
    "PodDisruptionBudget": "policy",
    "AdminNetworkPolicy": "policy.networking.k8s.io",
    "BaselineAdminNetworkPolicy": "policy.networking.k8s.io",
    "ClusterNetworkPolicy": "policy.networking.k8s.io",
}
"""The API group of each kind that kwake knows by its bare name."""

LEGACY_GROUPS = frozenset({"extensions"})
"""Groups that once held kinds of `GROUP_OF_KIND`; such an object is the same as the one of today's group."""

CLUSTER_SCOPED = frozenset(
    [
        "Node",
        "Namespace",
        "PersistentVolume",
        "StorageClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "PriorityClass",
        "IngressClass",
        "RuntimeClass",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "APIService",
        "CSIDriver",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
        "ServiceCIDR",
        "IPAddress",
    ]
)
"""Kinds that have no namespace. Others of no known scope count as namespaced."""

CLUSTER_SCOPED_IN_ANY_GROUP = frozenset({"ClusterNetworkPolicy"})
"""Names that say it: Antrea's and AWS' kinds of this name have no namespace either."""

SHORT_NAMES: dict[str, str] = {
    "po": "Pod", "pod": "Pod", "pods": "Pod",
    "svc": "Service", "service": "Service", "services": "Service",
    "deploy": "Deployment", "deployment": "Deployment", "deployments": "Deployment",
    "rs": "ReplicaSet", "replicaset": "ReplicaSet", "replicasets": "ReplicaSet",
    "sts": "StatefulSet", "statefulset": "StatefulSet", "statefulsets": "StatefulSet",
    "ds": "DaemonSet", "daemonset": "DaemonSet", "daemonsets": "DaemonSet",
    "job": "Job", "jobs": "Job",
    "cj": "CronJob", "cronjob": "CronJob", "cronjobs": "CronJob",
    "rc": "ReplicationController", "replicationcontroller": "ReplicationController",
    "no": "Node", "node": "Node", "nodes": "Node",
    "ns": "Namespace", "namespace": "Namespace", "namespaces": "Namespace",
    "netpol": "NetworkPolicy", "np": "NetworkPolicy",
    "networkpolicy": "NetworkPolicy", "networkpolicies": "NetworkPolicy",
    "ep": "Endpoints", "endpoints": "Endpoints",
    "endpointslice": "EndpointSlice", "endpointslices": "EndpointSlice",
    "ing": "Ingress", "ingress": "Ingress",
    "cm": "ConfigMap", "configmap": "ConfigMap",
    "pdb": "PodDisruptionBudget", "poddisruptionbudget": "PodDisruptionBudget",
    "anp": "AdminNetworkPolicy", "adminnetworkpolicies": "AdminNetworkPolicy",
    "banp": "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies": "BaselineAdminNetworkPolicy",
    "cnp": "ClusterNetworkPolicy", "clusternetworkpolicies": "ClusterNetworkPolicy",
    "ciliumnetworkpolicy": "CiliumNetworkPolicy", "ciliumnetworkpolicies": "CiliumNetworkPolicy",
}  # fmt: skip
"""kubectl's names, lower case, to kinds."""

KINDS_OF_CNP = ("ClusterNetworkPolicy", "CiliumNetworkPolicy")
"""kubectl's `cnp` is short for both; only the second has a namespace."""


class Key(msgspec.Struct, frozen=True, order=True, gc=False):
    """What identifies an object in a cluster: kind, namespace (empty if cluster-scoped), name, API group."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        """As a reference: `Kind/namespace/name`, or `Kind/name` if cluster-scoped."""
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


def key(kind: str, namespace: str, name: str) -> Key:
    """The key of an object of a kind that kwake knows."""
    return Key(kind, namespace, name, GROUP_OF_KIND[kind])


@lru_cache(maxsize=1024)
def group_of(api_version: str, kind: str) -> str:
    """The API group that counts as this object's: `extensions/v1beta1` NetworkPolicy is `networking.k8s.io`."""
    group = api_version.rpartition("/")[0]
    return GROUP_OF_KIND.get(kind, group) if group in LEGACY_GROUPS else group
