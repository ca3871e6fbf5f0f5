"""The Kubernetes kinds that kwake models, as frozen typed values: just the fields that decide something.

A typed value is a view; the document keeps every field. `null` reads as absent, as the API server reads it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from kwake.objects.key import Key, group_of
from kwake.objects.selector import LabelSelector


class _Struct(msgspec.Struct, frozen=True, rename="camel"):
    """Field names in camelCase on the outside."""


class OwnerReference(_Struct, frozen=True):
    """Who controls an object. Dumps hold half ones: every field may be empty."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Metadata(_Struct, frozen=True):
    """`metadata`. An absent namespace is filled in by the decoder, so it is empty for cluster-scoped objects only."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    uid: str = ""
    owner_references: tuple[OwnerReference, ...] = ()
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()
    generate_name: str = ""


class KubeObject(_Struct, frozen=True, kw_only=True):
    """What all kinds have."""

    api_version: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()

    @property
    def key(self) -> Key:
        """Its identity in a cluster."""
        return Key(self.kind, self.metadata.namespace, self.metadata.name, group_of(self.api_version, self.kind))

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages it, if any: the one marked so, else a lone owner (half ownerReferences in dumps)."""
        owners = self.metadata.owner_references
        for owner in owners:
            if owner.controller:
                return owner
        return owners[0] if len(owners) == 1 else None


class Unmodelled(KubeObject, frozen=True, kw_only=True):
    """An object of a kind that kwake keeps but does not read."""

    KIND: ClassVar[str] = ""


# -- pods ---------------------------------------------------------------------------------------------------------


class ContainerPort(_Struct, frozen=True):
    """A declared port. It opens nothing by itself; kwake assumes that it listens (`check` lists the assumption)."""

    container_port: int = 0
    """0 where the manifest lacks it: no port at all (the API server refuses it, and `check` lists it)."""
    name: str = ""
    protocol: str = "TCP"
    host_port: int = 0


class Probe(_Struct, frozen=True):
    """A probe's clocks, seconds (defaults: `k8s:pkg/apis/core/v1/defaults.go` SetDefaults_Probe)."""

    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    failure_threshold: int = 3
    success_threshold: int = 1


class Container(_Struct, frozen=True):
    """A container. `restart_policy` is `Always` for a sidecar among the init containers."""

    name: str = ""
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None
    restart_policy: str = ""


class PodSpec(_Struct, frozen=True):
    """`spec` of a pod."""

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    node_name: str = ""
    host_network: bool = False
    hostname: str = ""
    subdomain: str = ""
    dns_policy: str = "ClusterFirst"
    enable_service_links: bool = True
    node_selector: dict[str, str] = {}
    termination_grace_period_seconds: int = 30
    restart_policy: str = "Always"
    readiness_gates: tuple[dict[str, str], ...] = ()


class PodIP(_Struct, frozen=True):
    """One of `status.podIPs`."""

    ip: str = ""


class Condition(_Struct, frozen=True):
    """A condition of a status."""

    type: str = ""
    status: str = ""


class PodStatus(_Struct, frozen=True):
    """`status` of a pod, as far as it decides something."""

    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: tuple[PodIP, ...] = msgspec.field(default=(), name="podIPs")
    host_ip: str = msgspec.field(default="", name="hostIP")
    conditions: tuple[Condition, ...] = ()


LISTENS_ANNOTATION = "kwake.dev/listens"
"""Which ports a pod really listens on, `"8080,53/UDP"`; without it every port counts as listening (assumed)."""


class Pod(KubeObject, frozen=True, kw_only=True):
    """A pod."""

    KIND: ClassVar[str] = "Pod"
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ips(self) -> tuple[str, ...]:
        """Its addresses, the primary one first (PD-20)."""
        return tuple(ip.ip for ip in self.status.pod_ips if ip.ip) or (
            (self.status.pod_ip,) if self.status.pod_ip else ()
        )

    @property
    def ip(self) -> str:
        """Its primary address, or empty."""
        return self.ips[0] if self.ips else ""

    @property
    def is_terminal(self) -> bool:
        """Succeeded or Failed: never an endpoint, its address free (PD-14)."""
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def is_terminating(self) -> bool:
        """Deletion was asked for."""
        return self.metadata.deletion_timestamp is not None

    @property
    def is_ready(self) -> bool:
        """The Ready condition: `serving` of its endpoints (EP-3)."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def port_containers(self) -> tuple[Container, ...]:
        """Where named ports are looked up, in order: containers, then restartable init containers (EP-9)."""
        return self.spec.containers + tuple(c for c in self.spec.init_containers if c.restart_policy == "Always")

    def named_port(self, name: str, protocol: str) -> int | None:
        """The number behind a port name of this protocol, or None (EP-9, NP-7)."""
        for container in self.port_containers:
            for port in container.ports:
                if port.name == name and port.protocol == protocol:
                    return port.container_port or None
        return None


# -- services -----------------------------------------------------------------------------------------------------


class ServicePort(_Struct, frozen=True):
    """One port of a Service. `target_port` absent means `port`."""

    port: int = 0
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    node_port: int = 0
    app_protocol: str = ""


class ClientIPConfig(_Struct, frozen=True):
    """`sessionAffinityConfig.clientIP`."""

    timeout_seconds: int = 10800


class SessionAffinityConfig(_Struct, frozen=True):
    """`sessionAffinityConfig`."""

    client_ip: ClientIPConfig = msgspec.field(default=ClientIPConfig(), name="clientIP")


class ServiceSpec(_Struct, frozen=True):
    """`spec` of a Service."""

    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    cluster_ips: tuple[str, ...] = msgspec.field(default=(), name="clusterIPs")
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = {}
    external_ips: tuple[str, ...] = msgspec.field(default=(), name="externalIPs")
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    session_affinity: str = "None"
    session_affinity_config: SessionAffinityConfig = SessionAffinityConfig()
    health_check_node_port: int = 0
    allocate_load_balancer_node_ports: bool = True
    load_balancer_class: str = ""
    load_balancer_ip: str = msgspec.field(default="", name="loadBalancerIP")
    load_balancer_source_ranges: tuple[str, ...] = ()
    publish_not_ready_addresses: bool = False
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str = ""
    traffic_distribution: str = ""


class LoadBalancerIngress(_Struct, frozen=True):
    """One address that the load balancer answers on."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str = "VIP"


