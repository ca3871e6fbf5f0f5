"""Services."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from kwake.objects.base import KubeObject, KubeStruct


class ServicePort(KubeStruct, frozen=True):
    """One port of a Service. `target_port` absent means `port`."""

    port: int = 0
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    node_port: int = 0
    app_protocol: str = ""


class ClientIPConfig(KubeStruct, frozen=True):
    """`sessionAffinityConfig.clientIP`."""

    timeout_seconds: int = 10800


class SessionAffinityConfig(KubeStruct, frozen=True):
    """`sessionAffinityConfig`."""

    client_ip: ClientIPConfig = msgspec.field(default=ClientIPConfig(), name="clientIP")


class ServiceSpec(KubeStruct, frozen=True):
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


class LoadBalancerIngress(KubeStruct, frozen=True):
    """One address that the load balancer answers on."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str = "VIP"


class LoadBalancerStatus(KubeStruct, frozen=True):
    """`status.loadBalancer`."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(KubeStruct, frozen=True):
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
