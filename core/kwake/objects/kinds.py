"""The Kubernetes kinds that kwake models, as frozen typed values: just the fields that decide something.

A typed value is a view; the document keeps every field. `null` reads as absent, as the API server reads it. Each kind
stands in a file of its own; this is the door to all of them.
"""

from __future__ import annotations

from kwake.objects.admin_policy import (
    AdminNetworkPolicy as AdminNetworkPolicy,
    AdminPeer as AdminPeer,
    AdminPolicy as AdminPolicy,
    AdminPort as AdminPort,
    AdminProtocol as AdminProtocol,
    AdminRule as AdminRule,
    AdminSpec as AdminSpec,
    AdminSubject as AdminSubject,
    BaselineAdminNetworkPolicy as BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy as ClusterNetworkPolicy,
    NamespacedPods as NamespacedPods,
    PortRange as PortRange,
    ProtocolMatch as ProtocolMatch,
)
from kwake.objects.base import (
    KubeObject as KubeObject,
    Metadata as Metadata,
    OwnerReference as OwnerReference,
    Unmodelled as Unmodelled,
)
from kwake.objects.endpoint_slice import (
    HEADLESS_LABEL as HEADLESS_LABEL,
    MANAGED_BY_LABEL as MANAGED_BY_LABEL,
    PROXY_NAME_LABEL as PROXY_NAME_LABEL,
    SERVICE_NAME_LABEL as SERVICE_NAME_LABEL,
    EndpointConditions as EndpointConditions,
    EndpointSlice as EndpointSlice,
    ForZone as ForZone,
    Hints as Hints,
    SliceEndpoint as SliceEndpoint,
    SlicePort as SlicePort,
    TargetRef as TargetRef,
)
from kwake.objects.network_policy import (
    EgressRule as EgressRule,
    IngressRule as IngressRule,
    IPBlock as IPBlock,
    NetworkPolicy as NetworkPolicy,
    PolicyPeer as PolicyPeer,
    PolicyPort as PolicyPort,
    PolicySpec as PolicySpec,
)
from kwake.objects.node import (
    ConfigMap as ConfigMap,
    Namespace as Namespace,
    Node as Node,
    NodeAddress as NodeAddress,
    NodeSpec as NodeSpec,
    NodeStatus as NodeStatus,
)
from kwake.objects.pod import (
    LISTENS_ANNOTATION as LISTENS_ANNOTATION,
    Condition as Condition,
    Container as Container,
    ContainerPort as ContainerPort,
    Pod as Pod,
    PodIP as PodIP,
    PodSpec as PodSpec,
    PodStatus as PodStatus,
    Probe as Probe,
)
from kwake.objects.service import (
    ClientIPConfig as ClientIPConfig,
    LoadBalancerIngress as LoadBalancerIngress,
    LoadBalancerStatus as LoadBalancerStatus,
    Service as Service,
    ServicePort as ServicePort,
    ServiceSpec as ServiceSpec,
    ServiceStatus as ServiceStatus,
    SessionAffinityConfig as SessionAffinityConfig,
)
from kwake.objects.workload import (
    CronJob as CronJob,
    CronJobSpec as CronJobSpec,
    DaemonSet as DaemonSet,
    Deployment as Deployment,
    Job as Job,
    JobTemplate as JobTemplate,
    PodTemplate as PodTemplate,
    ReplicaSet as ReplicaSet,
    ReplicationController as ReplicationController,
    ReplicationControllerSpec as ReplicationControllerSpec,
    StatefulSet as StatefulSet,
    Workload as Workload,
    WorkloadSpec as WorkloadSpec,
    WorkloadStatus as WorkloadStatus,
)

MODELLED: dict[str, type[KubeObject]] = {
    kind.KIND: kind
    for kind in (Pod, Service, EndpointSlice, NetworkPolicy, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job,
                 ReplicationController, CronJob, Node, Namespace, ConfigMap, AdminNetworkPolicy,
                 BaselineAdminNetworkPolicy, ClusterNetworkPolicy)
}  # fmt: skip
"""Kinds with a typed view, by name (for the groups of `GROUP_OF_KIND`)."""