class LoadBalancerStatus(_Struct, frozen=True):
    """`status.loadBalancer`."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(_Struct, frozen=True):
    """`status` of a Service."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(KubeObject, frozen=True, kw_only=True):
    """A Service."""

    KIND: ClassVar[str] = "Service"
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def is_headless(self) -> bool:
        """`clusterIP: None`."""
        return self.spec.cluster_ip == "None"

    @property
    def cluster_ips(self) -> tuple[str, ...]:
        """Its virtual addresses, primary first; empty for headless and ExternalName Services."""
        if self.spec.type == "ExternalName":
            return ()
        ips = self.spec.cluster_ips or (self.spec.cluster_ip,)
        return tuple(ip for ip in ips if ip and ip != "None")


class EndpointConditions(_Struct, frozen=True):
    """Conditions of an endpoint; absent ones read as ready, serving, not terminating (EP-3)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(_Struct, frozen=True):
    """What an endpoint address belongs to."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class ForZone(_Struct, frozen=True):
    """A zone or node hint."""

    name: str = ""


class Hints(_Struct, frozen=True):
    """`hints`: who should use this endpoint."""

    for_zones: tuple[ForZone, ...] = ()
    for_nodes: tuple[ForZone, ...] = ()


class SliceEndpoint(_Struct, frozen=True):
    """One endpoint of a slice."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hostname: str = ""
    target_ref: TargetRef | None = None
    node_name: str = ""
    zone: str = ""
    hints: Hints = Hints()

    @property
    def ready(self) -> bool:
        """Absent reads as true."""
        return self.conditions.ready is not False

    @property
    def serving(self) -> bool:
        """Absent reads as `ready` (`k8s:discovery/v1/types.go`)."""
        return self.ready if self.conditions.serving is None else self.conditions.serving

    @property
    def terminating(self) -> bool:
        """Absent reads as false."""
        return self.conditions.terminating is True


class SlicePort(_Struct, frozen=True):
    """A port that all endpoints of the slice serve. `port` absent means every port."""

    port: int | None = None
    name: str = ""
    protocol: str = "TCP"


SERVICE_NAME_LABEL = "kubernetes.io/service-name"
MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
HEADLESS_LABEL = "service.kubernetes.io/headless"
PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"


class EndpointSlice(KubeObject, frozen=True, kw_only=True):
    """Some of the endpoints of a Service."""

    KIND: ClassVar[str] = "EndpointSlice"
    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[SlicePort, ...] = ()

    @property
    def service_name(self) -> str:
        """The Service in the same namespace that it belongs to, or empty."""
        return self.metadata.labels.get(SERVICE_NAME_LABEL, "")


# -- policies -----------------------------------------------------------------------------------------------------


class IPBlock(_Struct, frozen=True):
    """Addresses in `cidr` and in none of `except_`."""

    cidr: str = ""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class PolicyPeer(_Struct, frozen=True):
    """One peer of a rule. None is not the same as an empty selector."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class PolicyPort(_Struct, frozen=True):
    """One port of a rule: a number, a range, a name, or (without `port`) all of a protocol."""

    port: int | str | None = None
    end_port: int | None = None
    protocol: str = "TCP"


class IngressRule(_Struct, frozen=True):
    """An ingress rule; an empty `from_` is every peer, empty `ports` every port."""

    from_: tuple[PolicyPeer, ...] = msgspec.field(default=(), name="from")
    ports: tuple[PolicyPort, ...] = ()


