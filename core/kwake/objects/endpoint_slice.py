"""EndpointSlices."""

from __future__ import annotations

from typing import ClassVar

from kwake.objects.base import KubeObject, KubeStruct


class EndpointConditions(KubeStruct, frozen=True):
    """Conditions of an endpoint; absent ones read as ready, serving, not terminating (EP-3)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(KubeStruct, frozen=True):
    """What an endpoint address belongs to."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class ForZone(KubeStruct, frozen=True):
    """A zone or node hint."""

    name: str = ""


class Hints(KubeStruct, frozen=True):
    """`hints`: who should use this endpoint."""

    for_zones: tuple[ForZone, ...] = ()
    for_nodes: tuple[ForZone, ...] = ()


class SliceEndpoint(KubeStruct, frozen=True):
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


class SlicePort(KubeStruct, frozen=True):
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
