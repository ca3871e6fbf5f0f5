"""Nodes, Namespaces and ConfigMaps."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from kwake.objects.base import KubeObject, KubeStruct
from kwake.objects.cidr import parse_cidr
from kwake.objects.pod import Condition


class NodeAddress(KubeStruct, frozen=True):
    """One of `status.addresses`."""

    type: str = ""
    address: str = ""


class NodeSpec(KubeStruct, frozen=True):
    """`spec` of a Node."""

    pod_cidr: str = msgspec.field(default="", name="podCIDR")
    pod_cidrs: tuple[str, ...] = msgspec.field(default=(), name="podCIDRs")
    unschedulable: bool = False
    taints: tuple[dict[str, Any], ...] = ()


class NodeStatus(KubeStruct, frozen=True):
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
    def is_silent(self) -> bool:
        """Whether its kubelet has stopped to report (Ready is Unknown): nothing that is asked of it is known to be
        done (PD-13, PD-17)."""
        return any(c.type == "Ready" and c.status == "Unknown" for c in self.status.conditions)

    @property
    def pod_cidrs(self) -> tuple[str, ...]:
        """The ranges that its pods' addresses come from (PD-22), if the snapshot says; a hidden one says nothing."""
        said = self.spec.pod_cidrs or (self.spec.pod_cidr,)
        return tuple(str(cidr) for cidr in map(parse_cidr, said) if cidr is not None)


class Namespace(KubeObject, frozen=True, kw_only=True):
    """A Namespace."""

    KIND: ClassVar[str] = "Namespace"


class ConfigMap(KubeObject, frozen=True, kw_only=True):
    """A ConfigMap (kube-proxy's says its mode)."""

    KIND: ClassVar[str] = "ConfigMap"
    data: dict[str, str] = {}