class EgressRule(_Struct, frozen=True):
    """An egress rule; an empty `to` is every peer, empty `ports` every port."""

    to: tuple[PolicyPeer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class PolicySpec(_Struct, frozen=True):
    """`spec` of a NetworkPolicy."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()


class NetworkPolicy(KubeObject, frozen=True, kw_only=True):
    """A NetworkPolicy of networking.k8s.io/v1."""

    KIND: ClassVar[str] = "NetworkPolicy"
    spec: PolicySpec = PolicySpec()

    @property
    def directions(self) -> frozenset[str]:
        """The effective policyTypes: Ingress always, Egress if there are egress rules, unless it says (NP-4)."""
        if self.spec.policy_types:
            return frozenset(self.spec.policy_types)
        return frozenset({"Ingress", "Egress"} if self.spec.egress else {"Ingress"})


# -- workloads, nodes, namespaces ---------------------------------------------------------------------------------


class PodTemplate(_Struct, frozen=True):
    """`spec.template` of a workload."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class WorkloadSpec(_Struct, frozen=True):
    """`spec` of anything that makes pods. `parallelism` and `completions` belong to Jobs."""

    replicas: int = 1
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()
    service_name: str = ""
    parallelism: int = 1
    completions: int = 1
    min_ready_seconds: int = 0
    suspend: bool = False


class WorkloadStatus(_Struct, frozen=True):
    """`status` of a workload."""

    replicas: int = 0
    ready_replicas: int = 0


class Workload(KubeObject, frozen=True, kw_only=True):
    """A kind that makes pods from a template."""

    spec: WorkloadSpec = WorkloadSpec()


class Deployment(Workload, frozen=True, kw_only=True):
    """A Deployment."""

    KIND: ClassVar[str] = "Deployment"


class ReplicaSet(Workload, frozen=True, kw_only=True):
    """A ReplicaSet."""

    KIND: ClassVar[str] = "ReplicaSet"


class StatefulSet(Workload, frozen=True, kw_only=True):
    """A StatefulSet."""

    KIND: ClassVar[str] = "StatefulSet"


class DaemonSet(Workload, frozen=True, kw_only=True):
    """A DaemonSet."""

    KIND: ClassVar[str] = "DaemonSet"


class Job(Workload, frozen=True, kw_only=True):
    """A Job."""

    KIND: ClassVar[str] = "Job"


class ReplicationControllerSpec(_Struct, frozen=True):
    """`spec` of a ReplicationController: its selector is a plain map."""

    replicas: int = 1
    selector: dict[str, str] = {}
    template: PodTemplate = PodTemplate()


class ReplicationController(KubeObject, frozen=True, kw_only=True):
    """A ReplicationController."""

    KIND: ClassVar[str] = "ReplicationController"
    spec: ReplicationControllerSpec = ReplicationControllerSpec()


class JobTemplate(_Struct, frozen=True):
    """`spec.jobTemplate` of a CronJob."""

    metadata: Metadata = Metadata()
    spec: WorkloadSpec = WorkloadSpec()


class CronJobSpec(_Struct, frozen=True):
    """`spec` of a CronJob."""

    job_template: JobTemplate = JobTemplate()
    suspend: bool = False
    schedule: str = ""


class CronJob(KubeObject, frozen=True, kw_only=True):
    """A CronJob."""

    KIND: ClassVar[str] = "CronJob"
    spec: CronJobSpec = CronJobSpec()


class NodeAddress(_Struct, frozen=True):
    """One of `status.addresses`."""

    type: str = ""
    address: str = ""


class NodeSpec(_Struct, frozen=True):
    """`spec` of a Node."""

    pod_cidr: str = msgspec.field(default="", name="podCIDR")
    pod_cidrs: tuple[str, ...] = msgspec.field(default=(), name="podCIDRs")
    unschedulable: bool = False
    taints: tuple[dict[str, Any], ...] = ()


class NodeStatus(_Struct, frozen=True):
    """`status` of a Node."""

    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()


class Node(KubeObject, frozen=True, kw_only=True):
    """A Node."""

    KIND: ClassVar[str] = "Node"
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def internal_ips(self) -> tuple[str, ...]:
        """Its InternalIP addresses, in order."""
        return tuple(a.address for a in self.status.addresses if a.type == "InternalIP")

    @property
    def ip(self) -> str:
        """Its first InternalIP, or empty."""
        return next(iter(self.internal_ips), "")

    @property
    def pod_cidrs(self) -> tuple[str, ...]:
        """The ranges that its pods' addresses come from (PD-22), if the snapshot says."""
        return self.spec.pod_cidrs or ((self.spec.pod_cidr,) if self.spec.pod_cidr else ())


class Namespace(KubeObject, frozen=True, kw_only=True):
    """A Namespace."""

    KIND: ClassVar[str] = "Namespace"


class ConfigMap(KubeObject, frozen=True, kw_only=True):
    """A ConfigMap (kube-proxy's says its mode)."""

    KIND: ClassVar[str] = "ConfigMap"
    data: dict[str, str] = {}


MODELLED: dict[str, type[KubeObject]] = {
    kind.KIND: kind
    for kind in (Pod, Service, EndpointSlice, NetworkPolicy, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job,
                 ReplicationController, CronJob, Node, Namespace, ConfigMap)
}  # fmt: skip
"""Kinds with a typed view, by name (for the groups of `GROUP_OF_KIND`)."""
