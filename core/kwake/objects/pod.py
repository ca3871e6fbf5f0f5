"""Pods: what of them decides about traffic."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from kwake.objects.base import KubeObject, KubeStruct


class ContainerPort(KubeStruct, frozen=True):
    """A declared port. It opens nothing by itself; kwake assumes that it listens (`check` lists the assumption)."""

    container_port: int = 0
    """0 where the manifest lacks it: no port at all (the API server refuses it, and `check` lists it)."""
    name: str = ""
    protocol: str = "TCP"
    host_port: int = 0


class Probe(KubeStruct, frozen=True):
    """A probe's clocks, seconds (defaults: `k8s:pkg/apis/core/v1/defaults.go` SetDefaults_Probe)."""

    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    failure_threshold: int = 3
    success_threshold: int = 1


class Container(KubeStruct, frozen=True):
    """A container. `restart_policy` is `Always` for a sidecar among the init containers."""

    name: str = ""
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None
    restart_policy: str = ""


class PodSpec(KubeStruct, frozen=True):
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


class PodIP(KubeStruct, frozen=True):
    """One of `status.podIPs`."""

    ip: str = ""


class Condition(KubeStruct, frozen=True):
    """A condition of a status."""

    type: str = ""
    status: str = ""


class PodStatus(KubeStruct, frozen=True):
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
        status = self.status
        if len(status.pod_ips) == 1 and status.pod_ips[0].ip:  # most pods: asked for all the time
            return (status.pod_ips[0].ip,)
        return tuple(ip.ip for ip in status.pod_ips if ip.ip) or ((status.pod_ip,) if status.pod_ip else ())

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
        init = self.spec.init_containers
        return (
            self.spec.containers + tuple(c for c in init if c.restart_policy == "Always")
            if init
            else (self.spec.containers)
        )

    def declares(self, port: int) -> bool:
        """Whether any container declares a port of this number, of whatever protocol."""
        return any(p.container_port == port for container in self.port_containers for p in container.ports)

    def named_port(self, name: str, protocol: str) -> int | None:
        """The number behind a port name of this protocol, or None (EP-9, NP-7)."""
        for container in self.port_containers:
            for port in container.ports:
                if port.name == name and port.protocol == protocol:
                    return port.container_port or None
        return None
